"""The trainers' fault panel: there for a simulator alone, never in the way of STOP (safety rules 14, 19)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from drivers.registry import DRIVERS
from drivers.virtual.faults import parse_fault
from drivers.virtual.process import virtual_device
from kiosk.keys import Key, key_named
from kiosk.page import Page
from kiosk.screens.draw import DESIGN_HEIGHT, DESIGN_WIDTH, LEAST_HEIGHT, LEAST_WIDTH, draw
from kiosk.terminal.stop_seeker import Stop, StopSeeker, Token
from kiosk.visit.pages import fault_panel as pages
from kiosk.visit.steps import fault_panel as steps
from kiosk.visit.steps.fault_panel import FaultPanel
from tests.screens.gallery import PAGES

F9 = {"VT": b"\x1b[20~", "with Ctrl": b"\x1b[20;5~"}
LIVE = next(page for page in PAGES.values() if page.stop_row)


def heard(data: bytes, *, simulated: bool, output_possible: bool = True) -> list[Token]:
    seeker = StopSeeker()
    tokens = seeker.feed(data, 0.0, output_possible, simulated=simulated)
    return tokens + seeker.expire(10.0, output_possible)


@pytest.mark.parametrize("data", F9.values(), ids=F9)
def test_the_key_is_a_stop_on_hardware_and_known_on_a_simulator(data: bytes) -> None:
    assert any(isinstance(token, Stop) for token in heard(data, simulated=False))
    assert not any(isinstance(token, Stop) for token in heard(data, simulated=True))


def test_a_simulator_makes_no_other_key_known() -> None:
    for data in (b" ", b"x", b"\x1b[21~", b"\x1b[19~", b"0", b"\x7f", b"\x1b"):
        assert any(isinstance(token, Stop) for token in heard(data, simulated=True)), data


def panels(device_kind: str) -> Iterator[FaultPanel]:
    """Every screen of the panel, as keys reach it."""
    open_ = [FaultPanel(LIVE.serial)]
    while open_:
        panel = open_.pop()
        yield panel
        for number in range(1, len(steps.choices(panel, device_kind)) + 1):
            after = press(panel, Key(str(number)), device_kind).panel
            if after is not None:
                open_.append(after)


def press(panel: FaultPanel, key: Key, kind: str = "p24", *, ours: bool = True) -> steps.Pressed:
    return steps.press(panel, key, kind, ours=ours, output_possible=True)


@pytest.mark.parametrize("kind", sorted(DRIVERS))
def test_every_fault_of_the_panel_is_one_that_this_simulator_knows(kind: str) -> None:
    orders = set()
    for panel in panels(kind):
        for number in range(1, len(steps.choices(panel, kind)) + 1):
            order = press(panel, Key(str(number)), kind).order
            if order and order != "replug":
                word, _, spec = order.partition(" ")
                assert word == "fault"
                parse_fault(spec, virtual_device(kind).fault_kinds)
            orders.add(order)
    named = {order.removeprefix("fault ").partition(":")[0] for order in orders} - {""}
    wanted = {fault for group in steps.FAULTS.values() for fault in group}
    assert named == (wanted if kind == "rehastim2" else wanted - steps.ONLY_REHASTIM2)


@pytest.mark.parametrize("key", [Key.STOP, Key.ZERO, Key.BACK, Key.UNKNOWN, Key.LEAVE])
def test_with_output_every_stop_closes_the_panel_and_reaches_the_session(key: Key) -> None:
    for panel in panels("rehastim2"):
        assert press(panel, key, "rehastim2") == steps.Pressed(None, passed_on=True)


def test_less_current_reaches_the_session_and_more_does_not() -> None:
    panel = FaultPanel(LIVE.serial)
    assert press(panel, Key.DOWN) == steps.Pressed(panel, passed_on=True)
    for key in (Key.UP, Key.ENTER, Key.RIGHT, Key.SEVEN, Key.NINE, Key.READ):
        assert press(panel, key) == steps.Pressed(panel), "the session hears nothing of it"


def test_without_output_the_back_keys_go_back_in_the_panel() -> None:
    leads = FaultPanel(0, "pads", "pad_off")
    after = steps.press(leads, Key.BACK, "p24", ours=True, output_possible=False)
    assert after == steps.Pressed(FaultPanel(0, "pads"))
    assert press(FaultPanel(0, "pads"), Key.LEFT).panel == FaultPanel(0)
    assert press(FaultPanel(0), Key.LEFT).panel is None


def test_a_choice_closes_it_and_so_does_its_own_key() -> None:
    chosen = press(press(press(FaultPanel(0), Key.ONE).panel or FaultPanel(9), Key.ONE).panel, Key.TWO)  # type: ignore[arg-type]
    assert chosen == steps.Pressed(None, "fault pad_off:2")
    assert press(FaultPanel(0, "supply"), Key.TRAINER) == steps.Pressed(None)


def test_a_simulator_that_somebody_else_started_takes_no_orders_and_the_panel_says_so() -> None:
    panel = FaultPanel(LIVE.serial)
    for key in (Key.ONE, Key.TWO, Key.THREE):
        assert press(panel, key, ours=False) == steps.Pressed(panel)
    page = pages.over(LIVE, panel, "p24", ours=False)
    assert "not started here" in page.body.lines[0]  # type: ignore[union-attr]
    assert not any(choice.key.digit for choice in page.choices)


def test_stop_row_and_what_is_said_of_the_current_stay_as_they_are() -> None:
    page = pages.over(LIVE, FaultPanel(LIVE.serial), "p24", ours=True)
    assert (page.stop_row, page.stop_text) == (LIVE.stop_row, LIVE.stop_text)
    assert replace(page.header, left="") == replace(LIVE.header, left="")
    with_panel = draw(page, DESIGN_WIDTH, DESIGN_HEIGHT).stop_from_row
    without = draw(LIVE, DESIGN_WIDTH, DESIGN_HEIGHT).stop_from_row
    assert with_panel is not None
    assert without is not None
    assert with_panel <= without, "no less of the screen is STOP than without it"


def test_it_says_nothing_of_the_keys_of_the_page_under_it() -> None:
    under = replace(LIVE, hint="2–4, 9  choose", notice="That key does nothing here.")
    page = pages.over(under, FaultPanel(LIVE.serial), "p24", ours=True)
    assert (page.hint, page.notice) == ("1–3  choose", "")


def test_every_panel_screen_has_a_serial_of_its_own() -> None:
    serials = [pages.over(LIVE, panel, "rehastim2", ours=True).serial for panel in panels("rehastim2")]
    assert all(serial < 0 for serial in serials), "never a page's own"
    # The four lists of leads differ by a fault that was chosen one screen before.
    assert len(set(serials)) == 5


def all_pages(kind: str) -> list[Page]:
    mine = [pages.over(LIVE, panel, kind, ours=True) for panel in panels(kind)]
    return [*mine, pages.over(LIVE, FaultPanel(LIVE.serial), kind, ours=False)]


@pytest.mark.parametrize("kind", sorted(DRIVERS))
def test_nothing_is_cut_at_any_size(kind: str, language: str) -> None:
    for page in all_pages(kind):
        for width, height in ((LEAST_WIDTH, LEAST_HEIGHT), (DESIGN_WIDTH, DESIGN_HEIGHT)):
            assert draw(page, width, height).cut == (), (language, width, height, page.body)


def test_f9_is_the_trainers_key() -> None:
    assert key_named("f9") is Key.TRAINER
