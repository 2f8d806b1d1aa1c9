"""The kiosk's way to a stick or to paper: another process, what became of it, and its end."""

from __future__ import annotations

import asyncio
import io
import json
import os
from pathlib import Path

import msgspec
import pytest
from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError

from kiosk.clock import FixedClock
from kiosk.diary.records import Entry
from kiosk.export import child
from kiosk.export.child import question, send_in_child
from kiosk.export.outgoing import FORMATS, NotSent, Outgoing, Result, Sent
from kiosk.export.printer import find_printer
from kiosk.export.sealed import new_password
from tests.kiosk.export.diaries import NOW, at, diary

NAMES = ("report.pdf", "report.html", "diary.csv", "diary-fhir.json")
PASSWORD = "4FK2X-9H7QZ-M3T0P-8WVYC"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    diary(tmp_path / "d", (at(3), Entry(moment="daily", pain_rest=3, note="=1+1 </script>")))
    return tmp_path / "d"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def send(folder: Path, formats: tuple[str, ...] = FORMATS, language: str = "de", **where: str) -> Result:
    asked = question(folder, FixedClock(NOW), language, formats, **where)  # type: ignore[arg-type]
    return asyncio.run(send_in_child(asked))


def programs(place: Path, **scripts: str) -> None:
    """Stand-ins for the programs of CUPS, which no test may ask to print."""
    for name, script in scripts.items():
        path = place / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


# ── a stick ──


def test_everything_is_on_the_stick_in_the_language_of_the_screen(folder: Path, stick: Path) -> None:
    sent = send(folder, stick=str(stick))
    assert sent == Sent("homestim-20261102-1830", NAMES)
    there = {path.name: path.read_bytes() for path in (stick / "homestim-20261102-1830").iterdir()}
    assert set(there) == set(NAMES)
    assert b'<html lang="de">' in there["report.html"]
    assert b";" in there["diary.csv"]
    assert json.loads(there["diary-fhir.json"])["resourceType"] == "Bundle"
    assert len(PdfReader(io.BytesIO(there["report.pdf"])).pages) == 1


def test_behind_a_password_it_is_one_pdf_with_everything_in_it(folder: Path, stick: Path) -> None:
    plain, locked = send(folder, stick=str(stick)), send(folder, stick=str(stick), password=PASSWORD)
    assert isinstance(plain, Sent)
    assert isinstance(locked, Sent)
    assert locked.names == ("report.pdf",)
    content = (stick / locked.where / "report.pdf").read_bytes()
    reader = PdfReader(io.BytesIO(content))
    with pytest.raises(FileNotDecryptedError):
        _ = reader.pages[0]
    assert not reader.decrypt("4FK2X")
    assert reader.decrypt(PASSWORD)
    assert len(reader.pages) == 1
    for name in NAMES[1:]:
        assert reader.attachments[name] == [(stick / plain.where / name).read_bytes()]
        assert name.encode() not in content
    assert b"</script>" not in content
    assert content.startswith(b"%PDF-2.0"), "AES-256 belongs to PDF 2.0"


def test_a_password_is_long_and_another_one_each_time() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert {len(one) for one in made} == {len(PASSWORD)}
    assert not set("".join(made)) & set("ILOUilo")


def test_what_is_behind_a_password_has_its_page_always() -> None:
    assert Outgoing(report=False, table=True).formats == ("csv",)
    assert Outgoing(report=False, table=True, locked=True).formats == ("pdf", "csv")
    assert Outgoing(report=False).formats == ()


def test_what_went_wrong_is_told(folder: Path, stick: Path, tmp_path: Path) -> None:
    gone = send(folder, stick=str(tmp_path / "no stick"))
    assert isinstance(gone, NotSent)
    assert gone.why == "gone"
    unreadable = send(tmp_path / "no diary", stick=str(stick))
    assert isinstance(unreadable, NotSent)
    assert (unreadable.why, "no diary" in unreadable.sentence) == ("diary", True)
    assert not list(stick.iterdir())


def test_a_child_that_nobody_waits_for_is_ended(
    folder: Path, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nice` itself stands in for a child that never comes to its end; the pipe is closed by its death."""
    pipe = tmp_path / "alive"
    os.mkfifo(pipe)
    watched = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    programs(tmp_path, slow=f"exec 3>{pipe}; echo >&3; exec sleep 600")
    monkeypatch.setattr(child, "NICENESS", (str(tmp_path / "slow"),))

    async def give_up() -> None:
        begun = asyncio.Event()
        asyncio.get_running_loop().add_reader(watched, begun.set)
        task = asyncio.create_task(
            send_in_child(question(folder, FixedClock(NOW), "en", FORMATS, stick=str(stick)))
        )
        await begun.wait()
        asyncio.get_running_loop().remove_reader(watched)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(give_up())
        assert os.read(watched, 10) == b"\n"
        assert os.read(watched, 10) == b"", "its end of the pipe is closed: it has ended"
    finally:
        os.close(watched)


# ── paper ──


def test_the_page_goes_to_the_printer(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, lp=f'echo "$@" > {tmp_path}/asked; cat > {tmp_path}/printed.pdf')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert send(folder, ("pdf",), printer="Office") == Sent("Office", ("report.pdf",))
    assert "-d Office" in (tmp_path / "asked").read_text()
    assert len(PdfReader(tmp_path / "printed.pdf").pages) == 1
    programs(tmp_path, lp="echo lp: out of paper >&2; exit 1")
    refused = send(folder, ("pdf",), printer="Office")
    assert isinstance(refused, NotSent)
    assert (refused.why, "out of paper" in refused.sentence) == ("printer", True)


@pytest.mark.parametrize(
    ("says", "found"),
    [
        ("[ $1 = -d ] && echo 'system default destination: Office'", "Office"),
        ("[ $1 = -d ] && echo 'no system default destination' || echo 'Attic\nOffice'", "Attic"),
        ("[ $1 = -d ] && echo 'Standardziel: Office/draft'", "Office/draft"),
        ("true", ""),
        ("echo 'lpstat: scheduler is not running' >&2; exit 1", ""),
    ],
)
def test_a_printer_is_found_by_asking(
    says: str, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path, lpstat=says)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert find_printer() == found


def test_without_cups_there_is_no_printer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_printer() == ""


def test_question_and_answer_go_through_json() -> None:
    for result in (Sent("x", NAMES), NotSent("full", "y")):
        assert msgspec.json.decode(msgspec.json.encode(result), type=Sent | NotSent) == result
