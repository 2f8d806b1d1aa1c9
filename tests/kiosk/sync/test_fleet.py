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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.config import Sync
from kiosk.diary.files import Place
from kiosk.diary.folder import JOURNAL, META
from kiosk.diary.outbox import Outbox, SharedFiles
from kiosk.diary.store import open_reader
from kiosk.export.fhir import Mapper, by_type, plans_of
from kiosk.rehearsal.books import NewFolder
from kiosk.rehearsal.course import Course
from kiosk.sync import prepare
from kiosk.sync.sender import Sender
from kiosk.sync.transport import FhirServer
from tests.kiosk.rehearsal.folders import ENDS
from tests.kiosk.sync.boxes import YES, Box, entry, session
from tests.kiosk.sync.fhir_server import FhirServerProcess, FhirStore, Resource, Troubles, fhir_server

DAYS, FILLED_EVERY = 30, 10
PLANS = ("deconditioned", "muscle-tension", "chronic-pain")
MOST_ROUNDS = 60
SILENCE_S = 0.5
"""So long a box waits for an answer here."""
SYNC_ONCE = (sys.executable, "-m", "kiosk", "sync", "--once")


class PowerCut(BaseException):
    """Nothing after it runs."""


class QuickFiles(SharedFiles):
    """The disk, of which no cut here is a real one: nobody waits for it."""

    def flush_data(self, descriptor: int) -> None:
        """It is there as soon as it is written."""

    def flush_folder(self, folder: Place) -> None:
        """Its names too."""


class CutFiles(QuickFiles):
    """The disk until the power goes: at the `n`-th call that changes something, before it or after it."""

    def __init__(self, n: int) -> None:
        self._left = n

    def create(self, path: Place) -> int:
        self._count()
        return super().create(path)

    def write_at(self, descriptor: int, content: bytes | memoryview, at: int) -> int:
        if self._left == 1:
            super().write_at(descriptor, content[: len(content) // 2], at)
        self._count()
        return super().write_at(descriptor, content, at)

    def flush_data(self, descriptor: int) -> None:
        self._count()

    def rename(self, old: Place, new: Place) -> None:
        self._count()
        super().rename(old, new)

    def flush_folder(self, folder: Place) -> None:
        self._count()

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
        self.folder = folder
        self.data, self._place = folder / "data", folder / "outbox"
        self.data.mkdir(parents=True)
        self._random = random.Random(seed)
        self._server = server
        self._client = FhirServer(Sync(server=server.url), read_s=SILENCE_S)
        self._id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        self.clock = FixedClock(ENDS)
        self.cuts = self.kills = 0

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
            self._once(lambda outbox: Sender(outbox, self._client, self.clock.now).run())
        raise AssertionError(f"{self.data}: {self._outbox().unsent_names()} never arrived")

    def send_and_be_killed(self) -> None:
        """A process of its own, as on a box, killed when some byte of what it sends has come."""
        self._fill(self._outbox())
        size = sum(path.stat().st_size for path in (self._place / "waiting").iterdir())
        (self.folder / "kiosk.toml").write_text(f'[sync]\nserver = "{self._server.url}"\n')
        command = [*SYNC_ONCE, "--config", str(self.folder / "kiosk.toml"), "--outbox", str(self._place)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as sender:
            self._server.kill_at(sender.pid, self._random.randint(1, max(1, size)))
            self.kills += sender.wait(120) == -signal.SIGKILL
        self._server.kill_at(0, 0)

    def wanted(self) -> dict[str, Resource | None]:
        """Type/id of all that this diary comes to, by the rules of the export and not by the outbox, and of
        the records the resource itself."""
        reader = open_reader(self.data, self.clock)
        mapper = Mapper(reader.box_id, is_real=False, refer=by_type)
        made = {
            "entries": mapper.entry,
            "screenings": mapper.screening,
            "forms": mapper.form,
            "sessions": mapper.session,
        }
        found = {
            name_of(one): one
            for kind, map_ in made.items()
            for chain in reader.versions(kind)
            for one in map_(chain)
        }
        others = [mapper.patient(""), mapper.box()]
        for chain, prescription in plans_of(reader):
            others += [mapper.clinician(prescription.clinician.name)]
            others += [mapper.plan(chain, prescription, newest=True, today=ENDS.date())]
        others += [mapper.stimulator(one.envelope.device_id) for one in reader.all("sessions")]
        others += [mapper.flag(one.envelope.id, "", "", ENDS.date(), None) for one in reader.all("alerts")]
        return {**found, **dict.fromkeys(map(name_of, others))}

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
        return Outbox(self._place, files or QuickFiles())


def name_of(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


@dataclass
class Counted:
    """What some boxes of a fleet met."""

    records: int = 0
    requests: int = 0
    cuts: int = 0
    kills: int = 0
    ids: set[int] = field(default_factory=set)
    """Of all resources on the server."""


def play(folder: Path, seeds: range, lives: list[list[Path]], killed_every: int) -> Counted:
    """Some boxes, one after another, each looked at when its month is over. Two thousand need no more memory
    than one: the server forgets each then."""
    store, counted = FhirStore(), Counted()
    with fhir_server(store, Troubles(seed=seeds.start, share=0.1)) as server:
        for seed in seeds:
            box = FleetBox(folder / str(seed), seed, server)
            for part, diary in enumerate(lives[seed % len(lives)]):
                box.live(diary)
                if seed % killed_every == 0 and part:
                    box.send_and_be_killed()
                box.send_all()
            wanted = box.wanted()
            assert wanted.keys() <= store.resources.keys()
            assert all(store.resources[name] == one for name, one in wanted.items() if one is not None)
            # Beside what was wanted: two "last seen", and what vouches for each sending. Nothing twice.
            vouching = sum(name.startswith("Provenance/") for name in store.resources)
            assert len(store.resources) == len(wanted) + 2 + vouching
            ids = {uuid.UUID(name.rpartition("/")[2]).int for name in store.resources}
            assert counted.ids.isdisjoint(ids), "two boxes gave the same id"
            counted.ids |= ids
            counted.records += len(wanted)
            counted.cuts += box.cuts
            counted.kills += box.kills
            store.forget()
            shutil.rmtree(box.folder)
        counted.requests = server.requests
    return counted


@pytest.mark.timeout(7200)
def test_every_record_of_every_box_is_there_once(
    tmp_path: Path, soak: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes, people, killed_every = (2_000, 20, 20) if soak else (20, 3, 10)
    lives = [life(tmp_path / f"life{seed}", seed) for seed in range(people)]
    if soak:
        half = boxes // 2
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            halves = [
                pool.submit(play, tmp_path, range(start, start + half), lives, killed_every)
                for start in (0, half)
            ]
            counted = [one.result() for one in halves]
    else:
        counted = [play(tmp_path, range(boxes), lives, killed_every)]
    ids = [one.ids for one in counted]
    assert len(set.union(*ids)) == sum(map(len, ids)), "two boxes gave the same id"
    cuts, kills = sum(one.cuts for one in counted), sum(one.kills for one in counted)
    assert cuts > 0
    assert kills > 0
    records, requests = sum(one.records for one in counted), sum(one.requests for one in counted)
    with capsys.disabled():
        print(
            f"\n{boxes} boxes × {DAYS} days: {records} records, {requests} requests, {cuts} power cuts, "
            f"{kills} senders killed; 0 lost, 0 doubled"
        )


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
        command = [*SYNC_ONCE, "--config", str(config), "--outbox", str(box.outbox.folder)]
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
