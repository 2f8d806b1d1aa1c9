"""`homestim`, for which a folder of kind rehearsal is the person's own: years of diary to start on.

Otherwise it is the product; which data it takes for its own is all that differs. A program of its own.
"""

from __future__ import annotations

import sys
from typing import Any

from msgspec.structs import replace

from kiosk import settings
from kiosk.settings import RunSettings
from kiosk.start import main


def _rehearsed(*given: Any, resolve: Any = settings.resolve) -> RunSettings:
    found: RunSettings = resolve(*given)
    return replace(found, kind="rehearsal")


if __name__ == "__main__":
    settings.resolve = _rehearsed
    sys.exit(main())
