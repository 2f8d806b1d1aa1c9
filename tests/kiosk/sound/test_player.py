"""Sounds that nothing waits for: played, read, cut short, and absent without a word."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kiosk.sound import tones
from kiosk.sound.player import Sounds
from tests.kiosk.sound.speaker import sounds, until


async def test_a_tone_is_given_to_the_player_whole(tmp_path: Path) -> None:
    async with sounds(tmp_path, volume=7) as (playing, speaker):
        await playing.prepare()
        playing.play("prompt")
        await until(speaker.waves)
        assert speaker.waves() == [tones.wav("prompt", 7)]


async def test_a_page_is_read_in_its_language_until_a_key_comes(tmp_path: Path) -> None:
    async with sounds(tmp_path) as (playing, speaker):
        playing.read("Guten Tag.", "de")
        await until(lambda: any("Guten Tag." in said for said in speaker.said()))
        assert "-v de" in speaker.said()[0]
        assert speaker.readers()
        playing.hush()
        await until(lambda: not speaker.readers())


async def test_a_tone_cuts_reading_short(tmp_path: Path) -> None:
    async with sounds(tmp_path) as (playing, speaker):
        playing.read("A long page.", "en")
        await until(speaker.readers)
        playing.play("fault")
        await until(lambda: speaker.waves() and not speaker.readers())


async def test_what_a_player_has_started_is_ended_with_it(tmp_path: Path) -> None:
    """A script as the player: what it calls holds the pipe, and would go on sounding."""
    started, script = tmp_path / "pid", tmp_path / "player"
    script.write_text(
        f"#!/bin/sh\nexec 3<&0\nsleep 60 <&3 &\necho $! > {started}.new; mv {started}.new {started}\nwait\n"
    )
    script.chmod(0o755)
    playing = Sounds(player=[str(script)])
    playing.play("fault")
    await until(started.exists)
    async with asyncio.timeout(60):
        await playing.close()
    await until(lambda: not _runs(int(started.read_text())))


def _runs(pid: int) -> bool:
    """Not so who has ended, and only waits to be noticed by the machine's first process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def test_an_alarm_sounds_again_and_again_until_it_is_ended(tmp_path: Path) -> None:
    async with sounds(tmp_path, volume=0, alarm_every_s=0.3) as (playing, speaker):
        playing.alarm("not_confirmed")
        playing.alarm("not_confirmed")
        await until(lambda: len(speaker.waves()) >= 2)
        playing.read("Not now.", "en")
        playing.alarm("")
        await playing.close()
        heard = len(speaker.waves())
        await asyncio.sleep(0.7)  # two alarms' time: none may come
        assert len(speaker.waves()) <= heard + 1
        assert speaker.said() == []
        assert set(speaker.waves()) == {tones.wav("not_confirmed", tones.FLOOR)}


@pytest.mark.parametrize("command", [(), ("/nowhere/at/all",)])
async def test_where_there_is_no_sound_nothing_happens_and_it_is_known(command: tuple[str, ...]) -> None:
    playing = Sounds(player=command, voice=command)
    assert not playing.can_play
    assert not playing.can_read
    await playing.prepare()
    playing.play("prompt")
    playing.read("Hello.", "en")
    playing.alarm("not_confirmed")
    await playing.close()


async def test_a_player_that_fails_is_only_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    playing = Sounds(player=["false"])
    playing.play("prompt")
    await until(lambda: "no sound" in caplog.text)
    await playing.close()
