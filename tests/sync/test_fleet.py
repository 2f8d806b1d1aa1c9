"""A clinic's many boxes, a bad line, power cuts, killed senders: every record is there once, none is lost."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.config import Sync
from kiosk.diary.folder import JOURNAL, META
from kiosk.diary.store import open_reader
from kiosk.export.fhir import Mapper, by_type, plans_of
from kiosk.rehearsal.books import NewFolder
from kiosk.rehearsal.course import Course
from kiosk.sync import prepare
from kiosk.sync.outbox import Outbox, SharedFiles
from kiosk.sync.sender import Sender
from kiosk.sync.transport import FhirServer
from tests.rehearsal.folders import ENDS
from tests.sync.boxes import YES, Box, entry, session
from tests.sync.fhir_server import FhirServerProcess, FhirStore, Troubles, fhir_server

DAYS, FILLED_EVERY = 30, 10
PLANS = ("deconditioned", "muscle-tension", "chronic-pain")
MOST_ROUNDS = 60


class PowerCut(BaseException):
    """Nothing after it runs."""


class CutFiles(SharedFiles):
    """The disk until the power goes: at the `n`-th call that changes something, before it or after it."""

    def __init__(self, n: int) -> None:
        self._left = n

    def create(self, path: Path) -> int:
        self._count()
        return super().create(path)

    def write_at(self, descriptor: int, content: bytes | memoryview, at: int) -> int:
        if self._left == 1:
            super().write_at(descriptor, content[: len(content) // 2], at)
        self._count()
        return super().write_at(descriptor, content, at)

    def rename(self, old: Path, new: Path) -> None:
        self._count()
        super().rename(old, new)

    def flush_folder(self, folder: Path) -> None:
        self._count()
        super().flush_folder(folder)

    def _count(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise PowerCut


def life(folder: Path, seed: int, every: int = FILLED_EVERY) -> list[Path]:
    """A month of one person: the diary as it was after each `every` days of it."""
    clock = FixedClock(ENDS - dt.timedelta(days=DAYS))
    parts = []
    with NewFolder(folder / "now", clock) as book:
        book.add(YES)
        days = Course(PLANS[seed % len(PLANS)], seed, clock, book).days(DAYS)
        for part in range(DAYS // every):
            for _ in range(every):
                next(days, None)
            book.write()
            parts.append(Path(shutil.copytree(folder / "now", folder / str(part))))
    return parts


class FleetBox:
    """A box whose line and whose power fail. Its diary is that of a life, under a name of its own."""

    def __init__(self, folder: Path, seed: int, server: FhirServerProcess) -> None:
        self.data, self._place = folder / "data", folder / "outbox"
        self.data.mkdir(parents=True)
        self._random = random.Random(seed)
        self._server = FhirServer(Sync(server=server.url))
        self._id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        self.clock = FixedClock(ENDS)
        self.cuts = 0

    def live(self, diary: Path) -> None:
        """From now on the diary is as in the folder `diary`."""
        meta = json.loads((diary / META).read_bytes())
        (self.data / META).write_text(json.dumps(meta | {"box_id": self._id}))
        (self.data / JOURNAL).unlink(missing_ok=True)
        (self.data / JOURNAL).symlink_to(diary / JOURNAL)

    def send_all(self) -> None:
        """As the timer does it, again and again, until nothing waits."""
        for _ in range(MOST_ROUNDS):
            if self._once(self._fill) and not self._outbox().waiting_names():
                return
            self._once(lambda outbox: Sender(outbox, self._server, self.clock.now).run())
        raise AssertionError(f"{self.data}: {self._outbox().unsent_names()} never arrived")

    def wanted(self) -> set[str]:
        """Type/id of all that this diary comes to, by the rules of the export and not by the outbox."""
        reader = open_reader(self.data, self.clock)
        mapper = Mapper(reader.box_id, is_real=False, refer=by_type)
        made = {
            "entries": mapper.entry,
            "screenings": mapper.screening,
            "forms": mapper.form,
            "sessions": mapper.session,
        }
        found = [one for kind, map_ in made.items() for chain in reader.versions(kind) for one in map_(chain)]
        found += [mapper.patient(""), mapper.box()]
        for chain, prescription in plans_of(reader):
            found += [mapper.clinician(prescription.clinician.name)]
            found += [mapper.plan(chain, prescription, newest=True, today=ENDS.date())]
        found += [mapper.stimulator(one.envelope.device_id) for one in reader.all("sessions")]
        found += [mapper.flag(one.envelope.id, "", "", ENDS.date(), None) for one in reader.all("alerts")]
        return {f"{one['resourceType']}/{one['id']}" for one in found}

    def _fill(self, outbox: Outbox) -> None:
        prepare.prepare(open_reader(self.data, self.clock), outbox)

    def _once(self, work: Callable[[Outbox], object]) -> bool:
        """Whether the power stayed on."""
        if self._random.random() < 0.15:
            try:
                work(self._outbox(CutFiles(self._random.randint(1, 25))))
            except PowerCut:
                self.cuts += 1
                return False
        else:
            work(self._outbox())
        return True

    def _outbox(self, files: SharedFiles | None = None) -> Outbox:
        return Outbox(self._place, files)


@pytest.mark.timeout(3600)
def test_every_record_of_every_box_is_there_once(
    tmp_path: Path, soak: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes, people = (2_000, 40) if soak else (50, 5)
    store = FhirStore()
    cuts = records = 0
    lives = [life(tmp_path / f"life{seed}", seed) for seed in range(people)]
    with fhir_server(store, Troubles(seed=9, share=0.1)) as server:
        for seed in range(boxes):
            box = FleetBox(tmp_path / str(seed), seed, server)
            for diary in lives[seed % people]:
                box.live(diary)
                box.send_all()
            wanted = box.wanted()
            assert wanted <= set(store.resources)
            cuts += box.cuts
            records += len(wanted)
        requests = server.requests
    # Beside what was wanted: two "last seen", and what vouches for each sending. Nothing a second time.
    vouching = sum(name.startswith("Provenance/") for name in store.resources)
    assert len(store.resources) == records + 2 * boxes + vouching
    assert cuts > 0
    with capsys.disabled():
        print(f"\n{boxes} boxes × {DAYS} days: {records} records, {requests} requests, {cuts} power cuts")


def test_a_sender_that_is_killed_loses_nothing(tmp_path: Path, soak: bool) -> None:
    kills = 200 if soak else 6
    box = Box(tmp_path)
    box.add(YES, *(entry(n % 11) for n in range(40)), session())
    box.fill()
    size = sum(len(content) for content in box.files().values())
    store = FhirStore()
    randomness = random.Random(4)
    with fhir_server(store) as server:
        config = tmp_path / "kiosk.toml"
        config.write_text(f'[sync]\nserver = "{server.url}"\n')
        command = [sys.executable, "-m", "kiosk", "sync", "--once", "--config", str(config)]
        command += ["--outbox", str(box.outbox.folder)]
        for _ in range(kills):
            sender = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            server.kill_at(sender.pid, randomness.randint(1, size))
            sender.wait(60)
            if sender.returncode != -signal.SIGKILL:
                break
        server.kill_at(0, 0)
        last = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert last.returncode == 0, last.stderr
    box.fill()
    assert box.files() == {}
    mapper = Mapper(box.reader.box_id, is_real=True, refer=by_type)
    wanted = {
        f"{one['resourceType']}/{one['id']}"
        for chain in box.reader.versions("entries")
        for one in mapper.entry(chain)
    }
    assert wanted <= set(store.resources)
