"""The processors that a box may have, and what QEMU emulates of a machine with one."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Processor:
    """One of them."""

    machine: str
    """The kernel's name of it, as `make_box.py --machine` takes it."""
    debian: str
    """Debian's."""
    board: tuple[str, ...]
    """QEMU's own name, the board's, and what it has for a screen."""
    model: str
    first_port: str
    """The kernel's name of the serial port to which the machine logs."""
    second_port: str
    second_device: str
    """QEMU's name of what makes that one."""

    @property
    def is_here(self) -> bool:
        """This machine has such a one itself, and so can run its programs."""
        return self.machine == HERE


X86_64: Final = Processor(
    machine="x86_64",
    debian="amd64",
    board=("qemu-system-x86_64", "-vga", "std"),
    model="Nehalem",
    first_port="ttyS0",
    second_port="ttyS1",
    second_device="isa-serial",
)
AARCH64: Final = Processor(
    machine="aarch64",
    debian="arm64",
    board=("qemu-system-aarch64", "-machine", "virt", "-device", "VGA"),
    model="cortex-a72",
    first_port="ttyAMA0",
    second_port="ttyS0",
    second_device="pci-serial",
)
HERE: Final = platform.machine()
PROCESSORS: Final = {one.machine: one for one in (X86_64, AARCH64)}
