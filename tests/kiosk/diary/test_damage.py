"""What a worn card does to the diary is put right, or said: never read as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.diary import chain, check, journal, manifest, months
from kiosk.diary.journal import JournalDamaged
from tests.kiosk.diary.diary_script import State, add, image_of, opened, read, replace
from tests.kiosk.diary.simulated_disk import ROOT, Image, SimulatedDisk

SECTOR = 512
NEWEST = "2026-11"


def small_diary(sealed: bool) -> tuple[Image, State]:
    """Two months of short entries; closed, or its power cut right after the last acknowledged one."""
    disk = SimulatedDisk()
    writer = months.Writer(ROOT, disk, 64)
    for month in ("2026-10", NEWEST):
        for value in range(1 + (month == NEWEST)):
            add(writer, month, "entries", [{"envelope": {"id": f"{value}"}, "pain": value, "ä": "J*"}])
    state = read(disk)
    if sealed:
        writer.close()
    return image_of(disk), state


def flipped(image: Image, name: str, bit: int) -> Image:
    content = bytearray(image[name] or b"")
    content[bit // 8] ^= 1 << bit % 8
    return {**image, name: bytes(content)}


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "not_sealed_yet"])
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("each_content_is_followed_once")
def test_every_flipped_bit_is_put_right(sealed: bool, soak: bool) -> None:
    image, state = small_diary(sealed)
    names = [name for name, content in image.items() if content and (sealed or NEWEST in name)]
    trials = 0
    for name in names:
        content = image[name] or b""
        for bit in range(8 * len(content)):
            trials += 1
            damaged = flipped(image, name, bit)
            assert read(SimulatedDisk(damaged)) == state, (name, bit)
            if not soak and trials % 13:
                continue
            disk = SimulatedDisk(damaged)
            opened(disk).close()
            assert read(disk) == state, (name, bit)
            if name.endswith(f"{NEWEST}/0001.jsonl") and content[bit // 8]:
                healed = image_of(disk)[name].rstrip(b"\0")
                assert healed == content.rstrip(b"\0"), (name, bit)
    print(f"{trials} flipped bits")
    assert trials == 8 * sum(len(image[name] or b"") for name in names) > 3000


def test_a_flipped_bit_in_a_line_of_any_content_is_put_right() -> None:
    chance = random.Random(1)
    for _ in range(60):
        head, content = chain.GENESIS, b""
        for n in range(3):
            text = "".join(chance.choice('J*\n"\\{}äЖ€ a0') for _ in range(chance.randint(0, 90)))
            line, head = chain.line(head, journal.encode({"n": n, "t": text}))
            content += line
        for bit in chance.sample(range(8 * len(content)), 12):
            damaged = bytearray(content + bytes(200))
            damaged[bit // 8] ^= 1 << bit % 8
            reading = chain.read(bytes(damaged))
            assert (reading.content[: reading.end], reading.head) == (content, head)
            assert len(reading.mended) == 1


def test_once_sealed_a_lost_sector_is_put_right_from_the_copy_and_kept_to_look_at() -> None:
    image, state = small_diary(sealed=True)
    chance = random.Random(2)
    trials = 0
    for name in [name for name in image if name.endswith((".jsonl", ".copy"))]:
        content = image[name] or b""
        for start in range(0, len(content), SECTOR // 4):
            for rubbish in (bytes(SECTOR), b"\xff" * SECTOR, chance.randbytes(SECTOR)):
                part = rubbish[: len(content) - start]
                damaged = {**image, name: content[:start] + part + content[start + SECTOR :]}
                assert read(SimulatedDisk(damaged)) == state
                disk = SimulatedDisk(damaged)
                opened(disk).close()
                assert read(disk) == state
                # The other one may now be lost in its turn.
                twin = name.replace(".jsonl", ".?").replace(".copy", ".jsonl").replace(".?", ".copy")
                after = image_of(disk)
                if "2026-11" in name:
                    disk = SimulatedDisk({**after, twin: b"\xff" * len(after[twin] or b"")})
                    opened(disk).close()
                    assert read(disk) == state
                kept = [path for path in image_of(disk) if f"{journal.QUARANTINE}/" in path]
                assert kept or "2026-10" in name or name.endswith(".copy") or not part.strip(b"\0")
                trials += 1
    print(f"{trials} lost sectors")


@pytest.mark.parametrize("month", ["2026-10", NEWEST])
def test_zeros_where_lines_were_are_no_end_while_the_copy_has_them(month: str) -> None:
    image, state = small_diary(sealed=True)
    name = str(ROOT / f"journal/{month}/0001.jsonl")
    content = image[name] or b""
    ends = [0, *(place + 1 for place, byte in enumerate(content) if byte == ord("\n"))]
    assert len(ends) in (3, 4)
    for end in ends:
        for manifest_too in (False, True):
            lost = {**image, name: content[:end] + bytes(len(content) - end)}
            if manifest_too:
                del lost[str(ROOT / "journal" / manifest.MANIFEST)]
            assert read(SimulatedDisk(lost)) == state, end
            disk = SimulatedDisk(lost)
            opened(disk).close()
            assert read(disk) == state, end


def test_damage_to_both_is_refused_in_words_and_left_alone() -> None:
    image, _ = small_diary(sealed=True)
    name = str(ROOT / "journal/2026-11/0001.jsonl")
    content = image[name] or b""
    at = content.index(b'"pain":0')
    damaged = content[:at] + b"!!!!!!!!" + content[at + 8 :]
    copy = name.replace(".jsonl", ".copy")
    disk = SimulatedDisk({**image, name: damaged, copy: damaged.rstrip(b"\0")})
    with pytest.raises(JournalDamaged) as caught:
        opened(disk)
    assert "damaged in the middle" in caught.value.sentence
    assert "0 records before the damage can still be read" in caught.value.sentence
    with pytest.raises(JournalDamaged):
        read(disk)
    assert image_of(disk)[name] == damaged


def test_what_a_power_cut_left_half_is_kept_to_look_at() -> None:
    image, state = small_diary(sealed=True)
    name = str(ROOT / "journal/2026-11/0001.jsonl")
    content = (image[name] or b"").rstrip(b"\0")
    half = b'{"h":"0123'
    disk = SimulatedDisk({**image, name: content + half + bytes(300)})
    writer = opened(disk)
    assert read(disk) == state
    kept = [part for path, part in image_of(disk).items() if f"{journal.QUARANTINE}/" in path and part]
    assert kept == [half]
    assert image_of(disk)[name] == content + bytes(300 + len(half))
    writer.close()


def test_a_past_month_that_lost_its_end_is_said(tmp_path: Path) -> None:
    image, _ = small_diary(sealed=True)
    name = str(ROOT / "journal/2026-10/0001.jsonl")
    content = image[name] or b""
    shorter = content[: content[:-1].rindex(b"\n") + 1]
    image = {**image, name: shorter, name.replace(".jsonl", ".copy"): shorter}
    with pytest.raises(JournalDamaged, match="lost its end"):
        read(SimulatedDisk(image))


@pytest.mark.parametrize("how", ["taken away", "exchanged"])
def test_a_month_that_does_not_follow_is_said_by_whoever_reads_the_past(how: str) -> None:
    image = three_months()
    other = SimulatedDisk()
    writer = opened(other)
    add(writer, "2026-10", "entries", [{"envelope": {"id": "2026-10"}, "pain": 3}])
    add(writer, "2026-11", "entries", [{"envelope": {"id": "x"}}])
    writer.close()
    for name in [name for name in image if "/2026-10" in name]:
        if how == "taken away":
            del image[name]
        else:
            image[name] = image_of(other)[name]
    if how == "exchanged":
        del image[str(ROOT / "journal" / manifest.MANIFEST)]
    with pytest.raises(
        JournalDamaged, match="2026-10 is missing" if how == "taken away" else "does not follow"
    ):
        read(SimulatedDisk(image))


@pytest.mark.parametrize("forgets", [False, True])
def test_who_reads_the_newest_first_misses_a_month_that_nothing_else_names(forgets: bool) -> None:
    image = without(three_months(), "2026-10")
    del image[str(ROOT / "journal" / manifest.MANIFEST)]
    reader = months.Reader(ROOT, 2, journal.AS_JSON, SimulatedDisk(image))
    assert reader.months() == ["2026-09", NEWEST]
    assert reader.tables(NEWEST, True)
    if forgets:
        reader.forget(NEWEST)
    for _ in range(2):
        with pytest.raises(JournalDamaged, match=f"diary of {NEWEST} does not follow that of 2026-09"):
            reader.tables("2026-09", False)
    whole = months.Reader(ROOT, 2, journal.AS_JSON, SimulatedDisk(three_months()))
    for month in reversed(whole.months()):
        assert whole.tables(month, month == NEWEST)
        if forgets:
            whole.forget(month)


@pytest.mark.parametrize("lost", ["2026-09", "2026-10"])
def test_a_month_that_is_gone_is_named_and_those_around_it_can_be_read(lost: str) -> None:
    image = without(three_months(), lost)
    reader = months.Reader(ROOT, 2, journal.AS_JSON, SimulatedDisk(image))
    assert reader.months() == ["2026-09", "2026-10", NEWEST]
    with pytest.raises(JournalDamaged, match=f"{lost} is missing"):
        reader.tables(lost, False)
    for month in {"2026-09", "2026-10", NEWEST} - {lost}:
        assert reader.tables(month, month == NEWEST)
    report = check.examine(ROOT, SimulatedDisk(image))
    assert [(file.month, file.detail) for file in report.damaged] == [(lost, "it is missing")]


def test_a_month_of_which_only_a_quarantined_piece_is_left_is_missed() -> None:
    """Nobody knows of it but the month after it."""
    image = without(three_months(), "2026-10")
    del image[str(ROOT / "journal" / manifest.MANIFEST)]
    folder = str(ROOT / "journal" / "2026-10")
    image |= {folder: None, f"{folder}/quarantine": None, f"{folder}/quarantine/0-ab": b"a piece"}
    with pytest.raises(JournalDamaged, match=f"{NEWEST} does not follow"):
        read(SimulatedDisk(image))


@pytest.mark.parametrize(
    "lost", [["2026-09"], ["2026-09", "2026-10"]], ids=["the first", "all but the newest"]
)
def test_a_first_month_that_is_gone_is_said_also_where_nothing_else_names_it(lost: list[str]) -> None:
    image = without(three_months(), *lost)
    del image[str(ROOT / "journal" / manifest.MANIFEST)]
    with pytest.raises(JournalDamaged, match="does not follow"):
        read(SimulatedDisk(image))
    if len(lost) == 2:
        with pytest.raises(JournalDamaged, match="does not follow"):
            opened(SimulatedDisk(image))
    assert not check.examine(ROOT, SimulatedDisk(image)).whole


def three_months() -> Image:
    disk = SimulatedDisk()
    writer = opened(disk)
    for month in ("2026-09", "2026-10", NEWEST):
        add(writer, month, "entries", [{"envelope": {"id": month}}])
    writer.close()
    return image_of(disk)


def without(image: Image, *lost: str) -> Image:
    return {
        name: content for name, content in image.items() if not any(f"/{month}" in name for month in lost)
    }


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
@pytest.mark.parametrize("lost", [[NEWEST], ["2026-10", NEWEST]], ids=["the newest", "all"])
def test_months_that_were_lost_at_the_end_are_said_and_nothing_is_begun_in_their_place(
    lost: list[str], left: str
) -> None:
    image, _ = small_diary(sealed=True)
    for name in [name for name in image if any(f"/{month}" in name for month in lost)]:
        if left == "nothing" or image[name] is not None:
            del image[name]
    disk = SimulatedDisk(image)
    with pytest.raises(JournalDamaged, match="went on after 2026-10, and that part is missing"):
        opened(disk)
    assert image_of(disk) == image
    report = check.examine(ROOT, disk)
    assert not report.whole
    assert {file.detail for file in report.damaged} == {"it is missing"}
    said = [*(["2026-10"] if len(lost) == 2 else []), "2026-11/.."]
    assert [file.month for file in report.damaged] == said
    reader = months.Reader(ROOT, 2, journal.AS_JSON, disk)
    assert reader.months()[-len(said) :] == said
    with pytest.raises(JournalDamaged, match="went on after 2026-10, and that part is missing"):
        reader.tables(said[-1], True)
    with pytest.raises(JournalDamaged, match="that part is missing"):
        reader.link()


def test_a_manifest_that_is_lost_is_made_anew() -> None:
    image, state = small_diary(sealed=True)
    name = str(ROOT / "journal" / manifest.MANIFEST)
    whole = image.pop(name)
    disk = SimulatedDisk(image)
    opened(disk).close()
    assert image_of(disk)[name] == whole
    assert read(disk) == state


def test_a_month_is_sealed_as_soon_as_the_next_one_begins() -> None:
    disk = SimulatedDisk()
    writer = opened(disk)
    add(writer, "2026-10", "entries", [{"envelope": {"id": "1"}}])
    end = writer.link
    assert manifest.load(ROOT / "journal", disk) == {}
    add(writer, "2026-12", "entries", [{"envelope": {"id": "2"}}])
    (sealed,) = manifest.load(ROOT / "journal", disk).values()
    assert (sealed.month, sealed.link) == ("2026-10", end)
    assert len(disk.read(ROOT / "journal/2026-10/0001.jsonl")) == sealed.bytes
    assert months.first_line(ROOT / "journal/2026-12", disk).follows == end


def test_a_past_month_that_was_left_unsealed_begins_no_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SimulatedDisk()
    writer = opened(disk)
    for month in ("2026-10", "2026-11"):
        for value in range(30):
            replace(writer, month, "entries", "1", {"envelope": {"id": "1"}, "pain": value})
    writer.close()
    monkeypatch.setattr(journal, "WASTE_BYTES", 100)
    image = image_of(disk)
    del image[str(ROOT / "journal" / manifest.MANIFEST)]
    disk = SimulatedDisk(image)
    opened(disk).close()
    assert journal.generations(ROOT / "journal/2026-10", disk) == [1]
    assert journal.generations(ROOT / "journal/2026-11", disk) == [1, 2]
    assert list(manifest.load(ROOT / "journal", disk)) == ["2026-10"]
    assert check.examine(ROOT, disk).whole


KILLER = """
import json, os, random, signal, sys
from pathlib import Path
from kiosk.diary import months
from kiosk.diary.journal import AS_JSON, encode

def write(folder, out):
    writer = months.Writer(folder, chunk_bytes=4096)
    rows = read(folder)
    n = len(rows)
    while True:
        month = f"{2026 + n // 600}-{n // 50 % 12 + 1:02}"
        writer.add(month, "entries", [encode({"envelope": {"id": str(n)}})])
        os.write(out, b"%d\\n" % n)
        n += 1
        if n % 7 == 0:
            writer.seal()

def read(folder):
    reader = months.Reader(folder, 2, AS_JSON)
    known = reader.months()
    tables = [reader.tables(month, month == known[-1]) for month in known]
    return [json.loads(bytes(row)) for table in tables for row in table.get("entries", {}).values()]

folder, rounds, chance = Path(sys.argv[1]), int(sys.argv[2]), random.Random(7)
(folder / "journal").mkdir()
acknowledged = 0
for _ in range(rounds):
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        write(folder, theirs)
    os.close(theirs)
    with os.fdopen(ours) as answers:
        for _ in range(chance.randint(1, 20)):
            acknowledged = int(answers.readline()) + 1
        os.kill(child, signal.SIGKILL)
        for line in answers:
            acknowledged = int(line) + 1
    os.waitpid(child, 0)
    ids = [int(row["envelope"]["id"]) for row in read(folder)]
    assert ids == list(range(len(ids))), ids
    assert len(ids) in (acknowledged, acknowledged + 1), (len(ids), acknowledged)
months.Writer(folder).close()
print(acknowledged)
"""


@pytest.mark.timeout(300)
def test_a_writer_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path: Path, soak: bool) -> None:
    kills = 200 if soak else 20
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path), str(kills)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert done.returncode == 0, done.stderr
    print(f"{kills} × kill -9, {done.stdout.strip()} entries acknowledged")
    found = json.loads((tmp_path / "journal" / manifest.MANIFEST).read_bytes())
    assert len(found["months"]) == len(months.months_of(tmp_path)) - 1
