"""From samples to good, dry or open: the load of a pair of pads, whatever noise lies over it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.contact import Unusable, lead_contact, lead_contacts
from drivers.messages import LeadContact
from drivers.stimulator import ProbePulse, Recording
from drivers.virtual.tissue import DRY, GOOD, Lead
from tests.drivers.guard_bench import recording

VOLTAGE = ProbePulse(1, 4, 100, "voltage")
CURRENT = ProbePulse(1, 4, 100, "current")
WHOLE_PROBE = (VOLTAGE, VOLTAGE, VOLTAGE, CURRENT, CURRENT)
TRIALS = 100


def probed(lead: Lead | None, noise: Callable[[], float] = lambda: 0.0, late: int = 0) -> list[Recording]:
    return [recording(pulse, lead, noise=noise, late=late) for pulse in WHOLE_PROBE]


def load_of(lead: Lead) -> float:
    """By the model's own formula, at the end of 100 µs."""
    return lead.voltage_V(2.0, 100) / 2.0 * 1000


@pytest.mark.parametrize(
    ("lead", "says"),
    [
        (GOOD, "good"),
        (DRY, "dry"),
        (GOOD.half_off(), "dry"),
        (DRY.half_off(), "dry"),
        (Lead(series_ohm=250, skin_ohm=2_000, skin_uF=1.0), "good"),
        (Lead(series_ohm=700, skin_ohm=5_000, skin_uF=0.4), "good"),
        (Lead(series_ohm=20_000, skin_ohm=100_000, skin_uF=0.01), "open"),
        (Lead(series_ohm=100_000, skin_ohm=1, skin_uF=1.0), "open"),
        (None, "open"),
    ],
)
def test_a_lead_is_what_it_is(lead: Lead | None, says: str) -> None:
    assert lead_contact(1, probed(lead)).contact == says


def test_a_gel_that_dries_passes_from_good_to_dry_once_and_its_load_only_rises() -> None:
    parts = [part / 20 for part in range(21)]
    found = [
        lead_contact(
            1,
            probed(
                Lead(
                    series_ohm=GOOD.series_ohm + part * (DRY.series_ohm - GOOD.series_ohm),
                    skin_ohm=GOOD.skin_ohm + part * (DRY.skin_ohm - GOOD.skin_ohm),
                    skin_uF=GOOD.skin_uF + part * (DRY.skin_uF - GOOD.skin_uF),
                )
            ),
        )
        for part in parts
    ]
    loads = [one.load_ohm or 0 for one in found]
    assert loads == sorted(loads)
    words = [one.contact for one in found]
    assert words == sorted(words, reverse=True), "good, then dry"
    assert words[0] == "good"
    assert words[-1] == "dry"


@given(st.integers(100, 2_000), st.integers(500, 20_000), st.floats(200, 10_000))
def test_load_and_series_resistance_come_back(series_ohm: int, skin_ohm: int, tau_us: float) -> None:
    """Of skin that charges in 0.2 ms or more (good skin needs 1.5 ms, dry gel 1 ms), and where the pulse
    begins with a jump that can be seen."""
    lead = Lead(series_ohm, skin_ohm, tau_us / skin_ohm)
    assume(series_ohm > 0.25 * load_of(lead))
    found = lead_contact(1, probed(lead))
    assert found.load_ohm == pytest.approx(load_of(lead), rel=0.02, abs=10)
    assert found.series_ohm == pytest.approx(series_ohm, rel=0.03, abs=20)


@pytest.mark.parametrize(("lead", "says"), [(GOOD, "good"), (GOOD.half_off(), "dry"), (DRY, "dry")])
def test_noise_does_not_change_the_word(lead: Lead, says: str) -> None:
    """0.1 V on 1.4 V and 0.1 mA on 2 mA, a twentieth of what is measured."""
    randomness = random.Random(1)
    for _ in range(TRIALS):
        found = lead_contact(1, probed(lead, lambda: randomness.gauss(0, 0.1)))
        assert found.contact == says
        assert found.load_ohm == pytest.approx(load_of(lead), rel=0.15)
        assert found.series_ohm == pytest.approx(lead.series_ohm, rel=0.30)


def test_noise_on_an_open_lead_is_no_contact() -> None:
    randomness = random.Random(2)
    for _ in range(TRIALS):
        assert lead_contact(1, probed(None, lambda: randomness.gauss(0, 0.3))).contact == "open"


@pytest.mark.parametrize("late", [0, 1, 5, 20])
def test_a_pulse_is_found_wherever_in_the_recording_it_begins(late: int) -> None:
    assert lead_contact(1, probed(GOOD, late=late)) == lead_contact(1, probed(GOOD))


def test_one_bad_pulse_of_five_decides() -> None:
    """A lead that loses contact now and then must not be called good."""
    for at in range(5):
        recordings = probed(GOOD)
        recordings[at] = replace(recordings[at], hundredths=None)
        assert lead_contact(1, recordings).contact == "open"
        recordings[at] = recording(WHOLE_PROBE[at], DRY if at < 3 else None)
        assert lead_contact(1, recordings).contact == ("dry" if at < 3 else "open")


def test_an_open_lead_has_no_numbers() -> None:
    assert lead_contact(3, probed(None)) == LeadContact(3, "open", None, None)


def test_two_pads_that_touch_each_other_are_not_called_good() -> None:
    found = lead_contact(1, probed(Lead(series_ohm=5, skin_ohm=1, skin_uF=1.0)))
    assert (found.contact, found.load_ohm) == ("dry", 0)
    assert lead_contact(1, probed(Lead(series_ohm=60, skin_ohm=1, skin_uF=1.0))).contact == "dry"


def test_each_channel_is_judged_by_its_own_pulses() -> None:
    recordings = []
    for channel, lead in ((2, DRY), (7, GOOD), (1, None)):
        recordings += [recording(replace(pulse, channel=channel), lead) for pulse in WHOLE_PROBE]
    found = list(lead_contacts((1, 2, 7), recordings))
    assert [(one.channel, one.contact) for one in found] == [(1, "open"), (2, "dry"), (7, "good")]


@pytest.mark.parametrize(
    "recordings",
    [
        [],
        probed(GOOD)[:3],
        probed(GOOD)[3:],
        [replace(one, sampling_us=0) for one in probed(GOOD)],
        [replace(one, sampling_us=40) for one in probed(GOOD)],
        [replace(one, hundredths=(one.hundredths or ())[:10]) for one in probed(GOOD)],
    ],
    ids=["none", "no current", "no voltage", "no interval", "too coarse", "cut off"],
)
def test_what_cannot_be_read_is_not_guessed(recordings: list[Recording]) -> None:
    with pytest.raises(Unusable):
        lead_contact(1, recordings)


@given(
    st.lists(st.lists(st.integers(0, 65_535), max_size=128), min_size=5, max_size=5), st.integers(0, 5_000)
)
def test_any_samples_give_a_word_or_unusable(samples: list[list[int]], sampling_us: int) -> None:
    recordings = [
        Recording(pulse, sampling_us, tuple(values))
        for pulse, values in zip(WHOLE_PROBE, samples, strict=True)
    ]
    try:
        found = lead_contact(1, recordings)
    except Unusable:
        return
    assert (found.load_ohm is None) == (found.contact == "open") == (found.series_ohm is None)
