"""Cage and foot, with logind: a day on which terminal and compositor fail while current flows."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from tests.vm.day import Day
from tests.vm.machine import Machine


class WaylandDay(Day):
    OPTIONS: ClassVar = ("-accel", "tcg", "-icount", "shift=0", "-smp", "1")
    # -icount: as for the console, with twice the instructions in a second: two programs more draw.
    SLOWNESS: ClassVar = 20.0

    def scenes(self) -> tuple[Callable[[Machine], None], ...]:
        return (self.only,)

    def only(self, machine: Machine) -> None:
        picture = machine.picture("kiosk")
        self.row("the kiosk is on the screen, and says SIMULATOR", picture.name, "SIMULATOR" in machine.words)
        self.attempt("keys that get out of other kiosks", lambda: self.no_key_gets_out(machine))
        self.attempt("a session by keys, until current flows", lambda: self.session(machine))
        self.attempt("the STOP key", lambda: self.zero(machine, lambda: machine.strike("stop")))
        self.attempt(
            "the terminal hangs", lambda: self.zero(machine, lambda: self.signal(machine, "STOP", "foot"))
        )
        self.signal(machine, "CONT", "foot")
        self.attempt(
            "the compositor hangs, and STOP is pressed",
            lambda: self.zero(machine, lambda: self.stop_without_a_picture(machine)),
        )
        self.signal(machine, "CONT", "cage")
        self.attempt(
            "the compositor is killed",
            lambda: self.zero(machine, lambda: self.signal(machine, "KILL", "cage")),
        )
        self.attempt("it says so when it is back", lambda: self.it_says_so(machine))

    # ── what is done ──

    def signal(self, machine: Machine, name: str, program: str) -> None:
        machine.asked(f"kill -s {name} $(grep -lx {program} /proc/[0-9]*/comm | cut -d / -f 3)")

    def stop_without_a_picture(self, machine: Machine) -> None:
        """No key reaches the kiosk; the guard reads the keyboard itself."""
        self.signal(machine, "STOP", "cage")
        machine.strike("stop")
