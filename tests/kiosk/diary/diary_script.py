"""Made-up days of a diary, to be played on a disk that fails, and what has to be there then."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from kiosk.diary import chain, journal, manifest, months
from tests.kiosk.diary.simulated_disk import ROOT, Image, SimulatedDisk

CHUNK_BYTES = 1024
TABLES = ("entries", "screenings", "locks")
OFTEN = {"add": 8, "batch": 2, "replace": 3, "month": 1.5, "seal": 2, "compact": 1}

State = dict[str, dict[str, dict[str, bytes]]]
"""Month → table → id → document as it was written; only what is not empty."""
Step = Callable[[months.Writer], None]


class Script:
    """Steps by chance, and the states before and after each."""

    def __init__(self, seed: int, steps: int) -> None:
        chance = random.Random(seed)
        self.steps: list[Step] = []
        self.states: list[State] = [{}]
        self._month = 1
        self._numbers: dict[tuple[str, str], int] = {}
        for _ in range(steps):
            state = copy.deepcopy(self.states[-1])
            self.steps.append(self._step(chance, state))
            self.states.append(state)

    def play(self, writer: months.Writer) -> Iterator[None]:
        """One step at each `next`."""
        for step in self.steps:
            step(writer)
            yield

    def _step(self, chance: random.Random, state: State) -> Step:
        (kind,) = chance.choices(list(OFTEN), list(OFTEN.values()))
        if kind == "month":
            self._month += 1
            kind = "add"
        month, table = f"2026-{self._month:02}", chance.choice(TABLES)
        there = state.get(month, {}).get(table, {})
        if kind == "seal":
            return months.Writer.seal
        if kind == "compact":
            return compact
        if kind == "replace" and there:
            key = chance.choice(sorted(there))
            record_id = msgspec.json.decode(there[key])["envelope"]["id"]
            new = document(chance, record_id)
            there[key] = journal.encode(new)
            return lambda writer: replace(writer, month, table, record_id, new)
        added = [document(chance) for _ in range(chance.randint(3, 6) if kind == "batch" else 1)]
        first = self._numbers.get((month, table), 0) + 1
        self._numbers[month, table] = first + len(added) - 1
        rows = state.setdefault(month, {}).setdefault(table, {})
        rows |= {str(first + place): journal.encode(one) for place, one in enumerate(added)}
        return lambda writer: add(writer, month, table, added)


def add(writer: months.Writer, month: str, table: str, documents: list[dict[str, Any]]) -> None:
    """As one change."""
    writer.add(month, table, [journal.encode(document) for document in documents])


def replace(writer: months.Writer, month: str, table: str, record_id: str, document: dict[str, Any]) -> None:
    """Another document in the place of the one of that id."""
    writer.replace(month, table, record_id, journal.encode(document))


def compact(writer: months.Writer) -> None:
    """Begins a new generation, as opening does when much was replaced."""
    if writer._storage is not None:
        writer._storage.compact()


def document(chance: random.Random, record_id: str = "") -> dict[str, Any]:
    """Of a length between a short answer and a prescription."""
    record_id = record_id or f"{chance.getrandbits(64):016x}"
    filling = chance.randbytes(chance.choice((5, 30, 100, 300, 700))).hex()
    return {"envelope": {"id": record_id}, "record": {"text": filling, "quotes": '"\n\0ä'}}


def opened(disk: SimulatedDisk) -> months.Writer:
    """The writer of the diary on `disk`."""
    return months.Writer(ROOT, disk, CHUNK_BYTES)


def read(disk: SimulatedDisk) -> State:
    """What a reader beside a writer sees."""
    reader = months.Reader(ROOT, 2, journal.AS_JSON, disk)
    known = reader.months()
    state: State = {}
    for month in known:
        for name, rows in reader.tables(month, month == known[-1]).items():
            if rows:
                state.setdefault(month, {})[name] = {key: bytes(row) for key, row in rows.items()}
    return state


LATER = "2027-01"


def check(image: Image, allowed: list[State], goes_on: bool = True) -> None:
    """What a power cut left is one of the states that were `allowed`, to a reader and to the next writer, and
    the diary `goes_on` from there."""
    found = read(SimulatedDisk(image))
    assert found in allowed, "a reader sees what never was"
    disk = SimulatedDisk(image)
    writer = opened(disk)
    assert read(disk) == found, "the writer sees another state than a reader"
    if not goes_on:
        writer.close()
        assert_clean(disk)
        return
    head = writer.link
    month = writer.newest or LATER
    last = {"envelope": {"id": "last"}}
    add(writer, month, "notes", [last])
    writer.close()
    again = SimulatedDisk(image_of(disk))
    expected = copy.deepcopy(found)
    expected.setdefault(month, {})["notes"] = {"1": journal.encode(last)}
    assert read(again) == expected, "what was added later is not there"
    assert months.Reader(ROOT, 2, journal.AS_JSON, again).link().n in (head.n + 1, head.n + 2)
    assert_clean(again)


def image_of(disk: SimulatedDisk) -> Image:
    """The disk when nothing was lost."""
    return {name: None if content is None else bytes(content.live) for name, content in disk._names.items()}


def assert_clean(disk: SimulatedDisk) -> None:
    """After closing: nothing but zeros behind the last line, the copies whole, past months cut and listed."""
    known = months.months_of(ROOT, disk)
    sealed = manifest.load(f"{ROOT}/journal", disk)
    for month in known:
        folder = f"{ROOT}/journal/{month}"
        numbers = journal.generations(folder, disk)
        for number in numbers[-1:]:
            content = disk.read(journal.lines_path(folder, number))
            reading = chain.read(content)
            assert (reading.torn, reading.damaged, reading.mended) == (b"", False, ()), "something is left"
            assert disk.read(journal.copy_path(folder, number)) == content[: reading.end], "no whole copy"
            if month != known[-1]:
                assert len(content) == reading.end == sealed[month].bytes, "a past month is not sealed"
