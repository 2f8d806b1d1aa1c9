"""Mistakes that must not go unnoticed: `python -m tests.mutants [WORD…]`, part of `make soak`.

Each mutant is one edit of the source. It is made in a copy of the tree, and the tests that are named with
it have to fail there; in the unchanged copy they have to pass. WORDs choose the mutants by name or file.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("docs", "drivers", "programs", "kiosk", "tests", "pyproject.toml")
TIMEOUT_S = 240
"""A mutant that hangs its test is killed as well."""

OUTPUT = "drivers/guard/output.py"
LEASE = "drivers/guard/lease.py"
PROCESS = "drivers/guard/process.py"
PROBE = "drivers/guard/probe.py"
REQUESTS = "drivers/guard/requests.py"
CONTACT = "drivers/contact.py"
BOUNDS = "drivers/bounds.py"
ADMISSION = "drivers/admission.py"
NOTIFY = "drivers/sd_notify.py"
WIRE_LOG = "drivers/wire_log.py"
MESSAGES = "drivers/guard/messages.py"
TEST_OUTPUT = "tests/drivers/test_guard_output.py"
TEST_PROCESS = "tests/drivers/test_guard_process.py"
TEST_BOX = "tests/drivers/test_guard_box.py"
TEST_BOUNDS = "tests/drivers/test_guard_bounds.py"
TEST_MESSAGES = "tests/drivers/test_guard_messages.py"
TEST_LINK = "tests/drivers/test_guard_link.py"
FRAMED = "drivers/framed_driver.py"
REHASTIM2 = "drivers/rehastim2/driver.py"
TEST_CONTRACT = "tests/drivers/test_driver_contract.py"
TEST_P24 = "tests/drivers/test_p24_driver.py"
TEST_REHASTIM2 = "tests/drivers/test_rehastim2_driver.py"
P24 = "drivers/p24/driver.py"
TALLY = "drivers/tally.py"
TEST_TALLY = "tests/drivers/test_tally.py"
TEST_PROBE = "tests/drivers/test_guard_probe.py"
TEST_P24_PROBE = "tests/drivers/test_p24_probe.py"
TEST_CONTACT = "tests/drivers/test_contact.py"
TEST_FAULTS = "tests/faults/test_guard_faults.py"
CONTENT = "programs/content"
TEST_FILES = "tests/programs/test_content_files.py"
TEST_CONTENT = f"{TEST_FILES} tests/programs/test_montages_and_programmes.py"
TEST_CARE = "tests/programs/test_care.py"
TEST_EXERCISES = "tests/programs/test_exercises.py"
TEST_FORMS = "tests/programs/test_forms.py"
TEST_ADVICE = "tests/programs/test_advice.py"
TEST_EVIDENCE = "tests/programs/test_evidence.py"
TEST_WORDS = "tests/programs/test_true_words.py"
TEST_QUESTIONS = "tests/programs/test_questions.py"
TEST_SOURCES = "tests/programs/test_sources.py"
CHAIN = "kiosk/diary/chain.py"
JOURNAL = "kiosk/diary/journal.py"
MONTHS = "kiosk/diary/months.py"
TEST_CUTS = "tests/kiosk/diary/test_power_cuts.py"
TEST_DAMAGE = "tests/kiosk/diary/test_damage.py"
TEST_JOURNAL = "tests/kiosk/diary/test_journal.py"
TEST_MIGRATION = "tests/kiosk/diary/test_migration.py"
TEST_INBOX = "tests/kiosk/diary/test_inbox.py"
TEST_CHECK = "tests/kiosk/diary/test_check.py"
TEST_STORE = "tests/kiosk/test_store.py"
BACKUP = "kiosk/ops/backup.py"
TEST_BACKUP = "tests/kiosk/ops/test_backup.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """`old` stands exactly once in `file`; with `new` in its place some of `tests` have to fail."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTANTS = (
    # ── the course of treatment ──
    Mutant(
        "a stage ends by its weeks alone",
        "programs/stage.py",
        "return enough and today - first",
        "return today - first",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "who was away a month goes on where she was",
        "programs/stage.py",
        "if away is not None and away >= NEW_RUN_AFTER",
        "if False",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "a stage that is not prescribed is jumped over",
        "programs/stage.py",
        "course.stages[last : later[0]]",
        "course.stages[last : last + 1]",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "a set-back clock reopens what is over",
        "programs/progression.py",
        "max(day.today, day.history.last_session_day or day.today)",
        "day.today",
        "tests/programs/test_stages.py",
    ),
    Mutant(
        "nothing holds the level",
        "programs/progression.py",
        "for reason in _holds(day, programme, history):",
        "for reason in ():",
        "tests/programs/test_todays_session.py",
    ),
    Mutant(
        "a third painful evening closes the muscles",
        "programs/progression.py",
        ">= PAIN_UP_CLOSES else None",
        "> PAIN_UP_CLOSES else None",
        "tests/programs/test_todays_session.py",
    ),
    Mutant(
        "no benefit does not stop",
        "programs/progression.py",
        "    _helps,\n",
        "",
        "tests/programs/test_follow_up.py",
    ),
    Mutant(
        "any prescription is a review",
        "programs/follow_up.py",
        "history.reviewed_on >= from_day",
        "history.reviewed_on >= began",
        "tests/programs/test_follow_up.py",
    ),
    Mutant(
        "an unlock of the day lifts pain",
        "kiosk/diary/history.py",
        "unlock.by in BY_CLINICIAN",
        "True",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "an answer of a set-back clock is forgotten",
        "kiosk/diary/today.py",
        "<= session.envelope.event_time <= now for",
        "<= session.envelope.event_time for",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "every level is kept for ever",
        "programs/history.py",
        "(*others, new)[-MOST_LEVELS:]",
        "(*others, new)",
        "tests/programs/test_progression_invariants.py",
    ),
    Mutant(
        "a clock that jumped ahead hides the week",
        "programs/history.py",
        "if index >= older or session.ended_at.date() > newest - WEEK",
        "if session.ended_at.date() > newest - WEEK",
        "tests/programs/test_todays_session.py",
    ),
    Mutant(
        "a session ended when it began",
        "kiosk/session/machine.py",
        "else _ended_at(state)",
        "else state.armed_at",
        "tests/session/test_session_machine.py",
    ),
    Mutant(
        "worn pads are put on",
        "kiosk/visit/steps/pads.py",
        "or worn(visit):",
        ":",
        "tests/kiosk/test_worn_pads.py",
    ),
    # ── the lease ──
    Mutant(
        "no lease check",
        OUTPUT,
        "if self.lease.lapsed(now):",
        "if False:",
        TEST_OUTPUT,
    ),
    Mutant(
        "a suspend is not seen",
        LEASE,
        "min(self.until.ms - now.ms, self.until.boot_ms - now.boot_ms)",
        "self.until.ms - now.ms",
        TEST_PROCESS,
    ),
    Mutant("a late renewal revives", LEASE, "if fresh and not self.lapsed(now):", "if fresh:", TEST_OUTPUT),
    Mutant("an old renewal counts", LEASE, "0 <= age_ms <= RENEWAL_MAX_AGE_MS", "0 <= age_ms", TEST_OUTPUT),
    Mutant("a renewal of the future counts", LEASE, "0 <= age_ms <=", "age_ms <=", TEST_OUTPUT),
    Mutant("a repeated renewal counts", LEASE, "lease.n > self.n", "lease.n >= self.n", TEST_OUTPUT),
    Mutant("a renewal of another epoch counts", LEASE, " and lease.epoch == self.epoch", "", TEST_OUTPUT),
    Mutant(
        "a renewal counts from when it arrives",
        LEASE,
        "Now(now.ms + LEASE_MS - age_ms, now.boot_ms + LEASE_MS - age_ms)",
        "Now(now.ms + LEASE_MS, now.boot_ms + LEASE_MS)",
        TEST_OUTPUT,
    ),
    Mutant(
        "output goes on after the end",
        OUTPUT,
        "if self._gate and self.over(now) is None else 0",
        "if self._gate else 0",
        TEST_OUTPUT,
    ),
    Mutant("nobody has to be there", OUTPUT, ">= silent_s * 1000", ">= silent_s * 10**9", TEST_OUTPUT),
    # ── level × fraction ──
    Mutant(
        "clamp instead of refuse",
        OUTPUT,
        "        if not 0 <= half_mA <= limit.ceiling_half_mA:\n            return",
        "        half_mA = min(half_mA, limit.ceiling_half_mA)\n        if half_mA < 0:\n            return",
        TEST_OUTPUT,
    ),
    Mutant("no limit of one raise", OUTPUT, "if rise > self._max_raise:", "if False:", TEST_OUTPUT),
    Mutant("a raise counts in the ramp", OUTPUT, "if not self.plateau:", "if False:", TEST_OUTPUT),
    Mutant(
        "a raise need not wait", OUTPUT, "if 2 * pause_ms < rise *", "if pause_ms < 0 * rise *", TEST_OUTPUT
    ),
    Mutant(
        "no limit from contraction to contraction", OUTPUT, "if half_mA > most:", "if False:", TEST_OUTPUT
    ),
    Mutant(
        "the warm-up lifts the next contraction",
        OUTPUT,
        "self._squeezed = self._squeezed or dict(self.levels)",
        "self._squeezed = dict(self.levels)",
        "tests/drivers/test_guard_machine.py -k every_moment",
    ),
    Mutant(
        "the fraction is not played",
        OUTPUT,
        "scale = self.phase.scale_permille * self.fraction if",
        "scale = self.phase.scale_permille * 1000 if",
        TEST_OUTPUT,
    ),
    Mutant(
        "the scale is not applied",
        OUTPUT,
        "scale = self.phase.scale_permille * self.fraction if",
        "scale = 1000 * self.fraction if",
        TEST_OUTPUT,
    ),
    Mutant(
        "the other side flows while one is found",
        OUTPUT,
        "level * scale // 1_000_000 if self.phase.channel in (None, channel) else 0",
        "level * scale // 1_000_000",
        TEST_OUTPUT,
    ),
    Mutant(
        "rounded up to the device's step", OUTPUT, "mA - mA % self._step", "mA + mA % self._step", TEST_OUTPUT
    ),
    Mutant(
        "a phase change does not pass through zero",
        OUTPUT,
        "self._train, self._ramp_ms = train, 0",
        "self._train = train",
        TEST_OUTPUT,
    ),
    Mutant(
        "a late guard jumps up the ramp",
        OUTPUT,
        "min(now_ms - self._played_ms, RAMP_STEP_MS)",
        "now_ms - self._played_ms",
        TEST_OUTPUT,
    ),
    Mutant(
        "a ramp as fast as the plan says",
        OUTPUT,
        "return max(self.phase.pattern.up_ms, c.ENVELOPE_RISE_MIN_MS, envelope_ms)",
        "return max(1, self.phase.pattern.up_ms)",
        TEST_OUTPUT,
    ),
    Mutant(
        "a ramp that follows the level",
        OUTPUT,
        "most = max(limit.ceiling_half_mA for limit in self.limits.values())",
        "most = max(self.levels.values())",
        TEST_OUTPUT,
    ),
    Mutant("two trains make one", OUTPUT, "c.NMES_MAX_ON_MS if", "0 if", TEST_OUTPUT),
    Mutant("a burst is not gated", OUTPUT, "self._gate = at_ms < pattern.on_ms", "pass", TEST_OUTPUT),
    Mutant(
        "a find phase runs into the session",
        OUTPUT,
        'self._leave_phase("find_over" if self.phase.role == "find" else None)',
        "self._leave_phase(None)",
        TEST_OUTPUT,
    ),
    # ── the constants ──
    Mutant(
        "no lower bounds",
        BOUNDS,
        "not self.least <= self.asked <= self.most",
        "self.asked > self.most",
        TEST_BOUNDS,
    ),
    Mutant(
        "no upper bounds",
        BOUNDS,
        "not self.least <= self.asked <= self.most",
        "self.asked < self.least",
        TEST_BOUNDS,
    ),
    Mutant(
        "30 mA without history is not held",
        BOUNDS,
        "NO_BOUND if limit.known_level else",
        "NO_BOUND or",
        TEST_BOUNDS,
    ),
    Mutant(
        "the pad's size does not matter", BOUNDS, "c.MIN_PAD_AREA_MM2, NO_BOUND", "0, NO_BOUND", TEST_BOUNDS
    ),
    Mutant("each find phase has ten minutes", BOUNDS, "finding_ms = sum(", "finding_ms = max(", TEST_BOUNDS),
    Mutant(
        "found with another waveform",
        BOUNDS,
        "int(_waveform(phase) in waveforms), 1, 1",
        "1, 1, 1",
        TEST_BOUNDS,
    ),
    Mutant(
        "the rest may be shorter than the train",
        BOUNDS,
        "off_ms, train_ms, NO_BOUND",
        "off_ms, 0, NO_BOUND",
        TEST_BOUNDS,
    ),
    Mutant(
        "the ramps are not part of the train",
        BOUNDS,
        "(sum(times[:3]), times[3])",
        "(times[1], times[3])",
        TEST_BOUNDS,
    ),
    Mutant(
        "the last step is trusted",
        PROCESS,
        "beyond = first_broken(arming.output_bounds(targets))",
        "beyond = None",
        TEST_PROCESS,
    ),
    # ── arming ──
    Mutant("any epoch arms", PROCESS, "if wanted.epoch != self.epoch + 1:", "if False:", TEST_PROCESS),
    Mutant(
        "no epoch check on requests",
        PROCESS,
        "if not isinstance(arming, Arming) or message.epoch != arming.epoch:",
        "if not isinstance(arming, Arming):",
        TEST_PROCESS,
    ),
    Mutant("another build arms", PROCESS, "if self._client_build != self.build:", "if False:", TEST_PROCESS),
    Mutant("arms without a STOP test", PROCESS, "if not self._stop_tested:", "if False:", TEST_PROCESS),
    Mutant(
        "a STOP test without the device's word",
        PROCESS,
        "self._stop_tested = outcome.confirmed and self._stage_on",
        "self._stop_tested = self._stage_on",
        TEST_PROCESS,
    ),
    Mutant(
        "a STOP test that nobody stopped",
        PROCESS,
        'if self._stop_asked and self._stop_from == "testing"',
        'if self._stop_from == "testing"',
        TEST_PROCESS,
    ),
    Mutant(
        "arms beyond a constant",
        REQUESTS,
        "beyond = bound_refusal(plan_bounds(arm.plan, arm.limits, driver.capabilities))",
        "beyond = None",
        TEST_PROCESS,
    ),
    Mutant("arms what the device cannot do", REQUESTS, "if sentence is not None:", "if False:", TEST_PROCESS),
    Mutant(
        "arms after any number of restarts",
        PROCESS,
        "if self._restarts > MOST_RESTARTS:",
        "if False:",
        TEST_PROCESS,
    ),
    Mutant(
        "a simulator for hardware",
        ADMISSION,
        "if identity.simulated and not self.simulated:",
        "if False:",
        TEST_PROCESS,
    ),
    Mutant(
        "hardware for a simulator",
        ADMISSION,
        "if self.simulated and not identity.simulated:",
        "if False:",
        TEST_PROCESS,
    ),
    Mutant("the day never ends", PROCESS, 'self.trip("day")', "pass", TEST_PROCESS),
    Mutant(
        "the tally is not reserved",
        TALLY,
        "(*self._stints, *reserved)",
        "self._stints",
        TEST_PROCESS,
    ),
    Mutant(
        "a clock that is set frees the day",
        TALLY,
        "now_s = self._now().boot_s\n        self._stints = [",
        "now_s = self._now().wall_s\n        self._stints = [",
        TEST_TALLY,
    ),
    Mutant("a clock that went back frees the day late", TALLY, "max(now.boot_s, ", "max(0, ", TEST_TALLY),
    Mutant(
        "a STOP test before the stage was on",
        PROCESS,
        "self._stop_tested = outcome.confirmed and self._stage_on",
        "self._stop_tested = outcome.confirmed",
        TEST_PROCESS,
    ),
    # ── the contact check ──
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
        "        self._probing, self._measures = False, None\n        super().stop_now()\n",
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
    # ── stopping ──
    Mutant(
        "the stop frame waits for the loop",
        PROCESS,
        "                self._driver.stop_now()\n",
        "                pass\n",
        TEST_PROCESS,
    ),
    Mutant(
        "goes on after an unconfirmed stop",
        PROCESS,
        '            self.state = "unconfirmed"\n',
        '            self.state = "idle"\n',
        TEST_PROCESS,
    ),
    Mutant(
        "an unknown device is idle after a stop",
        PROCESS,
        'elif self._stop_from in ("idle", *LIVE) and self._stop_why not in ASK_ANEW:',
        "elif True:",
        TEST_PROCESS,
    ),
    Mutant(
        "each stop begins anew",
        PROCESS,
        'if self.state == "stopping":\n            return',
        "if False:\n            return",
        TEST_PROCESS,
    ),
    Mutant(
        "what was being done goes on beside the stop",
        PROCESS,
        "            self._task.cancel()\n",
        "            pass\n",
        TEST_PROCESS,
    ),
    Mutant("a client that left stops nothing", PROCESS, 'self.trip("client_gone")', "pass", TEST_PROCESS),
    Mutant("rubbish stops nothing", PROCESS, 'self.trip("malformed")', "pass", TEST_PROCESS),
    Mutant("a fault is only refused", PROCESS, 'self.trip(f"limit_{refused.limit}")', "pass", TEST_PROCESS),
    Mutant(
        "trouble stops nothing", PROCESS, "            self.trip(kind)\n", "            pass\n", TEST_PROCESS
    ),
    Mutant(
        "the state is not read", PROCESS, "if now.ms - read_ms >= self._check_ms:", "if False:", TEST_PROCESS
    ),
    Mutant(
        "an old reading is good enough",
        PROCESS,
        "if now.ms - read_ms > c.READING_MAX_AGE_S[self.kind] * 1000:",
        "if False:",
        TEST_PROCESS,
    ),
    Mutant(
        "an end that never says why",
        PROCESS,
        "            if self._expired():\n                return\n",
        "",
        TEST_PROCESS,
    ),
    Mutant("an error of our own goes by", PROCESS, 'self.leave("guard_error")', "pass", TEST_PROCESS),
    Mutant(
        "a second connection may do all",
        PROCESS,
        "line.listen(lambda datagram: self._hear_stop(line, datagram))",
        "line.listen(self._hear)",
        TEST_PROCESS,
    ),
    Mutant(
        "statuses are kept for a slow client",
        PROCESS,
        "keep=not isinstance(message, m.Status)",
        "keep=True",
        TEST_PROCESS,
    ),
    Mutant(
        "stops are dropped for a slow client",
        PROCESS,
        "keep=not isinstance(message, m.Status)",
        "keep=False",
        TEST_PROCESS,
    ),
    Mutant(
        "SIGTERM just kills",
        "drivers/guard/__main__.py",
        'guard.leave("terminated")',
        'print("terminated")',
        f"{TEST_FAULTS} -k asked_to_end",
    ),
    # ── the guard on a box ──
    Mutant("any device will do", ADMISSION, "identity.device_id != self.device_id", "False", TEST_BOX),
    Mutant("any firmware will do", ADMISSION, "if not self.allow_untested_firmware:", "if False:", TEST_BOX),
    Mutant("the device is not asked for", PROCESS, "self._admission.check(identity)", "pass", TEST_BOX),
    Mutant("anybody may be the client", PROCESS, " and uid in self._client_uids", "", TEST_BOX),
    Mutant(
        "the next client inherits the STOP test",
        PROCESS,
        "self._stop_asked = False  #",
        "pass  #",
        TEST_BOX,
    ),
    Mutant(
        "plugged in again it needs no STOP test",
        PROCESS,
        "self._stop_tested = False  # on another",
        "pass  # on another",
        TEST_BOX,
    ),
    Mutant("strangers without end", PROCESS, "len(self._stoppers) < MOST_STOPPERS", "True", TEST_BOX),
    Mutant("the watchdog is always fed", NOTIFY, "if broken is None:", "if True:", TEST_BOX),
    Mutant("a turn without end is well", NOTIFY, "vitals.turn_age_ms > most_ms", "False", TEST_BOX),
    Mutant("armed without a lease is well", NOTIFY, "vitals.leased_for_ms <= 0", "False", TEST_BOX),
    Mutant("a wire log without bound", WIRE_LOG, "+ cost > self._max_waiting_bytes", "< 0", TEST_BOX),
    Mutant("a wire log that grows", WIRE_LOG, "> self._max_file_bytes", "< 0", TEST_BOX),
    # ── the drivers ──
    Mutant(
        "an answer of another number counts",
        FRAMED,
        "(code, number) == (expected.code + 1, expected.number)",
        "code == expected.code + 1",
        f"{TEST_REHASTIM2} {TEST_P24} -k answer_counts",
    ),
    Mutant(
        "nothing grows stale",
        FRAMED,
        "return self._above_zero and age_s > limits.READING_MAX_AGE_S[self.kind]",
        "return False",
        f"{TEST_CONTRACT} -k good_reading",
    ),
    Mutant(
        "an omitted channel goes on",
        FRAMED,
        "            if omitted:\n",
        "            if False:\n",
        f"{TEST_CONTRACT} -k left_out",
    ),
    Mutant(
        "no silence after an unconfirmed stop",
        FRAMED,
        "                self._link.silence()\n",
        "",
        f"{TEST_CONTRACT} -k not_one_byte",
    ),
    Mutant(
        "a stop is believed without a question",
        FRAMED,
        "                if off:\n",
        "                if True:\n",
        f"{TEST_CONTRACT} -k tried_again",
    ),
    Mutant(
        "a latch is forgotten",
        FRAMED,
        "            self._raise_if_latched()\n            self._latch_if_stale()\n            asked_at_s",
        "            self._latch_if_stale()\n            asked_at_s",
        f"{TEST_CONTRACT} -k nobody_asked",
    ),
    Mutant(
        "an Init while stimulating is nothing",
        REHASTIM2,
        "        if self._initialised:\n",
        "        if False:\n",
        f"{TEST_REHASTIM2} -k an_init_while",
    ),
    Mutant(
        "an Init breaks the silence",
        REHASTIM2,
        "        if not self._link.silent:\n",
        "        if True:\n",
        f"{TEST_REHASTIM2} -k in_the_silence",
    ),
    Mutant(
        "an Init is not answered",
        REHASTIM2,
        "            self._link.write(command_frame(InitAck(result), number))\n",
        "            pass\n",
        f"{TEST_REHASTIM2} -k device_begins",
    ),
    Mutant(
        "a silent stop is not seen",
        REHASTIM2,
        "if self._started and mode != codec.MODE_STARTED:",
        "if False:",
        f"{TEST_REHASTIM2} -k silent_stop",
    ),
    Mutant(
        "any mode is off",
        REHASTIM2,
        "off = status.mode != codec.MODE_STARTED",
        "off = True",
        f"{TEST_REHASTIM2} -k confirms",
    ),
    Mutant(
        "currents are rounded up",
        "drivers/rehastim2/waveform.py",
        "target.half_mA // step_half_mA * codec.STEP_MA",
        "-(-target.half_mA // step_half_mA) * codec.STEP_MA",
        f"{TEST_REHASTIM2} -k two_steps",
    ),
    Mutant(
        "what does not fit is sent",
        "drivers/rehastim2/waveform.py",
        "if wanted.period.ms < shortest_ms:",
        "if False:",
        f"{TEST_REHASTIM2} -k cannot_do",
    ),
    Mutant(
        "a change of frequency needs no new list",
        REHASTIM2,
        "if wanted != self._list:",
        "if self._list is None:",
        f"{TEST_REHASTIM2} -k pass_through_zero",
    ),
    Mutant(
        "a pty is a stimulator",
        REHASTIM2,
        "if is_pty(self._link.device):",
        "if False:",
        f"{TEST_REHASTIM2} -k whatever_the_name",
    ),
    Mutant(
        "another version will do",
        REHASTIM2,
        "if self._version != codec.VERSION:",
        "if False:",
        f"{TEST_REHASTIM2} -k another_version",
    ),
    # ── the way between ──
    Mutant(
        "true is a number",
        MESSAGES,
        "if type(value) is not hint:",
        "if not isinstance(value, hint):",
        TEST_MESSAGES,
    ),
    Mutant(
        "more keys are fine",
        MESSAGES,
        "if set(body) != set(hints):",
        "if not set(hints) <= set(body):",
        TEST_MESSAGES,
    ),
    Mutant("NaN is a number", MESSAGES, ", parse_constant=_no_constant", "", TEST_MESSAGES),
    Mutant("any size", MESSAGES, "if len(datagram) > MAX_MESSAGE_BYTES:", "if False:", TEST_MESSAGES),
    Mutant("any integer", MESSAGES, "if hint is int and not", "if False and not", TEST_MESSAGES),
    Mutant(
        "Ctrl+C reaches the guard",
        "drivers/guard/link.py",
        "start_new_session=True",
        "start_new_session=False",
        f"{TEST_FAULTS} -k ctrl_c",
    ),
    Mutant(
        "the child is not waited for", "drivers/guard/link.py", "self._child.kill()", "return None", TEST_LINK
    ),
    Mutant(
        "a reset hides the last messages",
        "drivers/line.py",
        "except (BlockingIOError, ConnectionResetError):",
        "except BlockingIOError:",
        TEST_LINK,
    ),
    # ── content ──
    Mutant(
        "a default outside its range",
        "programs/program.py",
        "yield from _outside(key, default, low, high)",
        "pass",
        TEST_CONTENT,
    ),
    Mutant(
        "a montage that says not why",
        "programs/montage.py",
        "if montage.armable == (montage.never_armed_because is not None):",
        "if False:",
        TEST_CONTENT,
    ),
    Mutant(
        "whole-body training may be armed",
        f"{CONTENT}/programs/wbems_ref.toml",
        "armable = false",
        "armable = true",
        TEST_FILES,
    ),
    Mutant(
        "belly pads may be armed",
        f"{CONTENT}/montages/M8-trunk.toml",
        "armable = false",
        "armable = true",
        TEST_FILES,
    ),
    Mutant(
        "a gloss that nobody sees",
        f"{CONTENT}/questionnaires/baseline.toml",
        'terms = ["aneurysm"]',
        "terms = []",
        TEST_QUESTIONS,
    ),
    Mutant(
        "a daily question for ever",
        f"{CONTENT}/questionnaires/baseline.toml",
        "Since your last visit, did you have a bad accident",
        "Did you have a bad accident",
        TEST_QUESTIONS,
    ),
    Mutant("pads for two people", "programs/care.py", "if wear.people != 1:", "if False:", TEST_CARE),
    Mutant(
        "pads one session too long",
        "programs/care.py",
        "uses >= limits.sessions",
        "uses > limits.sessions",
        TEST_CARE,
    ),
    Mutant("pads of unknown age are good", "programs/care.py", "or days < 0 ", "", TEST_CARE),
    Mutant(
        "three months of 31 days",
        "programs/care.py",
        "today > _months_after(first_used, limits.months)",
        "days > 93",
        TEST_CARE,
    ),
    Mutant(
        "a sixth line",
        "programs/content_files.py",
        "if not 1 <= count <= MOST_LINES:",
        "if count < 1:",
        TEST_CARE,
    ),
    Mutant(
        "a placeholder that nothing fills",
        "programs/content_files.py",
        "or not found <= PLACEHOLDERS",
        "",
        TEST_FILES,
    ),
    Mutant("a line without German", "programs/text.py", 'pattern=r"\\S"', 'pattern=r""', TEST_CARE),
    Mutant(
        "a line without a source",
        "programs/content_files.py",
        "return () if source.strip() else",
        "return () if True else",
        TEST_CARE,
    ),
    Mutant(
        "bent with weak bones",
        f"{CONTENT}/exercises/back_stretch_sitting.toml",
        'question = "c_osteo"',
        'question = "c_dm"',
        TEST_EXERCISES,
    ),
    Mutant(
        "a cleared operation allows every exercise",
        "programs/exercises.py",
        "leave_out.question in worse_answers",
        "False",
        TEST_EXERCISES,
    ),
    Mutant(
        "exercise in strong pain",
        "programs/exercises.py",
        "if pain_0_10 < exercise.not_if_pain_from",
        "if pain_0_10 <= exercise.not_if_pain_from",
        TEST_EXERCISES,
    ),
    Mutant("any glyph in a drawing", "programs/exercises.py", "if unsafe:", "if False:", TEST_EXERCISES),
    Mutant(
        "an unknown question in not_if",
        "programs/exercises.py",
        "if leave_out.question not in questions:",
        "if False:",
        TEST_EXERCISES,
    ),
    Mutant(
        "either threshold is enough",
        "programs/forms.py",
        "if points is not None and difference < points - 1e-9:",
        "if False:",
        TEST_FORMS,
    ),
    Mutant(
        "better and worse the other way",
        "programs/forms.py",
        'return "better" if now < baseline else "worse"',
        'return "better" if now > baseline else "worse"',
        TEST_FORMS,
    ),
    Mutant(
        "a form half answered has a score",
        "programs/forms.py",
        "> self.may_be_left_out or not answers",
        "> 99 or not answers",
        TEST_FORMS,
    ),
    Mutant(
        "a plug-in takes the place of a form",
        "programs/forms.py",
        "if id_ in forms:",
        "if False:",
        TEST_FORMS,
    ),
    Mutant(
        "an answer that is none", "programs/forms.py", "or value not in items[key].values", "", TEST_FORMS
    ),
    Mutant(
        "nothing to say on the telephone",
        "programs/advice.py",
        "if advice.class_ in CALLED_FOR:",
        "if advice.class_ in CALLED_FOR and advice.say:",
        TEST_ADVICE,
    ),
    Mutant("they drive themselves", f"{CONTENT}/advice/E.toml", "Do not drive yourself. ", "", TEST_ADVICE),
    Mutant(
        "a guideline for it",
        f"{CONTENT}/evidence.toml",
        'name = "KNGF, 2021"\nabout = "guideline"\nfor_current = "against"',
        'name = "KNGF, 2021"\nabout = "guideline"\nfor_current = "unclear"',
        TEST_EVIDENCE,
    ),
    Mutant(
        "a label with other numbers",
        f"{CONTENT}/label.toml",
        "charge_uC = 21",
        "charge_uC = 22",
        TEST_EVIDENCE,
    ),
    Mutant(
        "a claim in the content",
        f"{CONTENT}/programs/relax.toml",
        "It taps five times a second.",
        "It heals five times a second.",
        TEST_WORDS,
    ),
    Mutant(
        "a claim on a screen",
        "kiosk/locale/de/LC_MESSAGES/homestim.po",
        'msgstr "Gespeichert"',
        'msgstr "Klinisch bewiesen"',
        TEST_WORDS,
    ),
    Mutant(
        "a code that nobody explains",
        f"{CONTENT}/programs/relax.toml",
        "CPB; frequency MYT",
        "CPQ; frequency MYT",
        TEST_SOURCES,
    ),
    # ── the diary's storage ──
    Mutant(
        "no flush",
        JOURNAL,
        "            self._files.flush_data(self._descriptor)\n        except OSError as error:\n"
        "            self._failure = error\n            raise\n        contents.link",
        "        except OSError as error:\n            self._failure = error\n            raise\n"
        "        contents.link",
        TEST_CUTS,
    ),
    Mutant(
        "two flushes",
        JOURNAL,
        "            self._files.flush_data(self._descriptor)\n        except OSError as error:\n"
        "            self._failure = error\n            raise\n        contents.link",
        "            self._files.flush_data(self._descriptor)\n"
        "            self._files.flush_data(self._descriptor)\n        except OSError as error:\n"
        "            self._failure = error\n            raise\n        contents.link",
        TEST_CUTS,
    ),
    Mutant(
        "a new file's name is not flushed",
        JOURNAL,
        "rename(draft, path)\n            self._files.flush_folder(self.folder)",
        "rename(draft, path)",
        TEST_CUTS,
    ),
    Mutant(
        "a new file has its name before it is whole",
        JOURNAL,
        "self._files.flush_data(descriptor)\n            self._files.rename",
        "self._files.rename",
        TEST_CUTS,
    ),
    Mutant(
        "a folder's name is not flushed",
        "kiosk/diary/durable.py",
        "        return\n    files.flush_folder(path.parent)",
        "        return",
        TEST_CUTS,
    ),
    Mutant("the tail is not cleared", JOURNAL, "if reading.torn:", "if False:", TEST_CUTS),
    Mutant(
        "what was torn is thrown away",
        JOURNAL,
        'if not found.strip(b"\\0"):',
        "if True:",
        TEST_DAMAGE,
    ),
    Mutant(
        "the chain is not checked",
        CHAIN,
        "return digest if digest == text[_HASH] else None",
        "return text[_HASH]",
        TEST_DAMAGE,
    ),
    Mutant(
        "each line stands alone",
        CHAIN,
        "sha256(previous + text[_CHANGE:-1])",
        "sha256(text[_CHANGE:-1])",
        TEST_JOURNAL,
    ),
    Mutant(
        "damage in the middle is cut off like a torn end",
        CHAIN,
        "damaged = 0 <= newline < len(rest) - 1",
        "damaged = False",
        TEST_DAMAGE,
    ),
    Mutant(
        "a torn end is taken for damage",
        CHAIN,
        "damaged = 0 <= newline < len(rest) - 1",
        "damaged = bool(rest)",
        TEST_CUTS,
    ),
    Mutant("the copy is not looked at", CHAIN, "_twin(copy, at, head) or ", "", TEST_DAMAGE),
    Mutant(
        "the copy is never written",
        JOURNAL,
        "if not self._uncopied:\n            return",
        "return",
        TEST_CUTS,
    ),
    Mutant(
        "a failed write does not end writing",
        JOURNAL,
        "if self._failure is not None:\n            raise JournalFailed",
        "if False:\n            raise JournalFailed",
        TEST_JOURNAL,
    ),
    Mutant(
        "memory is ahead of the disk",
        JOURNAL,
        """        gone = b'"del":""",
        "        self._contents.tables.setdefault(table, {}).update(put)\n"
        """        gone = b'"del":""",
        TEST_JOURNAL,
    ),
    Mutant(
        "a change in place is not noticed",
        JOURNAL,
        "        for doc_id, document in self._seen.items():",
        "        for doc_id, document in ():",
        TEST_JOURNAL,
    ),
    Mutant(
        "the chain begins anew each month",
        MONTHS,
        "self._storage_of(month, None if before is None else before.link)",
        "self._storage_of(month)",
        TEST_CUTS,
    ),
    Mutant(
        "a month that has ended is not sealed",
        MONTHS,
        "        if before is not None:\n            self._seal(ended, before)",
        "        ended = None",
        TEST_DAMAGE,
    ),
    Mutant(
        "what a power cut left unsealed stays so",
        MONTHS,
        "                self._seal_left_over(months)",
        "                pass",
        TEST_CUTS,
    ),
    Mutant(
        "a past month may lose its end",
        MONTHS,
        "if sealed is not None and contents.link != sealed.link:",
        "if False:",
        TEST_DAMAGE,
    ),
    Mutant(
        "the new version is said before it is there",
        "kiosk/diary/migration.py",
        "    follows: Link | None = None\n",
        "    follows: Link | None = None\n"
        "    durable.write_file(data / folder.META, msgspec.json.encode("
        "msgspec.structs.replace(meta, version=2)), files)\n",
        TEST_MIGRATION,
    ),
    Mutant(
        "an item is taken twice",
        "kiosk/diary/inbox.py",
        'uuid.uuid5(_NAMESPACE, f"{self.name}/{part}")',
        "uuid.uuid4()",
        TEST_INBOX,
    ),
    Mutant(
        "any file in the inbox is taken",
        "kiosk/diary/inbox.py",
        " or hashlib.sha256(content).hexdigest() != match[2]",
        "",
        TEST_INBOX,
    ),
    Mutant(
        "an exchanged month is read on",
        MONTHS,
        "if link != START and header.follows != link:",
        "if False:",
        TEST_DAMAGE,
    ),
    Mutant(
        "a check that does not look from file to file",
        "kiosk/diary/check.py",
        "if before is not NOWHERE and header.follows != before:",
        "if False:",
        TEST_CHECK,
    ),
    Mutant(
        "idle moments are not used",
        "kiosk/diary/store.py",
        "                self._writer.seal()",
        "                pass",
        f"{TEST_STORE} -k idle",
    ),
    Mutant(
        "a restore does not lock",
        BACKUP,
        'asyncio.run(store.lock("restore", "restored"))',
        "pass",
        TEST_BACKUP,
    ),
    Mutant("a backup is not read back", BACKUP, "if self.get(path) != content:", "if False:", TEST_BACKUP),
    Mutant(
        "the backup's time decides which is newest",
        BACKUP,
        "    if stamp > newest:\n        return stamp",
        "    return stamp",
        TEST_BACKUP,
    ),
    # ── a guard that is a unit of its own ──
    Mutant(
        "a guard on a simulator is taken for the stimulator of real therapy",
        "kiosk/guard_unit.py",
        'if device.simulated and settings.kind != "simulated":',
        "if False:",
        "tests/kiosk/test_guard_unit.py",
    ),
    Mutant(
        "the kiosk starts a guard where the box has one",
        "kiosk/guard_unit.py",
        "if settings.guard_socket is not None:",
        "if False:",
        "tests/kiosk/test_guard_unit.py",
    ),
    Mutant(
        "a stop input that the configuration needs is left out",
        "drivers/configuration.py",
        "(*found.stop_inputs, *args.stop_input)",
        "args.stop_input or found.stop_inputs",
        "tests/drivers/test_configuration.py",
    ),
    Mutant(
        "what the stimulator cannot play is offered",
        "programs/progression.py",
        "elif (reason := unfit(planned)) is not None:",
        "elif (reason := unfit(planned)) is not None and False:",
        "tests/programs/test_todays_session.py",
    ),
    Mutant(
        "she is called to press before a press counts",
        "kiosk/visit/pages/pad_pages.py",
        "if visit.context.run.stop_ready else",
        "if True else",
        "tests/kiosk/test_flow_walk.py",
    ),
)


def main(words: list[str]) -> int:
    """How many mutants were killed; 1 if one survived, or does not fit the source any more."""
    chosen = [x for x in MUTANTS if not words or any(word in f"{x.name} {x.file}" for word in words)]
    named = sorted({mutant.tests for mutant in chosen})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sound = list(pool.map(lambda tests: _passes(None, tests), named))
        for tests, passed in zip(named, sound, strict=True):
            if not passed:
                print(f"does not pass unchanged: {tests}")
        verdicts = list(pool.map(_verdict, chosen)) if all(sound) else []
    for mutant, verdict in zip(chosen, verdicts, strict=False):
        if verdict != "killed":
            print(f"{verdict}: {mutant.name} ({mutant.file})")
    killed = verdicts.count("killed")
    print(f"{killed} of {len(chosen)} mutants killed")
    return int(killed < len(chosen))


def _verdict(mutant: Mutant) -> str:
    if (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) != 1:
        return "does not fit the source"
    return "SURVIVED" if _passes(mutant, mutant.tests) else "killed"


def _passes(mutant: Mutant | None, tests: str) -> bool:
    """Whether the tests pass in a copy of the tree, with the mutant in it."""
    with tempfile.TemporaryDirectory(prefix="homestim-mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "snapshots")
                )
            else:
                shutil.copy(source, copy / name)
        if mutant is not None:
            path = copy / mutant.file
            path.write_text(
                path.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8"
            )
        command = [sys.executable, "-m", "pytest", "-x", "--timeout", "60", *tests.split()]
        try:
            done = subprocess.run(
                command, cwd=copy, capture_output=True, timeout=TIMEOUT_S, check=False, env=_environment(copy)
            )
        except subprocess.TimeoutExpired:
            return False
        if done.returncode not in (0, 1):
            raise RuntimeError(f"{command}: {done.stdout.decode()[-2000:]}{done.stderr.decode()[-2000:]}")
        return done.returncode == 0


def _environment(copy: Path) -> dict[str, str]:
    """The copy comes before an installed homestim, for the processes that tests start too."""
    return {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
