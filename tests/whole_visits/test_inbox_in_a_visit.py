"""The running application and its inbox: a visit is held by the prescription that it began with."""

from __future__ import annotations

import subprocess
import sys
from asyncio import to_thread
from pathlib import Path

import pytest

from kiosk.diary import inbox
from tests.whole_visits.sitting import Sitting, sitting

pytestmark = [pytest.mark.timeout(300), pytest.mark.real_time]
EXAMPLE = Path(__file__).parents[2] / "programs" / "content" / "prescription-example.toml"


async def hand_in(folder: Path) -> None:
    command = [sys.executable, "-m", "kiosk", "prescribe", str(EXAMPLE), "--data", str(folder)]
    await to_thread(subprocess.run, command, capture_output=True, timeout=60, check=True)


def installed(person: Sitting) -> int:
    return len(person.store.all("prescriptions"))


async def test_what_is_handed_in_during_a_visit_waits_for_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So nothing of a pause can be gone on with under another one (rule 28)."""
    monkeypatch.setattr("kiosk.errands.diary_watch.LOOK_EVERY_S", 0.2)
    folder = tmp_path / "data"
    async with sitting(tmp_path) as person:
        await person.until(lambda: person.application.page().header.right.endswith("ready"))
        await person.press("1")
        await person.page("identity")
        before = installed(person)
        await hand_in(folder)
        await person.press("1")
        await person.page("get_ready")
        await person.press("enter")
        await person.all_no("first_done")  # on the way the diary was read for the verdict
        assert inbox.is_waiting(folder)
        assert installed(person) == before
        await person.press("enter")
        await person.until(lambda: installed(person) == before + 1)
