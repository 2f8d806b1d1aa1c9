"""What is done to an emulated box on either of its faces, each deed a row of the table at the end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from tests.vm.image import Image
from tests.vm.machine import BOOT_WITHIN_S, P24, Failed, Machine, until
from tests.vm.person import until_current

ZERO_WITHIN_S: Final = 2.5 + 0.5
"""The worst time to zero by safety.md and a margin, by the device's own clock."""
NOTHING_FOR_S: Final = 4.0
"""After the zero, by the device's clock: longer than the silence of a stop."""
ESCAPES: Final = (
    ("ctrl", "alt", "f2"),
    ("alt", "f2"),
    ("alt", "left"),
    ("ctrl", "alt", "delete"),
    ("alt", "sysrq", "b"),
    ("alt", "sysrq", "r"),
    ("scroll_lock",),
    ("pause",),
    ("print",),
    ("ctrl", "c"),
    ("ctrl", "q"),
    ("ctrl", "p"),
    ("ctrl", "z"),
    ("ctrl", "backslash"),
    ("ctrl", "s"),
    ("alt", "esc"),
    ("alt", "f4"),
    ("meta_l",),
    ("ctrl", "shift", "n"),
)
"""Keys that got out of some kiosk on a real machine, or ended it, and what a terminal or a compositor does by
itself."""
NOT_READY: Final = ("Switch the stimulator OFF now",)
STARTED_AGAIN: Final = "The box has started again."
CHECK: Final = "/usr/local/bin/homestim check --json"


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    seen: str
    well: bool


class Day:
    """One box, switched on as often as it has scenes."""

    OPTIONS: ClassVar[tuple[str, ...]]
    """QEMU's, for the emulated processor."""
    SLOWNESS: ClassVar[float]
    """About how many seconds an emulated one takes on two cores of a server."""

    def __init__(self, folder: Path, slowness: float, options: list[str]) -> None:
        self.folder, self.options = folder, options
        self.p24 = P24(folder, slowness)
        self.rows: list[Row] = []
        self._began_s = time.monotonic()

    def scenes(self) -> tuple[Callable[[Machine], None], ...]:
        """One for each time that the box is switched on."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began_s:6.0f} s  {text}", flush=True)

    def row(self, what: str, seen: str, well: bool) -> None:
        self.say(f"{'ok ' if well else 'NOT'} {what}: {seen}")
        self.rows.append(Row(what, seen, well))

    def attempt(self, what: str, scene: Callable[[], tuple[str, bool]]) -> None:
        """A row, whatever becomes of it: the others are tried all the same."""
        try:
            self.row(what, *scene())
        except (Failed, ValueError) as failed:
            self.row(what, str(failed), False)

    def play(self, image: Image) -> None:
        for boot, scene in enumerate(self.scenes(), start=1):
            self.say("the machine is switched on")
            machine = Machine(image, self.folder, self.p24, self.options, f"boot-{boot}")
            try:
                machine.wait_for_shell()
                machine.wait_for(
                    "device ready", "Nothing starts by itself", *NOT_READY, within_s=BOOT_WITHIN_S
                )
                scene(machine)
            finally:
                machine.end()

    def end(self) -> None:
        self.p24.end()

    # ── what is done ──

    def no_key_gets_out(self, machine: Machine) -> tuple[str, bool]:
        before = who(machine)
        for keys in ESCAPES:
            machine.strike(*keys)
            machine.asked("sleep 0.4")
        machine.strike("shift")
        machine.asked("sleep 2")
        stays = who(machine) == before
        machine.picture("after-all-those-keys")
        return f"{len(ESCAPES)} of them: same boot, same console, same kiosk: {stays}", stays

    def session(self, machine: Machine) -> tuple[str, bool]:
        until_current(machine, self.p24)
        picture = machine.picture("current")
        most = max(one["current_mA"] for one in self.p24.log.last_output["channels"] or [{"current_mA": 0}])
        return f"{most} mA by the device's log, {picture.name}", True

    def killed(self, machine: Machine, unit: str) -> None:
        """Its main process alone: what systemd runs after it has to do its work."""
        machine.told(f"systemctl kill --kill-whom=main -s KILL {unit}")

    def zero(self, machine: Machine, end: Callable[[], object]) -> tuple[str, bool]:
        """From the deed to the device's own zero, and that nothing follows."""
        until_current(machine, self.p24)
        began_s = self.p24.now_s()
        end()
        ended = until(
            lambda: self.p24.ended_after(began_s),
            "end of the output in the device's log",
            within_s=300.0,
            now_s=self.p24.box_time.now_s,
        )
        self.p24.sleep(NOTHING_FOR_S)
        again = self.p24.flowed_after(ended["t"])
        by = "a stop frame" if ended["event"] == "stop" else "the device's own watchdog"
        seconds = ended["t"] - began_s
        seen = f"{seconds:.2f} s to zero by {by}, nothing after it: {not again}"
        return seen, seconds <= ZERO_WITHIN_S and not again

    def it_says_so(self, machine: Machine) -> tuple[str, bool]:
        machine.wait_for(STARTED_AGAIN, *NOT_READY)
        return machine.picture("after-it-started-again").name, True


def who(machine: Machine) -> str:
    """Which boot, which console is in front, and which kiosk runs there."""
    return machine.asked(
        "cat /proc/sys/kernel/random/boot_id /sys/class/tty/tty0/active; "
        f"systemctl show -P MainPID {machine.face.unit}"
    )


def lines_of_diary(machine: Machine) -> tuple[int, str, bool]:
    """How many, what the check says, and whether it is whole."""
    found = json.loads(machine.asked(CHECK))
    return int(found["count"]), f"homestim check: whole {found['whole']}", found["whole"] is True


def saved(heard: str) -> int:
    """How many records had been called saved."""
    return max(int(word) for word in re.findall(r"saved (\d+)\r?\n", heard)) + 1
