"""What a record does not say is not written, and means for ever what it meant then."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from kiosk.diary.records import SCHEMA_VERSION, TABLES, Entry, Envelope, Session, Stored

NOON = dt.datetime(2026, 11, 3, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
NOTHING_SAID = (None, False, 0, "", (), {})
SAYS_SOMETHING = {("sessions", "state"): "begun"}
ENVELOPE = Envelope(
    id="6f3c8a52",
    schema=SCHEMA_VERSION,
    event_time=NOON,
    entry_time=NOON,
    clock_trusted=True,
    boot_id="b",
    monotonic_s=1.5,
    folder="real",
    device_id="",
)


@pytest.mark.parametrize("kind", ["envelope", *TABLES])
def test_a_field_that_is_not_written_says_nothing(kind: str) -> None:
    """Whoever changes a default changes what old diaries say: that takes a new schema and a migration."""
    for field in msgspec.structs.fields(TABLES.get(kind, Envelope)):
        if not field.required:
            made = field.default_factory
            default = field.default if made is msgspec.NODEFAULT else made()
            expected = SAYS_SOMETHING.get((kind, field.name))
            assert default == expected if expected else default in NOTHING_SAID, field.name


def test_what_was_not_said_takes_no_room() -> None:
    text = msgspec.json.encode(Stored(envelope=ENVELOPE, record=Entry(moment="daily", pain_rest=0)))
    assert b'"record":{"kind":"entries","moment":"daily","pain_rest":0}' in text
    assert b"corrects" not in text
    assert msgspec.json.decode(text, type=Stored).record == Entry(moment="daily", pain_rest=0)


def test_a_diary_that_spells_out_what_was_not_said_reads_the_same() -> None:
    text = msgspec.json.encode(
        Stored(
            envelope=ENVELOPE,
            record=Session(programme="p", montage="m", session_kind="nmes", planned_seconds=900),
        )
    )
    spelt_out = msgspec.json.decode(text)
    spelt_out["envelope"] |= {"corrects": None, "set_back": False, "after": 0}
    spelt_out["record"] |= {"state": "begun", "reasons": [], "peak_mA": {}, "stop_reason": None}
    old = msgspec.json.decode(msgspec.json.encode(spelt_out), type=Stored)
    assert old == msgspec.json.decode(text, type=Stored)
