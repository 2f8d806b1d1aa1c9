"""The guard: the small process that alone owns the serial port, the limits and the dead-man."""

import os

PROGRAM = ("-P", "-m", "drivers.guard")
"""What the interpreter is given to become a guard; it takes nothing from the folder that it is started in."""


def environment() -> dict[str, str]:
    """What it is started with: its code is ours, wherever the interpreter finds another installed."""
    ours = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": ours if not others else ours + os.pathsep + others}
