"""`homestim`, for keys that need not wait: the gate is tested elsewhere. A program of its own."""

from __future__ import annotations

import sys

from kiosk import key_gate
from kiosk.cli import main

if __name__ == "__main__":
    key_gate.QUIET_S = 0.02  # type: ignore[misc]
    sys.exit(main())
