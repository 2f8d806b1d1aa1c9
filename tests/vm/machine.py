"""One emulated box: QEMU, its keyboard and screen by QMP, a root shell by a serial port, and at its USB the
host's virtual P24."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from benchmarks.processes import DeviceLog
from tests.vm.box_time import BoxTime, counted_for
from tests.vm.image import FRESH, READY, Image

T = TypeVar("T")

WITHIN_S: Final = 900.0
"""Emulated, everything takes about twenty times as long as it should."""
BOOT_WITHIN_S: Final = 1800.0
LOOK_EVERY_S: Final = 3.0
"""Every look costs the guest some of the little that it can do."""
QUIET_S: Final = 1.5
"""The kiosk ignores keys for 400 ms after another screen came, and that comes late here."""
KEYS: Final = {"enter": "ret", "back": "backspace", "stop": "spc"}
"""What tests call a key → how QEMU does."""
MARK: Final = "END-OF-ANSWER"
BEFORE_OTHERS: Final = -15


class Failed(Exception):  # noqa: N818 - what was to be seen was not
    """The text says what was expected, and what stood there."""


def until(
    found: Callable[[], T | None],
    what: str,
    within_s: float,
    every_s: float = 0.05,
    now_s: Callable[[], float] = time.monotonic,
) -> T:
    """What `found` gives once it gives something. Raises Failed."""
    end_s = now_s() + within_s
    while True:
        result = found()
        if result is not None:
            return result
        if now_s() > end_s:
            raise Failed(f"within {within_s:.0f} s there was no {what}")
        time.sleep(every_s)


class P24:
    """The virtual stimulator on the host, its clock `slowness` times slower than the box's, and its log."""

    def __init__(self, folder: Path, slowness: float) -> None:
        self.link, log, shared = folder / "p24", folder / "device.jsonl", folder / "box-time"
        log.touch()
        self.log = DeviceLog(log)
        self.box_time = BoxTime.made(shared)
        self._slowness = slowness
        command = [sys.executable, "-m", "tests.vm.stimulator", self.link, log, shared, str(slowness)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        if not self._process.stdout.readline().startswith(b"ready"):
            raise Failed("the virtual P24 did not start")

    def now_s(self) -> float:
        """Its clock."""
        return self.box_time.now_s() / self._slowness

    @property
    def flows(self) -> bool:
        """Its last word is that a train of pulses comes out: more than the contact check's single ones."""
        self.log.read_on()
        return any(one["frequency_Hz"] for one in self.log.last_output["channels"])

    def ended_after(self, since_s: float) -> dict[str, Any] | None:
        """The first stop frame, or the lapse of its own watchdog, since then."""
        self.log.read_on()
        events = (event for event in self.log.events if event["t"] >= since_s)
        return next((event for event in events if event["event"] in ("stop", "timeout")), None)

    def flowed_after(self, since_s: float) -> bool:
        """Something came out at some time after that."""
        self.log.read_on()
        outputs = [event for event in self.log.events if event["event"] == "output"]
        ends_s = [*(event["t"] for event in outputs[1:]), float("inf")]
        return any(
            end_s > since_s and event["channels"] for event, end_s in zip(outputs, ends_s, strict=True)
        )

    def sleep(self, seconds: float) -> None:
        """By its clock."""
        end_s = self.now_s() + seconds
        while (left_s := end_s - self.now_s()) > 0:
            time.sleep(left_s * self._slowness)

    def end(self) -> None:
        self._process.terminate()
        self._process.communicate()


class Machine:
    """A running QEMU. Every wait is bounded and says what stood on the screen."""

    def __init__(self, image: Image, folder: Path, p24: P24, options: list[str], name: str) -> None:
        self.folder, self.face, self._now_s = folder, image.face, p24.box_time.now_s
        self._words = self.face.words(self.asked)
        self._name, self._pictures = name, 0
        sockets = {name: folder / f"{name}.sock" for name in ("qmp", "shell")}
        for path in sockets.values():
            path.unlink(missing_ok=True)
        started = command(image, folder / f"{name}.log", sockets, p24, options)
        self._process = subprocess.Popen(started, start_new_session=True)
        _put_before_others(self._process.pid)
        self._counted = counted_for(self._process.pid, p24.box_time)
        self._qmp_socket = _connected(sockets["qmp"])
        self._qmp = self._qmp_socket.makefile("rb")
        self._qmp.readline()
        self.qmp("qmp_capabilities")
        self._shell = _connected(sockets["shell"])
        self._heard = b""

    # ── from outside ──

    def qmp(self, name: str, **arguments: Any) -> Any:
        """QEMU's answer to a command. Raises Failed."""
        asked = {"execute": name, "arguments": arguments} if arguments else {"execute": name}
        self._qmp_socket.sendall(json.dumps(asked).encode() + b"\n")
        for line in self._qmp:
            said = json.loads(line)
            if "return" in said:
                return said["return"]
            if "error" in said:
                raise Failed(f"QEMU, {name}: {said['error']['desc']}")
        raise Failed(f"QEMU ended before it answered {name}")

    def strike(self, *keys: str) -> None:
        """Keys that are pressed together, by QEMU's names."""
        self.qmp("send-key", keys=[_qcode(key) for key in keys])

    def hold(self, key: str, down: bool) -> None:
        """From now on that key is down, or up again."""
        event = {"type": "key", "data": {"down": down, "key": _qcode(key)}}
        self.qmp("input-send-event", events=[event])

    def picture(self, name: str) -> Path:
        """Of what stands on the screen; the file's name says of which boot, and in order."""
        self._pictures += 1
        path = self.folder / f"{self._name}-{self._pictures}-{name}.png"
        self.qmp("screendump", filename=str(path), format="png")
        return path

    def kill(self) -> str:
        """As a power cut does it; what the shell had still printed."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        said = self._heard
        self._shell.settimeout(1.0)
        with suppress(OSError):
            while piece := self._shell.recv(65536):
                said += piece
        self._close()
        return said.decode(errors="replace")

    def end(self) -> None:
        """Off, whatever it does."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        self._counted.set()
        for one in (self._qmp, self._qmp_socket, self._shell):
            one.close()

    # ── from inside, as root ──

    def told(self, script: str) -> None:
        """Says `script` to the shell and waits for nothing."""
        self._shell.settimeout(WITHIN_S)
        self._shell.sendall(script.encode() + b"\n")

    def asked(self, script: str, within_s: float = WITHIN_S) -> str:
        """What `script` prints. Raises Failed when it does not end well."""
        said, code = self.answer(script, within_s)
        if code:
            raise Failed(f"{script}: exit {code}, {said}")
        return said

    def answer(self, script: str, within_s: float = WITHIN_S) -> tuple[str, int]:
        """What `script` prints, and its exit status. Raises Failed when it does not end."""
        self.told(f"{{ {script} ; }} 2>&1 </dev/null; echo {MARK[:3]}''{MARK[3:]}=$?=")
        end_s = self._now_s() + within_s
        while True:
            before, mark, after = self._heard.partition(MARK.encode())
            if mark and after.count(b"=") >= 2:
                _, code, self._heard = after.split(b"=", 2)
                return before.decode(errors="replace").strip(), int(code)
            if self._now_s() > end_s:
                raise Failed(f"the shell did not answer within {within_s:.0f} s: {self._heard[-200:]!r}")
            self._shell.settimeout(1.0)
            try:
                data = self._shell.recv(65536)
            except TimeoutError:
                continue
            if not data:
                raise Failed("QEMU ended before the shell answered")
            self._heard += data

    def heard_until(self, text: str, within_s: float) -> str:
        """What something that was told prints, up to `text`. Raises Failed."""
        end_s = self._now_s() + within_s
        while text.encode() not in self._heard:
            if self._now_s() > end_s:
                raise Failed(f"{text!r} was not heard within {within_s:.0f} s: {self._heard[-200:]!r}")
            self._shell.settimeout(1.0)
            try:
                self._heard += self._shell.recv(65536)
            except TimeoutError:
                continue
        heard, self._heard = self._heard.decode(errors="replace"), b""
        return heard

    def wait_for_shell(self) -> None:
        """The machine has booted so far. Raises Failed."""
        self.heard_until(READY, BOOT_WITHIN_S)

    def python(self, program: str, within_s: float = WITHIN_S) -> str:
        return self.asked(f"/usr/bin/python3 -I -c {shlex.quote(program)}", within_s)

    # ── as the tests' person needs it (tests/whole_visits/person.py) ──

    @property
    def lines(self) -> list[str]:
        """What stands on the kiosk's screen."""
        return self._words.lines()

    @property
    def words(self) -> str:
        """All of it, with single spaces."""
        return " ".join(" ".join(self.lines).split())

    def wait_for(self, *texts: str, within_s: float = WITHIN_S) -> str:
        """Until one of `texts` stands on the screen; which one. Raises Failed."""
        end_s = self._now_s() + within_s
        while True:
            lines = self.lines
            flat = " ".join(" ".join(lines).split())
            for text in texts:
                if text in flat:
                    return text
            if self._now_s() > end_s:
                raise Failed(f"none of {texts} came; the screen:\n" + "\n".join(lines))
            time.sleep(LOOK_EVERY_S)

    def begin_another_diary(self) -> None:
        """In which the questions of health are answered, and nothing was done today."""
        data = "/var/lib/homestim"
        self.asked(
            f"systemctl stop {self.face.unit} && find {data} -mindepth 1 -delete && cp -a {FRESH}/. {data}/ "
            f"&& systemctl start {self.face.unit}"
        )
        self.wait_for("device ready")

    def press(self, *keys: str) -> None:
        """Keys of the map, one after the other, as slowly as the machine is."""
        for key in keys:
            time.sleep(QUIET_S)
            self.strike(key)


def _put_before_others(process: int) -> None:
    """Where this user may; else all takes longer. The kernel shares the processor among sessions first.
    Not where all this was itself put behind others, with `nice`."""
    if os.getpriority(os.PRIO_PROCESS, 0) > 0:
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process, BEFORE_OTHERS)
        Path(f"/proc/{process}/autogroup").write_text(str(BEFORE_OTHERS), encoding="ascii")


def _qcode(key: str) -> dict[str, str]:
    return {"type": "qcode", "data": KEYS.get(key, key)}


def command(image: Image, log: Path, sockets: dict[str, Path], p24: P24, options: list[str]) -> list[str]:
    """To start QEMU with."""
    return [
        *(*image.processor.board, "-name", "homestim", *options),
        *("-m", "1024", "-display", "none", "-nic", "none", "-no-user-config"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *(
            "-append",
            f"root=/dev/vda ro console=tty0 console={image.processor.first_port} quiet mitigations=off "
            "apparmor=0 audit=0 systemd.journald.forward_to_console=1",
        ),
        # What is written to the root, once it is mounted for an upgrade, is forgotten with the machine.
        *("-drive", f"file={image.root},if=virtio,format=raw,snapshot=on"),
        *("-drive", f"file={image.data},if=virtio,format=raw"),
        *("-device", "virtio-rng-pci", "-device", "qemu-xhci"),
        *("-chardev", f"serial,id=p24,path={os.path.realpath(p24.link)}"),
        *("-device", "usb-serial,chardev=p24,serial=SIMULATED", "-device", "usb-kbd"),
        *("-serial", f"file:{log}"),
        *("-chardev", f"socket,id=shell,path={sockets['shell']},server=on,wait=off"),
        *("-device", f"{image.processor.second_device},chardev=shell"),
        *("-qmp", f"unix:{sockets['qmp']},server=on,wait=off"),
    ]


def _connected(path: Path) -> socket.socket:
    def tried() -> socket.socket | None:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            client.connect(str(path))
        except OSError:
            client.close()
            return None
        return client

    return until(tried, f"socket {path.name} of QEMU", 30.0)
