"""What the answers of this visit mean so far: pure questions to the visit, no moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from kiosk.diary.records import Lock
from kiosk.visit.state import Moment, Visit
from programs.screening import (
    Answer,
    Class,
    Finding,
    Group,
    Question,
    Verdict,
    evaluate,
    is_fresh,
    still_fresh,
)

SKIN_GROUPS = ("skin", "pads")
"""Asked before the pads go on."""
POSITION_GROUPS = ("position",)
"""Asked when the person sits or lies as she will stay."""
CONFIRMED_CLASSES = (Class.E, Class.U, Class.X, Class.C)
"""A yes of these is asked once more, then locks (safety rule 26)."""
URGENT_CLASSES = (Class.E, Class.U)
"""Help is called today."""
FEELINGS = ("pain_rest", "pain_moving", "soreness")

WORST_LOCK_FIRST = ("E", "red", "U", "X", "C", "restore", "skin", "soreness", "P")


def groups(visit: Visit) -> tuple[Group, ...]:
    """Every group of this round, in the order of `Place.index`."""
    today = visit.context.today
    assert today is not None
    questionnaire = today.questionnaire
    if visit.context.activity == "baseline":
        return questionnaire.groups_of("baseline")
    own = tuple(questionnaire.group(id_) for id_ in (*SKIN_GROUPS, *POSITION_GROUPS))
    return (*questionnaire.groups_of("daily"), *own)


def round_groups(visit: Visit) -> tuple[Group, ...]:
    """The groups that are asked before pain and soreness."""
    return tuple(group for group in groups(visit) if not group.own_screen)


def question(visit: Visit, key: str) -> Question:
    """The question with this key."""
    assert visit.context.today is not None
    return visit.context.today.questionnaire.questions[key]


def fresh(visit: Visit, moment: Moment) -> dict[str, Answer]:
    """The answers that need not be asked again (younger than 60 minutes, safety rule 26)."""
    screening = visit.context.screening
    if screening is None:
        return {}
    ages_s = {key: moment.boottime_s - at_s for key, at_s in visit.context.answered_s.items()}
    return still_fresh(_typed(screening.answers), screening.answered_at, moment.now, ages_s)


def first_missing(visit: Visit, moment: Moment, which: tuple[Group, ...]) -> int | None:
    """Index, in `groups`, of the first of `which` that has a question without a fresh answer."""
    answered = fresh(visit, moment)
    for index, group in enumerate(groups(visit)):
        if group in which and any(key not in answered for key in group.questions):
            return index
    return None


def feeling_missing(visit: Visit, moment: Moment) -> str | None:
    """The first of pain at rest, pain when moving, soreness that was not said in the last 60 minutes."""
    entry, at, at_s = visit.context.entry, visit.context.entry_at, visit.context.entry_s
    if entry is None or at is None or at_s is None:
        return FEELINGS[0]
    if not is_fresh(at, moment.now, moment.boottime_s - at_s):
        return FEELINGS[0]
    return next((name for name in FEELINGS if getattr(entry, name) is None), None)


def verdict(visit: Visit, asked: tuple[str, ...] = ()) -> Verdict:
    """What was answered means, however long ago: only `missing` forgets, a finding does not."""
    today, screening = visit.context.today, visit.context.screening
    assert today is not None
    answers = {} if screening is None else _typed(screening.answers)
    return evaluate(today.questionnaire, answers, asked, today.clearances)


def standing(visit: Visit, *, mendable: bool = True) -> tuple[Finding, ...]:
    """The findings that lock or postpone: worse answers that no prescription clears.

    `mendable` false: without what can still be put right, which is asked again.
    """
    return tuple(
        finding
        for finding in verdict(visit).findings
        if not finding.cleared
        and finding.class_ is not Class.N
        and (mendable or not question(visit, finding.key).mendable)
    )


def lock_of(finding: Finding, moment: Moment) -> Lock:
    """The lock that a finding sets: a P opens by itself tomorrow, the others never (safety rules 26, 27)."""
    until = moment.now.date() + dt.timedelta(days=1) if finding.class_ is Class.P else None
    assert finding.class_ is not Class.N
    return Lock(class_=finding.class_.value, cause=finding.key, until=until)


def locks_open(visit: Visit) -> tuple[Lock, ...]:
    """Every lock that holds, worst first: those of the diary and those set in this visit."""
    today = visit.context.today
    stored = () if today is None else today.locks
    return _worst_first((*stored, *visit.context.locks))


def locks_that_end(visit: Visit) -> tuple[Lock, ...]:
    """The locks that end the visit, worst first. A soreness lock holds back muscle programmes alone: what it
    leaves is decided by the rules of the course (`Today.next`)."""
    return tuple(lock for lock in locks_open(visit) if lock.class_ != "soreness")


def locks_to_tell(visit: Visit, moment: Moment) -> tuple[Lock, ...]:
    """Where nothing can be saved, worst first: the locks once this visit has set one, and what an urgent yes
    will lock that nobody confirmed yet. What it asks for cannot wait until the disk is mended."""
    urgent = [lock_of(one, moment) for one in standing(visit, mendable=False) if one.class_ in URGENT_CLASSES]
    known = locks_open(visit) if visit.context.locks else ()
    return _worst_first((*known, *urgent))


def _worst_first(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """Each matter once."""
    distinct = {(lock.class_, lock.cause): lock for lock in locks}
    return tuple(sorted(distinct.values(), key=lambda lock: WORST_LOCK_FIRST.index(lock.class_)))


def _typed(answers: Mapping[str, str]) -> dict[str, Answer]:
    return {key: Answer(value) for key, value in answers.items()}
