"""Without a network: the files go on a stick, the receipts come back, signed files with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.config import Sync
from kiosk.diary.outbox import Outbox, OutboxError
from kiosk.sync import incoming
from kiosk.sync.carried import bring, carry
from kiosk.sync.prepare import settle
from kiosk.sync.sender import Sender
from kiosk.sync.transport import FhirServer
from tests.kiosk.sync.boxes import YES, Box, entry
from tests.kiosk.sync.fhir_server import FhirStore, fhir_server


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    made.add(YES, *(entry(n % 11) for n in range(30)))
    made.fill()
    return made


def send_from(stick: Path, box: Box, store: FhirStore) -> None:
    """What a computer of the clinic does."""
    with fhir_server(store) as server:
        Sender(Outbox(stick), FhirServer(Sync(server=server.url)), box.clock.now).run()


def test_what_was_sent_from_the_stick_waits_no_more(box: Box, tmp_path: Path) -> None:
    stick, store, waiting = tmp_path / "stick", FhirStore(), box.files()
    assert carry(box.outbox, stick) == len(waiting)
    assert {path.name: path.read_bytes() for path in (stick / "waiting").iterdir()} == waiting
    send_from(stick, box, store)
    assert bring(box.outbox, stick) == (len(waiting), 0)
    settle(box.outbox)
    assert box.files() == {}
    assert store.resources
    carry(box.outbox, stick)
    assert not list((stick / "waiting").iterdir())


def test_a_stick_that_was_not_sent_changes_nothing(box: Box, tmp_path: Path) -> None:
    waiting = box.files()
    carry(box.outbox, tmp_path / "stick")
    assert bring(box.outbox, tmp_path / "stick") == (0, 0)
    settle(box.outbox)
    assert box.files() == waiting


def test_a_stick_of_another_box_settles_nothing(box: Box, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Box(tmp_path / "other")
    other.add(YES, entry(1))
    other.fill()
    carry(other.outbox, tmp_path / "stick")
    send_from(tmp_path / "stick", other, FhirStore())
    waiting = box.files()
    assert bring(box.outbox, tmp_path / "stick") == (0, 0)
    settle(box.outbox)
    assert box.files() == waiting


def test_the_files_of_another_box_on_a_stick_are_left_alone(box: Box, tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    box.outbox.put(incoming.SEARCH, b'{"patient":"hers"}')
    carry(box.outbox, stick)
    (tmp_path / "other").mkdir()
    other = Box(tmp_path / "other")
    other.add(YES, entry(1))
    other.fill()
    other.outbox.put(incoming.SEARCH, b'{"patient":"his"}')
    before = {path: path.read_bytes() for path in stick.rglob("*.json")}
    with pytest.raises(OutboxError, match="another box"):
        carry(other.outbox, stick)
    assert {path: path.read_bytes() for path in stick.rglob("*.json")} == before


def test_nothing_goes_on_a_stick_against_her_wish(box: Box, tmp_path: Path) -> None:
    box.outbox.forbid()
    with pytest.raises(OutboxError, match="does not want"):
        carry(box.outbox, tmp_path / "stick")
    assert not (tmp_path / "stick").exists()


def test_a_stick_that_writes_something_else_is_noticed(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Outbox.put

    def broken(self: Outbox, name: str, content: bytes) -> None:
        honest(self, name, content[:-1] if name.startswith("waiting/") else content)

    monkeypatch.setattr(Outbox, "put", broken)
    with pytest.raises(OutboxError, match="Take another stick"):
        carry(box.outbox, tmp_path / "stick")


def test_a_signed_file_comes_along(box: Box, tmp_path: Path) -> None:
    box.outbox.put(incoming.SEARCH, b'{"patient":"x"}')
    carry(box.outbox, tmp_path / "stick")
    Outbox(tmp_path / "stick").put_incoming(b"{signed}")
    assert bring(box.outbox, tmp_path / "stick") == (0, 1)
    assert box.outbox.incoming() == [b"{signed}"]
