"""Whenever the plug is pulled, everything that was acknowledged is there, and nothing half."""

from __future__ import annotations

import contextlib
import errno
import os
import random

import pytest

from kiosk.diary import journal, months
from kiosk.diary.journal import JournalFailed
from tests.kiosk.diary.diary_script import Script, State, add, check, image_of, opened, read
from tests.kiosk.diary.simulated_disk import SECTOR_BYTES, Fault, Image, SimulatedDisk

STEPS = 8
pytestmark = pytest.mark.usefixtures("each_content_is_followed_once")
MOST_OUTCOMES = 48
"""Of one moment: all of them up to here, a choice beyond."""


def power_cuts(seed: int) -> list[tuple[Image, list[State]]]:
    """Every disk that a power cut leaves, before each of the operations of a made-up diary, and the states it
    may hold: the last acknowledged one, or the one that was just being written."""
    script, chance = Script(seed, STEPS), random.Random(seed)
    left: list[tuple[Image, list[State]]] = []
    done = 0

    def cut(disk: SimulatedDisk, _: str = "") -> None:
        allowed = script.states[done : done + 2]
        left.extend((image, allowed) for image in disk.outcomes(MOST_OUTCOMES, chance))

    disk = SimulatedDisk(fault=cut)
    writer = opened(disk)
    for _ in script.play(writer):
        done += 1
    writer.close()
    cut(disk)
    return left


def second_power_cuts(image: Image, chance: random.Random) -> list[Image]:
    """Every disk that one more power cut leaves while the writer is opening what the first one left."""
    left: list[Image] = []

    def cut(disk: SimulatedDisk, _: str = "") -> None:
        left.extend(disk.outcomes(8, chance))

    disk = SimulatedDisk(image, fault=cut)
    opened(disk).close()
    cut(disk)
    return left


def digest(image: Image) -> int:
    return hash(tuple(image.items()))


@pytest.mark.timeout(1200)
def test_no_power_cut_loses_or_mixes_anything(soak: bool) -> None:
    wanted = 50_000 if soak else 10_000
    seen: set[int] = set()
    for seed in range(10_000):
        for image, allowed in power_cuts(seed):
            if digest(image) not in seen:
                seen.add(digest(image))
                check(image, allowed, goes_on=soak or len(seen) % 5 == 0)
        if len(seen) >= wanted:
            break
    print(f"{len(seen)} distinct disks after a power cut, of {seed + 1} made-up diaries")
    assert len(seen) >= wanted


@pytest.mark.timeout(1200)
def test_no_power_cut_while_recovering_from_one_loses_or_mixes_anything(soak: bool) -> None:
    wanted = 40_000 if soak else 8_000
    seen: set[tuple[int, int]] = set()
    chance = random.Random(5)
    for seed in range(10_000):
        for image, allowed in power_cuts(1000 + seed):
            if chance.random() > 0.25:
                continue
            first = digest(image)
            for second in second_power_cuts(image, chance):
                if (first, digest(second)) not in seen:
                    seen.add((first, digest(second)))
                    check(second, allowed, goes_on=soak or len(seen) % 5 == 0)
            if len(seen) >= wanted:
                print(f"{len(seen)} distinct disks after a second power cut, of {seed + 1} made-up diaries")
                return
    pytest.fail(f"only {len(seen)}")


# ── a disk that refuses ──


class FailAt:
    """Refuses operation number `k`, and all later ones when `for_ever`."""

    def __init__(self, k: int, number: int, for_ever: bool) -> None:
        self._k, self._number, self._for_ever = k, number, for_ever

    def __call__(self, disk: SimulatedDisk, name: str) -> None:
        if disk.operations == self._k or (self._for_ever and disk.operations > self._k):
            raise OSError(self._number, os.strerror(self._number))


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for_ever"])
def test_after_any_error_nothing_more_is_written_and_nothing_is_lost(
    number: int, for_ever: bool, soak: bool
) -> None:
    trials = 0
    for seed in range(40 if soak else 2):
        script = Script(2000 + seed, STEPS)
        for k in range(1, 10_000):
            disk = SimulatedDisk(fault=FailAt(k, number, for_ever))
            done, writer, failed = 0, None, False
            try:
                writer = opened(disk)
                for _ in script.play(writer):
                    done += 1
                writer.close()
            except OSError:
                failed = True
            trials += 1
            if writer is not None and failed and done < len(script.steps) and begun_to_fail(writer):
                with pytest.raises(OSError):  # JournalFailed, or the disk's own again
                    add(writer, writer.newest, "entries", [{"envelope": {"id": "x"}}])
            check(image_of(disk), script.states[done : done + 2])
            for image in disk.outcomes(4, random.Random(k)):
                check(image, script.states[done : done + 2])
            if not failed:
                break
    print(f"{trials} failures of {os.strerror(number)}")


class LyingDisk(SimulatedDisk):
    """After a flush that failed it takes for written what is not: the next flush leaves it out."""

    def __init__(self, image: Image | None = None, *, fault: Fault | None = None) -> None:
        super().__init__(image, fault=fault)
        self._to_write: dict[int, set[int]] = {}

    def write_at(self, descriptor: int, content: bytes | memoryview, at: int) -> int:
        written = super().write_at(descriptor, content, at)
        sectors = range(at // SECTOR_BYTES, -(-(at + written) // SECTOR_BYTES))
        self._to_write.setdefault(id(self._open[descriptor]), set()).update(sectors)
        return written

    def flush_data(self, descriptor: int) -> None:
        content = self._open[descriptor]
        before, sectors = content.kept, self._to_write.pop(id(content), set())
        super().flush_data(descriptor)
        kept = bytearray(before[: len(content.live)].ljust(len(content.live), b"\0"))
        for at in (sector * SECTOR_BYTES for sector in sectors):
            kept[at : at + SECTOR_BYTES] = content.live[at : at + SECTOR_BYTES]
        content.kept = bytes(kept)


@pytest.mark.parametrize("again_after", [None, 0, 1, 2, 4], ids="fails_again_after_{}".format)
def test_opened_anew_after_any_error_it_takes_every_change_once_and_in_order(
    again_after: int | None, soak: bool
) -> None:
    """Each is tried until it is acknowledged; whatever the disk forgets then, all of it is there."""
    trials = 0
    for seed in range(40 if soak else 2):
        script = Script(4000 + seed, STEPS)
        for k in range(1, 10_000):
            bad = {k} if again_after is None else {k, k + 1 + again_after}

            def fail(disk: SimulatedDisk, _: str, bad: set[int] = bad) -> None:
                if disk.operations in bad:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))

            disk = LyingDisk(fault=fail)
            try:
                writer = opened(disk)
            except OSError:
                continue
            failures, done = 0, 0
            while done < len(script.steps):
                try:
                    if failures:
                        writer = writer.opened_anew()
                        failures, stands = 0, read(disk)
                        assert stands in script.states[done : done + 2]
                        done += stands == script.states[done + 1]
                        continue
                    script.steps[done](writer)
                    done += 1
                except OSError:
                    failures += 1
                    trials += 1
                    with contextlib.suppress(OSError):
                        writer.close()
                if not failures:
                    for image in disk.outcomes(4, random.Random(k)):
                        assert read(SimulatedDisk(image)) == script.states[done]
                        left = SimulatedDisk(image)
                        opened(left).close()
                        assert read(left) == script.states[done]
            if disk.operations < k:
                break
    print(f"{trials} failures")
    assert trials > 50


class KilledError(Exception):
    """The program ends here; what the system has in memory stays."""


@pytest.mark.parametrize("compacts", [False, True], ids=["", "compacts_at_every_opening"])
@pytest.mark.parametrize("error", [KilledError, OSError])
def test_whoever_opens_it_after_any_end_of_a_program_keeps_what_is_added_then(
    error: type[Exception], compacts: bool, soak: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name or a page that the next program sees need not be on the disk yet."""
    if compacts:
        monkeypatch.setattr(journal, "WASTE_BYTES", 0)
        monkeypatch.setattr(journal, "WASTE", 0)
    trials = 0
    for seed in range(40 if soak else 2):
        script = Script(5000 + seed, STEPS)
        for k in range(1, 10_000):

            def ends(disk: SimulatedDisk, _: str, k: int = k) -> None:
                if disk.operations == k:
                    raise error(errno.EIO, os.strerror(errno.EIO))

            disk, done = SimulatedDisk(fault=ends), 0
            while done < len(script.steps):
                try:
                    writer = opened(disk)
                    stands = read(disk)
                    assert stands in script.states[done : done + 2]
                    done += stands != script.states[done]
                    while done < len(script.steps):
                        script.steps[done](writer)
                        done += 1
                        for image in disk.outcomes(4, random.Random(k)):
                            assert read(SimulatedDisk(image)) == script.states[done]
                except error:
                    disk.lose_all_programs()
                    trials += 1
            if disk.operations < k:
                break
    print(f"{trials} programs ended")
    assert trials > 50


def begun_to_fail(writer: months.Writer) -> bool:
    try:
        writer.seal()
    except JournalFailed:
        return True
    except OSError:
        return True
    return False


@pytest.mark.parametrize("most", [1, 7, 600])
def test_a_disk_that_takes_less_than_it_was_given_gets_the_rest(most: int) -> None:
    script = Script(3000, STEPS)
    disk = SimulatedDisk()
    disk.most_written = most
    writer = opened(disk)
    for _ in script.play(writer):
        pass
    writer.close()
    check(image_of(disk), script.states[-1:])


def test_one_insert_is_one_flush() -> None:
    disk = SimulatedDisk()
    writer = opened(disk)
    add(writer, "2026-11", "entries", [{"envelope": {"id": "0"}}])
    for text in ("short", "x" * 5000, "y" * 20_000):
        before = disk.flushes, disk.operations
        add(writer, "2026-11", "entries", [{"envelope": {"id": "1"}, "text": text}])
        assert disk.flushes - before[0] == 1
    assert b"y" * 20_000 in read(disk)["2026-11"]["entries"]["4"]
