"""`make vm-test`: a box that really boots, and what is done to it while current flows.

Debian 13 with a read-only root in QEMU, without hardware acceleration; at its USB is the host's virtual P24.
Every step is said; pictures of the screen, the device's log and the machine's own stay in the folder. The
last lines are a table; the exit status is 0 when every row of it is as it has to be. Needs root, debootstrap,
QEMU and once a Debian mirror. It takes half an hour and more, most of it waiting for an emulated processor.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.vm.image import Image, make_image
from tests.vm.machine import BOOT_WITHIN_S, KIOSK, P24, Failed, Machine, until
from tests.vm.person import until_current

BUILD: Final = Path(__file__).parents[2] / "build"
EMULATED: Final = ("-accel", "tcg", "-icount", "shift=1", "-smp", "1", "-cpu", "Nehalem")
"""-icount: the guest's time is counted in its instructions. However slow or busy this machine is, a lease of
500 ms is as long for the guest as it has work for."""
SLOWNESS: Final = 10.0
"""About how many seconds an emulated one takes on two cores of a server."""
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
)
"""Keys that got out of some kiosk on a real machine, or ended it, and what a terminal does by itself."""
WHO: Final = (
    "cat /proc/sys/kernel/random/boot_id /sys/class/tty/tty0/active; "
    "systemctl show -P MainPID homestim-console"
)
CUT_AFTER: Final = 40
"""Records, before the power goes."""
GUARD = "homestim-guard"
NOT_READY: Final = ("Switch the stimulator OFF now",)
CHECK: Final = "/usr/local/bin/homestim check --json"
WRITES: Final = """
import asyncio, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.diary.records import Entry
from kiosk.diary.store import open_store
async def write():
    with open_store(Path('/var/lib/homestim'), 'simulated', SystemClock()) as store:
        for number in range(100000):
            await store.add(Entry(moment='daily', pain_rest=number % 11))
            print('saved', number, flush=True)
asyncio.run(write())
"""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    what: str
    seen: str
    well: bool


class Day:
    """All that is done, one after the other."""

    def __init__(self, folder: Path, slowness: float, options: list[str]) -> None:
        self.folder, self.options = folder, options
        self.p24 = P24(folder, slowness)
        self.rows: list[Row] = []
        self._began_s = time.monotonic()
        self._lines = self._saved = 0

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began_s:6.0f} s  {text}", flush=True)

    def row(self, what: str, seen: str, well: bool) -> None:
        self.say(f"{'ok ' if well else 'NOT'} {what}: {seen}")
        self.rows.append(Row(what, seen, well))

    def play(self, image: Image) -> None:
        """Three boots: one after the installation, and one after each power cut."""
        for boot, scene in enumerate((self.first, self.second, self.third), start=1):
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

    def attempt(self, what: str, scene: Callable[[], tuple[str, bool]]) -> None:
        """A row, whatever becomes of it: the others are tried all the same."""
        try:
            self.row(what, *scene())
        except (Failed, ValueError) as failed:
            self.row(what, str(failed), False)

    # ── scenes ──

    def first(self, machine: Machine) -> None:
        picture = machine.picture("1-kiosk")
        shows = "SIMULATOR" in " ".join(machine.lines)
        self.row("the kiosk is on the screen, and says SIMULATOR", picture.name, shows)
        self.attempt("keys that get out of other kiosks", lambda: self.no_key_gets_out(machine))
        self.attempt("a session by keys, until current flows", lambda: self.session(machine, "2-current"))
        self.attempt("Scroll Lock", lambda: self.scroll_lock(machine))
        self.attempt("the STOP key", lambda: self.zero(machine, lambda: machine.strike("stop")))
        self.attempt(
            "the console stops reading", lambda: self.zero(machine, lambda: self.console(machine, "OFF"))
        )
        machine.picture("3-while-the-console-stops-reading")
        self.console(machine, "ON")
        self.attempt("the kiosk is killed", lambda: self.zero(machine, lambda: self.killed(machine, KIOSK)))
        machine.wait_for("Your session ended early", *NOT_READY)
        machine.picture("4-after-the-kiosk-was-killed")
        self.attempt("the power goes in mid-session", lambda: self.zero(machine, machine.kill))

    def second(self, machine: Machine) -> None:
        picture = machine.picture("5-after-the-power-cut")
        said = "Your session ended early" in " ".join(" ".join(machine.lines).split())
        self.row("it says that the session ended early", picture.name, said)
        self.attempt("the diary after that", lambda: self.whole(machine))
        self.attempt("the guard is killed", lambda: self.zero(machine, lambda: self.killed(machine, GUARD)))
        # Nobody was there to confirm that the output is off: no session any more on this day.
        machine.wait_for(*NOT_READY)
        machine.picture("6-after-the-guard-was-killed")
        self.attempt("the power goes while the diary is written", lambda: self.cut_in_mid_write(machine))

    def third(self, machine: Machine) -> None:
        self.attempt("all that was called saved is there", lambda: self.all_saved(machine))

    def no_key_gets_out(self, machine: Machine) -> tuple[str, bool]:
        before = machine.asked(WHO)
        for keys in ESCAPES:
            machine.strike(*keys)
            machine.asked("sleep 0.4")
        machine.strike("shift")
        machine.asked("sleep 2")
        stays = machine.asked(WHO) == before
        machine.picture("1-after-all-those-keys")
        return f"{len(ESCAPES)} of them: same boot, same console, same kiosk: {stays}", stays

    def session(self, machine: Machine, picture: str) -> tuple[str, bool]:
        until_current(machine, self.p24)
        machine.picture(picture)
        most = max(one["current_mA"] for one in self.p24.log.last_output["channels"] or [{"current_mA": 0}])
        return f"{most} mA by the device's log, {picture}.png", True

    def scroll_lock(self, machine: Machine) -> tuple[str, bool]:
        """It does nothing at all: what flowed flows on, or the person's key that is none has stopped it."""
        before = machine.asked(WHO)
        machine.strike("scroll_lock")
        machine.asked("sleep 2")
        frozen = machine.python(
            "import fcntl, os, struct, termios; print(struct.unpack('I', fcntl.ioctl("
            "os.open('/dev/tty1', os.O_RDONLY | os.O_NOCTTY), termios.TIOCOUTQ, b'0000'))[0])"
        )
        went_on = machine.asked(WHO) == before and frozen == "0"
        return f"the same kiosk draws on: {went_on}", went_on

    def console(self, machine: Machine, flow: str) -> None:
        """As Scroll Lock would stop and start it, were that key not void."""
        program = (
            f"import fcntl, termios; fcntl.ioctl(open('/dev/tty1', 'rb'), termios.TCXONC, termios.TCO{flow})"
        )
        machine.told(f'/usr/bin/python3 -I -c "{program}"')

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

    def whole(self, machine: Machine) -> tuple[str, bool]:
        found = json.loads(machine.asked(CHECK))
        self._lines = int(found["count"])
        return f"homestim check: whole {found['whole']}, {self._lines} lines", found["whole"] is True

    def cut_in_mid_write(self, machine: Machine) -> tuple[str, bool]:
        machine.asked(f"systemctl stop {KIOSK}")
        self.whole(machine)
        as_kiosk = "runuser -u homestim -- /opt/homestim/current/bin/python -I -c"
        machine.told(f"{as_kiosk} {shlex.quote(WRITES)}")
        saved = machine.heard_until(f"saved {CUT_AFTER}", within_s=600.0)
        saved += machine.kill()
        numbers = [int(word) for word in re.findall(r"saved (\d+)\r?\n", saved)]
        self._saved = max(numbers) + 1
        return f"cut after {self._saved} records had been called saved", True

    def all_saved(self, machine: Machine) -> tuple[str, bool]:
        before = self._lines
        seen, whole = self.whole(machine)
        there = self._lines - before
        return f"{self._saved} called saved, {there} more lines; {seen}", whole and there >= self._saved


def table(rows: list[Row]) -> str:
    width = max(len(row.what) for row in rows)
    return "\n".join(f"{'ok ' if row.well else 'NOT'}  {row.what:<{width}}  {row.seen}" for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make vm-test", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--box", type=Path, default=BUILD / "box", help="what `make wheels` made")
    parser.add_argument("--folder", type=Path, default=BUILD / "vm", help="disks, pictures and logs")
    parser.add_argument("--slowness", type=float, default=SLOWNESS, help="of the stimulator's clock")
    parser.add_argument(
        "--qemu", default=" ".join(EMULATED), help="QEMU's processor, instead of an emulated one"
    )
    given = parser.parse_args()
    seen = given.folder / "seen"
    shutil.rmtree(seen, ignore_errors=True)
    seen.mkdir(parents=True)
    day = Day(seen, given.slowness, given.qemu.split())
    try:
        day.play(make_image(given.box, given.folder, day.say))
    except Failed as failed:
        day.row("it could not go on", str(failed), False)
    finally:
        day.end()
    print(f"\n{table(day.rows)}\n\nPictures and logs: {seen}")
    return int(not all(row.well for row in day.rows))


if __name__ == "__main__":
    sys.exit(main())
