"""The family's view of ten years: from the last key of the PIN to the drawn overview, one chart drawn anew,
and the memory of the process that works it out.

The diary is read from the moment the PIN's screen is there; the PIN's four digits and Enter are typed in
`TYPED_S`. Its hash is checked as on a box, in a process of its own. The ten years are played by
`homestim rehearse`.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.figures import Figure
from benchmarks.small_parent import measured
from kiosk import today
from kiosk.access.pins import SCRYPT_N, SCRYPT_P, SCRYPT_R, scrypt_in_child
from kiosk.clock import SystemClock
from kiosk.diary.settings_file import PinHash
from kiosk.diary.store import open_reader
from kiosk.review.child import Asked, family_view_in_child
from kiosk.review.family import FamilyView
from kiosk.screens.draw import draw
from kiosk.visit.pages import chart_pages, family_pages
from kiosk.visit.state import Context, Moment, Place, Setting, Visit
from kiosk.visit.steps.family import CHARTS, RANGES

WEEKS = 520
QUICK_WEEKS = 26
TYPED_S = 2.0
PIN = PinHash(salt="00" * 16, hash="", n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)


def measure(quick: bool) -> list[Figure]:
    weeks, trials = (QUICK_WEEKS, 1) if quick else (WEEKS, 7)
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        rehearse = ["rehearse", "--weeks", str(weeks), "--data", str(folder)]
        subprocess.run(
            [sys.executable, "-m", "kiosk", *rehearse], check=True, stdout=subprocess.DEVNULL, timeout=600
        )
        found = today.read(open_reader(folder, clock), clock)
        visit = Visit(Place("family"), Context(Setting(), today=found))
        opened = [asyncio.run(_opened(folder, clock, visit)) for _ in range(trials)]
        alone_ms, rss_mb = zip(*(_alone(folder, clock) for _ in range(trials)), strict=True)
        chart_ms = _chart_ms(_with(visit, asyncio.run(family_view_in_child(folder, clock))), clock)
    return [
        Figure(
            "overview_ms",
            median(opened),
            str(trials),
            note=f"{weeks} weeks; {median(alone_ms):.0f} ms where nothing was read ahead",
        ),
        Figure("chart_ms", chart_ms, "15 × 20", note="the slowest of five charts over three ranges"),
        Figure("review_rss_mb", max(rss_mb), str(trials)),
    ]


async def _opened(folder: Path, clock: SystemClock, visit: Visit) -> float:
    """Milliseconds from Enter to the drawing."""
    reading = asyncio.create_task(family_view_in_child(folder, clock))
    await asyncio.sleep(TYPED_S)
    began_s = time.perf_counter()
    await scrypt_in_child("2580", PIN)
    _drawn(Place("family"), _with(visit, await reading), clock)
    return (time.perf_counter() - began_s) * 1000


def _alone(folder: Path, clock: SystemClock) -> tuple[float, float]:
    """Milliseconds of the child from its start to its end, and its highest resident memory in MB."""
    asked = msgspec.json.encode(Asked(str(folder), clock.now().isoformat(), clock.trusted()))
    with tempfile.TemporaryFile() as question:
        question.write(asked)
        question.seek(0)
        took_s, megabytes = measured((sys.executable, "-m", "kiosk.review"), question)
    return took_s * 1000, megabytes


def _chart_ms(visit: Visit, clock: SystemClock) -> float:
    slowest = 0.0
    for place in (Place("family_charts", reach, chart) for reach in range(RANGES) for chart in range(CHARTS)):
        times_ms = []
        for _ in range(20):
            began_s = time.perf_counter()
            _drawn(place, visit, clock)
            times_ms.append((time.perf_counter() - began_s) * 1000)
        slowest = max(slowest, median(times_ms))
    return slowest


def _with(visit: Visit, view: FamilyView) -> Visit:
    allowed = msgspec.structs.replace(view, allowed=True)
    return msgspec.structs.replace(visit, context=msgspec.structs.replace(visit.context, family=allowed))


def _drawn(place: Place, visit: Visit, clock: SystemClock) -> None:
    visit = msgspec.structs.replace(visit, place=place)
    page = {"family": family_pages.family, "family_charts": chart_pages.charts}[place.step]
    draw(page(visit, Moment(clock.now(), clock.monotonic_s())), 80, 25)
