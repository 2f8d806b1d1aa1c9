"""The diary as a table for a spreadsheet: one row for each entry, session and note, in the order of events.

UTF-8 with a mark, so that spreadsheets see it; RFC 4180. In German with semicolons and decimal commas: a
German spreadsheet takes 12.5 for the twelfth of May.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any, Final, TextIO

from kiosk.diary.meanings import lost_in_restores
from kiosk.diary.month_names import plainly
from kiosk.diary.records import Entry, Note, Session, Stored
from kiosk.diary.store import StoreReader

ENCODING: Final = "utf-8-sig"
CHANNELS: Final = ("1", "2", "3", "4")
COLUMNS: Final = (
    "kind",
    "id",
    "event_time_iso8601",
    "entry_time_iso8601",
    "entered_late",
    "clock_trusted",
    "source",
    "device_id",
    "moment",
    "pain_rest_0_to_10",
    "pain_moving_0_to_10",
    "soreness_0_to_10",
    "skin_grade_0_to_4",
    "sleep_0_to_10",
    "medicine_taken",
    "activity",
    "picked_notes",
    "note",
    "note_by",
    "note_about_id",
    "session_id",
    "programme",
    "pads",
    "planned_min",
    "done_min",
    "state",
    "stop_reason",
    "stop_confirmed",
    "pad_faults",
    *(f"peak_channel_{channel}_mA" for channel in CHANNELS),
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet may run a text that begins so."""


def write_table(reader: StoreReader, first: dt.date, last: dt.date, language: str, file: TextIO) -> int:
    """Writes the days from `first` to `last`; how many rows. `file` has newline="". Raises DiaryDamaged."""
    german = language == "de"
    writer = csv.writer(file, delimiter=";" if german else ",", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in itertools.chain(rows(reader, first, last), _missing(reader)):
        cells = map(row.get, COLUMNS)
        writer.writerow(["" if value is None else _cell(value, german) for value in cells])
        count += 1
    return count


def rows(reader: StoreReader, first: dt.date, last: dt.date) -> Iterator[dict[str, Any]]:
    """Column → value; what was not asked is left out."""
    kept = [chain for kind in ("entries", "sessions", "notes") for chain in reader.versions(kind)]
    kept = [chain for chain in kept if first <= chain[-1].envelope.event_time.date() <= last]
    for chain in sorted(kept, key=lambda chain: chain[-1].envelope.event_time):
        row = _common(chain)
        record = chain[-1].record
        if isinstance(record, Entry):
            row |= _entry(record)
        elif isinstance(record, Session):
            row |= _session(record)
        elif isinstance(record, Note):
            row |= _note(record)
        yield row


def _missing(reader: StoreReader) -> Iterator[dict[str, Any]]:
    """A row for each month that cannot be read: asked for after all others, which find them."""
    for month in reader.unreadable:
        yield {"kind": "unreadable", "note": f"{plainly(month)} cannot be read"}
    for month in lost_in_restores(reader.facts("locks")):
        yield {"kind": "unreadable", "note": f"{plainly(month)} was lost before the diary was restored"}


def _common(chain: tuple[Stored, ...]) -> dict[str, Any]:
    """What every record has. A correction keeps the name of its original."""
    stored = chain[-1]
    envelope = stored.envelope
    return {
        "id": chain[0].envelope.id,
        "event_time_iso8601": envelope.event_time.isoformat(timespec="seconds"),
        "entry_time_iso8601": envelope.entry_time.isoformat(timespec="seconds"),
        "entered_late": stored.entered_late,
        "clock_trusted": envelope.clock_trusted,
        "source": envelope.folder,
        "device_id": envelope.device_id,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "kind": "diary",
        "moment": entry.moment,
        "pain_rest_0_to_10": entry.pain_rest,
        "pain_moving_0_to_10": entry.pain_moving,
        "soreness_0_to_10": entry.soreness,
        "skin_grade_0_to_4": entry.skin,
        "sleep_0_to_10": entry.sleep,
        "medicine_taken": entry.medicine,
        "activity": entry.activity,
        "picked_notes": "; ".join(entry.phrases),
        "note": entry.note,
        "session_id": entry.session_id,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"kind": "note", "note": note.text, "note_by": note.author, "note_about_id": note.about}


def _session(session: Session) -> dict[str, Any]:
    peaks = {
        f"peak_channel_{channel}_mA": float(peak_mA)
        for channel, peak_mA in session.peak_mA.items()
        if channel in CHANNELS
    }
    return {
        "kind": "session",
        "programme": session.programme,
        "pads": session.montage,
        "planned_min": session.planned_seconds / 60,
        "done_min": round(session.seconds_done / 60, 2),
        "state": session.state,
        "stop_reason": session.stop_reason,
        "stop_confirmed": session.stop_confirmed,
        "pad_faults": session.pad_faults,
        **peaks,
    }


def _cell(value: Any, german: bool) -> str:
    """A number stays a number; a text is never a formula."""
    if isinstance(value, str):
        return "'" + value if value.startswith(_FORMULA) else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        text = f"{value:g}"
        return text.replace(".", ",") if german else text
    return str(value)
