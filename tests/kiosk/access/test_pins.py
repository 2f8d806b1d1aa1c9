"""A PIN is hashed elsewhere, journalled before it is checked, and never written in clear."""

import asyncio
import datetime as dt
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.access import pins
from kiosk.access.pins import Access, AccessError, PinResult, scrypt_in_child
from kiosk.clock import FixedClock
from kiosk.diary.settings_file import PinHash, Settings, SettingsError, load_settings, save_settings
from kiosk.diary.store import Store, StoreReadOnly, open_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(folder: Path, fixed_clock: FixedClock):
    with open_store(folder, "simulated", fixed_clock) as opened:
        yield opened


@pytest.fixture
def fixed_clock() -> FixedClock:
    return FixedClock(dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC))


async def cheap(pin: str, parameters: PinHash) -> bytes:
    """In the tests that are not about scrypt."""
    return hashlib.sha256(parameters.salt.encode() + pin.encode()).digest()


def attempts(store: Store) -> list[str]:
    return [stored.record.action for stored in store.all("access")]


async def test_the_right_pin_opens_and_a_wrong_one_does_not(store: Store, fixed_clock: FixedClock) -> None:
    access = Access(store, cheap)
    await access.set_pin("family", "4711")
    assert await access.check_pin("family", "4711") == PinResult(ok=True, is_set=True)
    for wrong in ("4712", "", "471", "47110", "ü4711"):
        result = await access.check_pin("family", wrong)
        assert (result.ok, result.is_set) == (False, True)
        fixed_clock.advance(result.wait_s)
    assert attempts(store)[:4] == ["pin_attempt", "pin_ok", "pin_attempt", "pin_wrong"]


async def test_without_a_pin_none_is_right(store: Store) -> None:
    assert await Access(store, cheap).check_pin("family", "") == PinResult(ok=False, is_set=False)
    assert attempts(store) == ["pin_attempt"]


async def test_an_attempt_is_in_the_diary_before_it_is_checked(store: Store) -> None:
    seen: list[list[str]] = []

    async def looking(pin: str, parameters: PinHash) -> bytes:
        seen.append(attempts(store))
        return await cheap(pin, parameters)

    await Access(store, cheap).set_pin("family", "4711")
    await Access(store, looking).check_pin("family", "4711")
    assert seen == [["pin_attempt"]]


async def test_what_cannot_be_journalled_is_not_checked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(pin: str, parameters: PinHash) -> bytes:
        raise AssertionError("checked without a trace")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    await Access(store, cheap).set_pin("family", "4711")
    monkeypatch.setattr("kiosk.diary.files.Files.write_at", full)
    with pytest.raises(StoreReadOnly):
        await Access(store, never).check_pin("family", "4711")


async def test_the_real_hash_is_scrypt_made_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = PinHash(salt="00ff" * 8, hash="", n=2**15, r=8, p=1)
    expected = hashlib.scrypt(
        b"2580", salt=bytes.fromhex("00ff" * 8), n=2**15, r=8, p=1, maxmem=2**26, dklen=32
    )

    def here(*_: object, **__: object) -> bytes:
        raise AssertionError("in our own process")

    monkeypatch.setattr(hashlib, "scrypt", here)
    assert await scrypt_in_child("2580", parameters) == expected


async def test_the_loop_goes_on_while_a_pin_is_hashed() -> None:
    parameters = PinHash(salt="00" * 16, hash="", n=pins.SCRYPT_N, r=pins.SCRYPT_R, p=pins.SCRYPT_P)
    hashing = asyncio.create_task(scrypt_in_child("1234", parameters))
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert turns > 5
    assert len(await hashing) == 32


def test_the_child_takes_the_pin_from_standard_input_and_imports_nothing_of_ours() -> None:
    asked = {"pin": "1234", "salt": "00" * 16, "n": 2, "r": 1, "p": 1, "bytes": 32}
    script = (
        "import runpy, sys; sys.argv = ['child']; "
        f"runpy.run_path({str(pins._CHILD)!r}, run_name='__main__'); "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'kiosk', 'msgspec', 'asyncio', 'programs'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n")
    assert done.stdout[:64] == hashlib.scrypt(b"1234", salt=bytes(16), n=2, r=1, p=1, dklen=32).hex()


async def test_a_child_that_fails_is_said_in_a_sentence() -> None:
    with pytest.raises(AccessError, match="cannot be checked") as caught:
        await scrypt_in_child("1234", PinHash(salt="00", hash="", n=3, r=8, p=1))
    assert "Traceback" not in caught.value.sentence


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "١٢٣٤", "12 4"])
async def test_a_pin_is_four_to_twelve_digits(store: Store, pin: str) -> None:
    with pytest.raises(AccessError, match="4 to 12 digits"):
        await Access(store, cheap).set_pin("family", pin)
    assert not Access(store, cheap).has_pin("family")


async def test_the_demo_shows_its_pin_and_a_real_folder_has_none(
    store: Store, tmp_path: Path, fixed_clock: FixedClock
) -> None:
    demo = Access(store, cheap)
    await demo.set_demo_pin()
    assert (await demo.check_pin("family", demo.demo_pin)).ok
    await demo.set_pin("family", "9999")
    await demo.set_demo_pin()
    assert (await demo.check_pin("family", "9999")).ok
    with open_store(tmp_path / "real", "real", fixed_clock) as real:
        access = Access(real, cheap)
        await access.set_demo_pin()
        assert access.demo_pin is None
        assert not access.has_pin("family")


def test_no_file_holds_a_pin_and_two_equal_pins_differ(store: Store, folder: Path) -> None:
    access = Access(store)
    asyncio.run(access.set_pin("family", "86420975"))
    first = load_settings(folder).pins["family"]
    assert asyncio.run(access.check_pin("family", "86420975")).ok
    for path in folder.rglob("*"):
        assert path.is_dir() or b"86420975" not in path.read_bytes(), path
    asyncio.run(access.set_pin("family", "86420975"))
    assert load_settings(folder).pins["family"].hash != first.hash


def test_settings_are_read_back_and_keep_what_was_not_changed(tmp_path: Path) -> None:
    assert load_settings(tmp_path) == Settings()
    settings = Settings(language="de", pins={"family": PinHash(salt="aa", hash="bb", n=2, r=1, p=1)})
    save_settings(tmp_path, settings)
    assert load_settings(tmp_path) == settings


async def test_a_new_pin_keeps_the_chosen_language(store: Store, folder: Path) -> None:
    save_settings(folder, Settings(language="de"))
    await Access(store, cheap).set_pin("family", "4711")
    assert load_settings(folder).language == "de"


PINS = {role: PinHash(salt="00", hash="ff", n=2, r=8, p=1) for role in ("family", "patient", "clinician")}


@pytest.mark.parametrize("settings", [Settings(pins=PINS), Settings(language="de", volume=3, pins=PINS)])
def test_a_file_that_lost_its_end_is_damaged_and_never_one_without_a_pin(
    settings: Settings, tmp_path: Path
) -> None:
    save_settings(tmp_path, settings)
    path = tmp_path / "settings.toml"
    whole = path.read_text(encoding="utf-8")
    sentences = []
    for cut in range(len(whole)):
        path.write_text(whole[:cut], encoding="utf-8")
        try:
            found = load_settings(tmp_path)
        except SettingsError as error:
            sentences.append(error.sentence)
        else:
            assert set(found.pins) == set(PINS), cut
    assert len(sentences) > len(whole) - 5
    assert all("Nothing of the diary is lost." in one and "homestim setup" in one for one in sentences)


def test_an_older_file_without_the_list_of_pins_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('language = "de"\n')
    assert load_settings(tmp_path) == Settings(language="de")


def test_broken_settings_name_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("language = 3\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    assert str(tmp_path / "settings.toml") in caught.value.sentence
    assert "language" in caught.value.sentence
