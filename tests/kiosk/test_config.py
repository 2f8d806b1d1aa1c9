"""kiosk.toml is typed: a bad one names file, key, what was found and what was expected."""

import os
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from drivers import configuration
from kiosk import config
from kiosk.config import Config, ConfigError, decode_config, emergency_number, load_config

COMPLETE = """
[device]
kind = "p24"
id_path = "/dev/serial/by-id/usb-HASOMED_P24_1234-if00"
device_id = "P24-1234"
simulated = false

[stop]
inputs = ["/dev/input/by-id/usb-button-event-kbd"]

[guard]
socket = "/run/homestim/guard.sock"

[kiosk]
locked = true
country = "GB"
lang = "de"

[roles]

[sync]
"""


def test_a_complete_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(COMPLETE)
    read = load_config(path)
    assert read.device.id_path.endswith("1234-if00")
    assert read.stop.inputs == ("/dev/input/by-id/usb-button-event-kbd",)
    assert read.guard.socket == "/run/homestim/guard.sock"
    assert (read.kiosk.locked, read.kiosk.lang) == (True, "de")
    assert emergency_number(read.kiosk.country) == "999"


def test_the_page_for_the_installer_shows_every_key_and_is_right(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    read = decode_config(text, "configuration.md")
    shown = tomllib.loads(text)
    assert set(shown) == set(Config.__struct_fields__)
    for name, keys in shown.items():
        assert set(keys) == set(getattr(read, name).__struct_fields__), name
    assert read.sound == config.Sound(), "it says that the sound is as it is without the table"
    (tmp_path / "kiosk.toml").write_text(text)
    guard = configuration.read(str(tmp_path / "kiosk.toml"))
    assert read.device is not None
    assert (guard.kind, guard.port, guard.device_id, guard.simulated, guard.stop_inputs, guard.socket) == (
        *msgspec.structs.astuple(read.device),
        read.stop.inputs,
        read.guard.socket,
    )


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "INSTALLED_AT", tmp_path / "none.toml")
    assert load_config(None) == Config()
    assert emergency_number(Config().kiosk.country) == "112"
    assert Config().device is None


def test_the_installed_file_is_taken_when_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "kiosk.toml"
    installed.write_text('[kiosk]\ncountry = "US"\n')
    monkeypatch.setattr(config, "INSTALLED_AT", installed)
    assert emergency_number(load_config(None).kiosk.country) == "911"


@pytest.mark.parametrize(("country", "number"), [("DE", "112"), ("AT", "112"), ("FR", "112"), ("AU", "000")])
def test_the_emergency_number_follows_the_country_not_the_language(country: str, number: str) -> None:
    text = f'[kiosk]\ncountry = "{country}"\nlang = "en"\n'
    assert emergency_number(decode_config(text, "f").kiosk.country) == number


@pytest.mark.parametrize(
    ("text", "key", "found", "expected"),
    [
        ('[device]\nkind = "p25"', "device.kind", "'p25'", "p24 or rehastim2"),
        ("[device]", "device.kind", "nothing", "p24 or rehastim2"),
        ('[device]\nkind = "p24"', "device.id_path", "nothing", "/dev/serial/by-id"),
        ('[device]\nkind = "p24"\nsimulated = "yes"', "device.simulated", "'yes'", "true or false"),
        ('[device]\nport = "x"', "device.port", "this key", "only keys"),
        ('device = "p24"', "device", "'p24'", "a table."),
        ("[stop]\ninputs = [1]", "stop.inputs[0]", "1", "a text in quotes"),
        ('[stop]\ninputs = "a"', "stop.inputs", "'a'", "a list"),
        ('[kiosk]\nlang = "fr"', "kiosk.lang", "'fr'", "one of"),
        ('[kiosk]\ncountry = "Germany"', "kiosk.country", "'Germany'", "two capital letters"),
        ("[roles]\nx = 1", "roles.x", "this key", "only keys"),
        ("wrong = 1", "wrong", "this key", "only keys"),
        (
            '[device]\nkind = "p24"\nid_path = "/dev/x"\ndevice_id = "SIM7"',
            "device.device_id", "'SIM7'", "not a simulator's",
        ),
        (
            '[device]\nkind = "p24"\nsimulated = true\ndevice_id = "P24-1"',
            "device.device_id", "'P24-1'", "SIM",
        ),
        (
            '[device]\nkind = "p24"\nsimulated = true\nid_path = "/dev/x"',
            "device.id_path", "'/dev/x'", "simulated is true",
        ),
        ('[guard]\nsocket = "/run/g"', "device", "nothing", "the stimulator of the guard"),
        (
            '[device]\nkind = "p24"\nsimulated = true\n[guard]\nsocket = "g"',
            "guard.socket", "'g'", "begins with /",
        ),
        ("[device", "", "", "not TOML"),
    ],
)  # fmt: skip
def test_a_bad_file_names_file_key_found_and_expected(
    tmp_path: Path, text: str, key: str, found: str, expected: str
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    for part in (str(path), key, found, expected):
        assert part in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_a_simulator_has_a_port_only_where_a_guard_of_its_own_has_to_find_it() -> None:
    text = '[device]\nkind = "p24"\nsimulated = true\nid_path = "/dev/x"\n[guard]\nsocket = "/run/g"'
    device = decode_config(text, "f").device
    assert device is not None
    assert (device.simulated, device.id_path) == (True, "/dev/x")


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "none.toml")
    assert caught.value.exit_code == 2
    assert "none.toml" in caught.value.sentence


def test_a_file_that_is_no_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)


def test_a_pipe_and_brackets_without_an_end_are_said_and_never_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    os.mkfifo(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(path)
    path.unlink()
    path.write_text("a = " + "[" * 100_000)
    with pytest.raises(ConfigError, match="expected a TOML file"):
        load_config(path)
