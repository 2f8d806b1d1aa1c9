"""`homestim run`, which also tells over a pipe which page stands there. A program of its own.

`caged_child.py FD QUIET_S ARGUMENTS…`: one JSON object a line, whenever page, session or output changed. Keys
are ignored for QUIET_S after another screen came.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from kiosk import key_gate, run
from kiosk.application import Application
from kiosk.cli import main

TELLS = int(sys.argv.pop(1))
QUIET_S = float(sys.argv.pop(1))


class Told(Application):
    """The product's own, with somebody who looks on."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._told: dict[str, Any] = {}
        self.on_change(self._tell_what_stands)

    def _tell_what_stands(self) -> None:
        page, session = self.page(), self.session
        running = page.id == "session" and session is not None
        now = {
            "page": page.id,
            "serial": page.serial,
            "stage": session.stage if running and session else "",
            "find": session.find_step if running and session else "",
            "prompt": bool(running and session and session.prompt),
            "output": self.output_possible,
            "device": self._guard.device is not None and self._guard.device.present,
        }
        if now != self._told:
            self._told = now
            os.write(TELLS, json.dumps(now).encode() + b"\n")


if __name__ == "__main__":
    run.Application = Told  # type: ignore[misc]
    key_gate.QUIET_S = QUIET_S  # type: ignore[misc]
    sys.exit(main())
