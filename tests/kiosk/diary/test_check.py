"""Checking follows the chain through everything, and says where it is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.diary import check, journal, months
from tests.kiosk.diary.diary_script import add, compact, image_of, opened
from tests.kiosk.diary.simulated_disk import ROOT, Image, SimulatedDisk


def diary() -> SimulatedDisk:
    """Three months; the second has two generations."""
    disk = SimulatedDisk()
    writer = opened(disk)
    for month in ("2026-10", "2026-11", "2027-02"):
        for value in range(3):
            add(writer, month, "entries", [{"envelope": {"id": f"{month} {value}"}, "pain": value}])
        if month == "2026-11":
            compact(writer)
            add(writer, month, "entries", [{"envelope": {"id": "after"}, "pain": 9}])
    writer.close()
    return disk


def path(month: str, generation: int = 1, suffix: str = journal.LINES) -> str:
    return str(ROOT / "journal" / month / f"{generation:04}{suffix}")


def examined(image: Image) -> check.Report:
    return check.examine(ROOT, SimulatedDisk(image))


def test_a_whole_diary_has_one_chain_through_months_and_generations() -> None:
    disk = diary()
    report = check.examine(ROOT, disk)
    assert report.whole
    assert [(file.month, file.generation, file.lines) for file in report.files] == [
        ("2026-10", 1, 4), ("2026-11", 1, 4), ("2026-11", 2, 3), ("2027-02", 1, 4),
    ]  # fmt: skip
    assert report.count == sum(file.lines for file in report.files) == 15
    assert (report.head, report.count) == (
        report.files[-1].head,
        months.Reader(ROOT, 2, journal.AS_JSON, disk).link().n,
    )


def test_nothing_is_changed_by_checking() -> None:
    disk = diary()
    before, operations = image_of(disk), disk.operations
    check.examine(ROOT, disk)
    assert (image_of(disk), disk.operations) == (before, operations)


@pytest.mark.parametrize("which", range(4))
def test_a_file_that_is_exchanged_for_another_valid_one_breaks_the_chain(which: int) -> None:
    disk = diary()
    image = image_of(disk)
    other = SimulatedDisk()
    writer = opened(other)
    for month in ("2026-10", "2026-11", "2027-02"):
        for value in range(3):
            add(writer, month, "entries", [{"envelope": {"id": f"{month} {value}"}, "pain": value + 1}])
        if month == "2026-11":
            compact(writer)
            add(writer, month, "entries", [{"envelope": {"id": "after"}, "pain": 9}])
    writer.close()
    names = [path("2026-10"), path("2026-11"), path("2026-11", 2), path("2027-02")]
    forged = image_of(other)
    for name in (names[which], names[which].replace(journal.LINES, journal.COPY)):
        image[name] = forged[name]
    report = examined(image)
    assert not report.whole
    assert (report.head, report.count) == ("", 0)


def test_a_flipped_bit_is_said_and_does_not_matter() -> None:
    image = image_of(diary())
    content = bytearray(image[path("2026-10")] or b"")
    content[200] ^= 4
    report = examined({**image, path("2026-10"): bytes(content)})
    assert report.whole
    assert [(file.month, file.state) for file in report.files if file.state != "whole"] == [
        ("2026-10", "mended")
    ]


@pytest.mark.parametrize("month", ["2026-10", "2026-11"])
def test_a_past_month_without_its_end_or_gone_is_said(month: str) -> None:
    image = image_of(diary())
    newest = 2 if month == "2026-11" else 1
    content = image[path(month, newest)] or b""
    shorter = content[: content[:-1].rindex(b"\n") + 1]
    cut = {**image, path(month, newest): shorter, path(month, newest, journal.COPY): shorter}
    assert [file.month for file in examined(cut).damaged] == [month]
    gone = {name: part for name, part in image.items() if f"/{month}" not in name}
    assert not examined(gone).whole


def test_what_was_put_aside_is_counted() -> None:
    image = image_of(diary())
    name = path("2027-02")
    content = (image[name] or b"").rstrip(b"\0")
    disk = SimulatedDisk({**image, name: content + b'{"h":"01' + bytes(100)})
    opened(disk).close()
    assert check.examine(ROOT, disk).quarantined == 1


WRITER = """
import sys
from pathlib import Path
from kiosk.diary import months
from kiosk.diary.files import Files
from kiosk.diary.journal import encode

class Hasty(Files):
    '''Readers beside it see what was written, flushed or not.'''
    def flush_data(self, descriptor):
        if n % 25 == 0:
            super().flush_data(descriptor)

n = 0
writer = months.Writer(Path(sys.argv[1]), Hasty(), chunk_bytes=8192)
while True:
    month = f"{2026 + n // 2400}-{n // 200 % 12 + 1:02}"
    writer.add(month, "entries", [encode({"envelope": {"id": str(n)}, "record": {"text": "x" * (n % 900)}})])
    n += 1
    if n % 5 == 0:
        writer.replace(month, "entries", str(n - 1), encode({"envelope": {"id": str(n - 1)}}))
    if n % 7 == 0:
        writer.seal()
    if n == 1:
        print("begun", flush=True)
"""


@pytest.mark.timeout(300)
def test_beside_a_writer_that_never_rests_a_check_never_raises_a_false_alarm(
    tmp_path: Path, soak: bool
) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "meta.json").write_text('{"kind":"rehearsal","version":2,"box_id":"b","created":""}')
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=environment
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begun\n"
            counts: list[int] = []
            checks = 500 if soak else 40
            while len(counts) < checks or counts[-1] <= counts[0] + checks:
                report = check.examine(tmp_path)
                assert report.whole, report.damaged
                counts.append(report.count)
            said = subprocess.run(
                [sys.executable, "-m", "kiosk", "check", "--json", "--data", str(tmp_path)],
                capture_output=True, check=True, env=environment,
            )  # fmt: skip
            assert writer.poll() is None
        finally:
            writer.kill()
    assert counts == sorted(counts)
    assert json.loads(said.stdout)["count"] >= counts[-1]
    print(f"{len(counts)} checks beside {counts[-1] - counts[0]} changes")
