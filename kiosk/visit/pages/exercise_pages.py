"""Today's exercises: which, and how each is done."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.page import Choice, Page, Pictured, Words
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.exercises import PICKS, todays
from kiosk.words import _, content, ngettext
from programs.exercises import Repetitions


def exercises(visit: Visit, moment: Moment) -> Page:
    """The list. None today is said, with what may be done all the same."""
    found = todays(visit)
    title = _("Exercises")
    if not found:
        lines = (_("No exercises today, because of what you answered."), _("Rest, and ask your clinician."))
        return build(visit, moment, Words(lines, tone="calm"), title=title, pauses=True, back=True)
    lines = (_("Moving matters more than the current."), _("Pads off. Stop if it hurts."))
    choices = tuple(Choice(key, content(exercise.name)) for key, exercise in zip(PICKS, found, strict=False))
    before = Choice(Key.SIX, _("Before you begin"), prominent=False)
    return build(visit, moment, Words(lines), (*choices, before), title=title, pauses=True, back=True)


def exercise(visit: Visit, moment: Moment) -> Page:
    """One of them: the drawing, the steps, how often, when not."""
    found = todays(visit)
    if visit.place.index >= len(found):  # an answer came in between
        return exercises(visit, moment)
    shown = found[visit.place.index]
    body = Pictured(
        drawing=tuple(shown.drawing.strip("\n").splitlines()),
        lines=tuple(content(step) for step in shown.steps),
        after=(how_often(shown.repetitions),),
        small=(_("Stop if it hurts more than before."),),
    )
    more = visit.place.index + 1 < len(found)
    choices = (Choice(Key.ENTER, _("Next exercise") if more else _("That was the last")),)
    title = _("Exercise {number} of {count}: {name}").format(
        number=visit.place.index + 1, count=len(found), name=content(shown.name)
    )
    return build(visit, moment, body, choices, title=title, pauses=True, back=True)


def how_often(repetitions: Repetitions) -> str:
    """ "8 times. Hold for 3 seconds." """
    if repetitions.minutes:
        often = ngettext("{n} minute.", "{n} minutes.", repetitions.minutes).format(n=repetitions.minutes)
    elif repetitions.each_side:
        often = _("{n} times on each side.").format(n=repetitions.times)
    else:
        often = ngettext("{n} time.", "{n} times.", repetitions.times).format(n=repetitions.times)
    if repetitions.rounds > 1:
        rounds = _("{rounds} rounds.").format(rounds=repetitions.rounds)
        pause = _("Rest {seconds} seconds between them.").format(seconds=repetitions.rest_seconds)
        often = f"{often} {rounds} {pause}" if repetitions.rest_seconds else f"{often} {rounds}"
    return often
