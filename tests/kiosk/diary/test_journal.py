"""A journal is a TinyDB: what TinyDB does with a file, it does too, one line a change."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import hashlib
import itertools
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tinydb import TinyDB, where
from tinydb.table import Document

from kiosk.diary import chain, journal
from kiosk.diary.journal import JournalDB, JournalFailed, JournalStorage, JournalTooNew, open_journal
from tests.kiosk.diary.simulated_disk import ROOT, SimulatedDisk

FOLDER = ROOT / "journal"
NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def database(tmp_path: Path):
    with open_journal(tmp_path / "j") as opened:
        yield opened


def lines_of(database: JournalDB) -> list[dict[str, Any]]:
    content = (storage_of(database).folder / "0001.jsonl").read_bytes().rstrip(b"\0")
    return [json.loads(line)["c"] for line in content.splitlines()]


def storage_of(database: JournalDB) -> JournalStorage:
    assert isinstance(database.storage, JournalStorage)
    return database.storage


# ── as TinyDB does ──


@pytest.mark.parametrize("kind", ["journal", "stock"])
def test_all_of_tinydb_works_as_with_its_own_storage(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "d"
    with open_journal(path) if kind == "journal" else TinyDB(path) as db:
        pain = db.table("pain")
        assert db.tables() == set()
        assert pain.insert({"value": 3, "deep": {"list": [1, {"a": None}]}}) == 1
        assert pain.insert_multiple([{"value": value} for value in range(5)]) == [2, 3, 4, 5, 6]
        assert pain.insert(Document({"value": 9}, doc_id=20)) == 20
        assert pain.insert({"value": 7}) == 21
        with pytest.raises(ValueError, match="already exists"):
            pain.insert(Document({"value": 9}, doc_id=20))
        with pytest.raises(ValueError, match="not a Mapping"):
            pain.insert_multiple([{"value": 1}, 5])  # type: ignore[list-item]
        assert [one.doc_id for one in pain.search(where("value") >= 4)] == [6, 20, 21]
        assert pain.update({"value": 4}, where("value") == 3) == [1, 5]
        assert pain.update(lambda one: one["deep"]["list"].append("x"), where("deep").exists()) == [1]
        assert pain.get(doc_id=1) == {"value": 4, "deep": {"list": [1, {"a": None}, "x"]}}
        assert pain.update({"seen": True}, doc_ids=[2, 99]) == [2]
        assert pain.update_multiple([({"value": 0}, where("value") == 9)]) == [20]
        assert pain.upsert({"value": 8, "key": "k"}, where("key") == "k") == [23]
        assert pain.upsert({"more": 1}, where("key") == "k") == [23]
        assert pain.remove(where("value") == 4) == [1, 5, 6]
        assert pain.remove(doc_ids=[2, 99]) == [2]
        assert [one.doc_id for one in pain] == [3, 4, 20, 21, 23]
        assert (len(pain), pain.count(where("value") > 0), pain.contains(doc_id=3)) == (5, 4, True)
        db.insert({"default": True})
        db.table("empty", persist_empty=True)
        assert db.tables() == {"pain", "_default", "empty"}
        db.table("empty").insert({"a": (1, 2)})
        assert db.table("empty").all() == ([{"a": [1, 2]}])
        db.drop_table("empty")
        db.table("pain").truncate()
        assert db.table("pain").insert({"value": 1}) == 1
    with open_journal(path) if kind == "journal" else TinyDB(path) as db:
        assert db.tables() == {"pain", "_default"}
        assert (db.table("pain").all(), db.all()) == ([{"value": 1}], [{"default": True}])
        db.drop_tables()
        assert db.tables() == set()


def test_what_a_query_gave_can_be_changed_without_changing_the_diary(database: JournalDB) -> None:
    database.insert({"deep": {"a": 1}})
    database.get(doc_id=1)["deep"]["a"] = 2
    next(iter(database))["deep"]["a"] = 2
    database.search(where("deep").test(lambda deep: deep.update(a=2) is None))
    assert database.get(doc_id=1) == {"deep": {"a": 1}}
    assert len(lines_of(database)) == 2


def test_an_updater_that_fails_changes_nothing(database: JournalDB) -> None:
    database.insert_multiple([{"value": 1}, {"value": 2}])

    def clumsy(document: Any) -> None:
        document["value"] += 1
        raise ZeroDivisionError

    for change in (clumsy, {"value": float("nan")}, {"value": "\ud800"}, {"value": {1}}):
        with pytest.raises((ZeroDivisionError, ValueError, TypeError)):
            database.update(change)
        assert [one["value"] for one in database] == [1, 2]
    assert len(lines_of(database)) == 2


class Grade(enum.Enum):
    A = "a"


@pytest.mark.parametrize(
    "value",
    [
        1, 1.5, 1e300, -0.0, True, None, "ä\n\x00\u2028", [1, (2, 3)], {"a": {"b": []}}, 2**80, -(2**63),
        {1: 2}, {None: 1}, {True: 1}, {1.5: 1}, float("nan"), [float("inf")], "\ud800", b"x", {1, 2}, Grade.A,
        NOON, NOON.date(), uuid.UUID(int=1), decimal.Decimal("1.5"), object(),
    ],
    ids=repr,
)  # fmt: skip
def test_what_json_takes_and_refuses_is_taken_and_refused(database: JournalDB, value: Any) -> None:
    try:
        expected = json.loads(json.dumps({"value": value}, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError):
        with pytest.raises((TypeError, ValueError)):
            database.insert({"value": value})
        assert len(database) == 0
    else:
        database.insert({"value": value})
        assert repr(database.get(doc_id=1)) == repr(expected)


# ── what is written ──


def test_a_change_is_one_line_of_what_changed_alone(database: JournalDB) -> None:
    database.insert_multiple([{"value": value} for value in range(3)])
    database.update({"value": 7}, where("value") == 1)
    database.remove(doc_ids=[1, 3])
    database.update({"value": 7})
    header, *changes = lines_of(database)
    assert (header["journal"], header["generation"], header["follows"]) == (1, 1, None)
    assert [{key: part for key, part in change.items() if key != "n"} for change in changes] == [
        {"t": "_default", "put": {"1": {"value": 0}, "2": {"value": 1}, "3": {"value": 2}}},
        {"t": "_default", "put": {"2": {"value": 7}}},
        {"t": "_default", "del": ["1", "3"], "put": {}},
    ]
    assert [change["n"] for change in changes] == [2, 3, 4]


def test_the_chain_can_be_followed_with_other_tools(database: JournalDB) -> None:
    for value in range(4):
        database.insert({"value": value, "text": "ä\n"})
    head = "0" * 64
    content = (storage_of(database).folder / "0001.jsonl").read_bytes().rstrip(b"\0")
    for line in content.splitlines():
        head = hashlib.sha256(head.encode() + line[len('{"h":"",') + 64 + len('"c":') : -1]).hexdigest()
        assert json.loads(line)["h"] == head
    assert storage_of(database).link == journal.Link(5, head)


def test_lines_end_with_a_page_where_the_next_would_stand_in_two(database: JournalDB) -> None:
    for value in range(200):
        database.insert({"value": value, "text": "x" * 400})
    content = (storage_of(database).folder / "0001.jsonl").read_bytes().rstrip(b"\0")
    starts, at = [], 0
    for line in content.splitlines(keepends=True):
        starts.append(at)
        at += len(line)
    lines = itertools.pairwise(starts)
    in_two = [start for start, end in lines if start // 4096 != (end - 1) // 4096]
    assert in_two == []


def test_a_new_generation_says_the_same_in_less_and_the_old_one_is_kept(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j") as db:
        db.insert_multiple([{"value": 0, "text": "x" * 3000} for _ in range(9)])
        for value in range(700):
            db.update({"value": value}, doc_ids=[1])
        before, link = db.all(), storage_of(db).link
    old = (tmp_path / "j/0001.jsonl").read_bytes()
    with open_journal(tmp_path / "j") as db:
        assert storage_of(db).generation == 2
        assert [(one.doc_id, one) for one in db.all()] == [(one.doc_id, one) for one in before]
        assert lines_of(db)[0]["follows"] is None
        first = json.loads((tmp_path / "j/0002.jsonl").read_bytes().split(b"\n")[0])["c"]
        assert first["follows"] == {"n": link.n, "head": link.head}
        assert db.insert({"value": 1}) == 10
    assert (tmp_path / "j/0001.jsonl").read_bytes() == old
    with open_journal(tmp_path / "j") as db:
        assert len(db) == 10


def test_a_journal_of_a_later_form_is_refused(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j") as db:
        db.insert({"value": 1})
    path = tmp_path / "j/0001.jsonl"
    line, _ = chain.line(chain.GENESIS, b'{"n":1,"journal":2,"compressed":true}')
    path.write_bytes(line + b"{")
    with pytest.raises(JournalTooNew, match="newer homestim"):
        open_journal(tmp_path / "j")
    assert path.read_bytes() == line + b"{"


def test_after_a_failed_write_nothing_is_written_before_it_is_opened_anew() -> None:
    faulty = False

    def fault(_: SimulatedDisk, name: str) -> None:
        if faulty and name == "flush":
            raise OSError(5, "I/O error")

    disk = SimulatedDisk(fault=fault)
    db = open_journal(FOLDER / "2026-11", files=disk)
    db.insert({"value": 1})
    faulty = True
    with pytest.raises(OSError, match="I/O error"):
        db.insert({"value": 2})
    faulty = False
    with pytest.raises(JournalFailed):
        db.insert({"value": 3})
    assert [one["value"] for one in db] == [1]
    db.close()
    assert [one["value"] for one in open_journal(FOLDER / "2026-11", files=disk)] in ([1], [1, 2])


# ── against a plain dict ──

VALUES = st.sampled_from(
    [
        None, True, False, 0, 1, -9, 2**53 + 1, 1.5, -0.0, 1e300, 5e-324, "", "k", "ä€🙂", "\u2028\0\n\"\\",
        [], [None], [1, [2.5, ["k"]]], {}, {"k": {"": []}}, {"1": "k", "a": [{}]},
    ]
)  # fmt: skip
DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "k"]), VALUES, min_size=1)
NAMES = st.sampled_from(["entries", "locks", "_default"])
STEPS_DONE = 0


class AgainstADict(RuleBasedStateMachine):
    """The same steps on a journal and on nested dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimulatedDisk()
        self.open()
        self.tables: dict[str, dict[int, Any]] = {}
        self.next_id: dict[str, int] = {}

    def open(self) -> None:
        self.db = open_journal(FOLDER / "2026-11", files=self.disk, chunk_bytes=2048)

    def take_id(self, name: str) -> int:
        number = self.next_id.get(name) or max(self.tables.get(name, {}), default=0) + 1
        self.next_id[name] = number + 1
        return number

    @rule(name=NAMES, document=DOCUMENTS)
    def insert(self, name: str, document: Any) -> None:
        number = self.take_id(name)
        assert self.db.table(name).insert(document) == number
        self.tables.setdefault(name, {})[number] = document

    @rule(name=NAMES, documents=st.lists(DOCUMENTS, max_size=4))
    def insert_multiple(self, name: str, documents: list[Any]) -> None:
        numbers = [self.take_id(name) for _ in documents]
        assert self.db.table(name).insert_multiple(documents) == numbers
        self.tables.setdefault(name, {}).update(zip(numbers, documents, strict=True))

    @rule(name=NAMES, value=VALUES, document=DOCUMENTS)
    def update_where(self, name: str, value: Any, document: Any) -> None:
        table = self.tables.setdefault(name, {})
        matching = [number for number, one in table.items() if one.get("k", ...) == value]
        assert self.db.table(name).update(document, where("k") == value) == matching
        for number in matching:
            table[number] = {**table[number], **document}

    @rule(name=NAMES, document=DOCUMENTS, data=st.data())
    def put_under_an_id(self, name: str, document: Any, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, 30))
        table = self.tables.setdefault(name, {})
        there = number in table
        self.db.table(name).upsert(Document(document, doc_id=number))
        table[number] = {**table[number], **document} if there else document
        if not there:
            self.next_id.pop(name, None)

    @rule(name=NAMES, number=st.integers(1, 30))
    def change_in_place(self, name: str, number: int) -> None:
        table = self.tables.setdefault(name, {})

        def deepen(document: Any) -> None:
            document["k"] = [document.pop("k", None)]

        assert self.db.table(name).update(deepen, doc_ids=[number]) == [number] * (number in table)
        if number in table:
            table[number] = dict(table[number])
            deepen(table[number])

    @rule(name=NAMES, number=st.integers(1, 30))
    def remove(self, name: str, number: int) -> None:
        self.db.table(name).remove(doc_ids=[number])
        self.tables.setdefault(name, {}).pop(number, None)

    @rule(name=NAMES)
    def truncate(self, name: str) -> None:
        self.db.table(name).truncate()
        self.tables[name] = {}
        self.next_id.pop(name, None)

    @rule(name=NAMES)
    def drop(self, name: str) -> None:
        self.db.drop_table(name)
        self.tables.pop(name, None)
        self.next_id.pop(name, None)

    @rule()
    def seal(self) -> None:
        storage_of(self.db).seal()

    @rule()
    def begin_a_generation(self) -> None:
        storage_of(self.db).compact()

    @rule(closed=st.booleans())
    def open_again(self, closed: bool) -> None:
        if closed:
            self.db.close()
        self.open()
        self.next_id = {}

    @invariant()
    def says_the_same(self) -> None:
        global STEPS_DONE
        STEPS_DONE += 1
        assert self.db.tables() == set(self.tables)
        for name, table in self.tables.items():
            found = [(one.doc_id, dict(one)) for one in self.db.table(name)]
            assert json.dumps(found) == json.dumps(list(table.items()))


@pytest.mark.timeout(600)
def test_it_says_what_a_plain_dict_says(soak: bool) -> None:
    global STEPS_DONE
    STEPS_DONE = 0
    wanted = 20_000 if soak else 5000
    AgainstADict.TestCase.settings = settings(
        max_examples=wanted // 48, stateful_step_count=50, deadline=None, database=None, derandomize=True
    )
    AgainstADict.TestCase().runTest()
    print(f"{STEPS_DONE} steps")
    assert wanted <= STEPS_DONE
