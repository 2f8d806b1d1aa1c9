"""The table of constants at arming: each row passes at its limit and is refused one step beyond."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from drivers import limits as c
from drivers import messages as m
from drivers.bounds import first_broken, plan_bounds
from drivers.p24 import codec as p24
from drivers.rehastim2 import codec as rehastim2
from tests.drivers.guard_bench import CYCLE, P24_LIKE, limit, phase, plan

BURST = m.Pattern("burst", up_ms=1_000, on_ms=250, off_ms=250)


def broken(the_plan: m.GuardPlan, *limits: m.ChannelLimit) -> str | None:
    found = first_broken(plan_bounds(the_plan, limits or (limit(),), P24_LIKE))
    return None if found is None else found.limit


def cycle(**times: int) -> m.Pattern:
    return m.Pattern("cycle", **{"up_ms": 2_000, "on_ms": 6_000, "down_ms": 1_000, "off_ms": 9_000, **times})


def test_plain_plans_are_accepted() -> None:
    assert broken(plan()) is None
    find = phase("find", pattern=CYCLE, duration_ms=600_000)
    work = phase(pattern=CYCLE)
    assert broken(plan(find, phase("warm_up"), work, phase("cool_down"), kind="nmes")) is None
    assert broken(plan(phase(pattern=BURST))) is None


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"pulse_width_us": 50}, None),
        ({"pulse_width_us": 49}, "pulse_width"),
        ({"pulse_width_us": 350}, None),
        ({"pulse_width_us": 351}, "pulse_width"),
        ({"frequency_mHz": 1_000}, None),
        ({"frequency_mHz": 999}, "frequency"),
        ({"frequency_mHz": 125_000}, None),
        ({"frequency_mHz": 125_001}, "frequency"),
        ({"scale_permille": 1}, None),
        ({"scale_permille": 0}, "scale"),
        ({"scale_permille": 1001}, "scale"),
        ({"role": "warm_up", "scale_permille": 400}, None),
        ({"role": "warm_up", "scale_permille": 401}, "scale"),
        ({"role": "cool_down", "scale_permille": 401}, "scale"),
        ({"duration_ms": 0}, "duration"),
        ({"duration_ms": -1}, "duration"),
        ({"duration_ms": 45 * 60_000}, None),
        ({"duration_ms": 45 * 60_000 + 1}, "session"),
        ({"channel": 1}, None),
        ({"channel": 2}, "phase_channel"),
        ({"pattern": m.Pattern("continuous", up_ms=-1)}, "pattern"),
        ({"pattern": m.Pattern("continuous", on_ms=1)}, "pattern"),
        ({"pattern": m.Pattern("cycle")}, "pattern"),
        ({"pattern": cycle(down_ms=-1)}, "pattern"),
        ({"pattern": m.Pattern("burst", on_ms=251, off_ms=250)}, "burst_on"),
        ({"pattern": m.Pattern("burst", on_ms=250, off_ms=249)}, "burst_off"),
        ({"pattern": m.Pattern("burst", on_ms=250, off_ms=250, down_ms=1)}, "pattern"),
    ],
)
def test_a_phase(changes: dict[str, Any], name: str | None) -> None:
    assert broken(plan(phase(**changes))) == name


@pytest.mark.parametrize(
    ("changes", "waveform", "kind", "name"),
    [
        ({"ceiling_half_mA": 100, "pad_area_mm2": 9750}, {}, "tens", None),
        ({"ceiling_half_mA": 101, "pad_area_mm2": 9750}, {}, "tens", "peak"),
        ({"ceiling_half_mA": 120, "pad_area_mm2": 9750}, {}, "nmes", None),
        ({"ceiling_half_mA": 121, "pad_area_mm2": 9750}, {}, "nmes", "peak"),
        ({"ceiling_half_mA": 60, "known_level": False}, {}, "tens", None),
        ({"ceiling_half_mA": 61, "known_level": False}, {}, "tens", "no_history"),
        ({"ceiling_half_mA": -1}, {}, "tens", "sum"),
        ({"pad_area_mm2": 2500}, {}, "tens", None),
        ({"pad_area_mm2": 2499}, {}, "tens", "pad_area"),
        # 2.0 mA/cm² of 25 cm² are 50 mA
        ({"ceiling_half_mA": 100, "pad_area_mm2": 2500}, {}, "nmes", None),
        ({"ceiling_half_mA": 101, "pad_area_mm2": 2500}, {}, "nmes", "peak_density"),
        # 21 µC: 60 mA × 350 µs
        ({"ceiling_half_mA": 120, "pad_area_mm2": 9750}, {"pulse_width_us": 350}, "nmes", None),
        # 16 mA rms: 54 mA × √(2 · 350 µs · 125 Hz) = 15.97
        (
            {"ceiling_half_mA": 108, "pad_area_mm2": 9750},
            {"pulse_width_us": 350, "frequency_mHz": 125_000},
            "nmes",
            None,
        ),
        (
            {"ceiling_half_mA": 109, "pad_area_mm2": 9750},
            {"pulse_width_us": 350, "frequency_mHz": 125_000},
            "nmes",
            "rms",
        ),
    ],
)
def test_a_current(changes: dict[str, Any], waveform: dict[str, int], kind: str, name: str | None) -> None:
    pattern = {"pattern": CYCLE} if kind == "nmes" else {}
    assert broken(plan(phase(**waveform, **pattern), kind=kind), limit(**changes)) == name


@pytest.mark.parametrize("device", [p24.Period, rehastim2.Period])
def test_a_device_puts_out_no_more_rms_than_was_checked(device: Any) -> None:
    """It knows few periods: the one that it takes is never the shorter one, at none of our frequencies."""
    for asked_mHz in range(*c.FREQUENCY_MHZ, 250):
        real_mHz = ceil(device.not_faster(Fraction(asked_mHz, 1000)).frequency_Hz * 1000)
        assert c.rms_uA(100, 350, real_mHz) <= c.rms_uA(100, 350, asked_mHz)


def test_rms_density_binds_on_a_small_pad(monkeypatch: pytest.MonkeyPatch) -> None:
    # Within the other constants it is never the first to bind; with the rms limit out of the way it is.
    monkeypatch.setattr(c, "PEAK_DENSITY_UA_PER_MM2", 100)
    monkeypatch.setattr(c, "RMS_PER_CHANNEL_UA", 1 << 40)
    waveform = {"pulse_width_us": 350, "frequency_mHz": 125_000, "pattern": CYCLE}
    # 1.0 mA/cm² of 26 cm² are 26 mA rms; 60 mA peak are 17.7 mA rms
    assert c.rms_uA(120, 350, 125_000) == 17_749
    monkeypatch.setattr(c, "MIN_PAD_AREA_MM2", 1)
    assert broken(plan(phase(**waveform), kind="nmes"), limit(ceiling_half_mA=120, pad_area_mm2=1775)) is None
    assert (
        broken(plan(phase(**waveform), kind="nmes"), limit(ceiling_half_mA=120, pad_area_mm2=1774))
        == "rms_density"
    )


def test_charge_binds_beyond_21_uC(monkeypatch: pytest.MonkeyPatch) -> None:
    # 60 mA × 350 µs is exactly 21 µC, so only a wider pulse could break it: the width is let through here.
    monkeypatch.setattr(c, "PULSE_WIDTH_US", (50, 400))
    wide = plan(phase(pulse_width_us=351, pattern=CYCLE, frequency_mHz=30_000), kind="nmes")
    assert broken(wide, limit(ceiling_half_mA=120, pad_area_mm2=9750)) == "charge"


def test_the_sum_of_channels() -> None:
    two = (limit(1, ceiling_half_mA=100), limit(2, ceiling_half_mA=100))
    assert broken(plan(), *two) is None
    assert broken(plan(), *two, limit(3, ceiling_half_mA=1)) == "sum"
    nmes = plan(phase(pattern=CYCLE), kind="nmes")
    four = tuple(limit(channel, ceiling_half_mA=60) for channel in (1, 2, 3, 4))
    assert broken(nmes, *four) is None
    assert broken(nmes, *four, limit(5, ceiling_half_mA=1)) == "sum"


def test_the_channels() -> None:
    assert first_broken(plan_bounds(plan(), (), P24_LIKE)) is not None
    assert broken(plan(), limit(0)) == "channel"
    assert broken(plan(), limit(9)) == "channel"
    assert broken(plan(), limit(8)) is None
    assert broken(plan(), limit(1), limit(1)) == "channel_twice"


def test_finding() -> None:
    find = phase("find", duration_ms=600_000)
    assert broken(plan(find, phase())) is None
    assert broken(plan(phase("find", duration_ms=600_001), phase())) == "find"
    assert broken(plan(find, phase("find", duration_ms=1), phase())) == "find", (
        "ten minutes a side, not a phase"
    )
    assert broken(plan(phase("find", channel=None), phase())) == "phase_channel"
    assert broken(plan(phase("find", pulse_width_us=199), phase())) == "find_waveform"
    assert broken(plan(phase("find", frequency_mHz=80_001), phase())) == "find_waveform"
    two_sides = (find, phase("find", channel=2, duration_ms=600_000), phase(duration_ms=45 * 60_000))
    assert broken(plan(*two_sides), limit(1), limit(2)) is None, "finding is not part of the 45 minutes"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (cycle(up_ms=2_000, on_ms=9_000, down_ms=1_000, off_ms=12_000), None),
        (cycle(up_ms=2_000, on_ms=9_001, down_ms=1_000, off_ms=12_001), "train_on"),
        (cycle(off_ms=8_999), "train_off"),
        (m.Pattern("continuous", up_ms=1_000), "train_on"),
        (BURST, "train_on"),
    ],
)
def test_nmes_trains(pattern: m.Pattern, name: str | None) -> None:
    assert broken(plan(phase(pattern=pattern), kind="nmes")) == name
    find = phase("find", pattern=pattern)
    assert broken(plan(find, kind="nmes")) == name


def test_nmes_work_is_half_an_hour_at_most() -> None:
    half_an_hour = phase(pattern=CYCLE, duration_ms=30 * 60_000)
    assert broken(plan(half_an_hour, kind="nmes")) is None
    assert broken(plan(half_an_hour, phase(pattern=CYCLE, duration_ms=1), kind="nmes")) == "nmes_work"
    assert broken(plan(phase("warm_up", duration_ms=15 * 60_000), half_an_hour, kind="nmes")) is None
    assert broken(plan(phase("warm_up", duration_ms=15 * 60_000 + 1), half_an_hour, kind="nmes")) == "session"


def test_every_limit_is_a_constant_of_the_safety_table() -> None:
    """Drift guard: a change of a constant has to be made here as well, by somebody who read the table."""
    assert c.PEAK_HALF_MA == {"nmes": 120, "tens": 100}
    assert c.SUM_HALF_MA == {"nmes": 240, "tens": 200}
    assert c.PEAK_WITHOUT_HISTORY_HALF_MA == 60
    assert (c.PEAK_DENSITY_UA_PER_MM2, c.RMS_DENSITY_AT_HALF_CONTACT_UA_PER_MM2) == (20, 10)
    assert (c.MIN_PAD_AREA_MM2, c.RMS_PER_CHANNEL_UA, c.CHARGE_PER_PHASE_NC) == (2_500, 16_000, 21_000)
    assert (c.PULSE_WIDTH_US, c.FREQUENCY_MHZ) == ((50, 350), (1_000, 125_000))
    assert (c.MAX_RAISE_HALF_MA, c.RAISE_PAUSE_MS_PER_MA) == ({"p24": 2, "rehastim2": 4}, 900)
    assert c.NMES_RAISE_PER_CONTRACTION_HALF_MA == 4
    assert (c.ENVELOPE_RISE_HALF_MA_PER_S, c.ENVELOPE_RISE_MIN_MS) == (80, 1_000)
    assert (c.BURST_MAX_ON_MS, c.BURST_MIN_OFF_MS, c.NMES_MAX_ON_MS) == (250, 250, 12_000)
    assert (c.MAX_FIND_S, c.MAX_NMES_WORK_S, c.MAX_SESSION_S, c.MAX_DAY_S) == (600, 1_800, 2_700, 8_100)
    assert (c.ARMED_IDLE_S, c.PRESENT_S, c.MAX_WARM_SCALE_PERMILLE) == (180, 365, 400)
    assert (c.LEASE_S, c.RENEWAL_MAX_AGE_S) == (0.5, 0.25)
    assert (c.ACK_S, c.ACK_STAGE_SWITCH_S, c.STOP_TRIES, c.SILENCE_S) == (0.1, 0.25, 3, 3.0)
    assert c.READ_STATE_EVERY_S == {"p24": 0.25, "rehastim2": 0.4}
    assert c.READING_MAX_AGE_S == {"p24": 0.5, "rehastim2": 0.9}
