"""The real driver in a real terminal: stop before everything, no byte that ends it, always a way back."""

from __future__ import annotations

import os
import signal
import termios
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pyte
import pytest

from kiosk.screens.draw import draw
from tests.screens.gallery import PAGES

Start = Callable[..., Any]

LONGEST_GAP_S = 0.5
"""Far more than a loop needs that nothing blocks, on a busy machine too; a blocked loop never beats again."""


@pytest.mark.parametrize("plain", [False, True], ids=["full screen", "plain"])
class TestKeys:
    def test_the_stop_key_stops_inside_an_unfinished_paste(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="session-on", output_possible=True, plain=plain)
        kiosk.type(b"\x1b[200~")
        kiosk.type(b" ")
        kiosk.wait_for("stop", source="space")

    def test_no_byte_ends_it(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="home", plain=plain)
        kiosk.type(b"\xff\xfe\x00\x80\xc3(\x1b[\x1b[999999999999999z\x1b]0;x\x07\x1bP\x1b\\")
        time.sleep(0.6)  # The person's next key, after another screen and after every unfinished sequence.
        kiosk.type(b"3")
        kiosk.wait_for("key", key="THREE")

    def test_a_byte_that_is_no_key_stops_while_output_is_possible(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="session-on", output_possible=True, plain=plain)
        kiosk.type(b"\xff")
        kiosk.wait_for("stop", source="not a key")

    def test_a_cursor_key_split_over_two_reads_is_no_stop(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="session-on", output_possible=True, plain=plain)
        kiosk.type(b"\x1b")
        time.sleep(0.01)
        kiosk.type(b"[B")
        told = kiosk.wait(lambda event: event["event"] in ("key", "stop"))
        assert (told["event"], told.get("key")) in {("key", "DOWN"), ("stop", None)}
        if told["event"] == "stop":  # The machine was busy for longer than a lone Escape may wait.
            pytest.skip("the two reads came more than 50 ms apart")

    def test_a_lone_escape_stops(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="session-on", output_possible=True, plain=plain)
        kiosk.type(b"\x1b")
        kiosk.wait_for("stop", source="escape")

    def test_ctrl_z_does_not_suspend_and_the_signal_neither(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="session-on", output_possible=True, plain=plain)
        os.kill(kiosk.process.pid, signal.SIGTSTP)
        kiosk.type(b"\x1a")
        kiosk.wait_for("stop", source="ctrl+z")
        kiosk.wait_for("beat")

    def test_pasted_text_answers_no_question(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="question", plain=plain)
        time.sleep(0.6)
        kiosk.type(b"\x1b[200~1\r2\x1b[201~")
        kiosk.type(b"3")
        told = kiosk.wait(lambda event: event["event"] == "key")
        assert told["key"] == "THREE"


@pytest.mark.parametrize("plain", [False, True], ids=["full screen", "plain"])
class TestLeaving:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_a_signal_leaves_in_order(self, terminal: Start, plain: bool, number: signal.Signals) -> None:
        kiosk = terminal(plain=plain, code=3)
        os.kill(kiosk.process.pid, number)
        kiosk.wait_for("leave")
        assert kiosk.ended() == 3
        assert termios.tcgetattr(kiosk.slave) == kiosk.modes_before
        if not plain:
            assert kiosk.output.rstrip().endswith(b"\x1b[?1049l\x1b[?25h")

    def test_a_fault_restores_the_terminal_and_shows_no_traceback(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(plain=plain, breaks=True)
        assert kiosk.ended() == 1
        assert termios.tcgetattr(kiosk.slave) == kiosk.modes_before
        assert b"Traceback" not in kiosk.output
        assert b"ended: a fault in drawing" in kiosk.output
        assert plain or b"\x1b[?1049l" in kiosk.output

    def test_a_terminal_that_hangs_up_stops_and_leaves(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(page="session-on", output_possible=True, plain=plain)
        kiosk.hang_up()
        kiosk.wait_for("stop")
        kiosk.wait_for("leave")
        kiosk.ended()

    def test_it_ends_although_the_terminal_does_not_read(self, terminal: Start, plain: bool) -> None:
        kiosk = terminal(plain=plain, redraw_every_s=0.002)
        kiosk.reads = False
        fill(kiosk.slave)
        for _ in range(20):
            kiosk.wait_for("beat")
        os.kill(kiosk.process.pid, signal.SIGTERM)
        kiosk.ended(within_s=5.0)
        assert termios.tcgetattr(kiosk.slave) == kiosk.modes_before


class TestStalledTerminal:
    def test_it_blocks_neither_the_loop_nor_a_stop_and_is_told_from_a_living_one(
        self, terminal: Start
    ) -> None:
        kiosk = terminal(page="session-tens", output_possible=True)
        kiosk.wait_for("beat", alive=True)
        kiosk.reads = False
        fill(kiosk.slave)
        kiosk.wait_for("beat", alive=False)
        beats = [kiosk.wait_for("beat")["t"] for _ in range(40)]
        gaps = [later - earlier for earlier, later in pairwise(beats)]
        assert max(gaps) < LONGEST_GAP_S
        kiosk.type(b" ")
        kiosk.wait_for("stop", source="space")

    def test_a_flood_of_frames_blocks_nothing_and_the_newest_is_drawn_when_it_reads_again(
        self, terminal: Start
    ) -> None:
        kiosk = terminal(page="home", alternately="level", redraw_every_s=0.005)
        kiosk.reads = False
        beats = [kiosk.wait_for("beat") for _ in range(100)]
        gaps = [later["t"] - earlier["t"] for earlier, later in pairwise(beats)]
        assert max(gaps) < LONGEST_GAP_S
        kiosk.reads = True
        newest = beats[-1]["page"]
        kiosk.wait(lambda event: event["event"] == "beat" and event["page"] > newest + 50)
        whole_frames, _, _ = kiosk.output.rpartition(b"\x1b[1;1H")
        shown = screen_of(whole_frames, 80, 25)
        number = int(shown[1].split("redraw ")[1].split()[0])
        assert number > newest
        page = PAGES["level" if number % 2 else "home"]
        assert shown[9:20] == draw(page, 80, 25).text().split("\n")[9:20]

    def test_it_is_alive_again_when_it_answers_again(self, terminal: Start) -> None:
        kiosk = terminal(page="session-tens", output_possible=True)
        kiosk.wait_for("beat", alive=True)
        kiosk.answers = False
        kiosk.wait_for("beat", alive=False)
        kiosk.answers = True
        kiosk.type(b"\x1b[1;1R" * 3)
        kiosk.wait_for("beat", alive=True)


class TestPicture:
    @pytest.mark.parametrize(
        ("columns", "rows", "rendering"), [(67, 20, "rich"), (80, 25, "console"), (120, 40, "rich")]
    )
    def test_what_the_terminal_shows_is_the_drawing(
        self, terminal: Start, columns: int, rows: int, rendering: str
    ) -> None:
        kiosk = terminal(page="stopped", columns=columns, rows=rows, rendering=rendering, redraw_every_s=30)
        drawn = draw(PAGES["stopped"], columns, rows).text().split("\n")
        but_for_the_header = [line for line in drawn if "●" not in line]
        kiosk.wait_until(
            lambda output: (
                [line for line in screen_of(output, columns, rows) if "●" not in line] == but_for_the_header
            )
        )

    def test_the_console_rendering_sends_its_sixteen_colours_by_number(self, terminal: Start) -> None:
        kiosk = terminal(page="stopped", rendering="console", redraw_every_s=30)
        kiosk.wait_until_shown(b"A brief sting")
        assert b"38;2;" not in kiosk.output
        assert b"38;5;" not in kiosk.output
        assert b";44m" in kiosk.output  # The blue of the buttons.

    def test_a_touch_on_the_stop_row_stops_in_the_input_thread_and_once(self, terminal: Start) -> None:
        kiosk = terminal(page="session-on", output_possible=True)
        kiosk.wait_until_shown(b"S T O P")
        time.sleep(0.6)
        kiosk.type(b"\x1b[<0;40;23M\x1b[<0;40;23m")
        kiosk.type(b"3")
        told = [kiosk.wait(lambda event: event["event"] in ("key", "stop")) for _ in range(2)]
        assert [(event["event"], event.get("source") or event["key"]) for event in told] == [
            ("stop", "touch"),
            ("key", "THREE"),
        ]

    def test_a_touch_above_the_stop_row_stops_nothing(self, terminal: Start) -> None:
        kiosk = terminal(page="session-on", output_possible=True)
        kiosk.wait_until_shown(b"S T O P")
        time.sleep(0.6)
        kiosk.type(b"\x1b[<0;70;18M\x1b[<0;70;18m")
        told = kiosk.wait(lambda event: event["event"] in ("key", "stop"))
        assert told["event"] == "key"

    def test_held_keys_do_not_repeat_while_it_runs(self, terminal: Start) -> None:
        """Where the terminal obeys it, as a Linux console does."""
        kiosk = terminal()
        kiosk.wait_until_shown(b"\x1b[?8l")
        os.kill(kiosk.process.pid, signal.SIGTERM)
        kiosk.ended()
        assert b"\x1b[?8h" in kiosk.output.rpartition(b"\x1b[?8l")[2]

    def test_neither_keyboard_protocol_nor_mouse_motion_is_asked_for(self, terminal: Start) -> None:
        kiosk = terminal()
        kiosk.wait_until_shown(b"\x1b[?2026$p")
        for sequence in (b"\x1b[>", b"\x1b[?1003h", b"\x1b[?1016h", b"\x1b[?2048"):
            assert sequence not in kiosk.output


class TestPlain:
    def test_the_page_is_printed_without_any_cursor_addressing(self, terminal: Start) -> None:
        kiosk = terminal(page="stopped", plain=True)
        kiosk.wait_until_shown(b"6  A brief sting")
        without_queries = kiosk.output.replace(b"\x1b[6n", b"")
        assert b"\x1b" not in without_queries

    def test_on_a_linux_console_held_keys_do_not_repeat_while_it_runs(self, terminal: Start) -> None:
        kiosk = terminal(plain=True, term="linux")
        kiosk.wait_until_shown(b"\x1b[?8l")
        os.kill(kiosk.process.pid, signal.SIGTERM)
        kiosk.ended()
        assert b"\x1b[?8h" in kiosk.output.rpartition(b"\x1b[?8l")[2]

    def test_enter_stops_where_the_lines_do_not_ask_for_it(self, terminal: Start) -> None:
        kiosk = terminal(page="session-on", output_possible=True, plain=True)
        kiosk.type(b"\r")
        kiosk.wait_for("stop", source="enter")

    def test_enter_answers_where_the_lines_ask_for_it(self, terminal: Start) -> None:
        kiosk = terminal(page="still-ok", output_possible=True, plain=True)
        time.sleep(0.6)
        kiosk.type(b"\r")
        told = kiosk.wait(lambda event: event["event"] in ("key", "stop"))
        assert told["event"] == "key"


def screen_of(output: bytes, columns: int, rows: int) -> list[str]:
    """The rows that a terminal shows after `output`."""
    screen = pyte.Screen(columns, rows)
    pyte.ByteStream(screen).feed(output)
    return [line.rstrip() for line in screen.display]


def fill(slave: int) -> None:
    """Fills what the terminal holds back, as a program that writes to a stopped console would."""
    os.set_blocking(slave, False)
    try:
        while os.write(slave, b"\0" * 1024):
            pass
    except BlockingIOError:
        pass
    finally:
        os.set_blocking(slave, True)
