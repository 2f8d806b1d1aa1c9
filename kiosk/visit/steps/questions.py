"""Who it is, what to fetch, and the safety questions: by group, one by one, and a yes once more."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.diary.records import Screening
from kiosk.events import Effect
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.conclusion import lock_what_stands, save_alert, save_lock
from kiosk.visit.steps.moves import adopt_document, back, forget_document, go, home, save_document, update
from kiosk.visit.steps.order import ask, onward, to_verdict
from kiosk.visit.steps.patient_pin import ask_first
from programs.screening import Answer, Asks, Class, Group
from programs.text import Reason

SINGLE_ANSWERS = {Key.ONE: Answer.NO, Key.TWO: Answer.YES, Key.THREE: Answer.NOT_SURE}
CONFIRMS: Final = Key.TWO
"""The key of Yes, pressed once more, says Yes once more."""
TAKES_BACK: Final = Key.FIVE
"""No key that leads to the question: pressed twice, none of them takes a yes back."""


def press_identity(visit: Visit, key: Key, moment: Moment) -> Result:
    """Safety rule 18: one box, one person."""
    if key is Key.ONE:
        return ask_first(visit, moment, "get_ready")
    if key is Key.TWO:
        return go(visit, moment, "wrong_person"), ()
    return back(visit, moment) if key is Key.BACK else (visit, ())


def press_wrong_person(visit: Visit, key: Key, moment: Moment) -> Result:
    if key in (Key.ENTER, Key.BACK):
        return home(visit, moment)
    return visit, ()


def press_get_ready(visit: Visit, key: Key, moment: Moment) -> Result:
    if key is Key.ENTER:
        visit, effects = _begin_round(visit, moment)
        visit, then = onward(visit, moment)
        return visit, (*effects, *then)
    return back(visit, moment) if key is Key.BACK else (visit, ())


def _begin_round(visit: Visit, moment: Moment) -> Result:
    """A round of questions begins, or goes on where a restart cut it off; a yes in it counts as given."""
    today, activity = visit.context.today, visit.context.activity
    assert today is not None
    if visit.context.screening is not None:
        return visit, ()  # she went back to here; her answers stand
    visit = update(visit, one_by_one=today.one_by_one)
    visit = forget_document(forget_document(visit, "screening"), "entry")
    asks: Asks = "baseline" if activity == "baseline" else "daily"
    serial = 0 if today.prescription is None else today.prescription.serial
    screening = Screening(asks=asks, questionnaire_digest=today.digest, prescription=serial)
    cut_off = today.open_screening
    if (
        cut_off is not None
        and cut_off.record.asks == asks
        and cut_off.record.questionnaire_digest == today.digest
        and cut_off.record.prescription == serial
    ):
        screening = cut_off.record
        visit = adopt_document(visit, "screening", screening, cut_off.id)
        visit = update(visit, answered_s=cut_off.answered_s)
    visit = update(visit, screening=screening)
    if activity == "visit" and today.open_entry is not None:
        entry = today.open_entry
        visit = adopt_document(visit, "entry", entry.record, entry.id)
        visit = update(visit, entry=entry.record, entry_at=entry.at, entry_s=entry.said_s)
    return lock_what_stands(visit, moment)


# ── a group, together ───────────────────────────────────────────────────────────────────────────


def press_group(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 None of these, 2 One of these or not sure. Enter answers no safety question (safety rule 25)."""
    group = _group(visit)
    if key is Key.ONE:
        seconds = moment.monotonic_s - visit.shown_s
        worse = [name for name in group.questions if _said_yes(visit, name)]
        no = {name: Answer.NO for name in group.questions if name not in worse}
        visit, effects = _say(visit, moment, no, {group.id: seconds})
        if worse:
            return _confirm(visit, moment, worse[0]), effects
        visit, then = onward(visit, moment)
        return visit, (*effects, *then)
    if key is Key.TWO:
        visit = update(visit, one_by_one=visit.context.one_by_one | {group.id})
        return ask(visit, moment, visit.place.index), ()
    return back(visit, moment) if key is Key.BACK else (visit, ())


# ── one question ────────────────────────────────────────────────────────────────────────────────


def press_single(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 No, 2 Yes, 3 Not sure."""
    if key is Key.BACK:
        return back(visit, moment)
    if key not in SINGLE_ANSWERS:
        return visit, ()
    name = _group(visit).questions[visit.place.item]
    question, answer = answers.question(visit, name), SINGLE_ANSWERS[key]
    if _said_yes(visit, name) and not question.is_worse(answer):
        return _confirm(visit, moment, name), ()
    visit, effects = _say(visit, moment, {name: answer})
    if not question.is_worse(answer):
        visit, then = _next_item(visit, moment)
    elif question.mendable:
        visit, then = go(visit, moment, "mend", visit.place.index, visit.place.item), ()
    else:
        visit, then = _heard_worse(visit, name, moment)
    return visit, (*effects, *then)


def _heard_worse(visit: Visit, name: str, moment: Moment) -> Result:
    finding = next(finding for finding in answers.verdict(visit).findings if finding.key == name)
    screening = visit.context.screening
    assert screening is not None
    if finding.cleared or finding.class_ not in answers.CONFIRMED_CLASSES:
        return _next_item(visit, moment)
    if name in screening.retracted:
        return _lock(visit, name, moment)  # asked once, not again and again
    return _confirm(visit, moment, name), ()


def _said_yes(visit: Visit, name: str) -> bool:
    """Its worse answer stands and locks: no other answer takes its place unasked (safety rule 26)."""
    return any(
        finding.key == name and finding.class_ in answers.CONFIRMED_CLASSES
        for finding in answers.standing(visit)
    )


def _confirm(visit: Visit, moment: Moment, name: str) -> Visit:
    """ "You said YES to …"."""
    item = _group(visit).questions.index(name)
    return go(update(visit, unsure=name), moment, "confirm_yes", visit.place.index, item)


def press_confirm_yes(visit: Visit, key: Key, moment: Moment) -> Result:
    """2 Yes, or not sure: it locks. 5 The wrong key: both answers are kept, the family is told (rule 26).

    There is no way back from here: it would let the yes vanish.
    """
    name = visit.context.unsure
    if key is CONFIRMS:
        return _without_confirmation(*_lock(visit, name, moment))
    if key is TAKES_BACK:
        screening = visit.context.screening
        assert screening is not None
        retracted = {**screening.retracted, name: screening.answers[name]}
        visit = update(visit, screening=replace(screening, retracted=retracted))
        visit, effects = _say(visit, moment, {name: Answer.NO})
        visit, alert = save_alert(visit, "amber", Reason("yes_taken_back", {"question": name}))
        visit, then = _next_item(visit, moment)
        return _without_confirmation(visit, (*effects, *alert, *then))
    return visit, ()


def _without_confirmation(visit: Visit, effects: tuple[Effect, ...]) -> Result:
    """No way back leads to a yes that was decided."""
    trail = tuple(place for place in visit.trail if place.step != "confirm_yes")
    return replace(visit, trail=trail), effects


def _lock(visit: Visit, name: str, moment: Moment) -> Result:
    finding = next(finding for finding in answers.standing(visit) if finding.key == name)
    visit, effects = save_lock(visit, answers.lock_of(finding, moment))
    if finding.class_ is Class.E:
        visit, then = to_verdict(visit, moment)
    else:
        visit, then = _next_item(visit, moment)
    return visit, (*effects, *then)


# ── what can be put right now ───────────────────────────────────────────────────────────────────


def press_mend(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: it is put right, ask again. 2: not possible today, so it postpones."""
    if key is Key.TWO:
        return to_verdict(visit, moment, mendable=True)
    if key is Key.ENTER:
        screening = visit.context.screening
        assert screening is not None
        name = _group(visit).questions[visit.place.item]
        answered_at = {other: at for other, at in screening.answered_at.items() if other != name}
        visit = update(visit, screening=replace(screening, answered_at=answered_at))
        return back(visit, moment)
    return visit, ()


# ── what was said ───────────────────────────────────────────────────────────────────────────────


def _say(
    visit: Visit, moment: Moment, said: dict[str, Answer], seconds: dict[str, float] | None = None
) -> Result:
    """Keeps answers in the screening and saves it as given."""
    screening = visit.context.screening
    assert screening is not None
    screening = replace(
        screening,
        answers={**screening.answers, **{name: answer.value for name, answer in said.items()}},
        answered_at={**screening.answered_at, **dict.fromkeys(said, moment.now)},
        seconds={**screening.seconds, **(seconds or {})},
        # A verdict reached before does not speak for this answer, which has to lock after a restart too.
        verdict=None,
        findings=(),
    )
    answered_s = {**visit.context.answered_s, **dict.fromkeys(said, moment.boottime_s)}
    visit = update(visit, screening=screening, answered_s=answered_s)
    return save_document(visit, "screening", screening)


def _next_item(visit: Visit, moment: Moment) -> Result:
    item = visit.place.item + 1
    if item < len(_group(visit).questions):
        return go(visit, moment, "single", visit.place.index, item), ()
    return onward(visit, moment)


def _group(visit: Visit) -> Group:
    return answers.groups(visit)[visit.place.index]
