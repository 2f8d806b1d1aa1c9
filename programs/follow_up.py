"""What is due today besides the session: questions, reviews, pads, prescription, forms. Pure.

Sources: clinical reference 1 (re-asking), 3.1 (reviews), 2 and 6 (pads), 5 (forms); safety rule 28.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from programs import library
from programs.history import WEEK, CourseHistory
from programs.prescription import Prescription
from programs.text import Reason

if TYPE_CHECKING:
    from programs.care import Wear

DueKind = Literal["rescreen", "review", "pain", "pads", "prescription", "form"]
FORM_DAYS: Mapping[str, int] = {"peg": 7, "pgic": 28}
"""Clinical reference 5: PEG weekly, PGIC four-weekly."""
PRESCRIPTION_ENDS_DAYS = 14
"""So long before its last day a new one is asked for [D]."""
LOOK_BEFORE = dt.timedelta(days=14)
"""A prescription installed so long before a review's day was written with its weeks in view [D]: one of 12
weeks ends before the review at 12 weeks, since week 0 lies before the plan."""
BENEFIT_PERCENT = 30
"""Of the pain before the plan: moderate (IMM08); less is "no change" (clinical reference 6)."""


class Due(msgspec.Struct, frozen=True):
    """One thing that is due, and since when. `reason` is worded at display."""

    kind: DueKind
    since: dt.date
    reason: Reason
    form: str = ""
    """Of the kind "form": its id."""


class PadsUsed(msgspec.Struct, frozen=True):
    """The pads that were opened last."""

    uses: int
    since: dt.date


def due_today(
    prescription: Prescription,
    history: CourseHistory,
    today: dt.date,
    *,
    rescreen: Reason | None = None,
    pads: PadsUsed | None = None,
    forms: Mapping[str, dt.date] | None = None,
) -> tuple[Due, ...]:
    """Everything that is due, the weightiest first.

    `rescreen`: why all questions are asked today (`screening.due`). `forms`: form → the day on which it was
    last filled in.
    """
    return (
        *_rescreen(rescreen, today),
        *_pain(history),
        *_review(prescription, history, today),
        *_prescription(prescription, today),
        *_pads(pads, today),
        *_forms(forms or {}, history, today),
    )


def wear_of(pads: PadsUsed, today: dt.date) -> Wear:
    """How worn they are before their next use (clinical reference 2)."""
    from programs import care  # off the way to the first screen

    return care.wear(care.load_pads().wear, pads.uses, pads.since, today)


def review_reached(prescription: Prescription, history: CourseHistory, today: dt.date) -> int | None:
    """The weeks of the last review that has come and at which no clinician has looked; None: none.

    A prescription that was installed on its day or later, or shortly before it, is the look.
    """
    if history.plan_began is None or history.plan not in (prescription.plan, ""):
        return None
    began, weeks = history.plan_began, library.load_courses()[prescription.plan].review_weeks
    reached = [number for number in weeks if began + number * WEEK <= today]
    if not reached:
        return None
    from_day = began + reached[-1] * WEEK - LOOK_BEFORE
    looked = history.reviewed_on is not None and history.reviewed_on >= from_day
    return None if looked else reached[-1]


def no_benefit(prescription: Prescription, history: CourseHistory, today: dt.date) -> Reason | None:
    """Why the course stops until a clinician has looked: its last review came, and the pain is not 30 % lower
    (clinical reference 3.1, 6), or nobody can tell because the ratings are too few.

    Who had no pain before the plan has none to lose: then it goes on.
    """
    weeks = review_reached(prescription, history, today)
    last = library.load_courses()[prescription.plan].review_weeks[-1]
    if weeks is None or weeks != last:
        return None
    change = history.pain_change_percent
    if change is None:
        return Reason("review_no_data", {"weeks": weeks}) if history.pain_ratings_are_few else None
    return Reason("no_benefit", {"weeks": weeks}) if change < BENEFIT_PERCENT else None


def _rescreen(reason: Reason | None, today: dt.date) -> Iterator[Due]:
    if reason is not None and reason.rule != "first_time":
        yield Due("rescreen", today, reason)


def _pain(history: CourseHistory) -> Iterator[Due]:
    days = history.pain_up_unseen
    if len(days) >= 2:
        yield Due("pain", days[-1], Reason("pain_up_twice"))


def _review(prescription: Prescription, history: CourseHistory, today: dt.date) -> Iterator[Due]:
    weeks = review_reached(prescription, history, today)
    if weeks is None or history.plan_began is None:
        return
    change = history.pain_change_percent
    rule = "review_no_data" if change is None else "review_no_change"
    if change is not None and change >= BENEFIT_PERCENT:
        rule = "review_better"
    stops = no_benefit(prescription, history, today)
    yield Due("review", history.plan_began + weeks * WEEK, stops or Reason(rule, {"weeks": weeks}))


def _prescription(prescription: Prescription, today: dt.date) -> Iterator[Due]:
    warns = prescription.valid_until - dt.timedelta(days=PRESCRIPTION_ENDS_DAYS)
    if max(prescription.valid_from, warns) <= today <= prescription.valid_until and (
        prescription.valid_from < prescription.valid_until
    ):
        yield Due("prescription", warns, Reason("prescription_ends", {"on": f"{prescription.valid_until}"}))


def _pads(pads: PadsUsed | None, today: dt.date) -> Iterator[Due]:
    if pads is None:
        return
    wear = wear_of(pads, today)
    if wear != "good":
        yield Due("pads", today, Reason(f"pads_{wear}", {"uses": pads.uses, "since": pads.since.isoformat()}))


def _forms(last: Mapping[str, dt.date], history: CourseHistory, today: dt.date) -> Iterator[Due]:
    """PEG from the first day on; PGIC asks about a change, so only four weeks into the course."""
    for form, days in FORM_DAYS.items():
        every = dt.timedelta(days=days)
        begin = history.plan_began if form == "pgic" else today - every
        since = last.get(form, begin)
        if since is None:
            continue
        if today - since >= every or since > today:
            yield Due("form", min(since + every, today), Reason("form_due", {"form": form}), form)
