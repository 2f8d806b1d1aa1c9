"""The safety questionnaire: what is asked, which answer is the worse one, and what an answer means.

Source: clinical reference section 1, safety rules 24–28.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Set
from enum import Enum
from typing import Literal

import msgspec

from programs.text import Reason, Text

Asks = Literal["baseline", "daily"]

ANSWERS_LAST = dt.timedelta(minutes=60)
"""Older answers are asked again (safety rule 26)."""
RESCREEN_EVERY_DAYS = 28
RESCREEN_AFTER_GAP_DAYS = 14
"""Clinical reference 1: re-ask all every 28 days, after a gap of more than 14 days, or on any change [D]."""

SORE_POSTPONES = 4
SORE_LOCKS = 7
SORE_TOO_LONG_HOURS = 72
"""Clinical reference 1D d_sore and 4 "Regress" [D]; soreness peaks at 48 h (VAN12)."""
SORENESS_CALM = 3
SORENESS_CALM_DAYS = 2
"""Safety rule 27: the soreness lock lifts after ≤ 3 on two days running."""
PAIN_FLARE = 2
"""Clinical reference 1D d_pain: no NMES at usual + 2 (FLA21)."""


class Class(Enum):
    """What the worse answer to a question means, worst first (clinical reference 1)."""

    E = "E"
    """Stop, emergency screen; locked until a clinician opens it."""
    U = "U"
    """Doctor the same day; locked until a clinician opens it."""
    X = "X"
    """Must not use it; locked until a clinician opens it."""
    C = "C"
    """Locked until a clinician clears it."""
    P = "P"
    """Not today."""
    N = "N"
    """Caution: changes the programme or the words, locks nothing."""


WORST_FIRST: tuple[Class, ...] = tuple(Class)


class Answer(Enum):
    """What a person said. "Not sure" is the question's worse answer (safety rule 25)."""

    NO = "no"
    YES = "yes"
    NOT_SURE = "not_sure"


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"class_": "class"}):
    """One question (interfaces.md). `worse` is the answer that locks; all are worded so that No is safe."""

    key: str
    class_: Class
    worse: Literal["yes", "no"]
    text: Text
    group: str
    """Where it is shown: the baseline's group, for a question that only a visit asks the daily one."""
    source: str
    asks: tuple[Asks, ...]
    daily_text: Text | None = None
    """The wording of a daily question ("Since your last visit …") where it differs from the baseline's."""
    clearable_by: str | None = None
    """The prescription's clearance (its `question`) that lifts it; None: no prescription does."""
    only_if: str | None = None
    """Asked only when this condition of the plan holds, e.g. "leg_pads"."""
    mendable: bool = False
    """A P that can be put right now (dry the skin, change the pads, sit down)."""
    terms: tuple[str, ...] = ()
    """Medical terms in the question, by their id in the glossary."""
    gloss: Text | None = None
    """Everyday words for these terms, shown beneath; put in from the glossary, never written in the file."""
    caution: Text | None = None
    """Class N: what the worse answer changes for this person."""

    def worded(self, asks: Asks) -> Text:
        """The words to show in a baseline or in a daily round."""
        return self.daily_text if asks == "daily" and self.daily_text is not None else self.text

    def is_worse(self, answer: Answer) -> bool:
        """Whether `answer` is the one that counts against therapy; "not sure" always is."""
        return answer is Answer.NOT_SURE or answer.value == self.worse


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most four questions of one theme, shown in full on one screen (interfaces.md)."""

    id: str
    title: Text
    asks: Asks
    questions: tuple[str, ...]
    own_screen: bool = False
    """Asked on the screens for skin, pads or position, not in the run of question screens."""


class Questionnaire(msgspec.Struct, frozen=True):
    """Every question, by key, and the groups in the order in which they are asked."""

    questions: Mapping[str, Question]
    groups: tuple[Group, ...]

    def groups_of(self, asks: Asks) -> tuple[Group, ...]:
        """The question screens of a round, in order; without the groups that have a screen of their own."""
        return tuple(group for group in self.groups if group.asks == asks and not group.own_screen)

    def keys_of(self, asks: Asks) -> tuple[str, ...]:
        """The questions on the screens of a round, in order: the `asked` of `evaluate`."""
        return tuple(key for group in self.groups_of(asks) for key in group.questions)

    def group(self, group_id: str) -> Group:
        """The group with this id. Raises KeyError."""
        for group in self.groups:
            if group.id == group_id:
                return group
        raise KeyError(group_id)


class Finding(msgspec.Struct, frozen=True):
    """One worse answer that stands."""

    key: str
    class_: Class
    cleared: bool = False
    """A valid prescription clears it, field by field; it stays in the record."""


class Verdict(msgspec.Struct, frozen=True):
    """What all answers together mean. `worst` picks the screen; every finding that is not cleared locks."""

    worst: Class | None
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    """Questions still to be answered, or answered longer ago than 60 minutes."""

    @property
    def cleared(self) -> bool:
        """True only when everything was answered and nothing but caution (N) stands."""
        return not self.missing and self.worst in (None, Class.N)


Answers = Mapping[str, Answer]


def evaluate(
    questionnaire: Questionnaire,
    answers: Answers,
    asked: tuple[str, ...],
    clearances: Set[str] = frozenset(),
) -> Verdict:
    """What `answers` mean (safety rules 25–27).

    `asked` are the keys that must be answered; a worse answer counts whether it was asked now or not.
    `clearances` are the questions that today's valid prescription clears. A worse answer never gives a
    laxer verdict. Raises KeyError for a key that is no question: an answer nobody can weigh is no answer.
    """
    questions = questionnaire.questions
    if unknown := {*asked, *answers} - set(questions):
        raise KeyError(f"no such question: {min(unknown)}")
    findings = tuple(
        _finding(questionnaire, key, answers, clearances)
        for key in sorted(answers)
        if questions[key].is_worse(answers[key])
    )
    by_class = tuple(sorted(findings, key=lambda finding: WORST_FIRST.index(finding.class_)))
    standing = [finding.class_ for finding in by_class if not finding.cleared]
    return Verdict(
        worst=standing[0] if standing else None,
        findings=by_class,
        missing=tuple(key for key in asked if key not in answers),
    )


def _finding(questionnaire: Questionnaire, key: str, answers: Answers, clearances: Set[str]) -> Finding:
    question = questionnaire.questions[key]
    if key == "rf_ca" and _is_new_pain(questionnaire, answers, clearances):
        return Finding(key, Class.U)
    cleared = question.clearable_by is not None and question.clearable_by in clearances
    return Finding(key, question.class_, cleared)


def _is_new_pain(questionnaire: Questionnaire, answers: Answers, clearances: Set[str]) -> bool:
    """Cancer ever and new pain is U (clinical reference 1A, rf_ca), unless the new pain is cleared."""
    answer = answers.get("c_acute")
    if answer is None:
        return False
    acute = questionnaire.questions["c_acute"]
    return acute.is_worse(answer) and acute.clearable_by not in clearances


def still_fresh(
    answers: Answers,
    answered_at: Mapping[str, dt.datetime],
    now: dt.datetime,
    ages_s: Mapping[str, float],
) -> dict[str, Answer]:
    """The answers that need not be asked again: given in the last 60 minutes (safety rule 26).

    `ages_s`: how old each is by a clock that nobody sets. An answer without a time or an age is not fresh.
    """
    return {
        key: answer
        for key, answer in answers.items()
        if key in answered_at and key in ages_s and is_fresh(answered_at[key], now, ages_s[key])
    }


def is_fresh(said_at: dt.datetime, now: dt.datetime, age_s: float) -> bool:
    """Whether what was said then is at most 60 minutes old by both clocks (safety rule 26): the one on the
    wall, which may be set, and `age_s`. What was said in the future (a clock that was set back) is not."""
    by_the_wall = dt.timedelta(0) <= now - said_at <= ANSWERS_LAST
    return by_the_wall and 0 <= age_s <= ANSWERS_LAST.total_seconds()


def due(
    asks: Asks,
    last_screened: dt.datetime | None,
    last_session: dt.datetime | None,
    last_change: dt.datetime | None,
    today: dt.date,
    digest_then: str = "",
    digest_now: str = "",
    other_prescription: bool = False,
) -> Reason | None:
    """Why this round must be asked today, or None (clinical reference 1 [D], safety rule 24).

    Daily questions are asked at every session. The baseline: never asked; asked 28 days ago; a gap of
    more than 14 days since the last session, and not asked after it; a change of health since then;
    questions, doses or the prescription changed since then;
    a clock that says it was asked in the future. The digests
    are `programs.library.questionnaire_digest()` of that time and of now.
    """
    if asks == "daily":
        return Reason("each_session")
    if last_screened is None:
        return Reason("first_time")
    days = (today - last_screened.date()).days
    if days < 0:
        return Reason("clock_set_back")
    if last_change is not None and last_change > last_screened:
        return Reason("health_changed")
    if digest_then != digest_now:
        return Reason("questions_changed")
    if other_prescription:
        return Reason("prescription_changed")
    if days >= RESCREEN_EVERY_DAYS:
        return Reason("rescreen_days", {"days": days})
    if (gap := _unanswered_gap(last_screened.date(), last_session, today)) is not None:
        return Reason("rescreen_gap", {"days": gap})
    return None


def _unanswered_gap(screened: dt.date, last_session: dt.datetime | None, today: dt.date) -> int | None:
    """Days without a session, when they are more than 14 and nobody asked all questions after the 14th."""
    begin = screened if last_session is None else last_session.date()
    gap = (today - begin).days
    if gap <= RESCREEN_AFTER_GAP_DAYS:
        return None
    asked_within_the_gap = (screened - begin).days > RESCREEN_AFTER_GAP_DAYS
    asked_lately = (today - screened).days <= RESCREEN_AFTER_GAP_DAYS
    return None if asked_within_the_gap and asked_lately else gap


def soreness_finding(
    soreness_0_10: int, hours_since_last_nmes: float | None, calm_days: int = 0
) -> Finding | None:
    """What muscle soreness means (clinical reference 1D d_sore, 4 "Regress"; safety rule 27).

    ≥ 7: locked until the clinician opens it. ≥ 4: not today. Any soreness more than 72 h after the last
    NMES: not today, until it was ≤ 3 on `calm_days` ≥ 2 days running (today counts). None: no such NMES.
    Raises ValueError outside 0…10.
    """
    if not 0 <= soreness_0_10 <= 10:
        raise ValueError(f"soreness {soreness_0_10} is not on the scale 0 to 10")
    if soreness_0_10 >= SORE_LOCKS:
        return Finding("d_sore", Class.C)
    if soreness_0_10 >= SORE_POSTPONES:
        return Finding("d_sore", Class.P)
    too_long = hours_since_last_nmes is not None and hours_since_last_nmes > SORE_TOO_LONG_HOURS
    if soreness_0_10 > 0 and too_long and calm_days < SORENESS_CALM_DAYS:
        return Finding("d_sore", Class.P)
    return None


def pain_finding(pain_0_10: int, usual_pain: float | None) -> Finding | None:
    """No muscle programme while the pain is 2 or more above the usual (clinical reference 1D d_pain, FLA21).

    Class N: it changes the programme and locks nothing. None without a usual pain to compare with.
    Raises ValueError outside 0…10.
    """
    if not 0 <= pain_0_10 <= 10:
        raise ValueError(f"pain {pain_0_10} is not on the scale 0 to 10")
    if usual_pain is not None and pain_0_10 >= usual_pain + PAIN_FLARE:
        return Finding("d_pain", Class.N)
    return None
