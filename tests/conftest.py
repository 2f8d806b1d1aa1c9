"""What every test shares: the long counts are asked for with --soak, and each begins in English."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from kiosk import words
from tests.real_time import again_after_a_stall

# Hundreds of kiosks and guards are started: where nothing compiled may be kept, each compiles all anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("homestim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("homestim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak", action="store_true", help="the long counts of make soak instead of the samples"
    )
    parser.addoption("--update-snapshots", action="store_true", help="store the screens as they are now")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("real_time"):
            item.obj = again_after_a_stall(item.obj)


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    """Whatever language was chosen on the way."""
    yield
    if words.language() != "en":
        words.set_language("en")


@pytest.fixture(params=words.LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    """Once in each; English again afterwards."""
    words.set_language(request.param)
    return str(request.param)


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """True under make soak: use the full counts."""
    return bool(request.config.getoption("--soak"))
