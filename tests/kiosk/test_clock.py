"""One clock; and wall time is believed only when somebody who knows it set it."""

import datetime as dt
import time
from pathlib import Path

import pytest

from kiosk import clock
from kiosk.clock import FixedClock, SystemClock


def test_the_machines_clock_is_aware_and_goes_on() -> None:
    system = SystemClock()
    first, boot_ns = system.now(), system.boottime_ns()
    assert first.utcoffset() == dt.datetime.now().astimezone().utcoffset()
    assert abs(first.timestamp() - time.time()) < 5
    assert system.boottime_ns() > boot_ns
    assert system.monotonic_s() == pytest.approx(time.monotonic(), abs=5)
    assert len(system.boot_id()) == 36


@pytest.mark.parametrize(
    ("synchronised", "rtc", "trusted"),
    [(True, False, True), (False, True, True), (False, False, False)],
)
def test_a_time_service_or_an_agreeing_rtc_makes_the_clock_trusted(
    monkeypatch: pytest.MonkeyPatch, synchronised: bool, rtc: bool, trusted: bool
) -> None:
    monkeypatch.setattr(clock, "kernel_synchronised", lambda: synchronised)
    monkeypatch.setattr(clock, "rtc_agrees", lambda now_s: rtc)
    assert SystemClock().trusted() is trusted


@pytest.mark.parametrize("year", [1970, 2000, 2024, 2100])
def test_a_year_that_cannot_be_is_never_trusted(monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    monkeypatch.setattr(clock, "kernel_synchronised", lambda: True)
    moment = dt.datetime(year, 6, 1, tzinfo=dt.UTC).timestamp()
    monkeypatch.setattr(clock.time, "time", lambda: moment)
    assert not SystemClock().trusted()


def test_the_kernel_answers_without_being_changed() -> None:
    before = time.time() - time.monotonic()
    assert clock.kernel_synchronised() in (True, False)
    assert time.time() - time.monotonic() == pytest.approx(before, abs=1)


@pytest.mark.parametrize(
    ("content", "agrees"),
    [("1000000\n", True), ("1000599", True), ("1000601", False), ("", False), ("x", False)],
)
def test_an_rtc_has_to_agree_within_ten_minutes(tmp_path: Path, content: str, agrees: bool) -> None:
    (tmp_path / "rtc0").mkdir()
    (tmp_path / "rtc0" / "since_epoch").write_text(content)
    assert clock.rtc_agrees(1_000_000.0, tmp_path) is agrees
    assert not clock.rtc_agrees(1_000_000.0, tmp_path / "none")


NOW_S = int(dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC).timestamp())
DAY_S = 86_400
CLOCKS = {
    "a battery was added beside a first one without": (
        [(600, "rpi-rtc"), (NOW_S, "rtc-ds1307 1-0068")],
        True,
    ),
    "the second one set the system's clock": ([(600, "rpi-rtc"), (NOW_S, "hctosys")], True),
    "nobody knows of a battery": ([(600, "rpi-rtc"), (NOW_S, "rtc-of-somebody")], False),
    "two that can be right say two times": ([(NOW_S - DAY_S, "rtc_cmos"), (NOW_S, "rtc-ds1307")], False),
    "the added one is a day off": ([(NOW_S, "rpi-rtc"), (NOW_S + DAY_S, "rtc-ds1307")], False),
    "all of them are of 1970": ([(600, "rpi-rtc"), (700, "rtc-ds1307")], False),
    "the added one alone": ([(None, ""), (NOW_S, "rtc-pcf8563 1-0051")], True),
}


@pytest.mark.parametrize("case", CLOCKS)
def test_of_several_rtcs_one_with_a_battery_is_enough_and_a_contradiction_too_much(
    tmp_path: Path, case: str
) -> None:
    clocks, agrees = CLOCKS[case]
    for number, (said_s, name) in enumerate(clocks):
        if said_s is None:
            continue
        rtc = tmp_path / f"rtc{number}"
        rtc.mkdir()
        (rtc / "since_epoch").write_text(f"{said_s}\n")
        (rtc / "name").write_text(f"{name}\n")
        (rtc / "hctosys").write_text("1\n" if name == "hctosys" else "0\n")
    assert clock.rtc_agrees(float(NOW_S), tmp_path) is agrees


def test_a_fixed_clock_moves_all_its_hands_together() -> None:
    fixed = FixedClock(dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC))
    fixed.advance(90)
    assert fixed.now() == dt.datetime(2026, 11, 20, 12, 1, 30, tzinfo=dt.UTC)
    assert fixed.monotonic_s() == 1090
    assert fixed.boottime_ns() == 1_090_000_000_000
    with pytest.raises(ValueError, match="offset"):
        FixedClock(dt.datetime(2026, 11, 20))  # noqa: DTZ001
