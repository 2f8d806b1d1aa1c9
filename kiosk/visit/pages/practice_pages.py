"""Practice: the screens of a visit, each marked, and those that may not say what a real one says."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Choice, LevelBar, LevelFinding, Page, Words
from kiosk.visit.pages import people
from kiosk.visit.pages.chrome import build, notice
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import practice
from kiosk.words import _


def intro(visit: Visit, moment: Moment) -> Page:
    """What is done once when the box is handed over."""
    lines = (_("Practice: a whole visit with no current. Nothing of it is kept."),)
    items = (
        _("The stimulator stays unplugged."),
        _("Call each number once: {clinician}, {phone}.").format(
            clinician=people.clinician(visit), phone=people.phone(visit)
        ),
        _("Can you hear the sounds and read this from your seat? A small letter is 4.5 mm high."),
        _("Can your hand reach STOP, sitting or lying as you will stay?"),
    )
    choices = (Choice(Key.ENTER, _("Begin the practice")),)
    return build(visit, moment, Words(lines, items), choices, title=_("Practice"), pauses=True, back=True)


def marked(visit: Visit, moment: Moment, page: Page) -> Page:
    """`page` of the practised visit: marked, and in other words where a real one would have acted."""
    inner = practice.inside(visit)
    if inner.step == "session":
        page = _level(visit, inner, moment)
    elif inner.step == "stop_works":
        lines = (
            _("The box heard your STOP."),
            _("In a real visit the stimulator has to confirm it, too."),
        )
        page = build(inner, moment, Words(lines), (Choice(Key.ENTER, _("Next")),), title=_("Test STOP"))
        page = replace(page, choices=(*page.choices, Choice(Key.STOP, _("Pause"), prominent=False)))
    elif inner.step in practice.ENDS:
        page = _over(visit, inner, moment)
    seen = visit.context.device
    header = replace(
        page.header,
        right=_("PRACTICE: no current"),
        simulator=seen is not None and seen.simulated,
        current_on=False,
    )
    return replace(
        page,
        id=visit.step,
        header=header,
        notice=page.notice or notice(visit),
        spoken=f"{_('PRACTICE: no current')}. {page.spoken}",
    )


def _level(visit: Visit, inner: Visit, moment: Moment) -> Page:
    level_mA = visit.context.practice_half_mA / 2
    limit_mA = practice.MOST_HALF_MA / 2
    limit = _("limit {value}").format(value=words.decimal(limit_mA))
    body = LevelFinding(
        big=words.decimal(level_mA),
        unit="mA",
        lines=(
            _("Here the current rises with ▲ and falls with ▼."),
            _("The number is only practice. Try ▲ and ▼, then press STOP."),
        ),
        bar=LevelBar(level_mA, limit_mA, limit),
    )
    choices = (
        Choice(Key.UP, _("a bit more")),
        Choice(Key.DOWN, _("less")),
        Choice(Key.ENTER, _("Enough, go on")),
    )
    stop = _("S T O P    Space, or the stop button")
    return build(inner, moment, body, choices, title=_("Find your level"), stop_text=stop)


def _over(visit: Visit, inner: Visit, moment: Moment) -> Page:
    lines: tuple[str, ...] = (_("The practice is over. Nothing of it was kept."),)
    if inner.step != "saved":
        lines = (
            _("In a real visit the box would now say what to do, and there would be no current."),
            _("This was practice: nothing was kept, and nothing is locked."),
            _("Is what you answered true? {call} Do not start a session before.").format(
                call=people.call_clinician(visit)
            ),
        )
    choices = (Choice(Key.ENTER, _("Home")),)
    return build(inner, moment, Words(lines, tone="calm"), choices, title=_("Practice"))
