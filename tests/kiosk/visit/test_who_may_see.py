"""Who may see: the person says it herself, on the screen, and takes it back; and her own PIN."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest

from kiosk import cli
from kiosk import today as today_of
from kiosk.access.pins import Access
from kiosk.clock import FixedClock
from kiosk.diary.records import Access as AccessRecord
from kiosk.diary.records import Consent, FolderKind, Lock
from kiosk.diary.settings_file import load_settings
from kiosk.diary.store import open_store
from kiosk.events import CheckPin, LoadFamilyView, PinChecked, StopTestEnded, Woke
from kiosk.keys import Key
from kiosk.visit import flow
from kiosk.visit.state import Setting
from tests.kiosk.visit.visit_bench import Walk, today

NOON = dt.datetime(2026, 11, 20, 12, 30, tzinfo=dt.UTC)
CLOSED = [None, False]


def label_of_family(walk: Walk) -> str:
    return next(choice.label for choice in walk.page.choices if choice.key is Key.NINE)


# ── consent ──


@pytest.mark.parametrize("said", CLOSED)
def test_without_her_yes_the_family_is_not_even_asked_for_its_pin(said: bool | None) -> None:
    walk = Walk(today(family_may_look=said))
    walk.press("9")
    assert walk.step == "consent"
    walk.press("0")
    assert walk.step == "home"
    assert walk.sent(CheckPin) == walk.sent(LoadFamilyView) == []


def test_a_new_box_asks_when_the_family_looks_for_the_first_time() -> None:
    walk = Walk(today(family_may_look=None))
    assert label_of_family(walk) == "Family"
    walk.press("9")
    assert "nobody may look" in walk.words
    walk.press("1")
    assert walk.records(Consent) == [Consent(topic="family", given=True, who="patient")]
    assert walk.step == "home"
    assert label_of_family(walk) == "Family: may look"
    walk.press("9")
    assert walk.step == "pin"


def test_it_is_taken_back_under_help_and_holds_at_once() -> None:
    walk = Walk()
    walk.press("4", "4")
    assert walk.step == "consent"
    walk.press("2")
    assert walk.records(Consent) == [Consent(topic="family", given=False, who="patient")]
    assert label_of_family(walk) == "Family: may not look"
    walk.press("9")
    assert walk.step == "consent"


def test_what_she_said_counts_when_it_is_saved_and_not_before() -> None:
    walk = Walk(today(family_may_look=None), answering=False)
    walk.press("9", "1")
    assert walk.step == "saving"
    walk.fail_saves()
    assert walk.step == "not_saved"
    walk.press("2", "9")
    assert walk.step != "pin"


def test_enter_and_stray_keys_say_neither_yes_nor_no() -> None:
    for key in Key:
        if key not in (Key.ONE, Key.TWO, Key.LEAVE):
            walk = Walk(today(family_may_look=None))
            walk.press("9")
            walk.press(key)
            assert walk.records(Consent) == []


async def test_the_last_word_written_counts_whatever_the_clock_said(tmp_path: Path) -> None:
    clock = FixedClock(NOON)
    with open_store(tmp_path / "data", "simulated", clock) as store:
        assert today_of.read(store, clock).family_may_look is None
        await store.add(Consent(topic="other", given=True, who="patient"))
        assert today_of.read(store, clock).family_may_look is None
        await store.add(Consent(topic="family", given=True, who="patient"))
        assert today_of.read(store, clock).family_may_look is True
        clock.time -= dt.timedelta(days=3)
        await store.add(Consent(topic="family", given=False, who="patient"))
        assert today_of.read(store, clock).family_may_look is False


# ── her own PIN ──


def typed(walk: Walk, ok: bool, wait_s: int = 0) -> None:
    walk.press("4", "7", "1", "1", "enter")
    walk.hear(PinChecked(ok, wait_s))


def test_is_it_you_is_answered_by_her_pin_where_one_was_set() -> None:
    walk = Walk(patient_pin=True)
    walk.press("1", "1")
    assert walk.step == "patient_pin"
    typed(walk, ok=False, wait_s=5)
    assert walk.step == "patient_pin"
    assert "Try again in 5 seconds" in walk.words
    walk.press("4", "7", "1", "1", "enter")
    assert len(walk.sent(CheckPin)) == 2, "the time to wait has passed with the keys"
    walk.hear(PinChecked(True, 0))
    assert walk.step == "get_ready"
    assert [(one.role, one.pin) for one in walk.sent(CheckPin) if isinstance(one, CheckPin)] == [
        ("patient", "4711")
    ] * 2


def test_before_the_time_to_wait_is_over_no_pin_is_looked_at() -> None:
    walk = Walk(patient_pin=True)
    walk.press("1", "1")
    typed(walk, ok=False, wait_s=60)
    walk.press("4", "7", "1", "1", "enter")
    assert len(walk.sent(CheckPin)) == 1


def test_no_key_but_the_right_pin_passes_the_question() -> None:
    walk = Walk(patient_pin=True)
    walk.press("1", "1")
    for key in Key:
        visit, _ = flow.press(walk.visit, key, walk.moment)
        assert visit.step in ("patient_pin", "identity"), key
    walk.hear(PinChecked(True, 0))
    assert walk.step == "patient_pin", "nothing was asked"
    typed(walk, ok=False)
    assert walk.step == "patient_pin"
    walk.wait(121)
    walk.hear(Woke())
    assert walk.step == "home"


def test_without_a_pin_nobody_is_asked_for_one() -> None:
    walk = Walk()
    walk.press("1", "1")
    assert walk.step == "get_ready"


def test_who_may_see_is_said_by_her_who_knows_her_pin() -> None:
    walk = Walk(today(family_may_look=None), patient_pin=True)
    walk.press("9")
    assert walk.step == "patient_pin"
    typed(walk, ok=True)
    assert walk.step == "consent"
    walk.press("0")
    walk.press("4", "4")
    assert walk.step == "patient_pin"


def test_diary_help_and_stop_ask_for_no_pin() -> None:
    walk = Walk(today(locks=(Lock(class_="E", cause="rf_chest"),)), patient_pin=True)
    walk.press("2")
    assert walk.step == "diary_day"
    walk = Walk(patient_pin=True)
    walk.press("4")
    assert walk.step == "help"
    walk = Walk(patient_pin=True)
    walk.press("1", "1")
    typed(walk, ok=True)
    walk.until("stop_test")
    walk.press("stop")
    walk.hear(StopTestEnded(True, "status 0"))
    assert walk.step == "stop_works"


def test_back_does_not_lead_to_the_pin_again() -> None:
    walk = Walk(patient_pin=True)
    walk.press("1", "1")
    typed(walk, ok=True)
    walk.press("0")
    assert walk.step == "identity"


async def test_both_pins_have_delays_of_their_own_by_the_same_rule(tmp_path: Path) -> None:
    clock = FixedClock(NOON)
    with open_store(tmp_path / "data", "real", clock) as store:
        access = Access(store, hasher=_plain)
        assert not access.has_pin("patient")
        await access.set_pin("patient", "4711")
        await access.set_pin("family", "1234")
        for _ in range(3):
            assert not (await access.check_pin("patient", "0000")).ok
        assert (await access.check_pin("patient", "4711")).wait_s == 5
        assert (await access.check_pin("family", "1234")).ok
        clock.advance(5)
        assert (await access.check_pin("patient", "4711")).ok
        roles = {one.record.role for one in store.all("access") if isinstance(one.record, AccessRecord)}
        assert roles == {"patient", "family"}


async def _plain(pin: str, _parameters: object) -> bytes:
    return pin.encode()


# ── the installer's command ──


@pytest.mark.parametrize("kind", ["real", "simulated"])
def test_the_installer_sets_a_pin_beside_a_running_kiosk(
    tmp_path: Path, kind: FolderKind, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    with open_store(folder, kind, FixedClock(NOON)):
        _types(monkeypatch, "4711\n")
        assert cli.main(["pin", "patient", "--data", str(folder)]) == 0
        assert "4711" not in capsys.readouterr().out
        assert set(load_settings(folder).pins) == {"patient"}


@pytest.mark.parametrize(("said", "sentence"), [("12\n", "4 to 12 digits"), ("\n", "4 to 12 digits")])
def test_a_pin_that_is_none_is_refused_in_one_sentence(
    tmp_path: Path,
    said: str,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "data"
    open_store(folder, "real", FixedClock(NOON)).close()
    _types(monkeypatch, said)
    assert cli.main(["pin", "patient", "--data", str(folder)]) == 1
    assert sentence in capsys.readouterr().err
    assert not load_settings(folder).pins


def test_a_folder_that_is_none_gets_no_pin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _types(monkeypatch, "4711\n")
    assert cli.main(["pin", "patient", "--data", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def _types(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


# ── the clinic ──

SENDS = Setting(recipient="Back Clinic")


def test_a_box_that_sends_nothing_asks_nothing() -> None:
    walk = Walk()
    walk.press("4", "4")
    assert Key.THREE not in {choice.key for choice in walk.page.choices}
    walk.press("3")
    assert walk.step == "consent"


def test_she_says_whether_her_diary_is_sent_and_to_whom() -> None:
    walk = Walk(setting=SENDS)
    assert "Back Clinic" not in walk.words
    walk.press("4", "4", "3")
    assert walk.step == "consent_clinic"
    assert "nothing is sent" in walk.words
    walk.press("1")
    assert walk.records(Consent) == [Consent(topic="sync", given=True, who="patient", to="Back Clinic")]
    assert walk.step == "home"


def test_while_it_is_sent_home_says_so_and_she_can_take_it_back() -> None:
    walk = Walk(today(clinic_may_receive=True), setting=SENDS)
    assert "Your diary is sent to Back Clinic." in walk.words
    walk.press("4", "4", "3")
    assert "Now your diary is sent." in walk.words
    walk.press("2")
    assert walk.records(Consent) == [Consent(topic="sync", given=False, who="patient", to="Back Clinic")]


def test_enter_and_stray_keys_send_nothing() -> None:
    for key in Key:
        walk = Walk(setting=SENDS)
        walk.press("4", "4", "3")
        walk.press(key.value)
        if key not in (Key.ONE, Key.TWO):
            assert walk.records(Consent) == [], key
