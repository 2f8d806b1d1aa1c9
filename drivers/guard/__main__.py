"""`python -m drivers.guard`: the guard process, without what it never needs."""

from __future__ import annotations

import gc
import sys

if __name__ == "__main__":
    # Nothing that the imports make is garbage; `drivers.guard.command` switches it on again.
    gc.disable()
    # asyncio does without ssl where Python has none. A guard has no network, and OpenSSL would be a sixth of
    # its memory and a tenth of its start.
    sys.modules["ssl"] = None  # type: ignore[assignment]

    from drivers import urgency
    from drivers.guard.command import main

    # Its threads too: one that waited for the processor with the interpreter's lock would hold up a stop.
    urgency.end_when_spinning()
    urgency.run_before_others(urgency.GUARD)
    sys.exit(main())
