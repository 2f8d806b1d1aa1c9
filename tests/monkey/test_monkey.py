"""A monkey at a locked kiosk: real terminal, real guard, virtual P24. The device says what came out."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kiosk.key_gate import QUIET_S
from tests.monkey import paws
from tests.monkey.cage import LEFT_ALTERNATE_SCREEN, Cage, answered_folder, cage
from tests.whole_visits.device_log import DeviceLog

KIOSKS, INPUTS, OUTBREAK = 2, 1_000, 1_000
SOAK_KIOSKS, SOAK_INPUTS, SOAK_OUTBREAK = 24, 1_000, 250
AT_A_TIME = 2
LIMIT_MA = 30.0
RAISE_MA = 2.0
"""From one contraction to the next (safety rule 1)."""
ZERO_WITHIN_S = 1.0
STAYS_ZERO_S = 0.3
BETWEEN_S = 0.004
TRIES_FRESH, TRIES, TRIES_AFTER_A_FLURRY = 400, 50, 25
"""Presses up to the first output of a day that has all of it; of a day as it is by then; in a session."""
FLURRY = 60
DESIGN = (80, 25)
QUICK_S = 0.02
"""Keys are ignored for so long, outside of the soak: a sample comes to the current sooner."""
KIOSKS_IN_PLACE = 3
"""Of one whose device was starved before anything came out."""

pytestmark = pytest.mark.timeout(3600)


class StarvedError(Exception):
    """Other work kept the device from answering, and the day was over before it began."""


class Monkey:
    """Seeded hands on one kiosk."""

    def __init__(self, seed: int, outbreak: int) -> None:
        self.rng = random.Random(seed)
        self.outbreak = outbreak
        self.did: Counter[str] = Counter()
        self.slowest_stop_s = 0.0

    @property
    def inputs(self) -> int:
        return self.did["harmless"] + self.did["stops"] + self.did["anything"]

    def play(self, kept: Cage, inputs: int) -> None:
        """Until so many inputs are done: with output as long as the day has some, then wherever it got to."""
        output = kept.until_output(TRIES_FRESH)
        if not output and kept.starved:
            raise StarvedError
        assert output, f"nothing comes out at {kept.told}"
        while self.inputs < inputs:
            output = output and kept.until_output(TRIES)
            if output:
                self._while_output_is_on(kept)
            self._anything(kept)

    def _while_output_is_on(self, kept: Cage) -> None:
        """What is no stop, as fast as it goes; then one that is."""
        self.did["times with output"] += 1
        for _ in range(self.rng.randint(1, FLURRY)):
            kept.type(paws.known_only(self.rng))
            self.did["harmless"] += 1
            time.sleep(BETWEEN_S)
        if not kept.until_output(TRIES_AFTER_A_FLURRY):
            return
        name = self.rng.choice(list(paws.STOPS))
        typed_s = kept.type(paws.STOPS[name])
        self.did["stops"] += 1
        try:
            took_s = kept.zero_s(typed_s, ZERO_WITHIN_S) - typed_s
        except TimeoutError as error:
            raise AssertionError(f"{name} does not stop on {kept.told}") from error
        self.slowest_stop_s = max(self.slowest_stop_s, took_s)
        kept.until(lambda told: not told["output"], within_s=10.0)
        time.sleep(STAYS_ZERO_S)
        kept.log.read_on()
        assert not kept.log.flows, name

    def _anything(self, kept: Cage) -> None:
        """Anything at all, wherever it leads."""
        for _ in range(self.outbreak):
            if self.rng.random() < 0.02:
                kept.resize(*paws.size(self.rng))
            else:
                kept.type(paws.anything(self.rng))
            self.did["anything"] += 1
            if self.rng.random() < 0.3:
                time.sleep(BETWEEN_S)
            if self.did["anything"] % 50 == 0:
                assert kept.alive
        assert kept.alive, kept.told
        kept.resize(*DESIGN)
        # What is unfinished in it is over by then, a paste too.
        time.sleep(0.6)
        assert LEFT_ALTERNATE_SCREEN not in kept.drawn()


def test_a_monkey_gets_neither_out_nor_above_a_limit_and_every_stop_stops(tmp_path: Path, soak: bool) -> None:
    kiosks, inputs, outbreak = (
        (SOAK_KIOSKS, SOAK_INPUTS, SOAK_OUTBREAK) if soak else (KIOSKS, INPUTS, OUTBREAK)
    )
    answered = answered_folder(tmp_path / "answered")

    def one(seed: int) -> Monkey:
        for place in range(KIOSKS_IN_PLACE):
            monkey = Monkey(seed, outbreak)
            folder = tmp_path / f"kiosk{seed}.{place}"
            quiet_s = QUIET_S if soak else QUICK_S
            with contextlib.suppress(StarvedError), cage(folder, answered, quiet_s=quiet_s) as kept:
                monkey.play(kept, inputs)
                assert kept.end_of_kiosk() == 0
                judge(kept)
                return monkey
        raise AssertionError("the device is kept from answering")

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        monkeys = list(pool.map(one, range(1, kiosks + 1)))
    did = sum((monkey.did for monkey in monkeys), Counter())
    slowest_ms = max(monkey.slowest_stop_s for monkey in monkeys) * 1000
    print(f"\nmonkey: {kiosks} kiosks, {dict(did)}; slowest stop {slowest_ms:.0f} ms")
    assert sum(monkey.inputs for monkey in monkeys) >= kiosks * inputs
    assert did["stops"] >= kiosks


def judge(kept: Cage) -> None:
    """By the device's own log, and by the kiosk's."""
    DeviceLog(kept.simulator.log_path).check(limit_mA=LIMIT_MA, contraction_raise_mA=RAISE_MA)
    for word in ("Traceback", " ERROR ", " CRITICAL "):
        assert word not in kept.logged()
