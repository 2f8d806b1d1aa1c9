"""The kiosk's own sounds: each key 8 reads the page, and an alarm does not end before Enter."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from drivers import messages as guard
from kiosk.config import ConfigError, Sound, decode_config
from kiosk.keys import Key
from kiosk.sound import tones
from kiosk.visit import flow
from kiosk.visit.state import Moment, Setting
from tests.kiosk.sound.speaker import sounds, until
from tests.whole_visits.sitting import sitting

pytestmark = pytest.mark.timeout(120)


async def test_eight_reads_the_page_and_the_next_key_ends_it(tmp_path: Path) -> None:
    folder = tmp_path / "kiosk"
    folder.mkdir()
    async with sounds(tmp_path) as (playing, speaker), sitting(folder, sounds=playing) as person:
        await person.until(lambda: person.application.page().header.right.endswith("ready"))
        await person.press("8")
        spoken = person.application.page().spoken
        await until(lambda: any(spoken in said for said in speaker.said()))
        await person.press("4")
        await until(lambda: not speaker.readers())


async def test_not_known_whether_current_flows_is_heard_until_enter(tmp_path: Path) -> None:
    folder = tmp_path / "kiosk"
    folder.mkdir()
    async with (
        sounds(tmp_path, alarm_every_s=0.4) as (playing, speaker),
        sitting(folder, sounds=playing) as person,
    ):
        await person.until(lambda: person.application.page().header.right.endswith("ready"))
        person.application._heard(guard.Stopped(0, "not_off", False, "no answer", 3000.0))
        await person.page("not_confirmed")
        await until(lambda: len(speaker.waves()) >= 2)
        assert set(speaker.waves()) == {tones.wav("not_confirmed", playing.volume)}
        assert playing.alarming == "not_confirmed"
        await person.press("enter")
        await person.until(lambda: person.application.page().id != "not_confirmed")
        assert playing.alarming == ""


@pytest.mark.parametrize("reads_aloud", [True, False])
def test_where_there_is_no_voice_no_screen_offers_it(reads_aloud: bool) -> None:
    moment = Moment(dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC), 0.0)
    visit, _ = flow.start(Setting(reads_aloud=reads_aloud), moment)
    offered = any(choice.key in (Key.EIGHT, Key.READ) for choice in flow.page(visit, moment).choices)
    assert offered is reads_aloud


def test_the_configuration_names_player_voice_and_volume() -> None:
    config = decode_config('[sound]\nvolume = 0\nplayer = ["pw-play", "-"]\nvoice = []\n', "kiosk.toml")
    assert config.sound == Sound(volume=0, player=("pw-play", "-"), voice=())
    with pytest.raises(ConfigError, match=r"sound\.volume"):
        decode_config("[sound]\nvolume = 11\n", "kiosk.toml")
