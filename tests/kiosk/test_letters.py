"""The letters of a box: as large as its screen allows, chosen at help, taken up at the next start."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from pathlib import Path

import pytest

from kiosk.errors import KioskError
from kiosk.events import Choose
from kiosk.letters import ADVANCE, CELLS, LINE, Pixels, fit, font_pixels, pixels_of, write
from kiosk.visit.state import Setting
from tests.kiosk.visit.visit_bench import Walk

SCREENS = [Pixels(1920, 1080), Pixels(1366, 768), Pixels(1280, 1024), Pixels(800, 480), Pixels(3840, 2160)]


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("letters", ["usual", "large"])
def test_the_font_leaves_the_columns_and_rows_that_every_screen_needs(screen: Pixels, letters: str) -> None:
    size = font_pixels(screen, letters)  # type: ignore[arg-type]
    columns, rows = CELLS[letters]  # type: ignore[index]
    assert screen.width // round(size * ADVANCE + 0.5) >= columns
    assert screen.height // round(size * LINE + 0.5) >= rows
    larger = size + 2
    assert screen.width / (larger * ADVANCE) < columns or screen.height / (larger * LINE) < rows


def test_large_letters_are_larger() -> None:
    for screen in SCREENS:
        assert font_pixels(screen, "large") > font_pixels(screen, "usual")


def test_a_terminal_that_does_not_tell_its_size_keeps_its_letters(tmp_path: Path) -> None:
    with pytest.raises(KioskError, match="stay as they are"):
        write(tmp_path / "letters.ini", Pixels(0, 0), "large")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(KioskError, match="cannot be written"):
        write(tmp_path / "missing" / "letters.ini", Pixels(1920, 1080), "large")


def test_the_size_in_pixels_is_the_terminal_s_own() -> None:
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 1920, 1080))
        assert pixels_of(slave) == Pixels(1920, 1080)
    finally:
        os.close(master)
        os.close(slave)
    assert pixels_of(os.open(os.devnull, os.O_RDONLY)) == Pixels(0, 0)


def fits(tmp_path: Path, rows: int, columns: int, width: int, height: int, chosen: str = "usual") -> bool:
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))
        return not fit(tmp_path / "letters.ini", slave, chosen)  # type: ignore[arg-type]
    finally:
        os.close(master)
        os.close(slave)


def test_a_new_box_begins_with_letters_that_fill_its_screen(tmp_path: Path) -> None:
    file = tmp_path / "letters.ini"
    assert fits(tmp_path, 18, 67, 1273, 684), "nothing can be written there: it stays as it is"
    file.touch()
    assert not fits(tmp_path, 18, 67, 1273, 684)
    assert file.read_text() == f"font=DejaVu Sans Mono:pixelsize={font_pixels(Pixels(1273, 684), 'usual')}\n"
    assert fits(tmp_path, 26, 91, 1274, 702), "once, and then it stays"


def test_letters_that_somebody_chose_stay_while_the_pages_fit(tmp_path: Path) -> None:
    file = tmp_path / "letters.ini"
    file.write_text("font=DejaVu Sans Mono:pixelsize=40\n")
    assert fits(tmp_path, 20, 67, 1608, 940, "large")
    assert "=40" in file.read_text()
    assert not fits(tmp_path, 15, 42, 1008, 705, "large"), "a smaller screen was connected"
    assert f"={font_pixels(Pixels(1008, 705), 'large')}" in file.read_text()
    assert fits(tmp_path, 15, 42, 1008, 705, "large"), (
        "a terminal that does not heed it is not begun for ever"
    )


def test_a_terminal_without_a_size_is_not_begun_again(tmp_path: Path) -> None:
    (tmp_path / "letters.ini").touch()
    assert fits(tmp_path, 25, 80, 0, 0)
    assert not fit(tmp_path / "letters.ini", os.open(os.devnull, os.O_RDONLY), "usual")


def test_the_letters_are_one_key_at_help_and_the_same_key_takes_it_back() -> None:
    walk = Walk(setting=Setting(sets_letters=True))
    walk.press("4", "3")
    assert "Larger letters" in walk.words
    walk.press("4")
    assert walk.sent(Choose) == [Choose(letters="large")]
    assert "Smaller letters" in walk.words
    walk.press("4")
    assert walk.sent(Choose)[-1] == Choose(letters="usual")


def test_where_the_kiosk_cannot_set_them_nothing_offers_it() -> None:
    walk = Walk()
    walk.press("4", "3", "4")
    assert walk.sent(Choose) == []
    assert "Ctrl and +" in walk.words
    walk = Walk(setting=Setting(locked_down=True))
    walk.press("4", "3")
    assert "when the box is set up" in walk.words
