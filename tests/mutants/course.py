"""Of the course of treatment: which session, how strong, when none."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "a stage ends by its weeks alone",
        "programs/stage.py",
        "return enough and today - first",
        "return today - first",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "who was away a month goes on where she was",
        "programs/stage.py",
        "if away is not None and away >= NEW_RUN_AFTER",
        "if False",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "a stage that is not prescribed is jumped over",
        "programs/stage.py",
        "course.stages[last : later[0]]",
        "course.stages[last : last + 1]",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "a set-back clock reopens what is over",
        "programs/progression.py",
        "max(day.today, day.history.last_session_day or day.today)",
        "day.today",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "nothing holds the level",
        "programs/progression.py",
        "for reason in _holds(day, programme, history):",
        "for reason in ():",
        "tests/programs/test_todays_session.py",
    ),
    Mutant(
        "a third painful evening closes the muscles",
        "programs/progression.py",
        ">= PAIN_UP_CLOSES else None",
        "> PAIN_UP_CLOSES else None",
        "tests/programs/test_todays_session.py",
    ),
    Mutant(
        "no benefit does not stop",
        "programs/progression.py",
        "    _helps,\n",
        "",
        "tests/programs/test_follow_up.py",
    ),
    Mutant(
        "any prescription is a review",
        "programs/follow_up.py",
        "history.reviewed_on >= from_day",
        "history.reviewed_on >= began",
        "tests/programs/test_follow_up.py",
    ),
    Mutant(
        "an unlock of the day lifts pain",
        "kiosk/diary/history.py",
        "unlock.by in BY_CLINICIAN",
        "True",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "an answer of a set-back clock is forgotten",
        "kiosk/diary/today.py",
        "<= session.envelope.event_time <= now for",
        "<= session.envelope.event_time for",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "every level is kept for ever",
        "programs/history.py",
        "(*others, new)[-MOST_LEVELS:]",
        "(*others, new)",
        "tests/programs/test_progression_invariants.py",
    ),
    Mutant(
        "a clock that jumped ahead hides the week",
        "programs/history.py",
        "if index >= older or session.ended_at.date() > newest - WEEK",
        "if session.ended_at.date() > newest - WEEK",
        "tests/programs/test_todays_session.py",
    ),
    Mutant(
        "a session ended when it began",
        "kiosk/session/machine.py",
        "else _ended_at(state)",
        "else state.armed_at",
        "tests/session/test_session_machine.py",
    ),
    Mutant(
        "worn pads are put on",
        "kiosk/visit/steps/pads.py",
        "or worn(visit):",
        ":",
        "tests/kiosk/test_worn_pads.py",
    ),
    Mutant(
        "what the stimulator cannot play is offered",
        "programs/progression.py",
        "elif (reason := unfit(planned)) is not None:",
        "elif (reason := unfit(planned)) is not None and False:",
        "tests/programs/test_todays_session.py",
    ),
)
