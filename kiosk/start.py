"""`homestim`, before anything is loaded that can be broken: the doctor works where the kiosk does not."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """The command line; its exit code."""
    if sys.argv[1:2] == ["doctor"]:
        from kiosk.doctor.command import main as doctor

        return doctor(sys.argv[2:])
    if sys.argv[1:2] == ["run"]:
        # What is loaded until the first frame stays for good: looking through it for garbage is in vain.
        # `Application.run` begins to collect.
        gc.disable()
    try:
        from kiosk.cli import main as homestim
    except ImportError as error:
        sys.stderr.write(f"homestim: It cannot start: {error}. What is wrong says: homestim doctor\n")
        return 1
    return homestim()
