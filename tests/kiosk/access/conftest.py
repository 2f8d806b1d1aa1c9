"""A box for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk.access.boxes import Box


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path / "data")
    yield made
    made.store.close()
