"""Settings that a worn-out card damaged: the box comes up and says so, and no PIN is forgotten by it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.access.pins import set_pin
from kiosk.diary.settings_file import SETTINGS, Settings, SettingsError, load_settings
from kiosk.events import Choose, LoadToday
from kiosk.keys import Key
from kiosk.logfile import LOG_FILE, current_log, log_to
from kiosk.run import chosen_settings
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.visit.state import Place
from tests.kiosk.family_desk import desk


async def test_home_says_it_and_offers_no_session_until_the_file_is_whole_again(tmp_path: Path) -> None:
    async with desk(tmp_path, AlwaysAlive()) as box:
        await set_pin(box.store.folder, "patient", "1357")
        path = box.store.folder / SETTINGS
        whole = path.read_text(encoding="utf-8")
        path.write_text(whole[: whole.index("[pins.patient]")], encoding="utf-8")
        application = box.application
        application._take((replace(application._visit, place=Place("home")), (LoadToday(),)))
        await box.until(lambda: bool(application._visit.context.unreadable))
        said = application.page().spoken
        assert "the PIN of patient is missing" in said
        assert "Nothing of the diary is lost." in said
        box.press(Key.ONE)
        assert box.step == "home", "no visit begins"
        path.write_text(whole, encoding="utf-8")
        application._take((application._visit, (LoadToday(),)))
        await box.until(lambda: not application._visit.context.unreadable)
        assert application._visit.context.patient_pin


async def test_what_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    async with desk(tmp_path, AlwaysAlive()) as box:
        path = box.store.folder / SETTINGS
        path.write_text("pins_of = [", encoding="utf-8")
        assert await asyncio.to_thread(chosen_settings, box.store.folder) == Settings()
        box.application._carry_out((Choose(language="de"),))
        await box.until(lambda: bool(box.application._visit.context.not_kept))
        assert path.read_text(encoding="utf-8") == "pins_of = ["


@pytest.mark.parametrize("how", ["a pipe", "nested too deeply"])
def test_a_pipe_and_brackets_without_an_end_are_damage_and_never_waited_for(tmp_path: Path, how: str) -> None:
    path = tmp_path / SETTINGS
    if how == "a pipe":
        os.mkfifo(path)
    else:
        path.write_text("a = " + "[" * 100_000)
    with pytest.raises(SettingsError, match="Nothing of the diary is lost"):
        load_settings(tmp_path)


def test_a_pipe_in_the_place_of_the_log_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOG_FILE)
    log_to(tmp_path)
    try:
        assert current_log().startswith("no log")
    finally:
        log_to(tmp_path / "elsewhere")
