"""The snapshot fixture: an SVG of a screen against the one in `snapshots/`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture(scope="session")
def matches_snapshot(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], None]:
    """`matches_snapshot(name, svg)`; with --update-snapshots it writes instead of comparing."""
    update = bool(request.config.getoption("--update-snapshots"))

    def check(name: str, svg: str) -> None:
        path = SNAPSHOTS / f"{name}.svg"
        if update:
            SNAPSHOTS.mkdir(exist_ok=True)
            path.write_text(svg, encoding="utf-8")
            return
        assert path.exists(), f"no snapshot {path.name}: look at the screen, then pytest --update-snapshots"
        if path.read_text(encoding="utf-8") != svg:
            new = tmp_path_factory.mktemp("screens") / path.name
            new.write_text(svg, encoding="utf-8")
            pytest.fail(f"{path.name} looks different: compare with {new}, then pytest --update-snapshots")

    return check
