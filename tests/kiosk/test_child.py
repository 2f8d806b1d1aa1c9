"""Programs that the kiosk asks: what they answer, whose code they run, and that they can be given up."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drivers import same_code
from kiosk import child
from kiosk.access.pins import SCRYPT_N, SCRYPT_P, SCRYPT_R, scrypt_in_child
from kiosk.clock import SystemClock
from kiosk.diary.settings_file import PinHash
from kiosk.errors import KioskError
from kiosk.export.child import question, send_in_child
from kiosk.export.outgoing import NotSent
from kiosk.ops.box_check import check_box
from kiosk.review.child import family_view_in_child, found_in_child

ROOT = Path(__file__).parents[2]
TALKATIVE = """
import fcntl, os, sys
sys.stdin.read()
open(sys.argv[1], "w").close()
open(sys.argv[2]).close()
os.write(1, bytes(fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)))
open(sys.argv[1], "w").close()
sys.stdin = open(sys.argv[2])
"""
"""Says that it was asked, fills its pipe to the brim when it may, and says so."""
STARTS_PYTHON = {"drivers/same_code.py", "kiosk/access/pins.py", "kiosk/ops/stop_output.py"}
"""For all others; and two whose program needs no module of ours."""


async def test_it_says_what_it_was_asked_and_how_it_ended() -> None:
    code = "import sys; print(sys.stdin.read().upper()); sys.exit('no')"
    assert await child.ask((sys.executable, "-c", code), b"well?") == (1, b"WELL?\n", b"no\n")


async def test_a_program_is_given_up_in_the_middle_of_its_answer(tmp_path: Path) -> None:
    """asyncio pauses a pipe that nobody reads, and then hears neither its end nor its program's."""
    says, may = tmp_path / "says", tmp_path / "may"
    os.mkfifo(says)
    os.mkfifo(may)
    asking = asyncio.create_task(child.ask((sys.executable, "-c", TALKATIVE, str(says), str(may))))
    await asyncio.to_thread(says.read_bytes)
    may.write_bytes(b"")
    says.read_bytes()  # on the loop, so that nothing is read of the answer meanwhile
    asking.cancel()
    await asyncio.wait({asking}, timeout=20)
    assert asking.cancelled()


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that can start no other program."""

    async def none(*_command: str, **_how: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(asyncio, "create_subprocess_exec", none)


@pytest.mark.usefixtures("full")
async def test_a_program_that_cannot_be_started_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    clock, pin = SystemClock(), PinHash(salt="00", hash="", n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    for asking in (
        child.ask((sys.executable, "-V")),
        family_view_in_child(tmp_path, clock),
        found_in_child(tmp_path, clock, "back", "en"),
        scrypt_in_child("1234", pin),
    ):
        with pytest.raises(KioskError, match="cannot start another program"):
            await asking


@pytest.mark.usefixtures("full")
async def test_who_never_raises_says_that_no_program_could_be_started(tmp_path: Path) -> None:
    checked = await check_box(tmp_path, None, "en", harmless=True)
    assert "did not come to its end" in checked.sentence
    sent = await send_in_child(question(tmp_path, SystemClock(), "en", ("csv",), stick="/nowhere"))
    assert isinstance(sent, NotSent)
    assert (sent.why, "cannot start another program" in sent.sentence) == ("unknown", True)


def test_what_lies_in_the_working_folder_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "kiosk.py").write_text("raise SystemExit(77)")
    command, environment = same_code.python("kiosk", "--version"), same_code.environment()
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    command.remove("-P")
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 77, "nothing would have been run without it"


def test_there_is_one_way_to_start_python_with_our_code() -> None:
    starts = {
        str(path.relative_to(ROOT))
        for package in ("kiosk", "drivers")
        for path in (ROOT / package).rglob("*.py")
        if "sys.executable" in path.read_text(encoding="utf-8")
    }
    assert starts == STARTS_PYTHON
