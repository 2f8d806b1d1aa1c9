"""Of the guard: lease, level × fraction, its constants, arming, stopping, and what a box adds."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

OUTPUT = "drivers/guard/output.py"
LEASE = "drivers/guard/lease.py"
PROCESS = "drivers/guard/process.py"
REPORT = "drivers/guard/report.py"
REQUESTS = "drivers/guard/requests.py"
BOUNDS = "drivers/bounds.py"
ADMISSION = "drivers/admission.py"
NOTIFY = "drivers/sd_notify.py"
WIRE_LOG = "drivers/wire_log.py"
TALLY = "drivers/tally.py"
TEST_OUTPUT = "tests/drivers/test_guard_output.py"
TEST_PROCESS = "tests/drivers/test_guard_process.py"
TEST_BOX = "tests/drivers/test_guard_box.py"
TEST_BOUNDS = "tests/drivers/test_guard_bounds.py"
TEST_TALLY = "tests/drivers/test_tally.py"
TEST_FAULTS = "tests/faults/test_guard_faults.py"

MUTANTS = (
    Mutant(
        "a warm-up after a stop is not held to the contraction before it",
        OUTPUT,
        'self._squeezed = None if self.phase.pattern.shape == "cycle" else before',
        "self._squeezed = None",
        TEST_OUTPUT,
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
        "(beyond := first_broken(arming.output_bounds(targets)))",
        "(beyond := None)",
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
        "if self._tally.restarts() > MOST_RESTARTS:",
        "if False:",
        TEST_PROCESS,
    ),
    Mutant(
        "a lost answer in the STOP test counts for a restart",
        PROCESS,
        'self.state in ("probing", "armed"))',
        'self.state != "idle")',
        TEST_PROCESS,
    ),
    Mutant(
        "a lost answer while current flows counts for no restart",
        PROCESS,
        'self.state in ("probing", "armed"))',
        "False)",
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
        "the state is not read",
        PROCESS,
        "if now.ms - read_ms >= self._check_ms - OUTPUT_MS * anew and not goes_first:",
        "if False:",
        TEST_PROCESS,
    ),
    Mutant(
        "a stop frame waits for what is told of it",
        PROCESS,
        "await asyncio.sleep(FRAME_FIRST_S)",
        "pass",
        TEST_PROCESS,
    ),
    Mutant(
        "what is put out is told late",
        REPORT,
        "return status.channels != told.channels",
        "return False",
        TEST_PROCESS,
    ),
    Mutant(
        "every step of a ramp is told",
        REPORT,
        "if 0 < status.fraction_permille < 1000:",
        "if False:",
        TEST_PROCESS,
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
        "drivers/guard/command.py",
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
        "        self._stop_tested = False\n        while True:\n",
        "        while True:\n",
        TEST_BOX,
    ),
    Mutant(
        "a stop input that is gone was tested",
        PROCESS,
        "self._stop_tested = self._stop_asked = False",
        "self._stop_tested = False",
        TEST_PROCESS,
    ),
    Mutant(
        "restarted by itself it needs no STOP test",
        PROCESS,
        "        self._stop_tested = False\n        while True:\n",
        "        while True:\n",
        TEST_PROCESS,
    ),
    Mutant("strangers without end", PROCESS, "len(self._stoppers) >= MOST_STOPPERS", "False", TEST_BOX),
    Mutant(
        "who holds a place for long keeps out who has to stop",
        PROCESS,
        "self._hang_up(next(iter(self._stoppers)))",
        "return line.close()",
        TEST_BOX,
    ),
    Mutant(
        "what is refused on and on fills the disk",
        PROCESS,
        "if refused.fault or now_ms - self._refused_ms >= TELL_REFUSED_EVERY_MS:",
        "if True:",
        TEST_BOX,
    ),
    Mutant("the watchdog is always fed", NOTIFY, "if broken is None:", "if True:", TEST_BOX),
    Mutant("a turn without end is well", NOTIFY, "vitals.turn_age_ms > most_ms", "False", TEST_BOX),
    Mutant("armed without a lease is well", NOTIFY, "vitals.leased_for_ms <= 0", "False", TEST_BOX),
    Mutant("a wire log without bound", WIRE_LOG, "+ cost > self._max_waiting_bytes", "< 0", TEST_BOX),
    Mutant("a wire log that grows", WIRE_LOG, "> self._max_file_bytes", "< 0", TEST_BOX),
    Mutant(
        "a stop input that the configuration needs is left out",
        "drivers/configuration.py",
        "(*found.stop_inputs, *args.stop_input)",
        "args.stop_input or found.stop_inputs",
        "tests/drivers/test_configuration.py",
    ),
    Mutant(
        "a guard forgets the restarts that it saw before",
        TALLY,
        '"restarts": self._restarts}',
        '"restarts": []}',
        TEST_PROCESS,
    ),
    Mutant(
        "restarts of the device are counted for ever",
        TALLY,
        "for at_s in self._restarts if now_s - at_s < DAY_S]",
        "for at_s in self._restarts]",
        TEST_TALLY,
    ),
    Mutant(
        "a restart while idle is not kept",
        PROCESS,
        "            self._announce(error.sentence)\n            self._tally.save()\n",
        "            self._announce(error.sentence)\n",
        TEST_PROCESS,
    ),
    Mutant(
        "a reading takes the place of the zero between two waveforms",
        PROCESS,
        "was_read or _waveforms(out or targets) != _waveforms(targets)",
        "was_read",
        TEST_PROCESS,
    ),
    Mutant(
        "a device that is slow to read is only read",
        PROCESS,
        "was_read or _waveforms(out or targets) != _waveforms(targets)",
        "_waveforms(out or targets) != _waveforms(targets)",
        TEST_PROCESS,
    ),
    Mutant(
        "the time of a reading itself is not counted",
        PROCESS,
        "read_ms, was_read = now.ms, True\n                await self._read()\n",
        "was_read = True\n                await self._read()\n                read_ms = self._now().ms\n",
        TEST_PROCESS,
    ),
    Mutant(
        "a reading waits for a slow output",
        PROCESS,
        "self._check_ms - OUTPUT_MS * anew and",
        "self._check_ms and",
        TEST_PROCESS,
    ),
    Mutant(
        "a kiosk tells the build of the disk",
        "drivers/guard/link.py",
        "self.send(m.Hello(m.PROTOCOL_VERSION, OUR_BUILD))",
        "self.send(m.Hello(m.PROTOCOL_VERSION, build_id.__wrapped__()))",
        "tests/drivers/test_guard_link.py",
    ),
)
