"""What tests of the kiosk share: a diary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary.store import Store, open_store
from tests.kiosk.visit.visit_bench import START


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(folder: Path, clock: FixedClock) -> Iterator[Store]:
    with open_store(folder, "simulated", clock, "SIM-1") as opened:
        yield opened
