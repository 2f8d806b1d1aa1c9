"""Pain at rest, pain when moving, soreness; and everything once more to check."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.page import Choice, NumberLine, Page, Words
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import answers, numbers
from kiosk.words import _, ngettext


def feeling(visit: Visit, moment: Moment) -> Page:
    """One of the number lines of a visit; the step is the field's name."""
    entry = visit.context.entry
    return number_line(visit, moment, visit.step, None if entry is None else getattr(entry, visit.step))


def number_line(visit: Visit, moment: Moment, field: str, said: int | None, about: str = "") -> Page:
    """The line for a field of a diary entry; `about` is the earlier day that it is for, in words."""
    question, low, high, lines = {
        "pain_rest": (*pain_at_rest(), ()),
        "pain_moving": (
            _("How strong is your back pain when you move?"),
            _("no pain"),
            _("the worst pain"),
            (),
        ),
        "soreness": (
            _("How sore are your back muscles?"),
            _("not sore"),
            _("very sore"),
            (_("Sore as after hard work. Not your usual pain."),),
        ),
        "sleep": (_("How well did you sleep last night?"), _("not at all"), _("very well"), ()),
    }[field]
    if about:
        question = {
            "pain_rest": _("How strong was your back pain at rest that day?"),
            "pain_moving": _("How strong was your back pain that day when you moved?"),
            "soreness": _("How sore were your back muscles that day?"),
            "sleep": _("How well did you sleep the night before?"),
        }[field]
    value = numbers.marked(visit.context.number, said)
    body = NumberLine(question, low, high, value, (*lines, how_to_type_ten()))
    choices = (Choice(Key.ENTER, _("Next")),) if value is not None else ()
    title = f"{about}: {_title(field)}" if about else _title(field)
    return build(visit, moment, body, choices, title=title, pauses=True, digits=True, back=True)


def pain_at_rest() -> tuple[str, str, str]:
    """The question, and the two ends of its line."""
    return _("How strong is your back pain now, at rest?"), _("no pain"), _("the worst pain")


def how_to_type_ten() -> str:
    """The one number that takes two keys."""
    return _("For 10: press 1, then 0.")


def _title(field: str) -> str:
    return {
        "pain_rest": _("Pain at rest"),
        "pain_moving": _("Pain when moving"),
        "soreness": _("Sore muscles"),
        "sleep": _("Sleep"),
    }[field]


def check(visit: Visit, moment: Moment) -> Page:
    """What was said, before it counts."""
    entry = visit.context.entry
    assert entry is not None
    worse = len(answers.standing(visit))
    health = _("Health questions: nothing to report.")
    if worse:
        health = ngettext(
            "Health questions: {n} answer is not a No.", "Health questions: {n} answers are not a No.", worse
        ).format(n=worse)
    items = (
        _("Pain at rest: {value} of 10").format(value=entry.pain_rest),
        _("Pain when moving: {value} of 10").format(value=entry.pain_moving),
        _("Sore muscles: {value} of 10").format(value=entry.soreness),
        health,
    )
    choices = (
        Choice(Key.ENTER, _("All is right, next")),
        Choice(Key.ONE, _("Change pain at rest")),
        Choice(Key.TWO, _("Change pain when moving")),
        Choice(Key.THREE, _("Change sore muscles")),
    )
    body = Words((_("Please check what you said."),), items)
    return build(visit, moment, body, choices, title=_("Check your answers"), pauses=True, back=True)
