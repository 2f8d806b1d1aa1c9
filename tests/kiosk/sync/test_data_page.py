"""docs/data.md names every field that is sent, and no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiosk.clock import FixedClock
from kiosk.diary.outbox import Outbox
from kiosk.diary.records import Alert, Entry, Form, Screening, Session
from kiosk.diary.store import open_reader
from kiosk.sync.prepare import prepare
from programs.text import Reason
from tests.kiosk.export.diaries import NOW
from tests.kiosk.rehearsal.folders import ENDS
from tests.kiosk.sync.boxes import YES, Box, entry, session
from tests.kiosk.sync.test_fleet import life

PAGE = Path(__file__).parents[3] / "docs" / "data.md"


def documented() -> set[str]:
    rows = PAGE.read_text().partition("## Every field")[2].splitlines()
    found: set[str] = set()
    for row in rows:
        match = re.fullmatch(r"\| (\w+).*? \| (.*) \|", row)
        if match is not None:
            found |= {f"{match[1]}.{field}" for field in re.findall(r"`([^`]+)`", match[2])}
    return found


def fields(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from fields(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from fields(item, path)
    else:
        yield path


def sent(outbox: Outbox) -> Iterator[dict[str, Any]]:
    for name in outbox.waiting_names():
        bundle = outbox.bundle(name)
        assert bundle is not None
        for one in json.loads(bundle.content)["entry"]:
            yield one["resource"]


def test_every_field_that_is_sent_is_on_the_page_and_no_other(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.add(
        YES,
        Entry(moment="daily", pain_rest=3, medicine=True, note="typed"),
        Session(
            **{name: getattr(session(), name) for name in session().__struct_fields__}
            | {"stop_reason": "enough"}
        ),
        Form(form="peg", answers={"pain": 3, "enjoyment": 4, "activity": 5}),
        Screening(asks="daily", answers={"a": "no"}, retracted={"b": "yes"}, verdict="cleared"),
        Alert(level="amber", rule=Reason("pain_high", {"days": 2}), since=NOW.date()),
        entry(4),
    )
    box.fill(notes=True)
    life(tmp_path / "life", 1)
    rehearsed = Outbox(tmp_path / "rehearsed")
    prepare(open_reader(tmp_path / "life" / "now", FixedClock(ENDS)), rehearsed)
    found: set[str] = set()
    for resource in (*sent(box.outbox), *sent(rehearsed)):
        rest = {key: value for key, value in resource.items() if key != "resourceType"}
        found |= {*fields(rest, resource["resourceType"])}
    for_all = {path.removeprefix("all") for path in documented() if path.startswith("all.")}
    types = {path.partition(".")[0] for path in found}
    page = {path for path in documented() if not path.startswith("all.")} | {
        f"{type_}{path}" for type_ in types for path in for_all
    }
    assert found - page == set()
    # Of an alert that somebody has seen to, and of one in a rehearsal.
    assert page - found <= {"Flag.period.end", "Flag.meta.security.system", "Flag.meta.security.code"}
