"""Who it is, what to fetch, and the safety questions."""

from __future__ import annotations

import re

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages import people
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.questions import CONFIRMS, TAKES_BACK
from kiosk.words import _, content, ngettext
from programs.screening import Answer, Question


def identity(visit: Visit, moment: Moment) -> Page:
    body = Words((_("Are you {name}?").format(name=people.patient(visit)),))
    choices = (Choice(Key.ONE, _("Yes")), Choice(Key.TWO, _("No")))
    return build(visit, moment, body, choices, title=_("Is it you?"), pauses=True, back=True)


def wrong_person(visit: Visit, moment: Moment) -> Page:
    body = Words(
        (_("This box is set up for one person."), _("Please do not use it for yourself.")), tone="calm"
    )
    return build(visit, moment, body, (Choice(Key.ENTER, _("Home")),), title=_("Is it you?"))


def get_ready(visit: Visit, moment: Moment) -> Page:
    if visit.context.activity == "baseline":
        body = Words(
            (
                _("Now come questions about your health. They take about ten minutes."),
                _("Answer them together with your clinician or a helper."),
                _("Take your time. When you are not sure, say so."),
            )
        )
    else:
        body = Words(
            (_("Before you start:"),),
            (
                _("Go to the toilet."),
                _("Put your glasses on. Have water close by."),
                _("Have the pads and both leads close by."),
                _("Wash and dry your back. No cream."),
            ),
        )
    choices = (Choice(Key.ENTER, _("I am ready, next")),)
    return build(visit, moment, body, choices, title=_("Get ready"), pauses=True, back=True)


def group(visit: Visit, moment: Moment) -> Page:
    """Up to four questions in full; one key says that none of them fits."""
    shown = answers.groups(visit)[visit.place.index]
    questions = [answers.question(visit, key) for key in shown.questions]
    begin, items = begun_once(tuple(_worded(visit, question) for question in questions))
    asks = _("Is one of these true for you?")
    if begin.endswith(","):
        asks = asks[0].lower() + asks[1:]
    lines: tuple[str, ...] = (f"{begin} {asks}".strip(),)
    if visit.context.re_asked:
        lines = (_("Your answers are older than one hour."), *lines)
    # One line of small print: with four questions it is the fifth, and the first line only asks.
    small = " ".join((*_glosses(questions), *_pads_used(visit, shown.id)))
    body = Words(lines, items, (small,) if small else ())
    choices = (Choice(Key.ONE, _("None of these")), Choice(Key.TWO, _("One of these, or not sure")))
    return build(
        visit, moment, body, choices, title=_count(visit, content(shown.title)), pauses=True, back=True
    )


def begun_once(questions: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """What all of several questions begin with ("Since your last visit,"), and each without it."""
    begins = [questions[0][: at.end()] for at in re.finditer("[,:] ", questions[0])]
    common = [begin for begin in begins if all(question.startswith(begin) for question in questions)]
    if len(questions) == 1 or not common:
        return "", questions
    rests = [question.removeprefix(common[-1]) for question in questions]
    return common[-1].strip(), tuple(rest[0].upper() + rest[1:] for rest in rests)


def single(visit: Visit, moment: Moment) -> Page:
    """One question. No is safe; Enter does nothing."""
    shown = answers.groups(visit)[visit.place.index]
    question = answers.question(visit, shown.questions[visit.place.item])
    small = (*_glosses([question]), *_pads_used(visit, shown.id))
    body = Words((_worded(visit, question),), small=small)
    choices = (Choice(Key.ONE, _("No")), Choice(Key.TWO, _("Yes")), Choice(Key.THREE, _("Not sure")))
    return build(
        visit, moment, body, choices, title=_count(visit, content(shown.title)), pauses=True, back=True
    )


def confirm_yes(visit: Visit, moment: Moment) -> Page:
    question = answers.question(visit, visit.context.unsure)
    screening = visit.context.screening
    unsure = screening is not None and screening.answers.get(question.key) == Answer.NOT_SURE.value
    said = _("You said NOT SURE to:") if unsure else _("You said YES to:")
    wrong = _("Was it the wrong key? Then press {key}.").format(key=TAKES_BACK.value)
    body = Words((said,), (_worded(visit, question),), (wrong,), tone="warn")
    choices = (
        Choice(CONFIRMS, _("Yes, or not sure")),
        Choice(TAKES_BACK, _("I pressed the wrong key"), prominent=False),
    )
    return build(visit, moment, body, choices, title=_("Please check"), pauses=True)


def mend(visit: Visit, moment: Moment) -> Page:
    """What can be put right at once."""
    shown = answers.groups(visit)[visit.place.index]
    question = answers.question(visit, shown.questions[visit.place.item])
    body = Words((_mending(question.key), _("Then the box asks again.")), tone="calm")
    choices = (Choice(Key.ENTER, _("Done, ask me again")), Choice(Key.TWO, _("Not possible today")))
    return build(visit, moment, body, choices, title=_("Put this right"), pauses=True)


def _mending(key: str) -> str:
    sentences = {
        "d_dry": _("Wash the skin with soap and water. Dry it well. Use no cream."),
        "d_pads": _("Take new pads that are yours alone."),
        "d_env": _("Sit or lie down in a dry place. Put the phone and other devices away. Free the cable."),
        "d_temp": _("Go to a dry room that is not too warm and not too cold."),
    }
    return sentences.get(key, _("Please put this right."))


def _worded(visit: Visit, question: Question) -> str:
    return content(question.worded("baseline" if visit.context.activity == "baseline" else "daily"))


def _glosses(questions: list[Question]) -> tuple[str, ...]:
    return tuple(content(question.gloss) for question in questions if question.gloss is not None)


def _pads_used(visit: Visit, group_id: str) -> tuple[str, ...]:
    """How often, since when: what the question about the pads asks for."""
    pads = None if visit.context.today is None else visit.context.today.pads
    if group_id != "pads" or pads is None or pads.since is None:
        return ()
    used = ngettext("Used {n} time since {date}.", "Used {n} times since {date}.", pads.uses)
    return (used.format(n=pads.uses, date=words.date(pads.since)),)


def _count(visit: Visit, title: str) -> str:
    """How far the questions are: "Implants and metal   11 of 22"."""
    rounds = answers.round_groups(visit)
    if visit.place.index >= len(rounds):
        return title
    return _("{title}   {number} of {count}").format(
        title=title, number=visit.place.index + 1, count=len(rounds)
    )
