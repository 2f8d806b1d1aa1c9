"""The virtual P24 as its own process on a pty, as the command line starts it and a serial client meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from drivers.hasomed import FrameScanner
from drivers.p24 import codec
from drivers.p24.codec import (
    Answer,
    Command,
    GetDeviceId,
    GetStimStatus,
    MlInit,
    MlStop,
    Packet,
    command_frame,
    parse_answer,
)
from drivers.registry import DRIVERS
from drivers.serial_port import open_port
from tests.drivers.p24_bench import simulator
from tests.drivers.test_virtual_p24 import update

pytestmark = pytest.mark.real_time


class Client:
    """A plain blocking serial client."""

    def __init__(self, path: Path | str) -> None:
        self.port = open_port(str(path), DRIVERS["p24"].serial)
        self.port.timeout = 5
        self.number = 0

    def send(self, command: Command) -> None:
        self.number = (self.number + 1) % 64
        self.port.write(command_frame(command, self.number))

    def ask(self, command: Command) -> Answer:
        self.send(command)
        scanner = FrameScanner(codec.SCIENCE_MODE_4)
        while True:
            data = self.port.read(1)
            assert data, "no answer"
            for body in scanner.feed(data):
                return parse_answer(Packet.from_body(body))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.port.close()


def test_it_is_a_link_to_a_pty_until_it_is_ended(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        assert device.link.is_symlink()
        assert os.readlink(device.link).startswith("/dev/pts/")
        with Client(device.link) as client:
            assert client.ask(GetDeviceId()).device_id == "SIMP240001"
        assert device.end() == 0
        assert not device.link.is_symlink()


def test_its_log_is_json_lines_that_are_there_before_the_answer(tmp_path: Path) -> None:
    with simulator(tmp_path) as device, Client(device.link) as client:
        before_s = time.monotonic()
        client.ask(MlInit(stop_all_on_error=True))
        client.ask(update(20, 0))
        client.ask(MlStop())
        log = device.log()
        assert [entry["event"] for entry in log] == [
            "connected",
            *["frame"] * 2,
            "output",
            "frame",
            "stop",
            "output",
        ]
        assert [entry.get("name") for entry in log if entry["event"] == "frame"] == [
            "Ml_init",
            "Ml_update",
            "Ml_stop",
        ]
        assert bytes.fromhex(log[1]["hex"]) == command_frame(MlInit(stop_all_on_error=True), 1)
        assert before_s <= log[1]["t"] <= log[-1]["t"] <= time.monotonic()
        assert log[3]["channels"] == [
            {
                "channel": 1,
                "current_mA": 10.0,
                "pulse_width_us": 300,
                "frequency_Hz": 50.0,
                "net_charge_nC": 0.0,
            }
        ]
        assert log[-1]["channels"] == []


@pytest.mark.parametrize("latency_ms", [0, 20])
def test_it_takes_its_latency_before_an_answer(tmp_path: Path, latency_ms: int) -> None:
    with simulator(tmp_path, "--latency", str(latency_ms)) as device, Client(device.link) as client:
        client.ask(GetStimStatus())
        took_s = []
        for _ in range(10):
            began_s = time.monotonic()
            client.ask(GetStimStatus())
            took_s.append(time.monotonic() - began_s)
        assert min(took_s) >= latency_ms / 1000
        assert min(took_s) < latency_ms / 1000 + 0.05


def test_its_output_lapses_when_the_host_dies_and_not_before(tmp_path: Path) -> None:
    with simulator(tmp_path, "--watchdog", "0.4") as device:
        with Client(device.link) as client:
            client.ask(MlInit(stop_all_on_error=True))
            client.ask(update(20))
        device.until(lambda: bool(device.of("timeout")))
        outputs = device.of("output")
        assert [bool(entry["channels"]) for entry in outputs] == [True, False]
        assert outputs[1]["t"] - outputs[0]["t"] == pytest.approx(0.4, abs=0.001)
        # And it can be opened again, from the same state.
        with Client(device.link) as client:
            assert client.ask(GetStimStatus()).level == codec.LEVEL_MID_READY
        assert len(device.of("connected")) == 2


def test_a_frame_that_was_written_before_the_host_left_still_counts(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        for _ in range(5):
            with Client(device.link) as client:
                client.ask(MlInit(stop_all_on_error=True))
                client.ask(update(20))
                client.send(MlStop())
                client.port.flush()
        device.until(lambda: len(device.of("stop")) == 5)


def test_an_answer_to_a_host_that_left_is_not_kept_for_the_next_one(tmp_path: Path) -> None:
    with simulator(tmp_path, "--latency", "50") as device:
        with Client(device.link) as client:
            client.send(GetDeviceId())
            device.until(lambda: bool(device.of("frame")))
        time.sleep(0.1)  # real time on purpose: the answer falls due while nobody is there
        # Without pyserial, which throws away what it finds when it opens a port.
        fd = os.open(device.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            device.until(lambda: len(device.of("connected")) == 2)
            with pytest.raises(BlockingIOError):
                os.read(fd, 100)
        finally:
            os.close(fd)


def test_faults_are_given_at_the_start_or_while_it_runs(tmp_path: Path) -> None:
    with simulator(tmp_path, "--fault", "pad_off:1") as device, Client(device.link) as client:
        client.ask(MlInit(stop_all_on_error=True))
        client.ask(update(40))
        device.until(lambda: bool(device.of("stop")))
        device.control("fault pad_on:1")
        device.control("nonsense")
        device.control("fault nonsense")
        client.ask(MlInit(stop_all_on_error=True))
        client.ask(update(40))
        device.control("fault pad_off:1")
        device.until(lambda: len(device.of("stop")) == 2)
        assert [entry["why"] for entry in device.of("stop")] == ["electrode", "electrode"]
        device.end()


def test_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        with Client(device.link) as client:
            client.ask(MlInit(stop_all_on_error=True))
            client.ask(update(20))
            device.control("fault unplug")
            with pytest.raises((serial.SerialException, OSError)):  # and not the port's time-out
                client.port.read(1)
            assert not device.link.is_symlink()
        assert device.of("output")[-1]["channels"] == []
        device.control("replug")
        device.await_ready()
        with Client(device.link) as client:
            assert client.ask(GetStimStatus()).level == codec.LEVEL_NONE


def test_the_end_of_its_standard_input_does_not_end_it(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        assert device.process.stdin is not None
        device.process.stdin.close()
        with Client(device.link) as client:
            for _ in range(3):
                client.ask(GetStimStatus())
        device.process.stdin = None
        assert device.end() == 0


def test_it_does_not_spin_while_nobody_is_there(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        device.until(lambda: device.link.is_symlink())

        def cpu_s() -> float:
            fields = Path(f"/proc/{device.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        began_s = cpu_s()
        time.sleep(0.5)  # real time on purpose: how much of it is used is the question
        assert cpu_s() - began_s < 0.1


def test_two_may_not_share_a_name_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "p24").write_text("somebody's")
    run = subprocess.run(
        [sys.executable, "-m", "drivers.virtual.p24", "--link", tmp_path / "p24"],
        capture_output=True,
        timeout=20,
    )
    assert run.returncode != 0
    assert (tmp_path / "p24").read_text() == "somebody's"


def test_a_fault_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "drivers.virtual.p24", "--link", tmp_path / "p24", "--fault", "nonsense"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert run.returncode != 0
    assert "no fault 'nonsense'" in run.stderr
    assert not (tmp_path / "p24").is_symlink()


def test_a_stopped_process_is_a_hung_device_and_goes_on_where_time_is(tmp_path: Path) -> None:
    with simulator(tmp_path, "--watchdog", "0.2") as device, Client(device.link) as client:
        client.ask(MlInit(stop_all_on_error=True))
        client.ask(update(20))
        os.kill(device.process.pid, signal.SIGSTOP)
        time.sleep(0.5)  # real time on purpose: the device's time-out passes
        os.kill(device.process.pid, signal.SIGCONT)
        device.until(lambda: bool(device.of("timeout")))
        assert device.of("timeout")[0]["t"] - device.of("output")[0]["t"] == pytest.approx(0.2, abs=0.001)


def test_it_imports_no_more_than_it_needs() -> None:
    code = "import sys, json, drivers.virtual.p24; print(json.dumps([m for m in sys.modules]))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert not {"numpy", "textual", "asyncio", "msgspec", "tinydb"} & set(json.loads(run.stdout))
