"""Level × fraction, the lease and the person's requests, in virtual time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest

from drivers import limits as c
from drivers import messages as m
from drivers.bounds import first_broken, plan_bounds
from drivers.guard.lease import Now
from drivers.guard.output import TICK_MS, Arming, Refusal
from tests.drivers.guard_bench import CYCLE, P24_LIKE, arm, limit, phase, plan

START_MS = 1_000_000


class Play:
    """An arming driven as the guard drives it: asked when it wants to be, leased ten times a second."""

    def __init__(self, the_arm: m.Arm, max_raise_half_mA: int = 2, step_half_mA: int = 1) -> None:
        device = replace(P24_LIKE, step_half_mA=step_half_mA)
        assert first_broken(plan_bounds(the_arm.plan, the_arm.limits, device)) is None
        self.now_ms = START_MS
        self.arming = Arming(the_arm, device, max_raise_half_mA, self.now)
        self.arming.start(self.now)
        self.out = self.arming.targets(self.now)
        self.history = [(self.now_ms, self.out)]
        self.leased = True
        self.here = True
        self._n = 0

    @property
    def now(self) -> Now:
        return Now(self.now_ms, self.now_ms + 7)

    def to(self, elapsed_ms: int) -> Play:
        """Play on to this long after the start."""
        end_ms = START_MS + elapsed_ms
        while self.now_ms < end_ms:
            self.now_ms = min(end_ms, max(self.now_ms + 1, self.arming.due_ms), self.now_ms + 100)
            if self.leased:
                self._n += 1
                lease = m.Lease(self.arming.epoch, self._n, self.now.boot_ms * 1_000_000)
                self.arming.renew(lease, self.now)
            if self.here:
                self.arming.present(self.now)
            self.out = self.arming.targets(self.now)
            self.history.append((self.now_ms, self.out))
        return self

    def level(self, half_mA: int, channel: int = 1, epoch: int = 1) -> Refusal | None:
        return self.arming.set_level(m.Level(epoch, channel, half_mA), self.now)

    def raise_to(self, half_mA: int, channel: int = 1) -> Play:
        """Half a mA at a time, as fast as is allowed."""
        while self.arming.levels[channel] < half_mA:
            refused = self.level(self.arming.levels[channel] + 1, channel)
            assert refused is None or not refused.fault, refused
            self.to(self.now_ms - START_MS + (500 if refused is None else 50))
        return self

    @property
    def elapsed_ms(self) -> int:
        return self.now_ms - START_MS

    def wait(self, ms: int) -> Play:
        return self.to(self.elapsed_ms + ms)

    def current(self, channel: int = 1) -> int:
        """Half-mA of the last output."""
        return next(target.half_mA for target in self.out if target.channel == channel)

    def currents_from(self, elapsed_ms: int, channel: int = 1) -> list[tuple[int, int]]:
        return [
            (at_ms - START_MS, target.half_mA)
            for at_ms, targets in self.history
            for target in targets
            if target.channel == channel and at_ms - START_MS >= elapsed_ms
        ]


# ── level × scale × fraction ──


def test_nothing_flows_before_a_level() -> None:
    play = Play(arm()).to(5_000)
    assert {target.half_mA for _at, targets in play.history for target in targets} == {0}


def test_output_is_level_times_scale_rounded_down() -> None:
    play = Play(arm(1, plan(phase(scale_permille=500)))).to(1_500).raise_to(5)
    assert play.arming.fraction == 1000
    assert play.current() == 2, "⌊5 × 0.5⌋"


def test_output_is_rounded_down_to_the_devices_step() -> None:
    play = Play(arm(), max_raise_half_mA=4, step_half_mA=4).to(1_500)
    assert play.level(3) is None
    assert play.wait(50).current() == 0
    assert play.wait(2_000).level(7) is None
    assert play.wait(50).current() == 4


def test_targets_list_every_channel_with_the_phases_waveform() -> None:
    play = Play(arm(1, plan(phase(pulse_width_us=250, frequency_mHz=35_500)), limit(2), limit(1)))
    assert [(t.channel, t.half_mA, t.pulse_width_us, t.frequency_Hz) for t in play.out] == [
        (1, 0, 250, Fraction(71, 2)),
        (2, 0, 250, Fraction(71, 2)),
    ]


def test_targets_before_the_start_are_zero() -> None:
    arming = Arming(arm(), P24_LIKE, 2, Now(0, 0))
    assert [target.half_mA for target in arming.targets(Now(100, 100))] == [0]
    assert not arming.plateau


# ── the envelope ──


def test_a_cycle_rises_stays_falls_and_rests() -> None:
    play = Play(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000), kind="nmes"), limit(1)))
    for _cycle in range(4):
        play.wait(3_000).raise_to(play.arming.levels[1] + 4).to((play.elapsed_ms // 18_000 + 1) * 18_000)
    begin = play.elapsed_ms
    play.to(begin + 18_000)
    shape = dict(play.currents_from(begin))
    level = play.arming.levels[1]
    assert level == 16
    assert shape[begin] == 0
    assert max(mA for at, mA in shape.items() if at <= begin + 1_000) <= level // 2
    assert {mA for at, mA in shape.items() if begin + 2_100 <= at < begin + 8_000} == {level}
    falling = [mA for at, mA in sorted(shape.items()) if begin + 8_000 <= at < begin + 9_000]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] <= 1
    assert {mA for at, mA in shape.items() if at >= begin + 9_000} == {0}


def test_who_asks_exactly_at_the_end_of_a_plateau_is_asked_back_for_the_fall() -> None:
    the_plan = plan(phase(pattern=CYCLE, duration_ms=600_000), kind="nmes")
    play = Play(arm(1, the_plan, limit(1))).to(CYCLE.up_ms + CYCLE.on_ms)
    assert play.arming.plateau
    assert play.arming.due_ms <= play.now_ms + TICK_MS
    play.wait(TICK_MS)
    assert play.arming.fraction < 1000


def test_the_envelope_never_rises_faster_than_40_mA_a_second() -> None:
    fast = m.Pattern("cycle", up_ms=0, on_ms=3_000, down_ms=0, off_ms=3_000)
    play = Play(arm(1, plan(phase(pattern=fast, duration_ms=600_000)), limit(1, ceiling_half_mA=90)))
    play.raise_to(90)
    begin = (play.elapsed_ms // 6_000 + 1) * 6_000
    rising = play.to(begin + 3_000).currents_from(begin)
    assert max(mA for _at, mA in rising) == 90
    for (at, mA), (later, more) in pairwise(rising):
        assert more - mA <= 1 + (later - at) * c.ENVELOPE_RISE_HALF_MA_PER_S / 1000
    first = next(at for at, mA in rising if mA > 0)
    full = next(at for at, mA in rising if mA == 90)
    assert full - first >= 1_000


def test_a_low_level_takes_a_second_to_rise_as_well() -> None:
    play = Play(arm(1, plan(phase(pattern=m.Pattern("continuous"))))).to(900)
    assert not play.arming.plateau
    assert play.to(1_100).arming.plateau


def test_lowering_one_channel_in_a_ramp_does_not_lift_the_other() -> None:
    slow = m.Pattern("cycle", up_ms=0, on_ms=6_000, down_ms=0, off_ms=6_000)
    limits = (limit(1, ceiling_half_mA=100), limit(2, ceiling_half_mA=100))
    play = Play(arm(1, plan(phase(pattern=slow, duration_ms=1_200_000)), *limits))
    play.raise_to(100).raise_to(50, channel=2)
    play.to((play.elapsed_ms // 12_000 + 1) * 12_000 + 600)
    before = play.current(2)
    assert play.level(0, 1) is None
    play.wait(1)
    assert play.current(1) == 0
    assert play.current(2) - before <= 1


def test_a_late_guard_does_not_jump_up_the_ramp() -> None:
    play = Play(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000)))).to(3_000).raise_to(10)
    play.to((play.elapsed_ms // 18_000 + 1) * 18_000)
    assert play.current() == 0
    play.now_ms += 450  # nothing was asked for 450 ms: less than a lease, a quarter of the ramp
    targets = play.arming.targets(play.now)
    assert targets[0].half_mA <= 10 * 50 // 2_000 + 1


# ── phases ──


def two_waveforms() -> m.GuardPlan:
    return plan(phase(duration_ms=30_000), phase(duration_ms=30_000, frequency_mHz=100_000))


def test_a_change_of_waveform_passes_through_zero() -> None:
    play = Play(arm(1, two_waveforms())).to(1_500).raise_to(10).to(29_999)
    assert play.current() == 10
    changed = False
    play.to(40_000)
    for (_at, before), (_later, after) in pairwise(play.history):
        if before[0].frequency_Hz != after[0].frequency_Hz:
            changed = True
            assert after[0].half_mA == 0
    assert changed
    assert play.current() == 10


def test_a_change_of_waveform_passes_through_zero_when_the_guard_is_late() -> None:
    play = Play(arm(1, two_waveforms())).to(1_500).raise_to(10).to(29_990)
    play.now_ms += 400  # the first output of the new phase is wanted 390 ms too late
    targets = play.arming.targets(play.now)
    assert (targets[0].frequency_Hz, targets[0].half_mA) == (100, 0)
    play.now_ms += 40
    assert play.arming.targets(play.now)[0].half_mA < 2


def finding() -> m.GuardPlan:
    left = phase("find", channel=1, duration_ms=600_000)
    right = phase("find", channel=2, duration_ms=600_000)
    return plan(left, right, phase("warm_up", frequency_mHz=5_000), phase())


def test_while_one_side_is_found_the_other_is_silent_and_may_not_rise() -> None:
    play = Play(arm(1, finding(), limit(1), limit(2))).to(1_500).raise_to(8)
    assert (play.current(1), play.current(2)) == (8, 0)
    refused = play.wait(2_000).level(1, channel=2)
    assert refused is not None
    assert (refused.limit, refused.fault) == ("finding_other", False)


def test_next_keeps_the_level_and_brings_it_back_by_the_envelope_only() -> None:
    play = Play(arm(1, finding(), limit(1), limit(2))).to(1_500).raise_to(8)
    assert play.arming.next_phase(play.now) is None
    play.wait(2_000)
    assert (play.current(1), play.current(2)) == (0, 0)
    assert play.arming.levels == {1: 8, 2: 0}
    play.raise_to(6, channel=2)
    assert (play.current(1), play.current(2)) == (0, 6)
    assert play.arming.next_phase(play.now) is None
    began = play.elapsed_ms
    play.wait(1_500)
    assert (play.current(1), play.current(2)) == (3, 2), "the warm-up's 0.4"
    assert play.currents_from(began + 1)[0][1] == 0
    play.to(began + 62_000)
    assert (play.current(1), play.current(2)) == (8, 6)


def test_next_is_for_finding_only() -> None:
    play = Play(arm()).to(2_000)
    refused = play.arming.next_phase(play.now)
    assert refused is not None
    assert (refused.limit, refused.fault) == ("next", False)


def test_a_find_phase_that_runs_out_ends_the_arming() -> None:
    play = Play(arm(1, plan(phase("find", duration_ms=20_000), phase()))).to(1_500).raise_to(4).to(20_100)
    assert play.arming.over(play.now) == "find_over"
    assert play.current() == 0


def test_the_end_of_the_plan_ends_the_arming() -> None:
    play = Play(arm(1, plan(phase(duration_ms=20_000)))).to(1_500).raise_to(4).to(19_999)
    assert play.current() == 4
    play.to(20_001)
    assert play.arming.over(play.now) == "plan_over"
    assert play.current() == 0


def test_next_after_the_last_find_phase_ends_the_plan() -> None:
    play = Play(arm(1, plan(phase("find")))).to(2_000)
    assert play.arming.next_phase(play.now) is None
    assert play.arming.over(play.now) == "plan_over"


def test_two_phases_of_trains_on_one_channel_do_not_make_one_long_train() -> None:
    first = phase(pattern=CYCLE, duration_ms=26_000)  # ends in the second plateau
    play = Play(arm(1, plan(first, phase(pattern=CYCLE, duration_ms=60_000), kind="nmes")))
    play.to(3_000).raise_to(4).to(25_999)
    assert play.current() == 4
    play.to(26_000 + c.NMES_MAX_ON_MS + 6_000)
    after = play.currents_from(26_000)
    assert {mA for at, mA in after if at < 26_000 + c.NMES_MAX_ON_MS} == {0}
    assert max(mA for _at, mA in after) == 4


def test_finding_the_other_side_begins_at_once() -> None:
    sides = [phase("find", channel=channel, pattern=CYCLE) for channel in (1, 2)]
    play = Play(arm(1, plan(*sides, kind="nmes"), limit(1), limit(2))).to(3_000)
    assert play.arming.next_phase(play.now) is None
    assert play.wait(2_500).arming.plateau


def test_a_burst_gates_the_pulses_but_not_the_plateau() -> None:
    burst = m.Pattern("burst", up_ms=1_000, on_ms=200, off_ms=300)
    play = Play(arm(1, plan(phase(pattern=burst)))).to(1_500).raise_to(6).wait(1_000)
    begin = play.elapsed_ms
    play.wait(2_000)
    for at, mA in play.currents_from(begin + 1):
        assert mA == (6 if at % 500 < 200 else 0)
        assert play.arming.fraction == 1000
    assert {at % 500 for at, _mA in play.currents_from(begin + 1)} >= {0, 200}, "asked at each edge"


# ── the person's level ──


def test_a_raise_counts_at_the_plateau_only() -> None:
    play = Play(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000)))).to(1_000)
    for moment, name in [
        (1_000, "plateau"),
        (2_200, None),
        (8_500, "plateau"),
        (12_000, "plateau"),
        (21_000, None),
    ]:
        refused = play.to(moment).level(play.arming.levels[1] + 1)
        assert (refused and refused.limit) == name, moment
        assert refused is None or not refused.fault


def test_a_raise_has_to_wait_for_its_own_size() -> None:
    play = Play(arm()).to(2_000)
    assert play.level(2) is None
    assert (play.wait(449).level(3) or Refusal("", "", "")).limit == "too_soon"
    assert play.wait(1).level(3) is None
    assert (play.wait(899).level(5) or Refusal("", "", "")).limit == "too_soon"
    assert play.wait(1).level(5) is None


def test_channels_do_not_wait_for_each_other() -> None:
    play = Play(arm(1, plan(), limit(1), limit(2))).to(2_000)
    assert play.level(2, 1) is None
    assert play.level(2, 2) is None


@pytest.mark.parametrize(("device_raise", "accepted", "beyond"), [(2, 2, 3), (4, 4, 5)])
def test_a_raise_beyond_the_largest_is_a_fault(device_raise: int, accepted: int, beyond: int) -> None:
    play = Play(arm(), max_raise_half_mA=device_raise).to(2_000)
    assert play.level(beyond) == Refusal("raise", str(beyond), str(device_raise), fault=True)
    assert play.arming.levels == {1: 0}, "refused, not clamped"
    assert play.level(accepted) is None


@pytest.mark.parametrize("half_mA", [41, 10**18, -1, -(10**18)])
def test_a_value_beyond_the_ceiling_is_a_fault_and_never_clamped(half_mA: int) -> None:
    play = Play(arm()).to(1_500).raise_to(40)
    refused = play.wait(3_000).level(half_mA)
    assert refused is not None
    assert (refused.limit, refused.fault) == ("ceiling", True)
    assert play.arming.levels == {1: 40}


def test_a_value_beyond_a_limit_is_a_fault_even_at_the_wrong_moment() -> None:
    play = Play(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000)))).to(500)
    refused = play.level(41)
    assert refused is not None
    assert refused.fault


def test_a_channel_that_is_not_armed_is_a_fault() -> None:
    refused = Play(arm()).to(2_000).level(1, channel=2)
    assert refused is not None
    assert (refused.limit, refused.fault) == ("channel", True)


def test_lowering_always_counts_at_once() -> None:
    play = Play(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000)))).to(2_500).raise_to(6)
    assert play.level(5) is None, "right after a raise"
    play.to(8_500)
    assert play.level(3) is None, "in the fall"
    assert play.to(18_600).level(2) is None, "in the ramp"
    assert play.wait(1).current() <= 1
    assert play.to(22_000).current() == 2


def test_nmes_rises_2_mA_from_one_contraction_to_the_next_at_most() -> None:
    play = Play(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000), kind="nmes"))).to(2_500)
    assert play.level(2) is None
    assert play.wait(1_000).level(4) is None
    refused = play.wait(1_000).level(5)
    assert refused is not None
    assert (refused.limit, refused.fault) == ("contraction", False)
    assert play.to(18_000 + 2_500).level(5) is None


def test_tens_may_rise_more_within_one_cycle() -> None:
    play = Play(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000)))).to(2_500).raise_to(8)
    assert play.elapsed_ms < 8_000


def test_nmes_warm_up_does_not_lift_the_next_contraction_by_more_than_2_mA() -> None:
    find = phase("find", pattern=CYCLE, duration_ms=600_000)
    the_plan = plan(find, phase("warm_up"), phase(pattern=CYCLE), kind="nmes")
    play = Play(arm(1, the_plan)).to(2_500)
    assert play.level(2) is None
    assert play.arming.next_phase(play.now) is None
    assert play.wait(2_000).level(4) is None
    refused = play.wait(2_000).level(5)
    assert refused is not None
    assert refused.limit == "contraction"


@pytest.mark.parametrize("last_half_mA", [0, 8])
def test_nmes_warm_up_after_a_stop_is_held_to_the_contraction_before_it(last_half_mA: int) -> None:
    gone_on = plan(phase("warm_up"), phase(pattern=CYCLE), kind="nmes")
    play = Play(arm(1, gone_on, limit(last_contraction_half_mA=last_half_mA))).to(1_500)
    play.raise_to(last_half_mA + 4)
    refused = play.wait(2_000).level(last_half_mA + 5)
    assert refused is not None
    assert (refused.limit, refused.fault) == ("contraction", False)


def test_rest_puts_levels_to_zero_and_stays_armed() -> None:
    play = Play(arm(1, plan(), limit(1), limit(2))).to(1_500).raise_to(6).raise_to(4, channel=2)
    play.arming.rest()
    play.wait(1)
    assert (play.current(1), play.current(2)) == (0, 0)
    assert play.arming.over(play.now) is None
    refused = play.wait(3_000).level(6)
    assert refused is not None
    assert refused.limit == "raise", "what rested comes back by steps"
    assert play.level(2) is None


# ── the lease ──


def lease(play: Play, **changes: int) -> m.Lease:
    return replace(m.Lease(1, play.arming.lease.n + 1, play.now.boot_ms * 1_000_000), **changes)


def test_without_renewals_the_arming_is_over_after_500_ms() -> None:
    play = Play(arm()).to(2_000).raise_to(2)
    play.leased = False
    at = play.elapsed_ms
    assert play.to(at + 499).current() == 2
    play.to(at + 500)
    assert play.current() == 0
    assert play.arming.over(play.now) == "lease"


def test_a_late_renewal_does_not_revive_a_lease() -> None:
    play = Play(arm()).to(2_000).raise_to(2)
    play.leased = False
    play.now_ms += 501
    play.arming.renew(lease(play), play.now)
    assert play.arming.over(play.now) == "lease"
    assert play.wait(200).current() == 0
    play.leased = True
    assert play.wait(1_000).current() == 0


@pytest.mark.parametrize(
    ("age_ms", "counts"), [(0, True), (249, True), (250, True), (251, False), (10_000, False), (-1, False)]
)
def test_a_renewal_that_is_old_or_of_the_future_does_not_count(age_ms: int, counts: bool) -> None:
    play = Play(arm()).to(2_000)
    before = play.arming.lease.n
    play.arming.renew(lease(play, boottime_ns=(play.now.boot_ms - age_ms) * 1_000_000), play.now)
    assert (play.arming.lease.n > before) == counts


def test_a_renewal_counts_from_when_it_was_written() -> None:
    play = Play(arm()).to(2_000)
    play.leased = False
    play.arming.renew(lease(play, boottime_ns=(play.now.boot_ms - 200) * 1_000_000), play.now)
    assert play.wait(299).arming.over(play.now) is None
    assert play.wait(1).arming.over(play.now) == "lease"


@pytest.mark.parametrize("changes", [{"n": 0}, {"n": -5}, {"epoch": 0}, {"epoch": 2}])
def test_a_repeated_or_foreign_renewal_does_not_count(changes: dict[str, int]) -> None:
    play = Play(arm()).to(2_000)
    play.leased = False
    play.wait(300)
    play.arming.renew(lease(play, **changes), play.now)
    assert play.wait(200).arming.over(play.now) == "lease"


def test_the_same_number_twice_counts_once() -> None:
    play = Play(arm()).to(2_000)
    play.leased = False
    play.wait(300)
    play.arming.renew(lease(play, n=play.arming.lease.n), play.now)
    assert play.wait(200).arming.over(play.now) == "lease"


def test_a_sleeping_box_loses_its_lease() -> None:
    play = Play(arm()).to(2_000).raise_to(2)
    asleep = Now(play.now_ms + 10, play.now_ms + 7 + 600)  # CLOCK_MONOTONIC stood still
    assert play.arming.over(asleep) == "lease"


def test_an_arming_that_is_over_stays_over() -> None:
    play = Play(arm()).to(2_000).raise_to(2)
    play.leased = False
    play.wait(600)
    earlier = Now(START_MS, START_MS + 7)
    assert play.arming.over(earlier) == "lease"
    assert not play.arming.plateau
    refused = play.level(3)
    assert refused is not None


# ── somebody is there ──


def test_armed_at_zero_without_a_key_for_three_minutes() -> None:
    play = Play(arm(1, plan(phase(duration_ms=2_400_000)))).to(1_000)
    play.here = False
    assert play.to(180_999).arming.over(play.now) is None
    assert play.to(181_000).arming.over(play.now) == "nobody_there"


def test_above_zero_without_a_key_for_six_minutes_and_five_seconds() -> None:
    play = Play(arm(1, plan(phase(duration_ms=2_400_000)))).to(2_000).raise_to(4)
    at = play.elapsed_ms
    play.here = False
    assert play.to(at + 364_999).current() == 4
    assert play.to(at + 365_000).current() == 0
    assert play.arming.over(play.now) == "nobody_there"


def test_a_level_kept_for_later_is_zero_now() -> None:
    play = Play(arm(1, finding(), limit(1), limit(2))).to(2_000).raise_to(4)
    assert play.arming.next_phase(play.now) is None
    play.here = False
    at = play.elapsed_ms
    assert play.to(at + 180_000).arming.over(play.now) == "nobody_there"


# ── the last step ──


def test_the_last_step_finds_what_the_steps_before_let_through() -> None:
    play = Play(arm(1, plan(), limit(1), limit(2))).to(2_000)
    fine = play.out
    assert first_broken(play.arming.output_bounds(fine)) is None
    for changed, name in [
        ((replace(fine[0], half_mA=41), fine[1]), "ceiling"),
        ((replace(fine[0], half_mA=-1), replace(fine[1], half_mA=1)), "ceiling"),
        ((replace(fine[0], half_mA=150), replace(fine[1], half_mA=100)), "sum"),
        ((replace(fine[0], pulse_width_us=400), fine[1]), "pulse_width"),
        ((replace(fine[0], frequency_Hz=Fraction(126)), fine[1]), "frequency"),
    ]:
        found = first_broken(play.arming.output_bounds(changed))
        assert found is not None
        assert found.limit == name
