from __future__ import annotations

from functools import lru_cache

import pytest

from kiosk.diary import chain


@pytest.fixture
def each_content_is_followed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a pure function, and thousands of disks hold the same files."""
    monkeypatch.setattr(chain, "read", lru_cache(maxsize=1024)(chain.read))
