"""Keys, touches and redraws of the full-screen application: it hands over and decides nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace
from textual import events
from textual.pilot import Pilot

from kiosk.app import REDRAW_EVERY_S, KioskApp
from kiosk.key_gate import QUIET_S
from kiosk.keys import ERASE, Key
from kiosk.page import LevelFinding, NumberLine, Page, TextEntry, Words
from kiosk.screens.draw import draw
from kiosk.screens.view import PageView
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.theme.rendering import Rendering
from tests.screens.gallery import PAGES
from tests.screens.pictures import ShowsOnePage


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class Stage:
    """The application with a conductor and a clock in the test's hands."""

    def __init__(self, pilot: Pilot[None], conductor: ShowsOnePage, clock: Clock) -> None:
        self.pilot = pilot
        self.app = pilot.app
        self.conductor = conductor
        self.clock = clock

    @property
    def view(self) -> PageView:
        return self.app.screen.query_one(PageView)

    @property
    def text(self) -> str:
        assert self.view.drawing is not None
        return self.view.drawing.text()

    async def show(self, page: Page, after_s: float = 1.0) -> None:
        self.clock.now_s += after_s
        self.conductor.show(page)
        await self.pilot.pause()


@asynccontextmanager
async def staged(
    page: Page, output_possible: bool = False, size: tuple[int, int] = (80, 25)
) -> AsyncIterator[Stage]:
    conductor, clock = ShowsOnePage(page, output_possible), Clock()
    app = KioskApp(conductor, AlwaysAlive(), Rendering.RICH, clock_s=clock)
    async with app.run_test(size=size) as pilot:
        clock.now_s += 10
        yield Stage(pilot, conductor, clock)


TYPED = {
    "1": Key.ONE,
    "0": Key.ZERO,
    "enter": Key.ENTER,
    "up": Key.UP,
    "plus": Key.UP,
    "down": Key.DOWN,
    "minus": Key.DOWN,
    "left": Key.LEFT,
    "right": Key.RIGHT,
    "asterisk": Key.READ,
    "space": Key.STOP,
    "full_stop": Key.STOP,
    "comma": Key.STOP,
    "delete": Key.STOP,
    "f12": Key.STOP,
    "escape": Key.BACK,
    "backspace": Key.BACK,
    "slash": Key.BACK,
    "ctrl+c": Key.LEAVE,
    "ctrl+q": Key.UNKNOWN,
    "ctrl+p": Key.UNKNOWN,
    "tab": Key.UNKNOWN,
    "x": Key.UNKNOWN,
}


async def test_every_key_becomes_its_key_and_none_quits_or_opens_anything() -> None:
    async with staged(PAGES["home"]) as stage:
        for name in TYPED:
            await stage.pilot.press(name)
        assert stage.conductor.pressed == list(TYPED.values())
        assert stage.app.is_running
        assert len(stage.app.screen_stack) == 1


@pytest.mark.parametrize(
    ("id_", "size"),
    [("home", (80, 25)), ("pain", (67, 20)), ("placement-left", (80, 25)), ("session-on", (120, 40))],
)
async def test_a_touch_on_any_target_gives_its_keys(id_: str, size: tuple[int, int]) -> None:
    drawing = draw(PAGES[id_], *size)
    expected: list[Key] = []
    async with staged(PAGES[id_], size=size) as stage:
        for target in drawing.targets:
            x, y = target.area.x, target.area.y
            expected += drawing.keys_at(x, y)
            stage.view.post_message(events.MouseDown(None, x, y, 0, 0, 1, False, False, False, x, y))
        await stage.pilot.pause()
        assert stage.conductor.pressed == expected
        assert {choice.key for choice in PAGES[id_].choices} <= set(expected)


async def test_a_touch_beside_everything_does_nothing() -> None:
    async with staged(PAGES["home"]) as stage:
        await stage.pilot.mouse_down(offset=(40, 3))
        await stage.pilot.pause()
        assert stage.conductor.pressed == []


@pytest.mark.parametrize(
    ("marked", "touched", "keys"),
    [
        (None, 0, [Key.ZERO]),
        (None, 7, [Key.SEVEN]),
        (None, 10, [Key.ONE, Key.ZERO]),
        (1, 10, [Key.ZERO]),
        (1, 0, [Key.BACK, Key.ZERO]),
        (1, 1, [Key.ONE]),
        (5, 0, [Key.ZERO]),
    ],
)
async def test_a_touched_number_is_the_number_whatever_was_marked(
    marked: int | None, touched: int, keys: list[Key]
) -> None:
    body = PAGES["pain"].body
    assert isinstance(body, NumberLine)
    page = replace(PAGES["pain"], body=replace(body, value=marked))
    async with staged(page) as stage:
        # The grid's targets are drawn after the key line's, in the order of the numbers, Enter last.
        target = draw(page, 80, 25).targets[-12 + touched]
        await stage.pilot.mouse_down(offset=(target.area.x + 1, target.area.y + 1))
        await stage.pilot.pause()
        assert stage.conductor.pressed == keys


async def test_keys_are_ignored_for_400_ms_after_another_screen_but_stop_and_down_never() -> None:
    async with staged(PAGES["home"]) as stage:
        await stage.show(PAGES["is-it-you"])
        stage.clock.now_s += QUIET_S - 0.01
        await stage.pilot.press("1", "enter", "ctrl+c", "x", "down", "space")
        assert stage.conductor.pressed == [Key.LEAVE, Key.DOWN, Key.STOP]
        stage.clock.now_s += 0.02
        await stage.pilot.press("1")
        assert stage.conductor.pressed == [Key.LEAVE, Key.DOWN, Key.STOP, Key.ONE]


async def test_a_touch_is_ignored_as_long_as_a_key_is() -> None:
    async with staged(PAGES["home"]) as stage:
        await stage.show(PAGES["is-it-you"])
        target = draw(PAGES["is-it-you"], 80, 25).targets[-1]
        await stage.pilot.mouse_down(offset=(target.area.x + 1, target.area.y + 1))
        await stage.pilot.pause()
        assert stage.conductor.pressed == []


async def test_a_redraw_of_the_same_screen_ignores_no_key() -> None:
    async with staged(PAGES["pain"]) as stage:
        body = PAGES["pain"].body
        assert isinstance(body, NumberLine)
        await stage.show(replace(PAGES["pain"], body=replace(body, value=4)))
        await stage.pilot.press("enter")
        assert stage.conductor.pressed == [Key.ENTER]


async def test_a_key_never_acts_on_a_screen_that_came_without_being_drawn() -> None:
    async with staged(PAGES["session-on"], output_possible=True) as stage:
        stage.conductor.shown = PAGES["still-ok"]
        await stage.pilot.press("enter")
        assert stage.conductor.pressed == []
        assert "Still OK?" in stage.text


async def test_an_unknown_key_reaches_the_conductor_at_once_while_output_is_possible() -> None:
    async with staged(PAGES["session-on"], output_possible=True) as stage:
        await stage.show(PAGES["session-rest"])
        await stage.pilot.press("x")
        assert stage.conductor.pressed == [Key.UNKNOWN]


async def test_the_screen_redraws_at_most_twice_a_second_while_output_is_on() -> None:
    page = PAGES["level"]
    assert isinstance(page.body, LevelFinding)
    async with staged(page, output_possible=True) as stage:
        stage.clock.now_s += 10
        stage.conductor.show(replace(page, body=replace(page.body, notice="first")))
        await stage.pilot.pause()
        assert "first" in stage.text
        stage.clock.now_s += REDRAW_EVERY_S / 2
        stage.conductor.show(replace(page, body=replace(page.body, notice="second")))
        await stage.pilot.pause()
        assert "second" not in stage.text
        stage.clock.now_s += REDRAW_EVERY_S / 2
        stage.conductor.show(replace(page, body=replace(page.body, notice="third")))
        await stage.pilot.pause()
        assert "third" in stage.text


async def test_the_last_change_is_drawn_even_when_nothing_follows_it() -> None:
    page = PAGES["level"]
    assert isinstance(page.body, LevelFinding)
    async with staged(page, output_possible=True) as stage:
        stage.clock.now_s += 10
        for notice in ("first", "second"):
            stage.conductor.show(replace(page, body=replace(page.body, notice=notice)))
        await stage.pilot.pause(REDRAW_EVERY_S * 1.5)
        assert "second" in stage.text


async def test_the_effect_of_a_key_is_drawn_at_once() -> None:
    page = PAGES["level"]
    assert isinstance(page.body, LevelFinding)
    async with staged(page, output_possible=True) as stage:
        stage.clock.now_s += 10
        stage.conductor.show(replace(page, body=replace(page.body, notice="before")))
        await stage.pilot.press("up")
        stage.clock.now_s += 0.03
        stage.conductor.show(replace(page, body=replace(page.body, notice="applied")))
        await stage.pilot.pause()
        assert "applied" in stage.text


async def test_a_screen_that_did_not_change_is_not_drawn_again() -> None:
    async with staged(PAGES["session-on"], output_possible=True) as stage:
        before = stage.view.drawing
        stage.clock.now_s += 10
        stage.conductor.show(replace(PAGES["session-on"]))
        await stage.pilot.pause()
        assert stage.view.drawing is before


async def test_only_the_cells_that_changed_are_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGES["level"]
    assert isinstance(page.body, LevelFinding)
    async with staged(page) as stage:
        repainted: list[int] = []
        refresh = stage.view.refresh
        monkeypatch.setattr(
            stage.view,
            "refresh",
            lambda *regions: repainted.extend(r.y for r in regions) or refresh(*regions),
        )
        await stage.show(replace(page, body=replace(page.body, big="8.0")))
        assert repainted
        assert set(repainted) <= set(range(4, 9))  # The five rows of the big digits.


async def test_words_of_a_person_are_never_markup() -> None:
    evil = "[@click=app.quit]press me[/] [b]bold"
    async with staged(replace(PAGES["home"], body=Words((evil,)))) as stage:
        assert evil in stage.text
        await stage.pilot.click(offset=(6, 4))
        await stage.pilot.click(offset=(30, 4))
        assert stage.app.is_running
        assert stage.conductor.pressed == []


async def test_control_characters_and_wide_letters_keep_every_cell_in_its_place() -> None:
    odd = "a\x1b[31mred\x07 漢字 e\u0301 \u202eback \U0001f600 end"
    async with staged(replace(PAGES["home"], body=Words((odd,)))) as stage:
        assert "\x1b" not in stage.text
        row = next(line for line in stage.text.split("\n") if "漢字" in line)
        assert row.startswith("│   a[31mred 漢字 é back")
        strip = stage.view.render_line(4)
        assert strip.cell_length == 80


async def test_a_paste_event_changes_nothing() -> None:
    async with staged(PAGES["home"]) as stage:
        stage.app.post_message(events.Paste("1\r"))
        await stage.pilot.pause()
        assert stage.conductor.pressed == []


async def test_a_window_that_grows_or_shrinks_is_drawn_anew() -> None:
    async with staged(PAGES["home"]) as stage:
        for size in ((67, 20), (50, 12), (120, 40)):
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
            assert stage.view.drawing is not None
            assert (stage.view.drawing.width, stage.view.drawing.height) == size


async def test_an_error_in_drawing_ends_without_a_traceback_on_the_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Broken(ShowsOnePage):
        def page(self) -> Page:
            raise ZeroDivisionError

    app = KioskApp(Broken(PAGES["home"]), AlwaysAlive(), Rendering.RICH)
    with pytest.raises(ZeroDivisionError):
        await _shown_once(app)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err


async def _shown_once(app: KioskApp) -> None:
    async with app.run_test() as pilot:
        await pilot.pause()


WRITING = replace(PAGES["pin"], id="family_write", body=TextEntry(("Type the note.",), ""), serial=900)


async def test_where_words_are_typed_characters_are_handed_over_and_keys_stay_keys() -> None:
    async with staged(WRITING) as stage:
        await stage.pilot.press("a", "8", "space", "full_stop", "slash", "Ä", "backspace")
        assert stage.conductor.written == f"a8 ./Ä{ERASE}"
        await stage.pilot.press("enter", "escape", "asterisk", "f12", "up")
        assert stage.conductor.pressed == [Key.ENTER, Key.BACK, Key.READ, Key.STOP, Key.UP]


async def test_a_character_that_was_typed_for_the_screen_before_is_not_taken() -> None:
    async with staged(PAGES["home"]) as stage:
        await stage.show(WRITING)
        await stage.pilot.press("9")
        assert stage.conductor.written == ""
        stage.clock.now_s += QUIET_S
        await stage.pilot.press("9")
        assert stage.conductor.written == "9"


async def test_while_output_is_possible_every_character_is_a_key() -> None:
    async with staged(WRITING, output_possible=True) as stage:
        await stage.pilot.press("space", "a")
        assert stage.conductor.written == ""
        assert stage.conductor.pressed == [Key.STOP, Key.UNKNOWN]


async def test_markup_that_was_typed_is_shown_and_does_nothing() -> None:
    async with staged(WRITING) as stage:
        body = TextEntry(("Type the note.",), "[@click=app.quit]x[/] [red]")
        await stage.show(replace(WRITING, body=body))
        assert "[@click=app.quit]x[/] [red]_" in stage.text
