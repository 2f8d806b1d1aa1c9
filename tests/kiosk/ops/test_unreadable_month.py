"""A month that cannot be read takes nobody's view of the others, and everything says which one it is."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import cast

import msgspec
import pytest

from kiosk import today
from kiosk.access.attempts import Attempts
from kiosk.clock import FixedClock
from kiosk.diary.records import Consent, Entry
from kiosk.diary.store import DiaryDamaged, open_reader, open_store
from kiosk.errors import KioskError
from kiosk.events import FamilyLoaded, SentOut, TodayNotLoaded
from kiosk.export.command import report
from kiosk.export.outgoing import Format, Sent
from kiosk.ops.commands import check
from kiosk.ops.review import review
from kiosk.review.family import FamilyView, Found
from kiosk.review.reading import family_view
from kiosk.review.word_search import find
from tests.kiosk.rehearsal.folders import ENDS, rehearsed
from tests.kiosk.visit.family_album import FULL, opened
from tests.kiosk.visit.visit_bench import Walk

MONTH = "2026-09"
CLOCK = FixedClock(ENDS)
SENTENCE = f"{MONTH} cannot be read and is left out. All the rest is there. `homestim check` says more."
SAID = "Missing, because it cannot be read: September 2026."


def damaged(folder: Path, month: str = MONTH) -> Path:
    """Its file and its copy, each by a lost sector in the middle."""
    for file in (folder / "journal" / month).iterdir():
        content = bytearray(file.read_bytes())
        start = len(content.rstrip(b"\0")) // 2
        content[start : start + 512] = bytes(512)
        file.write_bytes(content)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return damaged(Path(shutil.copytree(rehearsed(26), tmp_path / "data")))


def test_therapy_rests_on_all_of_the_diary_or_on_none(folder: Path) -> None:
    for _ in range(2):
        with pytest.raises(DiaryDamaged, match=MONTH):
            today.read(open_reader(folder, CLOCK), CLOCK)


@pytest.mark.parametrize("kind", ["entries", "sessions", "access"])
def test_a_reader_in_parts_gives_every_other_month_and_names_the_one(folder: Path, kind: str) -> None:
    whole, reader = open_reader(rehearsed(26), CLOCK), open_reader(folder, CLOCK, in_parts=True)
    left = [one for one in whole.facts(kind) if f"{one.envelope.entry_time:%Y-%m}" != MONTH]
    assert list(reader.facts(kind)) == left
    assert reader.unreadable == (MONTH,)
    assert reader.head() == whole.head()
    assert open_reader(rehearsed(26), CLOCK, in_parts=True).unreadable == ()


def test_a_newest_month_that_cannot_be_read_leaves_those_before_it(tmp_path: Path) -> None:
    folder = damaged(Path(shutil.copytree(rehearsed(26), tmp_path / "newest")), "2026-11")
    reader = open_reader(folder, CLOCK, in_parts=True)
    assert reader.facts("entries")
    assert (reader.unreadable, reader.head()) == (("2026-11",), ("", 0))
    with pytest.raises(DiaryDamaged, match="2026-11"):
        report("pdf", tmp_path / "out.pdf", folder, CLOCK)
    assert (tmp_path / "out.pdf").stat().st_size > 1000


@pytest.fixture
def ended_early(tmp_path: Path) -> Path:
    """Its newest month is gone, whatever was in it; the manifest knows that it went on."""
    folder = Path(shutil.copytree(rehearsed(26), tmp_path / "early"))
    shutil.rmtree(folder / "journal" / "2026-11")
    return folder


LATER = "2026-11 and later cannot be read and is left out. All the rest is there. `homestim check` says more."


def test_whoever_looks_beside_the_kiosk_names_newest_months_that_are_gone(
    ended_early: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reader = open_reader(ended_early, CLOCK, in_parts=True)
    assert reader.facts("entries")
    assert (reader.unreadable, reader.head()) == (("2026-11/..",), ("", 0))
    with pytest.raises(DiaryDamaged) as raised:
        review(ended_early, as_json=True, clock=CLOCK)
    assert raised.value.sentence == LATER
    assert json.loads(capsys.readouterr().out)["unreadable"] == ["2026-11/.."]
    for format_, said in {
        "html": "Missing, because it cannot be read: from November 2026 on.",
        "csv": "2026-11 and later cannot be read",
        "fhir": "2026-11 and later cannot be read",
    }.items():
        with pytest.raises(DiaryDamaged) as raised:
            report(cast(Format, format_), tmp_path / "out", ended_early, CLOCK, language="en")
        assert raised.value.sentence == LATER
        assert said in (tmp_path / "out").read_text(encoding="utf-8")
    with pytest.raises(KioskError, match="damaged in 2026-11 and later"):
        check(ended_early, as_json=False)


@pytest.mark.parametrize("kind", ["locks", "prescriptions", "consents"])
def test_nobody_who_needs_the_last_word_takes_an_older_one_for_it(ended_early: Path, kind: str) -> None:
    reader = open_reader(ended_early, CLOCK)
    for asked in (reader.latest, reader.all):
        with pytest.raises(DiaryDamaged, match="went on after 2026-10"):
            asked(kind)


def test_the_review_shows_the_rest_and_ends_with_what_is_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DiaryDamaged) as raised:
        review(folder, as_json=False, clock=CLOCK)
    assert (raised.value.sentence, raised.value.exit_code) == (SENTENCE, 1)
    assert "Sessions:" in capsys.readouterr().out
    with pytest.raises(DiaryDamaged):
        review(folder, as_json=True, clock=CLOCK)
    document = json.loads(capsys.readouterr().out)
    assert (document["unreadable"], document["well"]) == ([MONTH], False)
    assert document["entries"]


@pytest.mark.parametrize("format_", ["pdf", "html", "csv", "fhir"])
def test_a_file_that_leaves_the_box_says_what_is_missing_in_it(
    folder: Path, tmp_path: Path, format_: Format
) -> None:
    out = tmp_path / f"out.{format_}"
    with pytest.raises(DiaryDamaged) as raised:
        report(format_, out, folder, CLOCK, language="en")
    assert raised.value.sentence == SENTENCE
    if format_ == "html":
        assert SAID in out.read_text(encoding="utf-8")
    elif format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"), newline="")))
        assert len(rows) > 100
        assert (rows[-1]["kind"], rows[-1]["note"]) == ("unreadable", f"{MONTH} cannot be read")
    elif format_ == "fhir":
        resources = [entry["resource"] for entry in json.loads(out.read_bytes())["entry"]]
        (missing,) = [one for one in resources if one["resourceType"] == "OperationOutcome"]
        assert missing["issue"][0]["diagnostics"] == f"{MONTH} cannot be read"
    else:
        assert out.read_bytes().startswith(b"%PDF")


def test_words_are_looked_for_in_the_rest(folder: Path) -> None:
    found = find(open_reader(folder, CLOCK, in_parts=True), "pain 2")
    assert found.unreadable == (MONTH,)


async def test_a_yes_counts_no_more_when_a_later_month_may_hold_a_no(tmp_path: Path) -> None:
    clock = FixedClock(ENDS.replace(month=8))
    for month in (8, 9, 10):
        clock.time = ENDS.replace(month=month)
        with open_store(tmp_path / "d", "simulated", clock) as store:
            if month == 8:
                await store.add(Consent(topic="family", given=True, who="patient"))
            for _ in range(40):
                await store.add(Entry(moment="daily", pain_rest=3))

    def view() -> FamilyView:
        return family_view(open_reader(tmp_path / "d", clock, in_parts=True), clock.now())

    assert view().allowed
    damaged(tmp_path / "d")
    assert (view().allowed, view().unreadable) == (False, (MONTH,))
    with open_store(tmp_path / "d", "simulated", clock) as store:
        await store.add(Consent(topic="family", given=True, who="patient"))
        assert await Attempts(store).wait_s("family") == 0, "and its PIN can be tried"
    assert view().allowed


# ── on the screen ──


def test_where_the_diary_cannot_be_read_whole_home_still_leads_to_what_can() -> None:
    walk = Walk()
    walk.hear(TodayNotLoaded("The diary of 2026-09 is damaged."))
    walk.press("3")
    assert walk.step == "look_back"
    walk.hear(FamilyLoaded(msgspec.structs.replace(FULL, unreadable=(MONTH,))))
    assert SAID in walk.words
    walk.press("0")
    assert walk.step == "home"
    walk.press("9")
    assert walk.step == "pin"


def test_the_familys_first_line_names_the_month() -> None:
    walk = opened(msgspec.structs.replace(FULL, alerts=(), unreadable=(MONTH,)))
    assert "Damaged: September 2026. The rest can be read" in walk.words
    walk.press("3")
    looking = msgspec.structs.replace(
        walk.visit.context.looking, looked_for="pain", found=Found("pain", unreadable=(MONTH,))
    )
    context = msgspec.structs.replace(walk.visit.context, looking=looking)
    walk.visit = msgspec.structs.replace(walk.visit, context=context)
    assert SAID in walk.words


def test_the_stick_is_told_what_is_not_on_it() -> None:
    walk = opened(FULL)
    walk.press("5")
    assert walk.step == "family_stick"
    walk.visit = msgspec.structs.replace(
        walk.visit, place=msgspec.structs.replace(walk.visit.place, step="family_writing")
    )
    walk.hear(SentOut(Sent("homestim-1", ("report.pdf",), (MONTH,))))
    assert SAID in walk.words
