"""The table: read back by another reader, with nothing lost and nothing run."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.clock import FixedClock
from kiosk.diary.records import Entry, Note, Record, Session
from kiosk.diary.store import StoreReader, open_reader
from kiosk.export.csv_table import COLUMNS, ENCODING, _cell, write_table
from tests.kiosk.export.diaries import at, diary
from tests.kiosk.rehearsal.folders import ENDS, rehearsed

NOTES = (
    "=1+1",
    "+49 30 123",
    "-5",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    'two\nlines, and a comma; "quoted"',
    "Rücken – schlecht geschlafen, Łódź 😀",
    "",
    "'already",
)


def table(reader: StoreReader, language: str = "en", first: dt.date = dt.date.min) -> pandas.DataFrame:
    file = io.StringIO(newline="")
    write_table(reader, first, dt.date.max, language, file)
    content = io.BytesIO(file.getvalue().encode(ENCODING))
    german = language == "de"
    return pandas.read_csv(
        content,
        sep=";" if german else ",",
        decimal="," if german else ".",
        encoding="utf-8-sig",
        keep_default_na=False,
        na_values={column: [""] for column in COLUMNS if column != "note"},
        parse_dates=["event_time_iso8601", "entry_time_iso8601"],
    )


def noted(folder: Path) -> StoreReader:
    facts: list[tuple[dt.datetime, Record]] = [
        (at(len(NOTES) - n), Entry(moment="daily", pain_rest=n % 11, note=note))
        for n, note in enumerate(NOTES)
    ]
    return diary(folder, *facts)


@pytest.mark.parametrize("language", ["en", "de"])
def test_another_reader_finds_every_entry_and_session(language: str) -> None:
    reader = open_reader(rehearsed(26), FixedClock(ENDS))
    found = table(reader, language)
    assert tuple(found.columns) == COLUMNS
    entries, sessions, written = (reader.all(kind) for kind in ("entries", "sessions", "notes"))
    assert len(found) == len(entries) + len(sessions) + len(written)
    diary_rows = found[found["kind"] == "diary"]
    said = [one.record.pain_rest for one in entries if isinstance(one.record, Entry)]
    assert sorted(diary_rows["pain_rest_0_to_10"].dropna()) == sorted(
        pain for pain in said if pain is not None
    )
    session_rows = found[found["kind"] == "session"]
    peaks = [one.record.peak_mA.get("1") for one in sessions if isinstance(one.record, Session)]
    assert sorted(session_rows["peak_channel_1_mA"].dropna()) == sorted(
        peak for peak in peaks if peak is not None
    )
    assert found["event_time_iso8601"].is_monotonic_increasing
    times = {one.envelope.event_time.replace(microsecond=0) for one in (*entries, *sessions, *written)}
    assert {time.to_pydatetime() for time in found["event_time_iso8601"]} == times


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_text_is_never_a_formula_and_nothing_of_it_is_lost(tmp_path: Path, language: str) -> None:
    found = table(noted(tmp_path / "d"), language)
    for written, note in zip(found["note"], NOTES, strict=True):
        assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert written in (note, "'" + note)
        assert written == note or note[0] in "=+-@\t\r"


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_begins_like_a_formula(text: str) -> None:
    cell = _cell(text, german=False)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    session = Session(
        programme="nmes_learn",
        montage="M4-par",
        session_kind="nmes",
        planned_seconds=900,
        seconds_done=450,
        state="ended_early",
        peak_mA={"1": 12.5},
    )
    reader = diary(tmp_path / "d", (at(2), session))
    for language in ("en", "de"):
        row = table(reader, language).iloc[0]
        assert row["peak_channel_1_mA"] == 12.5
        assert row["done_min"] == 7.5
        assert row["planned_min"] == 15


def test_a_german_table_holds_no_point_that_a_spreadsheet_takes_for_a_date(tmp_path: Path) -> None:
    assert _cell(12.5, german=True) == "12,5"
    assert _cell(12.5, german=False) == "12.5"


def test_a_correction_takes_the_place_of_the_old_under_its_name(tmp_path: Path) -> None:
    reader = diary(
        tmp_path / "d",
        (at(3), Entry(moment="daily", pain_rest=9)),
        corrections=[(0, Entry(moment="daily", pain_rest=2))],
    )
    found = table(reader)
    assert list(found["pain_rest_0_to_10"]) == [2]
    assert list(found["id"]) == [reader.facts("entries")[0].envelope.id]
    assert list(found["entered_late"]) == ["yes"]


def test_what_was_picked_by_keys_and_every_note_is_taken_along(tmp_path: Path) -> None:
    reader = diary(
        tmp_path / "d",
        (at(3), Entry(moment="daily", pain_rest=2, activity="less", phrases=("slept_badly", "good_day"))),
        (at(2), Note(text="=cmd: she fell", author="family", about="an id")),
    )
    entry, note = table(reader).to_dict("records")
    assert (entry["activity"], entry["picked_notes"]) == ("less", "slept_badly; good_day")
    assert (note["kind"], note["note"], note["note_by"], note["note_about_id"]) == (
        "note", "'=cmd: she fell", "family", "an id",
    )  # fmt: skip


def test_only_the_days_that_were_asked_for(tmp_path: Path) -> None:
    found = table(noted(tmp_path / "d"), first=at(3).date())
    assert len(found) == 3


def test_every_row_says_where_it_is_from(tmp_path: Path) -> None:
    entry = (at(3), Entry(moment="daily", pain_rest=2))
    for kind in ("real", "simulated"):
        found = table(diary(tmp_path / kind, entry, kind=kind))  # type: ignore[arg-type]
        assert list(found["source"]) == [kind]
