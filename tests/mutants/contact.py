"""Of the contact check: what may be sent to find out, and what is made of it."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PROCESS = "drivers/guard/process.py"
PROBE = "drivers/guard/probe.py"
REQUESTS = "drivers/guard/requests.py"
CONTACT = "drivers/contact.py"
BOUNDS = "drivers/bounds.py"
P24 = "drivers/p24/driver.py"
TEST_PROBE = "tests/drivers/test_guard_probe.py"
TEST_P24_PROBE = "tests/drivers/test_p24_probe.py"
TEST_CONTACT = "tests/drivers/test_contact.py"

MUTANTS = (
    Mutant(
        "a check on a day that is full, or of which nothing is known",
        REQUESTS,
        "    refused = _day_refusal(tally)\n",
        "    refused = _day_refusal(tally) if isinstance(wanted, Arm) else None\n",
        TEST_PROBE,
    ),
    Mutant(
        "a check that no tally could be kept for",
        REQUESTS,
        "if refused is None and not tally.save(_planned_s(wanted)):",
        "if refused is None and not tally.save(_planned_s(wanted)) and isinstance(wanted, Arm):",
        TEST_PROBE,
    ),
    Mutant(
        "probes beyond its limits",
        PROBE,
        "return bound_refusal(probe_bounds(pulse, self.channels, before, pause_ms))",
        "return None",
        TEST_PROBE,
    ),
    Mutant(
        "any number of pulses a pair",
        PROBE,
        "        self._pulses[pulse.channel] += 1\n",
        "",
        TEST_PROBE,
    ),
    Mutant(
        "probes as strongly as the driver wants",
        BOUNDS,
        'Bound("probe_current", pulse.half_mA, 1, c.PROBE_HALF_MA)',
        'Bound("probe_current", pulse.half_mA, 1, NO_BOUND)',
        TEST_PROBE,
    ),
    Mutant(
        "probes without a pause",
        PROBE,
        "return max(0, self._last_ms + c.PROBE_PAUSE_MS - now.ms)",
        "return 0",
        TEST_PROBE,
    ),
    Mutant(
        "a check begins at once after another",
        PROBE,
        '        self._last_ms = now.ms\n        """When',
        '        self._last_ms = now.ms - 100\n        """When',
        TEST_PROBE,
    ),
    Mutant(
        "a pause begins before the answer",
        PROBE,
        "        probing.given(now())\n",
        "        probing.given(at)\n",
        TEST_PROBE,
    ),
    Mutant(
        "a check needs no lease",
        PROBE,
        "if self._ended is None and self.lease.lapsed(now):",
        "if False:",
        TEST_PROBE,
    ),
    Mutant(
        "a check that is over goes on",
        PROBE,
        "        if probing.over(at) is not None:\n            return None\n",
        "",
        TEST_PROBE,
    ),
    Mutant(
        "measures one thing for another",
        P24,
        "if self._measures != pulse.measures:",
        "if False:",
        TEST_P24_PROBE,
    ),
    Mutant("a check is not stopped after it", PROCESS, 'self.trip("probed")', "pass", TEST_PROBE),
    Mutant(
        "a check needs no STOP test",
        PROCESS,
        "if not self._stop_tested:",
        "if not self._stop_tested and isinstance(wanted, m.Arm):",
        TEST_PROBE,
    ),
    Mutant(
        "a button does not stop a check",
        PROCESS,
        '("testing", "probing", "armed")',
        '("testing", "armed")',
        TEST_PROBE,
    ),
    Mutant(
        "measures with whatever device",
        REQUESTS,
        "if not driver.capabilities.measures_contact:",
        "if False:",
        TEST_PROBE,
    ),
    Mutant(
        "the other connector",
        P24,
        "return divmod(channel - 1, 4)",
        "return 1 - (channel - 1) // 4, (channel - 1) % 4",
        f"{TEST_P24_PROBE} -k own_channel",
    ),
    Mutant(
        "leads counted from the other end",
        P24,
        "return divmod(channel - 1, 4)",
        "return (channel - 1) // 4, 3 - (channel - 1) % 4",
        f"{TEST_P24_PROBE} -k own_channel",
    ),
    Mutant(
        "what was measured elsewhere counts",
        P24,
        "if (answer.lead, answer.connector, answer.measurement) != (lead, connector, measures):",
        "if False:",
        TEST_P24_PROBE,
    ),
    Mutant(
        "a stop in the low level stops the mid level",
        P24,
        "return LlStop() if self._low_level else MlStop()",
        "return MlStop()",
        TEST_P24_PROBE,
    ),
    Mutant(
        "goes on probing after a stop",
        P24,
        "        self._probing = False\n        super().stop_now()\n        self._measures = None\n",
        "        super().stop_now()\n",
        TEST_P24_PROBE,
    ),
    Mutant(
        "dry is called good",
        CONTACT,
        '"good" if good else "dry"',
        '"dry" if good else "good"',
        TEST_CONTACT,
    ),
    Mutant("half a pad is good enough", CONTACT, "= (100, 1_000)", "= (100, 2_000)", TEST_CONTACT),
    Mutant(
        "the best pulse decides",
        CONTACT,
        "load_ohm, series_ohm = max(loads)",
        "load_ohm, series_ohm = min(loads)",
        TEST_CONTACT,
    ),
    Mutant("an open lead is dry", CONTACT, "if not all(map(_flows, recordings)):", "if False:", TEST_CONTACT),
)
