"""Language, loudness and reminders, chosen at help; tones that call, and their words on the screen."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk import words
from kiosk.diary.records import Lock
from kiosk.diary.settings_file import (
    PinHash,
    Reminders,
    Settings,
    SettingsError,
    change_settings,
    load_settings,
    save_settings,
)
from kiosk.events import Choose, NotChosen, PlayTone, Woke
from kiosk.keys import Key
from kiosk.visit import flow
from kiosk.visit.state import Setting
from kiosk.visit.steps import calls
from tests.kiosk.sound.speaker import sounds, until
from tests.kiosk.visit.visit_bench import START, Walk, today
from tests.whole_visits.sitting import sitting

MORNING = START.replace(hour=9, minute=30)


def at_choices(**setting: bool) -> Walk:
    walk = Walk(setting=Setting(**setting))  # type: ignore[arg-type]
    walk.press("4", "3")
    assert walk.step == "choices"
    return walk


# ── choosing ──


def test_louder_and_softer_stay_between_off_and_ten() -> None:
    walk = at_choices()
    assert "Sounds: 6 of 10." in walk.words
    walk.press(*["up"] * 6)
    assert walk.visit.context.chosen.volume == 10
    walk.press(*["down"] * 12)
    assert walk.visit.context.chosen.volume == 0
    assert "Sounds are off. Alarms are still heard." in walk.words
    said = [effect.volume for effect in walk.sent(Choose)]
    assert min(v for v in said if v is not None) == 0
    assert max(v for v in said if v is not None) == 10


def test_with_sounds_off_no_screen_offers_to_read_aloud() -> None:
    walk = at_choices()
    assert any(choice.key is Key.EIGHT for choice in walk.page.choices)
    walk.press(*["down"] * 6)
    assert not any(choice.key is Key.EIGHT for choice in walk.page.choices)


def test_where_there_is_no_loudspeaker_nothing_is_louder() -> None:
    walk = at_choices(plays_tones=False, reads_aloud=False)
    walk.press("up", "down")
    assert walk.sent(Choose) == []
    assert "no loudspeaker" in walk.words


def test_a_language_is_one_key() -> None:
    walk = at_choices()
    before = walk.page.serial
    walk.press("2")
    assert walk.sent(Choose) == [Choose(language="de")]
    assert walk.page.serial != before, "a second press is not meant for the screen in the other language"


def test_what_cannot_be_kept_is_said() -> None:
    walk = at_choices()
    walk.press("up")
    walk.hear(NotChosen("The settings cannot be saved: the disk is full. The old ones hold."))
    assert "the disk is full" in walk.words
    walk.press("down")
    assert "the disk is full" not in walk.words


def test_language_is_chosen_at_home_and_its_help_alone() -> None:
    """Safety rule 24: no step but one emits a choice, and only help leads there, only home to help."""
    leading = {name for name, step in flow.STEPS.items() if "choices" in step.leads_to}
    assert leading == {"help"}
    assert {name for name, step in flow.STEPS.items() if "help" in step.leads_to} <= {
        "home",
        "label",
        "evidence",
        "choices",
        "consent",
        "patient_pin",
        "practice_intro",
        "prescription",
    }
    walk = Walk()
    while walk.step != "session":
        for key in Key:
            if key is not Key.LEAVE:
                _, effects = flow.press(walk.visit, key, walk.moment)
                assert not any(isinstance(effect, Choose) for effect in effects), walk.step
        walk.until_next()


# ── kept ──


def test_choices_and_pins_of_two_writers_are_all_kept(tmp_path: Path) -> None:
    pin = PinHash(salt="aa", hash="bb", n=2, r=1, p=1)

    def choose(n: int) -> None:
        change_settings(tmp_path, lambda kept: replace(kept, volume=n % 11))

    def set_pin(n: int) -> None:
        change_settings(tmp_path, lambda kept: replace(kept, pins={**kept.pins, f"role{n}": pin}))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8) for one in (choose, set_pin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = load_settings(tmp_path)
    assert set(kept.pins) == {f"role{n}" for n in range(8)}
    assert kept.volume is not None


def test_every_setting_is_read_back(tmp_path: Path) -> None:
    pins = {"patient": PinHash(salt="aa", hash="bb", n=2, r=1, p=1)}
    reminders = Reminders(on=False, hours=(9, 20), quiet_from=21, quiet_until=7)
    for settings in (Settings(volume=0), Settings(language="de", volume=9, reminders=reminders, pins=pins)):
        save_settings(tmp_path, settings)
        assert load_settings(tmp_path) == settings


@pytest.mark.parametrize(
    "text", ["volume = 11\n", "[reminders]\nhours = [25]\n", "[reminders]\nhours = [9, 10, 11, 12]\n"]
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(SettingsError):
        load_settings(tmp_path)


@pytest.mark.timeout(120)
async def test_the_kiosk_speaks_german_at_once_and_after_a_restart_and_plays_how_loud_it_is(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "kiosk"
    folder.mkdir()
    try:
        async with sounds(tmp_path) as (playing, speaker), sitting(folder, sounds=playing) as person:
            await person.until(lambda: person.application.page().header.right.endswith("ready"))
            await person.press("4")
            await person.page("help")
            await person.press("3")
            await person.page("choices")
            await person.press("plus", "plus")
            await until(lambda: load_settings(person.store.folder).volume == 8)
            await until(lambda: speaker.waves())
            await person.press("2")
            await until(lambda: load_settings(person.store.folder).language == "de")
            assert "Sprache" in person.application.page().header.left
            kept = load_settings(person.store.folder)
            assert (kept.volume, kept.language) == (8, "de")
            assert "family" in kept.pins, "the PIN is still there"
    finally:
        words.set_language("en")


# ── nobody answers ──


def test_three_tones_a_minute_apart_call_a_person_who_does_not_answer() -> None:
    walk = Walk()
    walk.until("session")
    walk.end_session("still_ok")
    assert walk.step == "nobody"
    began_s = walk.uptime_s
    called = []
    while walk.step == "nobody":
        due_s = flow.deadline_s(walk.visit)
        assert due_s is not None
        walk.wait(due_s - walk.uptime_s)
        before = len(walk.sent(PlayTone))
        walk.hear(Woke())
        called += [walk.uptime_s - began_s] * (len(walk.sent(PlayTone)) - before)
    assert called == [60.0, 120.0, 180.0]
    assert walk.step == "home"
    assert walk.uptime_s - began_s == 1800.0


def test_after_five_minutes_nothing_is_offered_but_to_take_the_pads_off() -> None:
    walk = Walk()
    walk.until("session")
    walk.end_session("still_ok")
    assert "Take the pads off" not in walk.words
    assert "It is saved." in walk.words
    walk.wait(301)
    assert "Take the pads off when you are ready." in walk.words
    assert not any(choice.key is Key.ONE for choice in walk.page.choices)
    walk.press("1")
    assert walk.step == "nobody"
    walk.press("2")
    assert walk.step == "pads_off"


def test_five_minutes_pass_while_the_box_sleeps_too() -> None:
    walk = Walk()
    walk.until("session")
    walk.end_session("still_ok")
    walk.sleep(301)
    assert "Take the pads off when you are ready." in walk.words
    assert not any(choice.key is Key.ONE for choice in walk.page.choices)
    walk.press("1")
    assert walk.step == "nobody"


@pytest.mark.parametrize("step", ["not_confirmed", "verdict"])
def test_what_must_be_read_is_never_left_by_time(step: str) -> None:
    walk = Walk()
    if step == "not_confirmed":
        walk.until("session")
        walk.end_session("person", confirmed=False)
    else:
        walk.until("group")
        walk.press("2", "2", "2")
    assert walk.step == step
    assert flow.deadline_s(walk.visit) is None
    walk.wait(7200)
    walk.hear(Woke())
    assert walk.step == step


# ── reminders ──


def a_day(walk: Walk, hours: int = 24) -> list[dt.datetime]:
    """When tones sounded while the kiosk stood on home."""
    heard = []
    end = walk.now + dt.timedelta(hours=hours)
    while walk.now < end:
        due_s = flow.deadline_s(walk.visit)
        assert due_s is not None
        walk.wait(due_s - walk.uptime_s)
        before = len(walk.sent(PlayTone))
        walk.hear(Woke())
        heard += [walk.now] * (len(walk.sent(PlayTone)) - before)
        assert walk.step == "home"
    return heard


def test_three_soft_tones_a_day_and_none_at_night() -> None:
    heard = a_day(Walk(today(), now=MORNING))
    assert [(one.hour, one.minute) for one in heard] == [(10, 0), (14, 0), (18, 0)]


def test_none_within_the_quiet_hours_whatever_hours_were_chosen() -> None:
    reminders = Reminders(hours=(3, 8, 21))
    walk = Walk(now=MORNING)
    walk.visit = replace(
        walk.visit,
        context=replace(walk.visit.context, chosen=replace(walk.visit.context.chosen, reminders=reminders)),
    )
    assert a_day(walk) == []


def test_none_when_reminders_are_off() -> None:
    walk = Walk(now=MORNING)
    walk.press("4", "3", "3")
    assert "Reminders are off." in walk.words
    walk.press("0", "0")
    assert walk.step == "home"
    assert a_day(walk) == []


def test_a_tone_has_its_words_on_home() -> None:
    assert "Reminder" not in Walk(now=MORNING).words
    walk = Walk(now=MORNING.replace(hour=10))
    assert "Reminder: today's session is not done yet." in walk.words
    walk = Walk(today(week0_day=3), now=MORNING.replace(hour=10))
    assert "Reminder: today's questions are not answered yet." in walk.words
    assert "Reminder" not in Walk(now=START.replace(hour=21)).words


def test_a_locked_box_reminds_of_nothing() -> None:
    assert a_day(Walk(today(locks=(Lock(class_="E", cause="rf_chest"),)), now=MORNING)) == []


def test_a_box_that_slept_does_not_ring_for_hours_that_went_by() -> None:
    reminders = Reminders()
    assert calls.hour_has_come(reminders, START.replace(hour=13, minute=55), START.replace(hour=14))
    assert not calls.hour_has_come(reminders, START.replace(hour=9), START.replace(hour=15))
    assert not calls.hour_has_come(reminders, START.replace(hour=15), START.replace(hour=9))


@pytest.mark.parametrize(("hour", "quiet"), [(19, False), (20, True), (0, True), (8, True), (9, False)])
def test_quiet_hours_go_over_midnight(hour: int, quiet: bool) -> None:
    assert calls.is_quiet(Reminders(), START.replace(hour=hour, minute=0)) is quiet


def test_no_tone_reminds_within_a_visit() -> None:
    walk = Walk(now=MORNING.replace(minute=58))
    walk.press("1", "1")
    assert flow.deadline_s(walk.visit) is None
    walk.wait(3600)
    walk.hear(Woke())
    assert walk.sent(PlayTone) == []
