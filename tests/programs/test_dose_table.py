"""Table 2.1 of the clinical reference, reproduced; and this package's limits against the guard's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import limits
from programs import dose, montage, program, progression

AREAS_CM2 = (4 * 6.4, 5 * 9, 7.5 * 13)

TABLE_2_1 = [
    (100, 200, 0.200, 26.0, (256, 450, 975)),
    (50, 300, 0.173, 22.5, (296, 520, 1126)),
    (85, 350, 0.244, 31.7, (210, 369, 799)),
    (85, 500, 0.292, 37.9, (176, 309, 669)),
]


@pytest.mark.parametrize(("frequency_Hz", "pulse_width_us", "k", "rms_at_130", "peaks"), TABLE_2_1)
def test_table_2_1(
    frequency_Hz: float, pulse_width_us: float, k: float, rms_at_130: float, peaks: tuple[int, int, int]
) -> None:
    assert round(dose.rms_factor(pulse_width_us, frequency_Hz), 3) == k
    assert round(dose.rms_mA(130, pulse_width_us, frequency_Hz), 1) == rms_at_130
    found = [
        round(dose.peak_for_rms_density_mA(2.0, area, pulse_width_us, frequency_Hz)) for area in AREAS_CM2
    ]
    assert found == pytest.approx(peaks, abs=1)


def test_half_of_a_small_pad_passes_2_mA_per_cm2_rms() -> None:
    rms = dose.rms_mA(130, 350, 85)
    assert round(dose.density_mA_per_cm2(rms, 4 * 6.4 / 2), 1) == 2.5


def test_worst_figures_of_the_reference() -> None:
    rms = dose.rms_mA(130, 500, 85)
    assert round(dose.power_density_W_per_cm2(rms, 1000, 4 * 6.4), 3) == 0.056
    assert round(dose.pulse_energy_mJ(130, 500), 2) == 8.45
    assert dose.charge_uC(130, 500) == 65


@pytest.mark.parametrize(("area_cm2", "ceiling_mA"), [(25.6, 51.0), (45.0, 90.0), (97.5, 195.0)])
def test_default_ceilings_of_the_three_pads(area_cm2: float, ceiling_mA: float) -> None:
    assert dose.pad_ceiling_mA(area_cm2, 350, 85) == ceiling_mA


def test_half_contact_binds_where_the_train_is_dense() -> None:
    assert dose.pad_ceiling_mA(45, 350, 125) == 90.0
    factor = dose.rms_factor(2000, 500)
    assert dose.pad_ceiling_mA(45, 2000, 500) == dose.floor_to_step(45 / factor) < 90.0


@pytest.mark.parametrize(
    ("pulse_width_us", "frequency_Hz", "ceiling_mA"),
    [(350, 50, 60.0), (300, 50, 70.0), (350, 125, 54.0), (50, 1, 420.0)],
)
def test_charge_and_rms_ceiling_of_a_waveform(
    pulse_width_us: int, frequency_Hz: float, ceiling_mA: float
) -> None:
    assert dose.waveform_ceiling_mA(pulse_width_us, frequency_Hz) == ceiling_mA


@given(st.floats(0, 200), st.integers(50, 350), st.floats(1, 125))
def test_a_ceiling_is_a_step_and_never_above_what_it_was_made_of(
    area: float, width: int, frequency: float
) -> None:
    for ceiling in (dose.pad_ceiling_mA(area, width, frequency), dose.waveform_ceiling_mA(width, frequency)):
        assert ceiling % dose.STEP_MA == 0
    ceiling = dose.waveform_ceiling_mA(width, frequency)
    assert dose.charge_uC(ceiling, width) <= dose.MAX_CHARGE_UC + 1e-6
    assert dose.rms_mA(ceiling, width, frequency) <= dose.MAX_RMS_MA + 1e-6


@pytest.mark.parametrize(
    ("value", "floor"), [(0.49, 0.0), (0.5, 0.5), (18.7, 18.5), (17.999999999999996, 18.0), (-1, 0.0)]
)
def test_rounding_down_to_a_step(value: float, floor: float) -> None:
    assert dose.floor_to_step(value) == floor


@given(st.integers(1, 120), st.integers(50, 350), st.integers(1_000, 125_000))
def test_the_guard_computes_the_same_rms(half_mA: int, width_us: int, frequency_mHz: int) -> None:
    ours_uA = dose.rms_mA(half_mA / 2, width_us, frequency_mHz / 1000) * 1000
    assert ours_uA - 1e-6 <= limits.rms_uA(half_mA, width_us, frequency_mHz) <= ours_uA + 1 + 1e-6


def test_both_packages_read_the_same_constants() -> None:
    assert {kind: int(value * 2) for kind, value in progression.PEAK_MA.items()} == limits.PEAK_HALF_MA
    assert progression.WITHOUT_HISTORY_MA * 2 == limits.PEAK_WITHOUT_HISTORY_HALF_MA
    assert dose.MAX_PEAK_DENSITY_MA_PER_CM2 * 10 == limits.PEAK_DENSITY_UA_PER_MM2
    half_contact = dose.MAX_RMS_DENSITY_AT_HALF_CONTACT_MA_PER_CM2 * dose.ASSUMED_CONTACT
    assert half_contact * 10 == limits.RMS_DENSITY_AT_HALF_CONTACT_UA_PER_MM2
    assert dose.MIN_PAD_AREA_CM2 * 100 == limits.MIN_PAD_AREA_MM2
    assert dose.MAX_RMS_MA * 1000 == limits.RMS_PER_CHANNEL_UA
    assert dose.MAX_CHARGE_UC * 1000 == limits.CHARGE_PER_PHASE_NC
    assert program.PULSE_WIDTH_US == limits.PULSE_WIDTH_US
    assert tuple(int(value * 1000) for value in program.FREQUENCY_HZ) == limits.FREQUENCY_MHZ
    assert program.MIN_RISE_MS == limits.ENVELOPE_RISE_MIN_MS
    assert program.MAX_TRAIN_ON_MS == limits.NMES_MAX_ON_MS
    assert (program.BURST_MAX_ON_MS, program.BURST_MIN_OFF_MS) == (
        limits.BURST_MAX_ON_MS,
        limits.BURST_MIN_OFF_MS,
    )
    assert program.MAX_NMES_WORK_MINUTES * 60 == limits.MAX_NMES_WORK_S
    assert program.MAX_SESSION_MINUTES * 60 == limits.MAX_SESSION_S
    assert program.MAX_DAY_MINUTES * 60 == limits.MAX_DAY_S
    assert montage.MIN_GAP_CM == 3
