"""A clock that was set back or far ahead between entries: the view, the report and the exports still come."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
import random
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary.records import Entry, LevelFound, Note, Record, Session
from kiosk.diary.store import StoreReader, open_reader, open_store
from kiosk.export.csv_table import write_table
from kiosk.export.drawing import Measure
from kiosk.export.facts import read_facts
from kiosk.export.fhir import write_bundle
from kiosk.export.html_page import html_of
from kiosk.export.page import report_page
from kiosk.review.reading import family_view
from programs.text import Reason

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.timezone(dt.timedelta(hours=1)))
DAY = dt.timedelta(days=1)
HOSTILE = "=cmd|'/C calc'!A0 </script><img src=x onerror=alert(1)> [@click=app.quit] \x1b[2J\u202e\x00"


def records(when: random.Random) -> list[Record]:
    session = Session(
        programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900,
        seconds_done=when.choice((0, 400, 900)), state=when.choice(("begun", "done", "ended_early")),
        stop_reason=when.choice((None, "enough", "</svg>")),
    )  # fmt: skip
    level = LevelFound(
        session_id=str(when.random()), waveform="35 Hz 250 us", montage="M4-par", pads="5x9", side="left",
        channel=1, device_kind="p24", first_feeling_mA=4.0, where="left", comfortable_mA=9.0,
        ceiling_mA=when.choice((0.0, 24.0)), ceiling_set_by=Reason("prescription"),
    )  # fmt: skip
    entry = Entry(
        moment=when.choice(("before", "after", "daily", "next_day")),
        pain_rest=when.choice((None, 0, 5, 10)),
        soreness=when.choice((None, 0, 7)),
        skin=when.choice((None, 0, 4)),
        note=HOSTILE,
    )
    return [entry, session, level, Note(text=HOSTILE, author="patient")]


@pytest.fixture(scope="module", params=range(3))
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> StoreReader:
    """Ten years with gaps; every few entries the clock jumps, by an hour or by years, back and ahead."""
    folder: Path = tmp_path_factory.mktemp("odd") / "data"
    rng, clock = random.Random(request.param), FixedClock(NOON - 3650 * DAY)

    async def write() -> None:
        with open_store(folder, "simulated", clock) as store:
            for _ in range(60):
                clock.time += rng.choice((1, 1, 1, 40, 300)) * DAY * rng.random()
                if rng.random() < 0.2:
                    clock.time += rng.choice((-900, -1, 900)) * DAY
                for record in rng.sample(records(rng), 2):
                    await store.add(record)

    asyncio.run(write())
    return open_reader(folder, FixedClock(NOON))


def test_the_familys_view_comes(reader: StoreReader) -> None:
    view = family_view(reader, NOON)
    assert len(view.days) == 84
    assert view.last_day == NOON.date()
    assert all(one.day <= NOON.date() for one in view.days)
    assert [one.at for one in view.entries] == sorted((one.at for one in view.entries), reverse=True)
    assert len({one.days for one in view.stretches}) <= 1
    assert view.kept.planned is None or 0 <= view.kept.held_of_planned <= view.kept.planned + 28


def test_the_report_comes_and_nothing_of_a_note_runs(reader: StoreReader) -> None:
    for first in (None, dt.date(2000, 1, 1)):
        page = html_of(report_page(read_facts(reader, first, None), Measure()))
        assert "<script" not in page
        assert "<img" not in page
        assert page.count("</svg>") == 1


def test_the_table_and_the_resources_come(reader: StoreReader) -> None:
    table, bundle = io.StringIO(newline=""), io.StringIO()
    rows = write_table(reader, dt.date.min, dt.date.max, "en", table)
    table.seek(0)
    read = list(csv.DictReader(table))
    assert len(read) == rows > 30
    assert all(not row["note"].startswith(("=", "+", "-", "@")) for row in read)
    write_bundle(reader, dt.date.min, dt.date.max, bundle)
    assert json.loads(bundle.getvalue())["resourceType"] == "Bundle"
