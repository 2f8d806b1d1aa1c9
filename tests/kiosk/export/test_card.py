"""The printed card: every red and amber alert once, in large letters, whom to call, and no name."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace
from pypdf import PdfReader

from kiosk.clock import FixedClock
from kiosk.diary.records import Access, Alert, Entry
from kiosk.diary.store import open_store
from kiosk.errands.taking_along import TakingAlong
from kiosk.export import child
from kiosk.export.card import MOST, card_page, read_card
from kiosk.export.cards import printed, to_print
from kiosk.export.child import Asked
from kiosk.export.drawing import A4_HEIGHT, A4_WIDTH, Measure, Words
from kiosk.export.outgoing import NotSent, Places, Result, Sent
from kiosk.review.alerts import AlertsNow, told_in
from kiosk.review.family import standing
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.visit.state import Place, Visit
from programs.text import Reason
from tests.kiosk.export.diaries import at, diary
from tests.kiosk.export.test_export_child import programs, send
from tests.kiosk.export.test_taken_along import desk
from tests.kiosk.visit.family_album import told

RED = Alert(level="red", rule=Reason("red_event", {"symptom": "burning"}), since=at(0).date())
AMBER = Alert(level="amber", rule=Reason("sleep_low", {"nights": 3}), since=at(2).date())
INFO = Alert(level="info", rule=Reason("diary_gap", {"days": 3}), since=at(1).date())


def test_it_says_what_and_whom_to_call_and_fits_its_page(tmp_path: Path, language: str) -> None:
    reader = diary(tmp_path / "d", *((at(1), RED if n % 2 else AMBER) for n in range(9)))
    ids = [one.id for one in standing(told_in(reader))]
    assert len(ids) == 9
    facts = read_card(reader, ids, "112")
    page = card_page(facts, Measure())
    for shape in page.shapes:
        if isinstance(shape, Words):
            assert 0 < shape.x < shape.x + shape.width <= A4_WIDTH
            assert shape.y < A4_HEIGHT - 20
            assert shape.size >= 11, "old eyes"
    said = " ".join(page.words)
    assert "…" not in said, "nothing is cut"
    assert facts.call in said
    assert "112" in said
    assert (
        sum("RED" in line or "ROT" in line or "AMBER" in line or "GELB" in line for line in page.words)
        == MOST
    )


def test_only_what_is_meant_and_still_stands_is_on_it(tmp_path: Path) -> None:
    reader = diary(tmp_path / "d", (at(2), RED), (at(1), AMBER), (at(1), INFO))
    red, _amber, _info = standing(told_in(reader))
    assert read_card(reader, [red.id], "112").alerts == (red,)
    seen = diary(tmp_path / "e", (at(2), RED), (at(1), AMBER), (at(0), Entry(moment="daily", pain_rest=1)))
    first = standing(told_in(seen))[0]
    assert read_card(seen, [first.id, "gone"], "112").alerts == (first,)


def test_each_alert_is_printed_once_and_what_is_only_to_know_never(tmp_path: Path) -> None:
    reader = diary(tmp_path / "d", (at(2), RED), (at(1), AMBER), (at(1), INFO))
    alerts = standing(told_in(reader))
    ids = to_print(alerts, ())
    assert ids == tuple(one.id for one in alerts[:2])
    again = diary(tmp_path / "e", (at(0), printed(ids[:1])), (at(0), Access(role="family", action="look")))
    assert to_print(alerts, again.facts("access")) == ids[1:]


def test_the_child_prints_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = diary(tmp_path / "d", (at(1), RED))
    (alert,) = told_in(reader)
    programs(tmp_path, lp=f"cat > {tmp_path}/card.pdf")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    sent = send(tmp_path / "d", (), "en", printer="Office", card=(alert.id,), emergency="999")  # type: ignore[arg-type]
    assert sent == Sent("Office", ("card.pdf",))
    text = PdfReader(tmp_path / "card.pdf").pages[0].extract_text()
    assert "Please show this to your family today" in text
    assert "In an emergency: 999" in text


async def test_home_prints_what_stands_once_and_gives_way_to_a_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Asked] = []
    outcome: list[Result] = [NotSent("printer"), Sent("Office", ("card.pdf",))]
    hold, begun = asyncio.Event(), asyncio.Event()

    async def prints(one: Asked) -> Result:
        asked.append(one)
        begun.set()
        await hold.wait()
        return outcome.pop(0)

    monkeypatch.setattr(child, "send_in_child", prints)
    monkeypatch.setattr("kiosk.export.printer.find_printer", lambda: "Office")
    async with desk(tmp_path, AlwaysAlive()) as box:
        application = box.application
        print_cards = partial(application._errands.taking_along.print_cards, emergency="112")
        alerts = AlertsNow(
            told=(
                replace(told("red", "red_event", symptom="burning"), id="a1"),
                told("info", "diary_gap", days=3),
            )
        )
        at_home = application._visit = _on(application._visit, "home")
        hold.set()
        await print_cards(alerts)
        assert [one.card for one in asked] == [("a1",)]
        assert not box.store.all("access"), "there was no paper: it is tried again"
        hold.clear()
        begun.clear()
        printing = asyncio.create_task(print_cards(alerts))
        await begun.wait()
        assert len(asked) == 2
        application._take((_on(at_home, "identity"), ()))
        await printing
        assert not box.store.all("access"), "a visit was begun meanwhile"
        application._visit = at_home
        hold.set()
        await print_cards(alerts)
        assert [one.record for one in box.store.all("access")] == [printed(["a1"])]
        await print_cards(alerts)
        assert len(asked) == 3, "each once"
        monkeypatch.setattr(application._stop_test, "_under_way", True)
        await print_cards(AlertsNow(told=(told("amber", "sleep_low", nights=3),)))
        assert len(asked) == 3, "never beside a current"


async def test_where_the_diary_cannot_be_read_no_card_is_printed_and_nothing_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FixedClock(at(0))
    with open_store(tmp_path / "d", "real", clock) as store:
        await store.add(printed(["a0"]))
        clock.advance(40 * 86400)
        await store.add(printed(["a1"]))
        for file in min((tmp_path / "d/journal").glob("20*")).iterdir():
            file.write_bytes(b"#" * 200)
        taking_along = TakingAlong(
            store=store,
            find_sticks=Places,
            step=lambda: "home",
            output_possible=lambda: False,
            hear=lambda event: pytest.fail(str(event)),
            spawn=lambda work: work.close(),
        )
        await taking_along.print_cards(AlertsNow(told=(told("amber", "sleep_low", nights=3),)), "112")
    assert "no card is printed" in caplog.text


def _on(visit: Visit, step: str) -> Visit:
    return replace(visit, place=Place(step))
