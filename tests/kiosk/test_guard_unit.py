"""The guard of a run: a child, or the unit behind a socket; and which of its stimulators count."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from drivers.messages import Device
from drivers.registry import DRIVERS
from kiosk import guard_unit, words
from kiosk.config import Config, decode_config
from kiosk.guard_unit import GuardMissing, absent, admitted, hung_up, start_or_join
from kiosk.settings import RunOptions, RunSettings, UsageError, resolve
from kiosk.visit.pages.device_words import device_lines

REAL = '[device]\nkind = "p24"\nid_path = "/dev/serial/by-id/usb-1"\ndevice_id = "123"\n'
DEMO = '[device]\nkind = "p24"\nsimulated = true\n'
DEVICE = Device(True, "p24", "123", "1.0", False, "b", "p24_unplug_supply", "")


def settled(tmp_path: Path, device: str = REAL, **options: object) -> RunSettings:
    config = decode_config(f'{device}[guard]\nsocket = "{tmp_path}/guard.sock"\n', "box.toml")
    return resolve(RunOptions(data=tmp_path, **options), config, DRIVERS, build="b")


@pytest.mark.parametrize(("device", "kind"), [(REAL, "real"), (DEMO, "simulated")])
async def test_a_box_with_a_guard_of_its_own_joins_it_and_starts_neither_guard_nor_simulator(
    tmp_path: Path, device: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_unit.GuardLink, "start_child", lambda *_, **__: pytest.fail("a child"))
    run = settled(tmp_path, device)
    assert (run.guard_socket, run.simulator, run.kind) == (f"{tmp_path}/guard.sock", None, kind)
    with pytest.raises(GuardMissing, match="is not running"):
        start_or_join(run, None)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{tmp_path}/guard.sock")
        with pytest.raises(GuardMissing, match="is not running"):
            start_or_join(run, None)
        listener.listen()
        link = start_or_join(run, None)
        assert link.pid is None
        with listener.accept()[0] as accepted:
            assert b'"build"' in accepted.recv(1000)
        assert await link.close() is None


@pytest.mark.parametrize("port", [None, "/dev/ttyUSB0"])
def test_a_simulator_that_the_kiosk_started_may_answer_late_and_no_stimulator(
    tmp_path: Path, port: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(guard_unit.GuardLink, "start_child", lambda *_, **options: asked.append(options))
    options = RunOptions(simulate="p24") if port is None else RunOptions(port=port, device="p24")
    run = resolve(msgspec.structs.replace(options, data=tmp_path), Config(), DRIVERS, build="b")
    start_or_join(run, "/dev/pts/1")
    assert [(one["simulated"], one["late_answers"]) for one in asked] == [(port is None, port is None)]


def test_a_demonstration_on_a_box_leaves_its_guard_alone(tmp_path: Path) -> None:
    run = settled(tmp_path, simulate="p24")
    assert run.guard_socket is None
    assert run.simulator is not None


def test_faults_are_not_for_a_simulator_that_the_guard_has(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has its own"):
        settled(tmp_path, DEMO, faults=("mute",))


def test_only_the_stimulator_of_this_box_counts(tmp_path: Path) -> None:
    run = settled(tmp_path)
    assert admitted(run, DEVICE) == DEVICE
    for wrong in (
        replace(DEVICE, device_id="SIMP240001", simulated=True),
        replace(DEVICE, device_id="124"),
        replace(DEVICE, kind="rehastim2"),
    ):
        assert not admitted(run, wrong).present
        assert admitted(run, wrong).simulated is wrong.simulated, "the banner tells the truth"
        assert device_lines(admitted(run, wrong).sentence, words._) != device_lines("", words._)


def test_a_simulated_box_takes_no_stimulator(tmp_path: Path) -> None:
    run = settled(tmp_path, DEMO)
    assert not admitted(run, DEVICE).present
    assert admitted(run, replace(DEVICE, device_id="SIM1", simulated=True)).present


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_wrong_with_the_guard_is_said_in_words_and_what_to_do(tmp_path: Path, language: str) -> None:
    run = settled(tmp_path)
    with pytest.raises(GuardMissing) as missing:
        start_or_join(run, None)
    words.set_language(language)
    try:
        said = [
            device_lines(absent(run, sentence).sentence, words._)
            for sentence in (str(missing.value), hung_up(run, heard=True), hung_up(run, heard=False))
        ]
        other = device_lines("something that nobody says", words._)
    finally:
        words.set_language("en")
    assert said[0] == said[1] != said[2]
    assert all(len(lines) == 2 and all(lines) and lines != other for lines in said)
    if language == "de":
        assert "Programm" in said[0][0]
