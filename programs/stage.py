"""Where in its course a person is today: a pure function over course, prescription, history and date.

Source: clinical reference 3.1 ("Progress"): learn, endure, strengthen, reviews at 6 and 12 weeks [D]. Stages
go on by weeks *and* sessions, so that whoever missed weeks does not jump; what was begun is gone on with; 28
days without muscle work begin again with the first one (clinical reference 4, "Regress").
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set

import msgspec

from programs.course import Course, Stage
from programs.history import NEW_RUN_AFTER, WEEK, CourseHistory, Run
from programs.text import Reason


class StageToday(msgspec.Struct, frozen=True):
    """The stage of today, of the stages of which the prescription has a programme."""

    stage: Stage
    """Of the course: what is exercised with it, how often, whether the muscle is tightened along."""
    programmes: tuple[str, ...]
    """Its muscle programmes that are prescribed; empty: none may be used today."""
    week: int
    """Of the course, from 1; it goes on through breaks."""
    next_review: dt.date | None
    """The next day on which a clinician looks at the outcome; None: no more, or not begun."""
    reasons: tuple[Reason, ...] = ()


def stage_today(
    course: Course, prescribed: Set[str], history: CourseHistory, plan: str, today: dt.date
) -> StageToday:
    """The stage for a prescription of `course` (its id is `plan`) with the programmes `prescribed`."""
    reasons: tuple[Reason, ...] = ()
    away = None if history.last_nmes_end is None else today - history.last_nmes_end.date()
    if away is not None and away >= NEW_RUN_AFTER:
        stage = course.stages[0]
        reasons = (Reason("restart_learning", {"days": away.days}),)
    else:
        stage = _reached(course, prescribed, history, today)
        if not any(id_ in history.runs for id_ in stage.programmes) and stage is not course.stages[0]:
            reasons = (Reason("new_stage", {"stage": stage.id}),)
    began = history.plan_began if history.plan in (plan, "") else None
    return StageToday(
        stage=stage,
        programmes=_prescribed(stage, prescribed),
        week=1 if began is None else max(0, (today - began) // WEEK) + 1,
        next_review=_next_review(course, began, today),
        reasons=reasons,
    )


def _prescribed(stage: Stage, prescribed: Set[str]) -> tuple[str, ...]:
    return tuple(id_ for id_ in stage.programmes if id_ in prescribed)


def _reached(course: Course, prescribed: Set[str], history: CourseHistory, today: dt.date) -> Stage:
    """The stage that was begun last, or the one after it once it is done. A stage of which nothing is
    prescribed is never entered."""
    usable = [index for index, stage in enumerate(course.stages) if _prescribed(stage, prescribed)]
    begun = [index for index in usable if _runs(course.stages[index], history)]
    if not begun:
        return course.stages[0]
    last = begun[-1]
    later = [index for index in usable if index > last]
    # The weeks of a stage that is left out pass all the same.
    if later and _is_done(course.stages[last : later[0]], history, today):
        return course.stages[later[0]]
    return course.stages[last]


def _runs(stage: Stage, history: CourseHistory) -> list[Run]:
    return [history.runs[id_] for id_ in stage.programmes if id_ in history.runs]


def _is_done(stages: tuple[Stage, ...], history: CourseHistory, today: dt.date) -> bool:
    """The sessions of the first of them were played, *and* the weeks of all of them are over."""
    runs = _runs(stages[0], history)
    first = min(run.first_day for run in runs)
    enough = sum(run.sessions for run in runs) >= stages[0].sessions
    return enough and today - first >= sum(stage.weeks for stage in stages) * WEEK


def _next_review(course: Course, began: dt.date | None, today: dt.date) -> dt.date | None:
    if began is None:
        return None
    days = (began + weeks * WEEK for weeks in course.review_weeks)
    return next((day for day in days if day >= today), None)
