"""A P24 of another number: `python -m tests.faults.other_p24`, the options of `drivers.virtual.p24`."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.virtual.p24 import VirtualP24
from drivers.virtual.process import main


@dataclass(slots=True)
class OtherP24(VirtualP24):
    """Everything but its number is the same."""

    device_id: str = "SIMP240002"


if __name__ == "__main__":
    main(OtherP24)
