"""A kiosk that is locked by its configuration, in a real terminal: nothing leaves it, nothing opens."""

from __future__ import annotations

import os
import signal
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.diary.records import Session
from kiosk.key_gate import QUIET_S
from tests.monkey.cage import LEFT_ALTERNATE_SCREEN, Cage, answered_folder, cage
from tests.monkey.paws import LEAVING

WITHIN_TWO_S = 0.005
"""Between two presses: Ctrl+C twice within two seconds leaves a kiosk that is not locked."""
POINTER = b"\x1b]22;default\x07"
"""The shape of the mouse's pointer, which the library resets at the start."""
BEGUN = Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900)

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cage]:
    folder = tmp_path_factory.mktemp("locked")
    with cage(folder / "box", answered_folder(folder / "answered")) as kept:
        kept.until(lambda told: told.get("device", False))
        kept.terminal.drawn_s(b"homestim")
        yield kept


def on_to(kept: Cage, page: str, key: bytes) -> None:
    time.sleep(QUIET_S + 0.05)
    kept.type(key)
    kept.until(lambda told: told["page"] == page)


def test_no_key_paste_button_or_markup_leaves_it_or_opens_anything(kept: Cage) -> None:
    children, drawn = kept.children(), b""
    for page, way in (("home", b""), ("identity", b"1"), ("get_ready", b"1")):
        if way:
            on_to(kept, page, way)
        time.sleep(QUIET_S + 0.05)
        for name, data in LEAVING.items():
            for _ in range(2):
                kept.type(data)
                time.sleep(WITHIN_TWO_S)
            assert kept.alive, name
            assert kept.page == page, name
        drawn += kept.drawn()
    assert kept.children() <= children
    for opens in (LEFT_ALTERNATE_SCREEN, b"\x1b]", b"\x1bP", b"\x1b_"):
        assert opens not in drawn.replace(POINTER, b"")


def test_the_terminal_makes_no_signal_and_no_pause_of_any_key(kept: Cage) -> None:
    iflag, _, _, lflag, *_ = termios.tcgetattr(kept.terminal.master)
    assert not lflag & (termios.ISIG | termios.ICANON | termios.ECHO | termios.IEXTEN)
    assert not iflag & (termios.IXON | termios.IXOFF)


def test_a_signal_to_suspend_is_ignored(kept: Cage) -> None:
    for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        os.kill(kept.terminal.child.pid, number)
    time.sleep(WITHIN_TWO_S)
    assert kept.alive


def test_after_a_power_cut_it_is_home_again(kept: Cage) -> None:
    kept.kill()
    kept.start()
    assert kept.until(lambda told: told.get("device", False))["page"] == "home"


def test_after_a_power_cut_in_a_session_it_says_so_first(tmp_path: Path) -> None:
    with cage(tmp_path / "box", answered_folder(tmp_path / "answered", BEGUN)) as kept:
        kept.until(lambda told: told.get("page") == "after_restart")
        time.sleep(QUIET_S + 0.05)
        for data in LEAVING.values():
            kept.type(data * 2)
        time.sleep(WITHIN_TWO_S)
        assert kept.alive
