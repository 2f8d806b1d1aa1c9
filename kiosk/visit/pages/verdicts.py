"""What the answers mean: what happened, one thing to do, whom to call; the code last and small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from kiosk import words
from kiosk.diary.records import Lock
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages import people
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.verdict import can_tell
from kiosk.wording import reasons
from kiosk.wording.unreadable import left_out
from kiosk.words import _, content
from programs.advice import load_advice
from programs.plan import NotToday
from programs.screening import Asks, Class

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
    small = (*_pads_first(visit), _reason(visit, lock))
    body = Words(lock_lines(visit, lock), small=small, tone=TONES.get(lock.class_, "warn"))
    choices = [Choice(Key.ENTER, _("Home"))]
    if can_tell(lock):
        choices.insert(0, Choice(Key.SEVEN, _("What to say on the telephone")))
    return build(visit, moment, body, tuple(choices), title=_title(lock))


def _reason(visit: Visit, lock: Lock) -> str:
    """Last and small. What a restore has locked stands in the first line already."""
    if lock.class_ == "restore":
        return _("Code: {code}").format(code=lock.cause)
    cause = cause_of(visit, lock)
    code = _("Code: {code}").format(code=lock.cause)
    reason = _("Reason: {cause}").format(cause=cause)
    return code if cause == lock.cause else f"{reason} {code}"


def _title(lock: Lock) -> str:
    if can_tell(lock):
        return content(load_advice()[Class(lock.class_)].title)
    return _("Not today") if lock.class_ == "P" else _("Do not use the device")


def _pads_first(visit: Visit) -> tuple[str, ...]:
    """No current has flowed and the pads are on: nothing else would say that they come off."""
    run = visit.context.run
    on = run.placed and run.outcome is None and not run.pads_are_off
    return (_("Take the pads off first. Peel them slowly."),) if on else ()


def telephone(visit: Visit, moment: Moment) -> Page:
    """What to say when somebody answers the call, with the question itself."""
    lock = answers.locks_that_end(visit)[0]
    lines = tuple(people.told(visit, line.text) for line in load_advice()[Class(lock.class_)].say)
    body = Words(lines, (cause_of(visit, lock),))
    choices = (Choice(Key.ENTER, _("Back")),)
    return build(visit, moment, body, choices, title=_("What to say on the telephone"))


def lock_lines(visit: Visit, lock: Lock) -> tuple[str, ...]:
    """What a lock tells the person, by its class."""
    locked = _("The box stays locked until {clinician} opens it.").format(clinician=people.clinician(visit))
    family = _("Please tell your family today.")
    call = people.call_clinician(visit)
    match lock.class_:
        case "E" | "U" | "X" | "C":
            return tuple(people.told(visit, line.text) for line in load_advice()[Class(lock.class_)].do)
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
            said = _("The box was set up again from a copy. It is locked.")
            return tuple(line for line in (said, _not_brought_back(lock), call, locked) if line)
        case "P" if lock.cause == "enough":
            said = _("You said that it is enough for today. That is fine.")
            return (said, _again(visit, lock), _("Your diary is open."))
        case "P":
            return (
                _("Not today."),
                *_day_cause(visit, lock),
                _again(visit, lock),
                _("Your diary is open."),
            )
        case _:
            return (_("Your back muscles are very sore. Muscle sessions are locked."), call, family)


def _not_brought_back(lock: Lock) -> str:
    """What a restored diary does not hold; nothing of other locks, and of a restore that did not say."""
    if lock.copy_of is None:
        return ""
    day = f"{words.date(lock.copy_of)} {lock.copy_of.year}"
    said = _("The copy is of {day}. What came later is not in it.").format(day=day)
    return f"{said} {left_out(lock.lost)}" if lock.lost else said


def locked_home_lines(visit: Visit, lock: Lock) -> tuple[str, ...]:
    """What home says of a lock, perhaps days later: first aid belongs to the moment itself."""
    if lock.class_ != "red":
        return lock_lines(visit, lock)
    why = (
        _("You stopped because you felt faint.")
        if lock.cause == "faint"
        else _("You stopped because it burned.")
    )
    locked = _("The box stays locked until {clinician} opens it.").format(clinician=people.clinician(visit))
    return (why, people.call_clinician(visit), locked, _("Your diary is open."))


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
        return _("The clock of the box is not set. When it is set, the box opens again.")
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
        _("The current is off. Take the pads off and throw them away."),
        _("Look at your skin. Cool a burn with water. No cream."),
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
    lines = (*_pads_first(visit), *not_today_lines(visit), _("Your diary is open."))
    body = Words((_("Not today."), *lines), tone="calm")
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


def cause_of(visit: Visit, lock: Lock) -> str:
    """What happened or the question behind a lock, in words."""
    happened = {
        "burning": _("A session was stopped because it burned or hurt."),
        "faint": _("A session was stopped because of faintness, heart or breath."),
        "skin": _("The skin was more than a little pink."),
        "restore": _("The box was set up again from a copy. It is locked."),
        "pain": _("Muscle programmes are closed: pain."),
        "soreness": _("Muscle programmes are closed: very sore muscles."),
    }
    said = happened.get(lock.cause) or happened.get(lock.class_)
    if said is not None:
        return " ".join(part for part in (said, _not_brought_back(lock)) if part)
    today = visit.context.today
    question = None if today is None else today.questionnaire.questions.get(lock.cause)
    if question is None:
        return lock.cause
    asks: Asks = "daily" if "daily" in question.asks else "baseline"
    if visit.context.activity == "baseline" and "baseline" in question.asks:
        asks = "baseline"
    return content(question.worded(asks))
