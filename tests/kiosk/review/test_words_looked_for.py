"""The kiosk looks for words in a process of its own, and gives it up when the family leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.clock import Clock
from kiosk.diary.records import Entry, Note
from kiosk.errors import KioskError
from kiosk.keys import Key
from kiosk.review import child
from kiosk.review.family import Found
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.visit.state import Place
from tests.kiosk.family_desk import Desk, desk


def look_for(family: Desk, words: str) -> None:
    family.press(Key.THREE, Key.FOUR)
    for character in words:
        family.application.write(character)
    family.press(Key.ENTER)


def found_by(family: Desk) -> Found | None:
    return family.application._visit.context.looking.found


async def test_words_are_found_in_the_diary_as_it_is_now(tmp_path: Path) -> None:
    async with desk(tmp_path, AlwaysAlive()) as family:
        await family.store.add(Entry(moment="daily", note="Rücken, Regen"))
        await family.store.add(Note(text="regen", author="family"))
        look_for(family, "REGEN")
        await family.until(lambda: found_by(family) is not None)
        found = found_by(family)
        assert found is not None
        assert [one.entry.note for one in found.entries] == ["Rücken, Regen"]
        assert [one.text for one in found.notes] == ["regen"]


async def test_a_typed_note_stands_in_the_diary_as_it_was_typed(tmp_path: Path) -> None:
    async with desk(tmp_path, AlwaysAlive()) as family:
        family.press(Key.SIX, Key.ONE, Key.SEVEN)
        for character in "[bold]8, * é.":
            family.application.write(character)
        family.press(Key.ENTER)
        await family.until(lambda: family.application._visit.context.saves.all_durable)
        (note,) = [one.record for one in family.store.all("notes")]
        assert isinstance(note, Note)
        assert note.text == "[bold]8, * é."


async def test_a_diary_that_cannot_be_looked_through_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def damaged(folder: Path, clock: Clock, wanted: str, language: str) -> Found:
        raise KioskError("A part of the diary is damaged.")

    monkeypatch.setattr(child, "found_in_child", damaged)
    async with desk(tmp_path, AlwaysAlive()) as family:
        look_for(family, "rain")
        await family.until(lambda: bool(family.application._visit.context.looking.not_found_out))
        assert "A part of the diary is damaged." in family.application.page().spoken


@pytest.mark.parametrize("by", ["home", "words"])
async def test_looking_is_given_up_when_nobody_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def for_ever(folder: Path, clock: Clock, wanted: str, language: str) -> Found:
        if wanted == "snow":
            return Found("snow")
        begun.set()
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            ended.set()

    monkeypatch.setattr(child, "found_in_child", for_ever)
    async with desk(tmp_path, AlwaysAlive()) as family:
        look_for(family, "rain")
        await begun.wait()
        if by == "home":
            visit = family.application._visit
            context = replace(visit.context, family=None)
            family.application._take((replace(visit, place=Place("home"), context=context), ()))
        else:
            family.press(Key.BACK)
            look_for(family, "snow")
            await family.until(lambda: found_by(family) == Found("snow"))
        async with asyncio.timeout(30):
            await ended.wait()
