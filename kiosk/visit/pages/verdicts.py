"""What the answers mean: what happened, one thing to do, whom to call; the code last and small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from kiosk import words
from kiosk.diary.records import Lock
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages import people, reasons
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import answers
from kiosk.words import _, content
from programs.plan import NotToday

TONES: Final[Mapping[str, Literal["calm", "alarm"]]] = {
    "E": "alarm",
    "U": "alarm",
    "red": "alarm",
    "P": "calm",
}
"""A lock's class → how its screen looks; the others warn."""


def verdict(visit: Visit, moment: Moment) -> Page:
    """The screen of the worst lock. It is durable already."""
    lock = answers.locks_that_end(visit)[0]
    lines = lock_lines(visit, lock)
    small = (_("Reason: {cause}").format(cause=_cause(visit, lock)),)
    body = Words(lines, small=small, tone=TONES.get(lock.class_, "warn"))
    title = _("Not today") if lock.class_ == "P" else _("Do not use the device")
    return build(visit, moment, body, (Choice(Key.ENTER, _("Home")),), title=title)


def lock_lines(visit: Visit, lock: Lock) -> tuple[str, ...]:
    """What a lock tells the person, by its class."""
    locked = _("The box stays locked until {clinician} opens it.").format(clinician=people.clinician(visit))
    family = _("Please tell your family today.")
    call = people.call_clinician(visit)
    match lock.class_:
        case "E":
            return (
                _("Do not use the device."),
                _("Call {number} now, or go to an emergency department.").format(
                    number=people.emergency(visit)
                ),
                _("Do not drive yourself."),
                locked,
                family,
            )
        case "U":
            return (
                _("Do not use the device."),
                _("Call your doctor or urgent-care line today."),
                locked,
                call,
                family,
            )
        case "X":
            return (_("Do not use the device. It is not safe for you now."), call, locked, family)
        case "C":
            return (_("Your clinician has to decide first."), call, locked, _("Your diary is open."), family)
        case "red":
            return red_lines(visit, lock.cause)
        case "skin":
            return (
                _("Your skin has to heal first. Put no pads on it."),
                call,
                locked,
                _("Your diary is open."),
                family,
            )
        case "restore":
            return (_("The box was set up again from a copy. It is locked."), call, locked)
        case "P":
            return (_("Not today."), *_day_cause(visit, lock), _again(visit, lock), _("Your diary is open."))
        case _:
            return (_("Your back muscles are very sore. Muscle sessions are locked."), call, family)


def _day_cause(visit: Visit, lock: Lock) -> tuple[str, ...]:
    """What happened, where no answer of the person is behind it."""
    match lock.cause:
        case "not_confirmed":
            return (_("The device did not confirm a stop."), people.call_clinician(visit))
        case "device_faults":
            return (_("The stimulator had two faults in one day."), people.call_clinician(visit))
        case "pad_faults":
            return (_("The pads came loose three times. Take new pads next time."),)
        case "pad_contact":
            return (_("The pads did not hold well. Take new pads next time."),)
        case _:
            return ()


def _again(visit: Visit, lock: Lock) -> str:
    """When it opens. A day counts only by a clock that is trusted (safety rule 26)."""
    today = visit.context.today
    if lock.until is None or (today is not None and lock.until <= today.now.date()):
        return _("The clock of the box is not set. It opens when it is.")
    return _("The box will ask again on {day}.").format(day=words.weekday(lock.until))


def red_lines(visit: Visit, cause: str) -> tuple[str, ...]:
    """Burning, or faint: what to do now."""
    locked = _("The box stays locked until {clinician} opens it.").format(clinician=people.clinician(visit))
    if cause == "faint":
        return (
            _("Lie down. Do not stand up alone."),
            _("Pain in the chest, or no air? Call {number} now.").format(number=people.emergency(visit)),
            people.call_clinician(visit),
            locked,
            _("Please tell your family today."),
        )
    return (
        _("The current is off. Take the pads off and look at your skin."),
        _("Cool a burn with water. Put no cream on it."),
        people.call_clinician(visit),
        locked,
        _("Please tell your family today."),
    )


def red(visit: Visit, moment: Moment) -> Page:
    """After a stop for burning or faintness; it is saved and locked."""
    body = Words(red_lines(visit, visit.context.run.reason), tone="alarm")
    return build(visit, moment, body, (Choice(Key.ENTER, _("Next")),), title=_("No more today"))


def skin_locked(visit: Visit, moment: Moment) -> Page:
    """After the session: the skin is more than a little pink."""
    lock = Lock(class_="skin", cause="skin")
    body = Words(lock_lines(visit, lock), tone="warn")
    return build(visit, moment, body, (Choice(Key.ENTER, _("Next")),), title=_("Your skin"))


def not_today(visit: Visit, moment: Moment) -> Page:
    """A rule of the course says no."""
    body = Words((_("Not today."), *not_today_lines(visit), _("Your diary is open.")), tone="calm")
    return build(visit, moment, body, (Choice(Key.ENTER, _("Home")),), title=_("Not today"))


def not_today_lines(visit: Visit) -> tuple[str, ...]:
    """Why, and when the box asks again."""
    today = visit.context.today
    if today is None or not isinstance(today.next, NotToday):
        return ()
    lines = [reasons.sentence(reason) for reason in today.next.reasons[:2]]
    if today.next.again_on is not None:
        lines.append(_("The box will ask again on {day}.").format(day=words.weekday(today.next.again_on)))
    else:
        lines.append(people.call_clinician(visit))
    return tuple(lines)


def first_done(visit: Visit, moment: Moment) -> Page:
    """The baseline is answered and nothing stands against it."""
    body = Words((_("Your answers are saved."), _("You can start from home now, or rest first.")))
    return build(visit, moment, body, (Choice(Key.ENTER, _("Home")),), title=_("First questions"))


def _cause(visit: Visit, lock: Lock) -> str:
    """The question behind a lock, or its code."""
    today = visit.context.today
    question = None if today is None else today.questionnaire.questions.get(lock.cause)
    if question is None:
        return lock.cause
    return f"{content(question.worded('daily' if 'daily' in question.asks else 'baseline'))} ({lock.cause})"
