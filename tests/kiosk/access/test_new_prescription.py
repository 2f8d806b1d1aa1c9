"""A new prescription: everything is asked again before the next session (safety rule 24)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.prescriptions import install
from kiosk.diary.records import Screening
from kiosk.diary.store import open_store
from programs import library
from programs.library import load_questionnaire, questionnaire_digest
from tests.kiosk.visit.visit_bench import Walk
from tests.kiosk.visit.visit_bench import today as bench_today

NOW = dt.datetime(2025, 12, 1, 12, tzinfo=dt.UTC)


async def test_another_serial_is_screened_for_anew_whatever_the_clock_says(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    example = library.prescription_example()
    keys = load_questionnaire().keys_of("baseline")
    with open_store(tmp_path / "data", "real", clock) as store:
        await install(store, example, "rx.toml")
        await store.add(
            Screening(
                asks="baseline",
                answers=dict.fromkeys(keys, "no"),
                answered_at=dict.fromkeys(keys, NOW),
                verdict="cleared",
                questionnaire_digest=questionnaire_digest(),
                prescription=1,
            )
        )
        assert today.read(store, clock).baseline_due is None
        clock.time -= dt.timedelta(hours=2)
        await install(store, example.replace("serial = 1 ", "serial = 2 "), "rx.toml")
        clock.time = NOW
        due = today.read(store, clock).baseline_due
    assert due is not None
    assert due.rule == "prescription_changed"


def test_a_round_of_questions_notes_the_prescription_it_was_answered_under() -> None:
    walk = Walk(bench_today())
    walk.until("group")
    walk.press("1")
    rounds = [stored.record for stored in walk.saved if isinstance(stored.record, Screening)]
    assert rounds[-1].prescription == 1
