"""The running application, its diary and its inbox: what opens a lock, and what a restart does not open."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.access import enrolment
from kiosk.clock import SystemClock
from kiosk.diary.folder import read_meta
from kiosk.diary.records import Access, Unlock
from kiosk.diary.store import open_reader, open_store
from tests.whole_visits.sitting import Sitting, sitting

pytestmark = [pytest.mark.timeout(300), pytest.mark.real_time]
EXAMPLE = Path(__file__).parents[2] / "programs" / "content" / "prescription-example.toml"


def locked_box(tmp_path: Path) -> enrolment.Enrolment:
    """A folder with one E lock, enrolled at a clinic."""
    folder = tmp_path / "data"
    with open_store(folder, "simulated", SystemClock()) as store:
        asyncio.run(store.lock("E", "rf_saddle"))
    return enrolment.enrol(folder, read_meta(folder).box_id, SystemClock(), None, again=False)


async def home(person: Sitting) -> str:
    """What home says once the diary was read."""
    application = person.application
    await person.until(
        lambda: application.page().id == "home" and "One moment" not in application.page().spoken
    )
    return application.page().spoken


async def locked(person: Sitting) -> bool:
    await home(person)
    return all(choice.label != "First questions" for choice in person.application.page().choices)


async def type_code(person: Sitting, code: str) -> None:
    await person.press("6")
    await person.page("unlock_code")
    await person.until(lambda: "Lock 1," in person.application.page().spoken)
    await person.press(*code, "enter")


async def test_a_lock_holds_over_restarts_until_the_clinicians_code_is_typed(tmp_path: Path) -> None:
    enrolled = await asyncio.to_thread(locked_box, tmp_path)
    right = enrolled.code(1, 0)
    wrong = f"{(int(right) + 1) % 10**8:08d}"
    async with sitting(tmp_path) as person:
        assert await locked(person)
        await type_code(person, wrong)
        await person.until(lambda: "not right" in person.application.page().spoken.lower())
        await person.press("back")
    async with sitting(tmp_path) as person:
        assert await locked(person), "a wrong code and a restart open nothing"
        await type_code(person, right)
        await person.until(lambda: "is open" in person.application.page().spoken)
        await person.press("enter")
        assert not await locked(person)
    async with sitting(tmp_path) as person:
        assert not await locked(person), "what a clinician opened stays open"
        actions = [stored.record for stored in person.store.all("access")]
        attempts = [record.action for record in actions if isinstance(record, Access)]
        assert attempts.count("code_attempt") == 2
        assert len(person.store.all("unlocks")) == 1


async def test_a_used_code_does_not_open_the_same_kind_of_lock_again(tmp_path: Path) -> None:
    enrolled = await asyncio.to_thread(locked_box, tmp_path)
    async with sitting(tmp_path) as person:
        await home(person)
        await type_code(person, enrolled.code(1, 0))
        await person.until(lambda: "is open" in person.application.page().spoken)
        await person.store.lock("E", "rf_saddle")
        await person.press("enter")
        assert await locked(person)
        await person.press("6")
        await person.until(lambda: "Lock 2," in person.application.page().spoken)
        await person.press(*enrolled.code(1, 0), "enter")
        await person.until(lambda: "not right" in person.application.page().spoken.lower())


async def test_a_prescription_is_taken_in_by_the_running_kiosk_on_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.errands.diary_watch.LOOK_EVERY_S", 0.2)
    async with sitting(tmp_path) as person:
        await home(person)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "kiosk", "prescribe", str(EXAMPLE), "--data", str(tmp_path / "data")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        await person.until(lambda: "prescription" in person.application.page().spoken.lower())
        assert len(person.store.all("prescriptions")) == 1
    reader = open_reader(tmp_path / "data", SystemClock())
    assert len(reader.all("prescriptions")) == 1, "and once only"
    assert not any(isinstance(stored.record, Unlock) for stored in reader.all("unlocks"))
