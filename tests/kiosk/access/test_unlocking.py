"""A code opens exactly one lock, and guessing leads nowhere."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.access import unlocking
from kiosk.access.attempts import DELAYS_S
from kiosk.access.enrolment import ENROLMENT, EnrolmentError
from kiosk.access.unlocking import CodeResult
from kiosk.diary.records import Unlock
from kiosk.diary.store import StoreReadOnly
from tests.kiosk.access.boxes import Box


class PowerCut(Exception):  # noqa: N818
    """Nothing after it happens."""


async def test_the_code_for_a_lock_opens_it_and_no_other(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    await box.store.lock("U", "rf_fx")
    assert await box.unlocking.try_code(1, box.code(2)) == CodeResult("wrong")
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult()
    assert box.open_numbers() == [2]
    box.restart()
    assert box.open_numbers() == [2]


async def test_the_attempt_is_in_the_diary_before_it_is_looked_at(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    await box.store.lock("E", "rf_ces")
    seen: list[list[str]] = []

    def compare(right: bytes, typed: bytes) -> bool:
        seen.append(box.actions())
        return right == typed

    monkeypatch.setattr(unlocking.hmac, "compare_digest", compare)
    await box.unlocking.try_code(1, box.code(1))
    assert seen == [["code_attempt"]]
    assert box.actions() == ["code_attempt", "unlock"]


async def test_what_cannot_be_journalled_is_not_looked_at(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    await box.store.lock("E", "rf_ces")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiosk.diary.files.Files.write_at", full)
    monkeypatch.setattr(unlocking.hmac, "compare_digest", lambda *_: pytest.fail("looked at without a trace"))
    with pytest.raises(StoreReadOnly):
        await box.unlocking.try_code(1, box.code(1))
    assert box.open_numbers() == [1]


async def test_a_wrong_code_changes_nothing_but_the_list_of_attempts(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    assert (await box.unlocking.try_code(1, box.wrong_code(1))).refused == "wrong"
    assert box.open_numbers() == [1]
    assert box.store.all("unlocks") == ()
    assert box.actions() == ["code_attempt", "code_wrong"]


async def test_after_three_wrong_ones_each_next_has_to_wait_longer(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    waits = []
    for _ in range(9):
        result = await box.unlocking.try_code(1, box.wrong_code(1))
        assert result.refused == "wrong"
        waits.append(result.wait_s)
        if result.wait_s:
            box.clock.advance(result.wait_s - 1)
            assert await box.unlocking.try_code(1, box.code(1)) == CodeResult("wait", 1)
            box.clock.advance(1)
    assert waits == [0, 0, 5, 15, 60, 300, 300, 300, 300]
    assert (0, *waits[:6]) == DELAYS_S
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult(), "nobody is shut out for good"


async def test_a_delay_begins_anew_after_a_boot_and_goes_on_after_a_restart(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    for _ in range(4):
        box.clock.advance((await box.unlocking.try_code(1, box.wrong_code(1))).wait_s)
    assert (await box.unlocking.try_code(1, box.wrong_code(1))).wait_s == 60
    box.clock.advance(50)
    box.restart()
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult("wait", 10)
    box.restart(boot=True)
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult("wait", 60)
    box.clock.time = box.clock.time.replace(year=2040)
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult("wait", 60), (
        "setting the clock wins nothing"
    )
    box.clock.advance(60)
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult()


async def test_pulling_the_plug_at_the_check_counts_as_a_wrong_code(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    await box.store.lock("E", "rf_ces")

    def cut(*_: object) -> bool:
        raise PowerCut

    with monkeypatch.context() as power:
        power.setattr(unlocking.hmac, "compare_digest", cut)
        with pytest.raises(PowerCut):
            await box.unlocking.try_code(1, box.code(1))
    box.restart(boot=True)
    waits = [(await box.unlocking.try_code(1, box.wrong_code(1))).wait_s for _ in range(2)]
    assert waits == [0, 5], "it was the first of three"


async def test_a_right_code_forgives_the_wrong_ones_before(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    await box.store.lock("U", "rf_fx")
    for _ in range(2):
        await box.unlocking.try_code(1, box.wrong_code(1))
    await box.unlocking.try_code(1, box.code(1))
    box.restart()
    assert (await box.unlocking.try_code(2, box.wrong_code(2))).wait_s == 0


async def test_a_used_code_opens_nothing_again(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    used = box.code(1)
    await box.unlocking.try_code(1, used)
    box.restart()
    assert await box.unlocking.try_code(1, used) == CodeResult("no_such_lock")
    await box.store.lock("E", "rf_ces")
    assert (await box.unlocking.try_code(2, used)).refused == "wrong"
    assert box.open_numbers() == [2]


async def test_a_code_is_another_one_after_ten_wrong_ones(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    for _ in range(10):
        box.clock.advance((await box.unlocking.try_code(1, box.wrong_code(1))).wait_s)
    box.restart()
    assert unlocking.state_of(box.store).locks[0].name == "1-1"
    box.clock.advance(300)
    assert (await box.unlocking.try_code(1, box.code(1, 0))).refused == "wrong"
    box.clock.advance(300)
    assert await box.unlocking.try_code(1, box.code(1, 1)) == CodeResult()


async def test_a_new_enrolment_makes_the_old_codes_worthless(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    old = box.code(1)
    name = unlocking.state_of(box.store).box
    box.enrol(again=True)
    assert unlocking.state_of(box.store).box != name
    assert (await box.unlocking.try_code(1, old)).refused == "wrong"
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult()


async def test_another_box_has_other_codes(box: Box, tmp_path: Path) -> None:
    other = Box(tmp_path / "other")
    await box.store.lock("E", "rf_ces")
    await other.store.lock("E", "rf_ces")
    assert (await box.unlocking.try_code(1, other.code(1))).refused == "wrong"
    other.store.close()


async def test_a_postponed_day_is_nobodys_to_open(box: Box) -> None:
    await box.store.lock("P", "d_dry", box.clock.now().date().replace(day=21))
    assert unlocking.state_of(box.store).locks == ()
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult("no_such_lock")


@pytest.mark.parametrize("class_", unlocking.OPENED_BY_CLINICIAN)
async def test_a_clinician_opens_every_other_lock(box: Box, class_: str) -> None:
    await box.store.lock(class_, "cause")
    assert await box.unlocking.try_code(1, box.code(1)) == CodeResult()
    opened = box.store.all("unlocks")[0].record
    assert isinstance(opened, Unlock)
    assert opened.by == "code"
    assert box.open_numbers() == []


async def test_the_worst_lock_is_offered_first(box: Box) -> None:
    for class_ in ("soreness", "pain", "X", "E", "P"):
        await box.store.lock(class_, "cause")
    state = unlocking.state_of(box.store)
    assert [one.lock.class_ for one in state.locks] == ["E", "X", "pain", "soreness"]
    assert [one.name for one in state.locks] == ["4", "3", "2", "1"]


async def test_a_box_that_was_never_enrolled_takes_no_code(tmp_path: Path) -> None:
    box = Box(tmp_path / "data", enrolled=False)
    await box.store.lock("E", "rf_ces")
    assert await box.unlocking.try_code(1, "00000000") == CodeResult("not_enrolled")
    assert box.open_numbers() == [1]
    box.store.close()


async def test_a_spoilt_enrolment_opens_nothing_and_says_so(box: Box) -> None:
    await box.store.lock("E", "rf_ces")
    code = box.code(1)
    for spoilt in (b"", b"{}", b"\xff", b'{"id":"a","box":"b","secret":"00","since":""}'):
        (box.folder / ENROLMENT).write_bytes(spoilt)
        with pytest.raises(EnrolmentError, match="cannot be read"):
            await box.unlocking.try_code(1, code)
    assert box.open_numbers() == [1]


def test_the_secret_is_for_its_owner_alone(box: Box) -> None:
    file = box.folder / ENROLMENT
    assert file.stat().st_mode & 0o777 == 0o600
    kept = msgspec.json.decode(file.read_bytes())
    assert len(bytes.fromhex(kept["secret"])) == 20


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.sampled_from(["wrong", "old", "restart", "boot", "clock", "wait", "other"]), max_size=12
    )
)
async def test_no_order_of_codes_restarts_and_clocks_opens_a_lock(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    box = Box(tmp_path_factory.mktemp("box") / "data")
    await box.store.lock("E", "rf_ces")
    used = box.code(1)
    await box.unlocking.try_code(1, used)
    await box.store.lock("E", "rf_ces")
    for step in steps:
        match step:
            case "wrong":
                await box.unlocking.try_code(2, box.wrong_code(2))
            case "old":
                await box.unlocking.try_code(2, used)
            case "other":
                await box.unlocking.try_code(2, box.code(3))
            case "clock":
                box.clock.time = box.clock.time.replace(year=box.clock.time.year + 1)
            case "wait":
                box.clock.advance(300)
            case _:
                box.restart(boot=step == "boot")
    assert box.open_numbers() == [2]
    box.store.close()
