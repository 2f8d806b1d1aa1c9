"""What home, a pause, "saved" and a restart say is true, and no more than that."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk import words
from kiosk.diary.folder import REASONS, cannot_use
from kiosk.diary.records import Lock, Session
from kiosk.events import DeviceSeen
from kiosk.page import Words
from kiosk.today import CutOff, PadsInUse
from kiosk.visit.pages import verdicts
from programs.prescription import demonstration_prescription
from tests.kiosk.visit.visit_bench import START, Walk, device, today

TOMORROW = "Tomorrow the box will ask about your skin and muscles."
OFF = "The stimulator reports that its output is off."


def cut_off() -> Walk:
    record = Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900)
    return Walk(today(interrupted=CutOff("s1", record, START)))


def test_tomorrow_s_questions_are_promised_after_a_session_alone() -> None:
    walk = Walk()
    walk.until("session")
    walk.end_session("plan_over")
    walk.until("saved")
    assert TOMORROW in walk.words
    walk = Walk()
    walk.until("session")
    walk.end_session("refused", never_armed=True, seconds_done=0)
    walk.press("2")
    walk.until("saved")
    assert TOMORROW not in walk.words
    walk = cut_off()
    walk.until("saved")
    assert TOMORROW in walk.words


def test_the_work_of_a_session_is_told_apart_from_warm_up_and_cool_down() -> None:
    walk = Walk()
    plan = walk.day.next
    work = sum(phase.seconds for phase in plan.phases if phase.role == "work") // 60  # type: ignore[union-attr]
    assert work < plan.minutes  # type: ignore[union-attr]
    assert f"{work} minutes, {plan.minutes} with warm-up and cool-down" in walk.words  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ((), "later is not in it."),
        (("2026-07",), "Missing, because it cannot be read: July 2026."),
        (("2026-07", "2026-08"), "July 2026, August 2026."),
    ],
)
def test_a_restored_diary_says_what_is_missing_where_it_is_locked(lost: tuple[str, ...], said: str) -> None:
    lock = Lock(class_="restore", cause="restored", copy_of=START - dt.timedelta(days=90), lost=lost)
    walk = Walk(today(locks=(lock,)))
    assert "The copy is of Saturday 22 August 2026. What came later is not in it." in walk.words
    assert said in walk.words
    assert ("Missing" in walk.words) == bool(lost)
    assert "The copy is of" in verdicts.cause_of(walk.visit, lock), "to the clinician who opens it too"
    older = Walk(today(locks=(Lock(class_="restore", cause="restored"),)))
    assert "The box was set up again from a copy. It is locked." in older.words
    assert "The copy is of" not in older.words


def test_a_pause_says_nothing_of_a_current_that_nobody_asked_the_device_about() -> None:
    walk = Walk()
    walk.until("group")
    walk.press("stop")
    assert walk.step == "paused"
    assert "current" not in walk.words


def test_after_a_restart_the_stimulator_is_asked_before_anything_is_said_of_it() -> None:
    walk = cut_off()
    walk.visit = replace(walk.visit, context=replace(walk.visit.context, device=None))
    assert OFF not in walk.words
    assert "OFF now" not in walk.words
    walk.press("enter")
    assert walk.step == "after_restart"
    walk.hear(DeviceSeen(device(present=False)))
    body = walk.page.body
    assert isinstance(body, Words)
    assert body.lines[:4] == (
        "Switch the stimulator OFF now.",
        "Pull the plug of the stimulator out of the wall.",
        "It is not known if current still flows.",
        "Do not touch the pads until it is off. Then press Enter.",
    )
    assert body.tone == "alarm"
    walk.hear(DeviceSeen(device()))
    assert OFF in walk.words
    walk.press("enter")
    assert walk.step == "pads_off"


def follow_up_day(days: int = 0, **changes: object) -> Walk:
    now = START + dt.timedelta(days=days)
    prescription = replace(
        demonstration_prescription(START.date()), valid_until=START.date() + dt.timedelta(days=10)
    )
    changed = today(now, prescription=prescription, **changes)
    return Walk(changed, now=now)


def test_home_says_what_is_due_besides_the_session() -> None:
    assert "Your prescription ends on Monday 30 November. Ask for a new one." in follow_up_day().words


def test_of_several_things_that_are_due_home_says_one_a_day_in_turn() -> None:
    pads = PadsInUse("5x9", 26, START.date() - dt.timedelta(days=30))
    said = [follow_up_day(days, pads=pads).words for days in (0, 1)]
    prescription, order = "Your prescription ends", "Order new ones."
    assert sorted((prescription in words, order in words) for words in said) == [(False, True), (True, False)]


@pytest.mark.parametrize("kind", ["unreadable", "unsaved"])
def test_what_the_diary_says_of_itself_is_small_print_for_whom_is_called(kind: str) -> None:
    sentence = "The diary cannot be written: no space left."
    walk = Walk()
    context = walk.visit.context
    if kind == "unreadable":
        context = replace(context, unreadable=sentence)
    else:
        context = replace(context, saves=replace(context.saves, sentence=sentence, failed=(object(),)))  # type: ignore[arg-type]
    walk.visit = replace(walk.visit, context=context)
    body = walk.page.body
    assert isinstance(body, Words)
    assert sentence in body.small
    assert "Call the person who set up this box." in body.lines


@pytest.mark.parametrize("error", sorted(REASONS))
def test_why_nothing_is_saved_stands_there_in_the_persons_language(error: int) -> None:
    walk = Walk(answering=False)
    walk.until("check")
    walk.press("enter")
    said = cannot_use(Path("/data"), OSError(error, "")).sentence
    walk.fail_saves(said)
    small = {}
    for language in ("de", "en"):
        words.set_language(language)  # type: ignore[arg-type]
        body = walk.page.body
        assert isinstance(body, Words)
        small[language] = body.small
    assert small["en"] == (said,)
    assert small["de"][0].startswith("Der Datenordner /data kann nicht benutzt werden: ")
    assert not any(reason in small["de"][0] for reason in REASONS.values())


def test_a_box_that_was_updated_says_so_and_no_more() -> None:
    walk = Walk()
    walk.hear(DeviceSeen(dataclasses.replace(device(), present=False, sentence="")))
    assert "Your diary is open." in walk.words
