"""A stop key typed into the kiosk's terminal → the moment when the device has read the stop frame.

Armed at zero, the session's page drawn twice a second; the key comes at a random moment. Beside it, in turn
with it, the same way without a kiosk. Then with work in another thread of the kiosk's process, which the
kiosk itself never does while armed.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from statistics import median

from benchmarks.bare_chain import bare_chain
from benchmarks.figures import Figure, percentile
from benchmarks.kiosk_rig import Kiosk, kiosks

STOP_KEY = b" "
WARM_UP = 5


def measure(quick: bool) -> list[Figure]:
    plain, loop, dumps = (20, 5, 3) if quick else (1000, 300, 40)
    # The chain is forked before there are threads here.
    with bare_chain() as bare, kiosks(1) as (kiosk,):
        bare_ms: list[float] = []
        plain_ms = _stops(kiosk, "none", plain, lambda: bare_ms.append(bare()))
        loop_ms = _stops(kiosk, "loop", loop)
        json_ms = _stops(kiosk, "json", dumps)
    note = (
        f"p50 {median(loop_ms):.1f} ms; with json.dumps of 50 000 records instead: "
        f"p50 {median(json_ms):.0f}, max {max(json_ms):.0f} ms ({dumps} trials)"
    )
    return [
        Figure("stop_p50_ms", median(plain_ms), str(plain), median(bare_ms)),
        Figure("stop_p99_ms", percentile(plain_ms, 99), str(plain), percentile(bare_ms, 99)),
        Figure("stop_max_ms", max(plain_ms), str(plain), max(bare_ms), "peer: the same way without a kiosk"),
        Figure("stop_loaded_p99_ms", percentile(loop_ms, 99), str(loop), note=note),
    ]


def _stops(kiosk: Kiosk, load: str, trials: int, in_between: Callable[[], object] = bool) -> list[float]:
    """How long each stop took, in ms."""
    randomness = random.Random(load)
    kiosk.order(f"load {load}")
    times_ms = []
    while len(times_ms) < trials + WARM_UP:
        ordered_s = time.monotonic()
        kiosk.arm()
        in_between()
        time.sleep(randomness.uniform(0.0, 0.1))
        typed_s = kiosk.terminal.type(STOP_KEY)
        kiosk.stopped()
        # Under load the lease, or the last key's echo, can end an arming before its own key does.
        read_s = kiosk.log.stop_frame_s(after_s=ordered_s)
        if read_s > typed_s:
            times_ms.append((read_s - typed_s) * 1000)
    kiosk.order("load none")
    return times_ms[WARM_UP:]
