"""Pages as lines: everything that matters is said, and nothing twice."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from drivers import messages as guard
from drivers.build import build_id
from drivers.registry import DRIVERS
from kiosk.access.pins import Access
from kiosk.application import Application
from kiosk.clock import SystemClock
from kiosk.config import decode_config
from kiosk.diary.store import open_store
from kiosk.key_gate import QUIET_S
from kiosk.keys import ERASE, Key
from kiosk.page import (
    Chart,
    Column,
    LevelFinding,
    NumberLine,
    Overview,
    Page,
    PinEntry,
    Running,
    TextEntry,
    Words,
)
from kiosk.plain import STATUS_EVERY_S, PlainView, page_lines, plain_key_name
from kiosk.settings import RunOptions, resolve
from kiosk.terminal.liveness import AlwaysAlive
from tests.screens.gallery import PAGES
from tests.screens.pictures import ShowsOnePage


class Listener:
    """A view, and what it printed since the last look."""

    def __init__(self, page: Page, output_possible: bool = False) -> None:
        self.conductor = ShowsOnePage(page, output_possible)
        self.now_s = 100.0
        self._printed = ""
        self.view = PlainView(self.conductor, self._print, lambda: self.now_s)
        self.conductor.on_change(self.view.look)
        self.view.look()

    def _print(self, text: str) -> None:
        self._printed += text

    def heard(self) -> list[str]:
        lines, self._printed = self._printed.splitlines(), ""
        return lines

    def show(self, page: Page, after_s: float = 1.0) -> list[str]:
        self.heard()
        self.now_s += after_s
        self.conductor.show(page)
        return self.heard()


@pytest.mark.parametrize("id_", PAGES)
def test_every_word_of_a_page_that_a_person_needs_is_said(id_: str) -> None:
    page = PAGES[id_]
    said = "\n".join(page_lines(page))
    assert page.header.left in said
    assert page.header.right in said
    assert ("SIMULATOR" in said) is page.header.simulator
    for choice in page.choices:
        assert choice.label in said
    assert (page.stop_text in said) is page.stop_row or not page.stop_row
    for line in getattr(page.body, "lines", ()):
        assert line in said


@pytest.mark.parametrize("id_", PAGES)
def test_no_line_holds_a_control_character(id_: str) -> None:
    assert all(line.isprintable() for line in page_lines(PAGES[id_]))


def test_a_person_s_own_words_cannot_move_the_cursor() -> None:
    page = replace(PAGES["home"], body=Words(("a\x1b[2J\rb\x07",)))
    assert all(line.isprintable() for line in page_lines(page))


def test_a_page_is_printed_once() -> None:
    listener = Listener(PAGES["home"])
    assert listener.heard() == ["", *page_lines(PAGES["home"])]
    listener.view.look()
    assert listener.heard() == []


def test_a_number_that_is_marked_is_said_alone() -> None:
    listener = Listener(PAGES["pain"])
    body = PAGES["pain"].body
    assert isinstance(body, NumberLine)
    assert listener.show(replace(PAGES["pain"], body=replace(body, value=7))) == ["= 7"]


def test_digits_of_a_pin_are_counted_and_those_of_a_code_are_said() -> None:
    listener = Listener(PAGES["pin"])
    body = PAGES["pin"].body
    assert isinstance(body, PinEntry)
    assert listener.show(replace(PAGES["pin"], body=replace(body, typed=4))) == ["4 digits"]
    assert listener.show(replace(PAGES["pin"], body=replace(body, typed=3))) == ["3 digits"]
    assert listener.show(replace(PAGES["pin"], body=replace(body, typed=3, shown="123"))) == ["123"]


def test_the_header_s_clock_alone_is_no_news() -> None:
    listener = Listener(PAGES["home"])
    header = replace(PAGES["home"].header, left="homestim        Friday 20 November  14:06")
    assert listener.show(replace(PAGES["home"], header=header)) == []


def test_a_level_and_its_notice_are_said_when_they_change() -> None:
    listener = Listener(PAGES["level"], output_possible=True)
    body = PAGES["level"].body
    assert isinstance(body, LevelFinding)
    louder = replace(body, big="9.0", notice="Still comfortable?  Enter = yes")
    assert listener.show(replace(PAGES["level"], body=louder)) == [
        "9.0 mA, limit 24.0. CURRENT IS ON.",
        "Still comfortable?  Enter = yes. CURRENT IS ON.",
    ]


def test_the_header_is_said_again_when_it_says_something_else_of_the_stimulator() -> None:
    page = PAGES["home"]
    listener = Listener(page)
    simulated = replace(page, header=replace(page.header, simulator=True))
    (line,) = listener.show(simulated)
    assert "SIMULATOR" in line
    (line,) = listener.show(replace(simulated, header=replace(simulated.header, right="device not found")))
    assert "device not found" in line


@pytest.mark.parametrize("id_", ["level", "session-on"])
def test_that_current_is_on_and_that_it_is_off_again_is_said_at_once(id_: str) -> None:
    on = PAGES[id_]
    off = replace(on, header=replace(on.header, current_on=False, right="device ready"))
    listener = Listener(off, output_possible=True)
    assert any("CURRENT IS ON" in line for line in listener.show(on))
    assert any("device ready" in line for line in listener.show(off))


@pytest.mark.parametrize("id_", PAGES)
@pytest.mark.parametrize("width", [40, 80])
def test_no_word_is_broken_at_the_edge_of_the_terminal(id_: str, width: int) -> None:
    printed: list[str] = []
    view = PlainView(ShowsOnePage(PAGES[id_]), printed.append, lambda: 0.0, lambda: width)
    view.look()
    lines = "".join(printed).splitlines()
    assert all(len(line) < width for line in lines)
    assert " ".join(lines).split() == " ".join(page_lines(PAGES[id_])).split()


def test_a_session_says_how_it_stands_three_times_a_minute_only() -> None:
    page = PAGES["session-on"]
    assert isinstance(page.body, Running)
    listener = Listener(page, output_possible=True)
    said: list[str] = []
    for second in range(120):
        left = f"{14 - second // 60}:{59 - second % 60:02}"
        said += listener.show(replace(page, body=replace(page.body, big=left)))
    assert len(said) == 120 // STATUS_EVERY_S
    assert said[0].startswith(
        "14:40 minutes left. left back 18.5 mA, limit 24.0. right back 17.0 mA, limit 24.0, chosen."
    )
    assert all("CURRENT IS ON" in line for line in said)


def test_a_session_says_at_once_what_a_key_did_and_every_notice() -> None:
    page = PAGES["session-on"]
    assert isinstance(page.body, Running)
    listener = Listener(page, output_possible=True)
    assert listener.show(replace(page, body=replace(page.body, notice="Wait for the next squeeze."))) == [
        "Wait for the next squeeze. CURRENT IS ON."
    ]
    listener.view.press("plus")
    left, right = page.body.sides
    louder = replace(page.body, sides=(left, replace(right, level_text="17.5 mA")))
    assert "17.5 mA" in "".join(listener.show(replace(page, body=louder)))


def test_keys_are_the_same_and_wait_for_a_page_that_has_only_just_come() -> None:
    listener = Listener(PAGES["home"])
    listener.view.press("1")
    assert listener.conductor.pressed == [Key.ONE], "no page was there before the first"
    listener.show(replace(PAGES["is-it-you"], serial=PAGES["home"].serial + 1))
    listener.view.press("1")
    listener.view.press("space")
    assert listener.conductor.pressed == [Key.ONE, Key.STOP]
    listener.now_s += QUIET_S
    listener.view.press("1")
    assert listener.conductor.pressed == [Key.ONE, Key.STOP, Key.ONE]


def test_enter_stops_unless_the_lines_ask_for_it() -> None:
    assert Listener(PAGES["session-on"]).view.enter_stops
    assert not Listener(PAGES["still-ok"]).view.enter_stops


def test_while_the_pads_are_checked_enter_stops_and_before_it_starts() -> None:
    assert not Listener(PAGES["contact-check"]).view.enter_stops
    assert Listener(PAGES["contact-probing"], output_possible=True).view.enter_stops


def test_a_lead_that_lies_badly_is_named_in_words() -> None:
    lines = page_lines(PAGES["contact-result"])
    assert "RED  pad 1 + 2  ● OPEN" in lines
    assert "Enter  Check again" in lines


@pytest.mark.parametrize("id_", [id_ for id_, page in PAGES.items() if page.header.current_on])
def test_while_current_flows_every_line_but_the_keys_says_so(id_: str) -> None:
    page = PAGES[id_]
    keys = {f"{plain_key_name(choice.key)}  {choice.label}" for choice in page.choices}
    said = [line for line in page_lines(page) if line not in keys]
    assert len(said) >= 3
    assert all("CURRENT IS ON" in line for line in said)


def test_a_list_is_read_cell_by_cell_with_what_each_is() -> None:
    (first, second, *_) = [
        line for line in page_lines(PAGES["family-diary"]) if line.startswith(("day", "chosen"))
    ]
    assert first.startswith("day 20 Nov, when ")
    assert second.startswith("chosen: day 19 Nov, when ")
    assert "rest " in second


def test_a_chart_is_read_day_by_day_and_a_gap_is_no_sign() -> None:
    lines = [line for line in page_lines(PAGES["overview"]) if "26 Oct" in line]
    assert lines == ["from 26 Oct: 6, 5, 6, 6, 6, 5, 6"]
    assert "from 2 Nov: none, 5, 6, 5, 5, none, 5" in page_lines(PAGES["overview"])


def test_typed_words_are_said_word_by_word_and_every_correction_at_once() -> None:
    page = replace(PAGES["pin"], body=TextEntry(("Type the note.",), ""))
    listener = Listener(page)
    for name, text in (("a", "a"), ("space", " "), ("backspace", "\x7f"), ("enter", None)):
        listener.now_s += 1
        listener.view.press(name, text)
    assert listener.conductor.written == f"a {ERASE}"
    assert listener.conductor.pressed == [Key.ENTER]

    def grown(text: str) -> list[str]:
        return listener.show(replace(page, body=TextEntry(("Type the note.",), text)))

    assert grown("It ra") == []
    assert grown("It rained ") == ["It rained"]
    assert grown("It rained a") == []
    assert grown("It rained") == ["It rained"]


def test_days_before_the_diary_was_begun_are_not_said_to_be_missing() -> None:
    days = tuple((f"{n} Nov", None if n < 9 else 4, False) for n in range(1, 12))
    overview = Overview("All fine.", (), days, (), "", pain_word="pain", unbegun=6)
    lines = page_lines(replace(PAGES["home"], body=overview))
    assert [line for line in lines if line.startswith("pain,")] == [
        "pain, from 7 Nov: none",
        "pain, from 8 Nov: none, 4, 4, 4",
    ]
    columns = tuple(Column(str(n), None if n < 9 else 4, marks=(False, 6 < n < 9)) for n in range(1, 12))
    chart = Chart((), columns, ("sessions", "gaps"), (), axis_word="pain")
    lines = page_lines(replace(PAGES["home"], body=chart))
    assert [line for line in lines if line.startswith("pain,")] == [
        "pain, from 7: none",
        "pain, from 8: none, 4, 4, 4",
    ]


@pytest.mark.parametrize("plain", [True, False])
async def test_over_a_stimulator_plain_lines_ask_for_a_test_of_the_button_alone(
    tmp_path: Path, *, plain: bool
) -> None:
    device = '[device]\nkind = "p24"\nid_path = "/dev/serial/by-id/p24"\n'
    button = '[stop]\ninputs = ["/dev/input/button"]\n'
    config = decode_config(f'{device}{button}[guard]\nsocket = "{tmp_path}/guard.sock"\n', "box.toml")
    settings = resolve(RunOptions(data=tmp_path / "data", plain=plain), config, DRIVERS, build_id())
    clock = SystemClock()
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
        open_store(settings.data_folder, settings.kind, clock) as store,
    ):
        listener.bind(f"{tmp_path}/guard.sock")
        listener.listen()
        kiosk = Application(settings, store, Access(store), clock, AlwaysAlive())
        kiosk._guard.take_up(None)
        with listener.accept()[0] as joined:
            assert isinstance(guard.decode(joined.recv(1000), guard.ToGuard), guard.Hello)
            kiosk._stop_test.begin()
            assert guard.decode(joined.recv(1000), guard.ToGuard) == guard.Test(button=plain)
            kiosk._stop_test.close()
            await kiosk._guard.close()
        assert kiosk._visit.context.setting.stop_button_alone is plain
