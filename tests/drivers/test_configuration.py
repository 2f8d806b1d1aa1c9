"""A guard that is a unit of its own takes stimulator and stop inputs from the box's one configuration."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.configuration import Configuration, ConfigurationError, fill_in, read
from drivers.guard.command import main

COMPLETE = """
[device]
kind = "rehastim2"
id_path = "/dev/serial/by-id/usb-1"
device_id = "1234"

[stop]
inputs = ["/dev/input/by-id/button"]

[guard]
socket = "/run/homestim/guard.sock"

[kiosk]
locked = true
"""


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "kiosk.toml"
    path.write_text(text)
    return str(path)


def given(**options: object) -> argparse.Namespace:
    plain: dict[str, object] = {
        "fd": None, "socket": None, "port": None, "device": None, "device_id": None, "simulated": False,
        "stop_input": [],
    }  # fmt: skip
    return argparse.Namespace(**{**plain, **options})


def test_it_stands_in_one_file(tmp_path: Path) -> None:
    found = read(written(tmp_path, COMPLETE))
    assert found == Configuration(
        "rehastim2",
        "/dev/serial/by-id/usb-1",
        "1234",
        False,
        ("/dev/input/by-id/button",),
        "/run/homestim/guard.sock",
    )
    args = given()
    fill_in(args, found)
    assert (args.device, args.port, args.device_id) == ("rehastim2", "/dev/serial/by-id/usb-1", "1234")
    assert (args.socket, args.simulated) == ("/run/homestim/guard.sock", False)


def test_a_stop_input_of_the_configuration_is_needed_whatever_else_is_given(tmp_path: Path) -> None:
    args = given(stop_input=["/dev/input/pedal"])
    fill_in(args, read(written(tmp_path, COMPLETE)))
    assert args.stop_input == ["/dev/input/by-id/button", "/dev/input/pedal"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("device", "p24", "set up for a rehastim2"),
        ("port", "/dev/ttyUSB1", "at /dev/serial/by-id/usb-1, not at /dev/ttyUSB1"),
        ("device_id", "9", "the stimulator 1234"),
        ("simulated", True, "real stimulator"),
    ],
)
def test_no_option_opens_another_stimulator_than_the_configured_one(
    tmp_path: Path, option: str, value: object, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        fill_in(given(**{option: value}), read(written(tmp_path, COMPLETE)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[device", "is not TOML"),
        ("a = " + "[" * 100_000, "is not TOML"),
        ("", "device.kind: found nothing, expected p24 or rehastim2"),
        ('[device]\nkind = "p25"', "device.kind: found 'p25'"),
        ('device = "p24"', "device: found 'p24', expected a table"),
        ('[device]\nkind = "p24"\nid_path = 7', "device.id_path: found 7"),
        ('[device]\nkind = "p24"\nsimulated = "no"', "device.simulated: found 'no'"),
        ('[device]\nkind = "p24"\n[stop]\ninputs = "b"', "stop.inputs: found 'b'"),
        ('[device]\nkind = "p24"\n[guard]\nsocket = 1', "guard.socket: found 1"),
    ],
)
def test_a_bad_file_names_file_key_found_and_expected(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    assert path in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--config", "/nowhere/kiosk.toml"], "/nowhere/kiosk.toml cannot be read"),
        (["--socket", "/tmp/s", "--device", "p24"], "--port is missing"),
        (["--port", "/dev/x", "--device", "p24"], "--fd or --socket is missing"),
        (["--fd", "0", "--port", "/dev/x", "--device", "p24", "--late-answers"], "for a simulator alone"),
    ],
)
def test_wrong_use_is_a_sentence_and_exit_2(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_the_unit_of_a_box_that_is_only_tried_stands_by_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """Its kiosk starts a simulator and a guard by itself: a unit that failed would undo the installation."""
    address, door = str(tmp_path / "notify"), tmp_path / "guard.sock"
    config = written(tmp_path, '[device]\nkind = "p24"\ndevice_id = "SIMP240001"\nsimulated = true\n')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(60)
        command = ["-m", "kiosk", "guard", "--config", config, "--socket", str(door), "--notify"]
        unit = subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"},
        )
        try:
            assert [systemd.recv(100) for _ in range(4)] == [b"READY=1", *[b"WATCHDOG=1"] * 3]
            assert not door.exists(), "nobody is listened to"
            unit.terminate()
            assert unit.wait(60) == 0
        finally:
            unit.kill()
            unit.wait()


def test_a_child_is_started_without_a_parser_of_toml() -> None:
    beside = {"tomllib", "drivers.configuration"}
    code = f"import drivers.guard.command, sys; assert not {beside} & {{*sys.modules}}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
