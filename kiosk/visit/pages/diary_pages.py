"""Writing in the diary."""

from __future__ import annotations

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages.checks import number_line
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.end_pages import skin_choices, skin_help
from kiosk.visit.pages.form_pages import asked_for
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.diary import NUMBERS, PICKS, noon_of
from kiosk.visit.steps.forms import next_due
from kiosk.words import _, content
from programs.diary_words import load_diary_words


def day(visit: Visit, moment: Moment) -> Page:
    """Today is one key; each of the seven days before it another."""
    body = Words((_("Which day is it for?"),))
    earlier = (
        Choice(key, words.date(noon_of(moment.now, days_ago).date()))
        for days_ago, key in enumerate(PICKS, start=1)
    )
    choices = (Choice(Key.ENTER, _("Today")), *earlier)
    return build(visit, moment, body, choices, title=_("My diary"), pauses=True, back=True)


def _about(visit: Visit) -> str:
    """The earlier day that the entry is for, in words; nothing for today."""
    about = visit.context.entry_about
    return "" if about is None else words.date(about.date())


def _titled(visit: Visit, title: str) -> str:
    about = _about(visit)
    return f"{about}: {title}" if about else title


def number(visit: Visit, moment: Moment) -> Page:
    field, entry = NUMBERS[visit.step], visit.context.entry
    said = None if entry is None else getattr(entry, field)
    return number_line(visit, moment, field, said, _about(visit))


def medicine(visit: Visit, moment: Moment) -> Page:
    question = _("Did you take medicine for pain today?")
    if _about(visit):
        question = _("Did you take medicine for pain that day?")
    choices = (Choice(Key.ONE, _("No")), Choice(Key.TWO, _("Yes")))
    return build(
        visit,
        moment,
        Words((question,)),
        choices,
        title=_titled(visit, _("Medicine")),
        pauses=True,
        back=True,
    )


def skin(visit: Visit, moment: Moment) -> Page:
    """The day after a session."""
    body = Words((_("Look at the skin where the pads were. How is it today?"),))
    choices = (*skin_choices(), skin_help())
    return build(visit, moment, body, choices, title=_("Your skin"), pauses=True, back=True)


def activity(visit: Visit, moment: Moment) -> Page:
    question = _("How much did you do today?")
    if _about(visit):
        question = _("How much did you do that day?")
    choices = tuple(
        Choice(key, content(pick.text))
        for key, pick in zip(PICKS, load_diary_words().activities, strict=False)
    )
    return build(
        visit,
        moment,
        Words((question,)),
        choices,
        title=_titled(visit, _("What you did")),
        pauses=True,
        back=True,
    )


def notes(visit: Visit, moment: Moment) -> Page:
    """What is noted bears a mark; the same key takes it back."""
    entry = visit.context.entry
    noted = () if entry is None else entry.phrases
    picks = tuple(
        Choice(key, f"● {content(pick.text)}" if pick.id in noted else content(pick.text))
        for key, pick in zip(PICKS, load_diary_words().phrases, strict=False)
    )
    body = Words((_("Is there something to note? The same key takes it back."),))
    choices = (*picks, Choice(Key.ENTER, _("That is all")))
    return build(visit, moment, body, choices, title=_titled(visit, _("Notes")), pauses=True, back=True)


def entry_saved(visit: Visit, moment: Moment) -> Page:
    lines = [_("Saved. Thank you."), *asked_for(visit)]
    if _about(visit):
        lines.insert(1, _("It stands under {day}, as entered late.").format(day=_about(visit)))
    now = () if next_due(visit) is None else (Choice(Key.ONE, _("Answer them now")),)
    choices = (*now, Choice(Key.ENTER, _("Home")))
    return build(visit, moment, Words(tuple(lines)), choices, title=_("Saved"))
