"""What every test shares: the long counts are asked for with --soak."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("homestim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("homestim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak", action="store_true", help="the long counts of make soak instead of the samples"
    )
    parser.addoption("--update-snapshots", action="store_true", help="store the screens as they are now")


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """True under make soak: use the full counts."""
    return bool(request.config.getoption("--soak"))
