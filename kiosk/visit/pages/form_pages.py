"""The items of a rating form, and the question whether now is the time."""

from __future__ import annotations

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Body, Choice, NumberLine, Page, Words
from kiosk.visit.pages.checks import how_to_type_ten
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import numbers
from kiosk.visit.steps.forms import being_filled, next_due, picks
from kiosk.words import _, ngettext


def form(visit: Visit, moment: Moment) -> Page:
    """One item. The time that is meant stands with every one."""
    shown, item, filled = being_filled(visit)
    lang = words.language()
    intro = shown.intro.in_language(lang)
    title = _("One question")
    if len(shown.items) > 1:
        title = _("Question {number} of {count}").format(number=visit.place.index + 1, count=len(shown.items))
    choices: tuple[Choice, ...] = ()
    body: Body
    if item.kind == "scale":
        assert item.lowest_text is not None
        assert item.highest_text is not None
        value = numbers.marked(visit.context.number, filled.answers.get(item.key))
        body = NumberLine(
            question=item.text.in_language(lang),
            low=item.lowest_text.in_language(lang),
            high=item.highest_text.in_language(lang),
            value=value,
            lines=(intro, how_to_type_ten()),
        )
        choices = () if value is None else (Choice(Key.ENTER, _("Next")),)
    else:
        labels = [choice.text.in_language(lang) for choice in item.choices] or [_("Yes"), _("No")]
        choices = tuple(Choice(key, label) for key, label in zip(picks(item), labels, strict=True))
        body = Words((intro, item.text.in_language(lang)))
    return build(
        visit, moment, body, choices, title=title, pauses=True, back=True, digits=item.kind == "scale"
    )


def asked_for(visit: Visit) -> tuple[str, ...]:
    """The line that asks for a form that is due; nothing when none is."""
    due = next_due(visit)
    if due is None:
        return ()
    count = len(due.items)
    often = _("once a week") if due.every_days is not None and due.every_days <= 7 else _("every few weeks")
    return (
        ngettext(
            "There is {n} more question, {often}.", "There are {n} more questions, {often}.", count
        ).format(n=count, often=often),
    )
