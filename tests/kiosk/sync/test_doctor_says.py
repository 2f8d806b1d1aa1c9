"""What is wrong with the sending stands plainly in doctor: a real sender meets it, a real doctor looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.config import Sync
from kiosk.diary.files import Place
from kiosk.diary.outbox import Outbox, OutboxError, SharedFiles
from kiosk.doctor import words
from kiosk.doctor.finding import Finding
from kiosk.doctor.machine import Space
from kiosk.sync.sender import Sender
from kiosk.sync.transport import Answer, FhirServer
from tests.kiosk.doctor.boxes import Planted
from tests.kiosk.export.test_fhir import errors
from tests.kiosk.sync.boxes import YES, Box, entry
from tests.kiosk.sync.certificates import DAY, Authority
from tests.kiosk.sync.fhir_server import FhirServerProcess, FhirStore, fhir_server
from tests.kiosk.sync.test_transport import https_server

OUTBOX = "var/lib/homestim-outbox"


class Examined:
    """A box that sends, and the doctor who looks at it."""

    def __init__(self, folder: Path) -> None:
        words.set_language("en")
        self.planted = Planted(folder / "root")
        for path in (folder / "root" / OUTBOX).rglob("*.json"):
            path.unlink()
        self.box = Box(folder)
        self.box.outbox = Outbox(folder / "root" / OUTBOX)
        self.box.add(YES, entry(4))
        self.box.fill()

    @contextmanager
    def server(self, store: FhirStore) -> Iterator[FhirServerProcess]:
        """One whose clock goes as the box's."""
        with fhir_server(store) as server:
            server.at = self.box.clock.now()
            yield server

    def send(self, sync: Sync, times: int = 2) -> None:
        for _ in range(times):
            Sender(self.box.outbox, FhirServer(sync), self.box.clock.now).run()

    def says(self, check: str = "outbox") -> Finding:
        self.planted.now = self.box.clock.now()
        return self.planted.examined()[check]


@pytest.fixture
def examined(tmp_path: Path) -> Examined:
    return Examined(tmp_path)


def test_a_box_that_sends_well(examined: Examined) -> None:
    with examined.server(FhirStore()) as server:
        examined.send(Sync(server=server.url))
    assert examined.says().state == "ok"


def test_a_certificate_that_has_expired(examined: Examined, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    with https_server(authority.certificate("server", -30 * DAY, -DAY)) as (_, url):
        examined.send(Sync(server=url, ca=str(authority.ca)))
    said = examined.says()
    assert said.state == "fix"
    assert "The server's certificate has expired, or the date of this box is wrong." in said.found
    assert "homestim sync --once" in said.remedy


@pytest.mark.parametrize(
    ("status", "english", "german"),
    [
        (401, "does not let this box in (401).", "lässt diese Box nicht herein (401)."),
        (404, "no FHIR server at this address (404)", "kein FHIR-Server (404)"),
        (418, "not a FHIR server (418): {tea}", "kein FHIR-Server (418): {tea}"),
    ],
)
def test_a_german_doctor_says_in_german_why_nothing_could_be_sent(
    examined: Examined, status: int, english: str, german: str
) -> None:
    class Refusing:
        def transact(self, bundle: bytes) -> Answer:
            return Answer(status, b"{tea}", None, None)

        def get(self, path: str) -> Answer:
            raise AssertionError

    for _ in range(2):
        Sender(examined.box.outbox, Refusing(), examined.box.clock.now).run()
    assert english in examined.says().found
    words.set_language("de")
    try:
        assert german in examined.says().found
    finally:
        words.set_language("en")


def test_a_clock_that_is_wrong_by_a_year_as_the_certificate_tells(examined: Examined, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    with https_server(authority.certificate("server", 365 * DAY, 395 * DAY)) as (_, url):
        examined.send(Sync(server=url, ca=str(authority.ca)))
    assert "Is the date of this box right?" in examined.says().found


@pytest.mark.parametrize("days", [-365, 365])
def test_a_clock_that_is_wrong_by_a_year_as_the_server_tells(examined: Examined, days: int) -> None:
    right = examined.box.clock.now() + dt.timedelta(days=days)
    with examined.server(FhirStore()) as server:
        server.at = right
        examined.send(Sync(server=server.url), times=1)
        said = examined.says()
        assert said.state == "fix"
        assert (
            f"was {right.astimezone(examined.box.clock.time.tzinfo):%Y-%m-%d %H:%M} by the clinic's server"
            in said.found
        )
        assert "timedatectl set-time" in said.remedy
        examined.send(Sync(server=server.url), times=1)
        assert examined.says() == said, "a run that had nothing to send"
    examined.box.clock.time = right + dt.timedelta(minutes=1)
    examined.planted.agreed(examined.box.clock.time)
    assert examined.says().state == "ok", "somebody set the clock"


def test_a_disk_without_room_for_what_is_sent(examined: Examined) -> None:
    class Full(SharedFiles):
        def free_bytes(self, folder: Place) -> int:
            return 50 * 1024 * 1024

    whole = examined.box.files()
    examined.box.add(entry(7))
    examined.box.outbox = Outbox(examined.box.outbox.folder, Full())
    with pytest.raises(OutboxError, match="nearly full: the diary needs what is left"):
        examined.box.fill()
    assert examined.box.files() == whole
    examined.planted.free_for_outbox = Space(50 * 1024 * 1024, 1000)
    said = examined.says("disk-space")
    assert (said.state, said.found) == ("fix", f"50 MB are free under /{OUTBOX}.")
    examined.box.outbox = Outbox(examined.box.outbox.folder)
    examined.box.fill()
    assert len(examined.box.files()) > len(whole), "nothing was lost"


def test_a_server_that_is_stricter_than_the_standard(examined: Examined) -> None:
    def strict(resource: dict[str, object]) -> list[str]:
        return errors(resource) or ["code: not in our value set"] * (
            resource["resourceType"] == "Observation"
        )

    with examined.server(FhirStore(strict)) as server:
        examined.send(Sync(server=server.url))
        examined.box.fill()
    said = examined.says()
    assert said.state == "look"
    assert "records for good: code: not in our value set" in said.found
    assert "The diary has them all" in said.remedy


def test_a_server_that_takes_no_ids(examined: Examined) -> None:
    with examined.server(FhirStore(names_ids=False)) as server:
        examined.send(Sync(server=server.url))
        examined.box.fill()
    assert "this server names its resources itself" in examined.says().found
