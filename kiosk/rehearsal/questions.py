"""The questions of a rehearsal: which are due, what the patient answers, and what the answers lock."""

from __future__ import annotations

import datetime as dt
from typing import Final

from kiosk.diary.records import Screening
from kiosk.rehearsal.clinician import Clinician
from kiosk.rehearsal.life import Life
from programs import library
from programs.screening import WORST_FIRST, Answer, Asks, Class, due, evaluate
from programs.text import Reason

SAYS_YES: Final = {Class.E: 0.00004, Class.U: 0.0002, Class.X: 0.0001, Class.C: 0.0004, Class.P: 0.002}
"""Chance of the worse answer to one question, by its class [D]."""
YES_BY_MISTAKE: Final = 0.0003


class Questions:
    """What a visit begins with."""

    def __init__(self, life: Life, clinician: Clinician) -> None:
        self._life = life
        self._clinician = clinician
        self._questionnaire = library.load_questionnaire()
        self._digest = library.questionnaire_digest()
        self._screened: dt.datetime | None = None
        self._changed: dt.datetime | None = None

    def baseline(self) -> bool:
        """All questions, when they are due. False: it locked."""
        reason = due(
            "baseline",
            self._screened,
            self._life.summary.last_session_end,
            self._changed,
            self._life.today,
            self._digest,
            self._digest,
        )
        if reason is None:
            return True
        self._life.tell("baseline", (reason,))
        return self.ask("baseline")

    def ask(self, asks: Asks) -> bool:
        """One round. False: an answer locked or postponed."""
        began_at = self._life.clock.now()
        groups = self._questionnaire.groups_of(asks)
        own = [group for group in self._questionnaire.groups if group.own_screen and asks == "daily"]
        answers: dict[str, Answer] = {}
        answered_at: dict[str, dt.datetime] = {}
        retracted: dict[str, str] = {}
        seconds: dict[str, float] = {}
        for group in (*groups, *own):
            took_s = round(self._life.rng.uniform(3.0, 14.0), 1)
            self._life.passes(took_s)
            seconds[group.id] = took_s
            for key in group.questions:
                answers[key] = self._answer(key, retracted)
                answered_at[key] = self._life.clock.now()
        if asks == "daily" and answers.get("d_change") is not Answer.NO:
            self._changed = answered_at.get("d_change", self._changed)
        asked = tuple(key for group in (*groups, *own) for key in group.questions)
        verdict = evaluate(
            self._questionnaire, answers, asked, self._clinician.prescription.cleared_questions()
        )
        standing = [found for found in verdict.findings if not found.cleared and found.class_ is not Class.N]
        worst = min((found.class_ for found in standing), key=WORST_FIRST.index, default=None)
        self._life.book.add(
            Screening(
                asks=asks,
                answers={key: answer.value for key, answer in answers.items()},
                answered_at=answered_at,
                retracted=retracted,
                seconds=seconds,
                verdict="cleared" if worst is None else worst.value,
                findings=tuple(found.key for found in verdict.findings),
                questionnaire_digest=self._digest,
            ),
            at=began_at,
        )
        for key in retracted:
            self._life.alert("amber", Reason("yes_taken_back", {"question": key}))
        if asks == "baseline":
            self._screened = self._life.clock.now()
        for found in standing:
            assert found.class_ is not Class.N
            self._clinician.lock(found.class_.value, found.key)
        return not standing

    def _answer(self, key: str, retracted: dict[str, str]) -> Answer:
        """Mostly the safe one. What can be put right at once was put right; a wrong key is taken back."""
        question = self._questionnaire.questions[key]
        worse = Answer.YES if question.worse == "yes" else Answer.NO
        safe = Answer.NO if worse is Answer.YES else Answer.YES
        if question.mendable or question.class_ is Class.N:
            return safe
        if self._life.rng.random() < YES_BY_MISTAKE and question.class_ is not Class.P:
            retracted[key] = worse.value
            return safe
        if self._life.rng.random() >= SAYS_YES[question.class_]:
            return safe
        return Answer.NOT_SURE if self._life.rng.random() < 0.3 else worse
