"""Killed three times in a row at a real terminal: the fourth start is in safe mode, with a way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.whole_visits.terminal import Terminal, kiosk

pytestmark = pytest.mark.timeout(120)


def guards_of(terminal: Terminal) -> list[int]:
    """Guards and simulators that this kiosk has started."""
    children = Path(f"/proc/{terminal.child.pid}/task/{terminal.child.pid}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, command in commands.items() if b"drivers.guard" in command or b"simulate" in command]


def kill_once_it_shows(terminal: Terminal) -> None:
    terminal.wait_for("homestim")
    terminal.child.kill()
    terminal.child.wait(10)


def test_kill_9_thrice_then_look_then_therapy_again(tmp_path: Path) -> None:
    for _ in range(3):
        with kiosk(tmp_path) as killed:
            kill_once_it_shows(killed)
    with kiosk(tmp_path) as box:
        box.wait_for("There is no therapy now.")
        box.wait_for("safe mode: no therapy")
        assert guards_of(box) == [], "neither guard nor simulator is even started"
        box.press("7")
        box.wait_for("Leave safe mode", within_s=60)
        assert guards_of(box) == []
        box.press("1")
        box.wait_for("device ready")
        assert guards_of(box)
        box.press("ctrl+c")
        box.send(b"\x03")
        assert box.wait_for_end() == 0
    found = json.loads((tmp_path / "data" / "starts.json").read_text())
    assert found == {"safe": False, "running": None, "crashes": []}


def test_safe_mode_in_plain_lines(tmp_path: Path) -> None:
    with kiosk(tmp_path, "--plain") as killed:
        kill_once_it_shows(killed)
    (tmp_path / "data" / "starts.json").write_text('{"safe": true, "running": null, "crashes": []}')
    with kiosk(tmp_path, "--plain") as box:
        box.wait_for("7 Check the box")
        assert guards_of(box) == []
