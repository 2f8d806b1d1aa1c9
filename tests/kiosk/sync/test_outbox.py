"""The shared folder under attack: by the other user, by a bad disk, by two programs at once."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kiosk.config import Sync
from kiosk.diary.files import Place
from kiosk.diary.inbox import MAX_BYTES
from kiosk.diary.outbox import (
    INCOMING,
    MOST_BYTES,
    RECEIPTS,
    SEND_LOCK,
    SENDER,
    STATE,
    WAITING,
    Outbox,
    OutboxBusy,
    OutboxError,
    SharedFiles,
)
from kiosk.sync.sender import Sender
from kiosk.sync.transport import FhirServer
from tests.kiosk.sync.boxes import YES, Box, entry, session
from tests.kiosk.sync.fhir_server import FhirServerProcess, FhirStore, fhir_server
from tests.kiosk.sync.test_fleet import CutFiles, PowerCut, QuickFiles


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    made.add(YES, entry(4), session(), *(entry(n % 11) for n in range(20)))
    made.fill()
    return made


def send(outbox: Outbox, box: Box, server: FhirServerProcess) -> None:
    Sender(outbox, FhirServer(Sync(server=server.url)), box.clock.now).run()


# ── the other user ──


def test_a_link_in_the_place_of_a_folder_leads_nowhere(box: Box, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "00000001.json").write_text("the diary's own")
    waiting = box.outbox.folder / WAITING
    waiting.rename(tmp_path / "taken away")
    waiting.symlink_to(elsewhere)
    box.add(entry(9))
    with pytest.raises(OutboxError):
        box.fill()
    with pytest.raises(OutboxError):
        box.outbox.forbid()
    assert [path.name for path in elsewhere.iterdir()] == ["00000001.json"]


def test_a_link_in_the_place_of_a_file_is_not_read(box: Box, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"{signed}")
    (box.outbox.folder / INCOMING).mkdir()
    (box.outbox.folder / INCOMING / hashlib.sha256(b"{signed}").hexdigest()).symlink_to(secret)
    assert box.outbox.incoming() == []


def test_nobody_waits_for_a_pipe(box: Box) -> None:
    for name in (f"{INCOMING}/{'0' * 64}", f"{RECEIPTS}/00000001.json", "search.json"):
        path = box.outbox.folder / name
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
    assert box.outbox.incoming() == []
    with fhir_server(FhirStore()) as server:
        send(box.outbox, box, server)
    box.fill()
    assert box.files() == {}


def test_what_is_far_too_large_is_not_read(box: Box) -> None:
    large = b" " * (MAX_BYTES + 1)
    box.outbox.put_incoming(large)
    box.outbox.put_incoming(b"{signed}")
    assert box.outbox.incoming() == [b"{signed}"]
    receipt = box.outbox.folder / RECEIPTS / "00000001.json"
    receipt.parent.mkdir()
    receipt.touch()
    os.truncate(receipt, MOST_BYTES + 1)
    assert len(box.outbox.unsent_names()) == len(box.files())


def test_what_root_made_by_hand_is_for_both_users(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o2770)
    before = os.umask(0o077)
    try:
        Outbox(folder).put(f"{WAITING}/00000001.json", b"{}")
        with Outbox(folder).visit():
            pass
    finally:
        os.umask(before)
    rights = {path.name: oct(path.stat().st_mode & 0o777) for path in folder.rglob("*")}
    assert rights == {"waiting": "0o770", "00000001.json": "0o660", "visit.lock": "0o660"}


# ── two at once ──


def test_one_sends_at_a_time(box: Box) -> None:
    other = Outbox(box.outbox.folder)
    with box.outbox.alone(SEND_LOCK), pytest.raises(OutboxBusy, match="at work"), other.alone(SEND_LOCK):
        raise AssertionError
    with Outbox(box.outbox.folder).alone(SEND_LOCK):
        """Free again."""


def test_two_that_send_at_once_lose_and_double_nothing(box: Box, tmp_path: Path) -> None:
    store = FhirStore()
    with fhir_server(store) as server:
        (tmp_path / "kiosk.toml").write_text(f'[sync]\nserver = "{server.url}"\n')
        command = [sys.executable, "-m", "kiosk", "sync", "--once", "--config", str(tmp_path / "kiosk.toml")]
        command += ["--outbox", str(box.outbox.folder)]
        pipe = subprocess.PIPE
        two = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(2)]
        said = [process.communicate(timeout=60) for process in two]
    assert [process.returncode for process in two] == [0, 0], said
    box.fill()
    assert box.files() == {}
    assert set(store.written.values()) == {1}


# ── a bad disk ──


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"entry":[{}]}', b'{"entry":[{"fullUrl":1,"resource":2}]}']
)
def test_a_file_that_the_disk_damaged_is_made_again(box: Box, content: bytes) -> None:
    store, whole = FhirStore(), box.files()
    (box.outbox.folder / WAITING / min(whole)).write_bytes(content)
    with fhir_server(store) as server:
        send(box.outbox, box, server)
        assert len(store.resources) < 30, "the others do not wait for it"
        box.fill()
        send(box.outbox, box, server)
    box.fill()
    assert box.files() == {}
    assert {4, 0, 10} <= {one.get("valueInteger") for one in store.resources.values()}


@pytest.mark.parametrize("name", [STATE, SENDER, "consent.json", "receipts/00000001.json"])
def test_a_small_file_that_the_disk_damaged_costs_a_request_and_no_more(box: Box, name: str) -> None:
    store = FhirStore()
    with fhir_server(store) as server:
        send(box.outbox, box, server)
        (box.outbox.folder / name).write_bytes(b"\0" * 100)
        box.add(entry(7))
        for _ in range(2):
            box.fill()
            send(box.outbox, box, server)
    box.fill()
    assert box.files() == {}
    responses = [one for one in store.resources.values() if one["resourceType"] == "QuestionnaireResponse"]
    assert len(responses) == 22


def test_a_correction_is_not_lost_with_the_state_at_a_server_that_names_its_resources(tmp_path: Path) -> None:
    """What was sent before is not known then: what stands on the server must not stay as it is."""
    box = Box(tmp_path)
    (_, first) = box.add(YES, entry(9))
    store = FhirStore(names_ids=False)
    with fhir_server(store) as server:
        box.fill(names_ids=False)
        send(box.outbox, box, server)
        box.fill(names_ids=False)
        (box.outbox.folder / STATE).unlink()
        box.add(entry(2), corrects=first)
        box.fill(names_ids=False)
        send(box.outbox, box, server)
    pains = {one["valueInteger"] for one in store.resources.values() if "valueInteger" in one}
    assert 2 in pains
    assert 9 not in pains


def test_what_was_refused_is_sent_again_when_the_clinic_has_mended_its_server(box: Box) -> None:
    """As docs/data.md says it: without state and refusals, all is made and sent once more."""
    strict = FhirStore(lambda one: ["no Procedure here"] * (one["resourceType"] == "Procedure"))
    with fhir_server(strict) as server:
        send(box.outbox, box, server)
        box.fill()
        assert box.outbox.refusals()
        strict.accept_all()
        (box.outbox.folder / STATE).unlink()
        shutil.rmtree(box.outbox.folder / "refused")
        box.fill()
        send(box.outbox, box, server)
    box.fill()
    assert box.files() == {}
    assert box.outbox.refusals() == ()
    types = Counter(one["resourceType"] for one in strict.resources.values())
    assert (types["Procedure"], types["QuestionnaireResponse"]) == (1, 21)


class FullFiles(SharedFiles):
    """A disk that is full for whatever has `name` in its path."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create(self, path: Place) -> int:
        if self._name in str(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return super().create(path)


@pytest.mark.parametrize("name", ["00000001.json", SENDER])
def test_a_full_disk_while_it_is_sent_is_said_and_loses_nothing(box: Box, name: str) -> None:
    store = FhirStore()
    with fhir_server(store) as server:
        with pytest.raises(OutboxError, match="no space left on device"):
            send(Outbox(box.outbox.folder, FullFiles(name)), box, server)
        send(box.outbox, box, server)
    box.fill()
    assert box.files() == {}
    responses = [one for one in store.resources.values() if one["resourceType"] == "QuestionnaireResponse"]
    assert len(responses) == 21


def test_the_power_goes_at_each_call_of_filling_and_of_sending(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.add(YES, entry(4))
    box.fill()
    box.add(entry(5))
    cuts = 0
    for at in itertools.count(1):
        folder, store = shutil.copytree(box.outbox.folder, tmp_path / str(at)), FhirStore()
        with fhir_server(store) as server:
            box.outbox = Outbox(folder, CutFiles(at))
            with contextlib.suppress(PowerCut):
                fill_and_send(box, server)
                break
            cuts += 1
            box.outbox = Outbox(folder, QuickFiles())
            fill_and_send(box, server)
        assert box.files() == {}
        responses = [
            one for one in store.resources.values() if one["resourceType"] == "QuestionnaireResponse"
        ]
        assert len(responses) == 2
        assert json.loads((folder / STATE).read_bytes())["seen"]["entries"] == 2
        assert json.loads((folder / SENDER).read_bytes())["trouble"] == ""
        box.outbox = Outbox(tmp_path / "outbox")
    assert cuts > 20


def fill_and_send(box: Box, server: FhirServerProcess) -> None:
    box.fill()
    send(box.outbox, box, server)
    box.fill()
