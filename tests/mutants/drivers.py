"""Of the drivers, and of the way between kiosk and guard."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

FRAMED = "drivers/framed_driver.py"
REHASTIM2 = "drivers/rehastim2/driver.py"
MESSAGES = "drivers/messages.py"
RECORD = "drivers/record.py"
TEST_CONTRACT = "tests/drivers/test_driver_contract.py"
TEST_P24 = "tests/drivers/test_p24_driver.py"
TEST_REHASTIM2 = "tests/drivers/test_rehastim2_driver.py"
TEST_MESSAGES = "tests/drivers/test_guard_messages.py"
TEST_RECORD = "tests/drivers/test_record.py"
TEST_LINK = "tests/drivers/test_guard_link.py"
TEST_FAULTS = "tests/faults/test_guard_faults.py"

MUTANTS = (
    # ── the drivers ──
    Mutant(
        "no simulator may be held up",
        FRAMED,
        "self._expect(command, number, self.late_s)",
        "self._expect(command, number)",
        TEST_CONTRACT,
    ),
    Mutant(
        "the answers of a stop may be late too",
        FRAMED,
        "within_s = self._answers_within_s(command) + late_s",
        "within_s = self._answers_within_s(command) + self.late_s",
        TEST_CONTRACT,
    ),
    Mutant(
        "a device's answers may be late",
        "drivers/guard/command.py",
        "if args.late_answers and not args.simulated:",
        "if False:",
        "tests/drivers/test_configuration.py",
    ),
    Mutant(
        "every guard of a kiosk waits longer for a device",
        "kiosk/guard_unit.py",
        "late_answers=settings.simulator is not None",
        "late_answers=True",
        "tests/kiosk/test_guard_unit.py",
    ),
    Mutant(
        "a stop sees no restart",
        FRAMED,
        "        if not self._stops_what_is_on:\n",
        "        if True:\n",
        f"{TEST_P24} {TEST_REHASTIM2}",
    ),
    Mutant(
        "every stop of what is off sees a restart",
        FRAMED,
        "        if not self._stops_what_is_on:\n",
        "        if False:\n",
        f"{TEST_P24} {TEST_REHASTIM2}",
    ),
    Mutant(
        "an Init of a device that lapsed is a restart to a stop",
        REHASTIM2,
        'self._restarted_meanwhile |= self._stopping and fault == "restarted"',
        "self._restarted_meanwhile |= self._stopping",
        TEST_REHASTIM2,
    ),
    Mutant(
        "a stop between the rounds of a contact check takes the level for on",
        "drivers/p24/driver.py",
        "was_on, self._measures, self._low_level = self._measures is not None, None, True\n",
        "was_on, self._low_level = self._measures is not None, True\n",
        "tests/drivers/test_p24_probe.py",
    ),
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
        "        if self._initialised or self._stopping:\n",
        "        if self._stopping:\n",
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
        'if type(value) is not int:\n        raise _Wrong(": expected int")',
        'if not isinstance(value, int):\n        raise _Wrong(": expected int")',
        TEST_MESSAGES,
    ),
    Mutant(
        "more keys are fine",
        MESSAGES,
        "if value.keys() != readers.keys():",
        "if not readers.keys() <= value.keys():",
        TEST_MESSAGES,
    ),
    Mutant("NaN is a number", MESSAGES, "parse_constant=_no_constant", "", TEST_MESSAGES),
    Mutant("any size", MESSAGES, "if len(datagram) > MAX_MESSAGE_BYTES:", "if False:", TEST_MESSAGES),
    Mutant("any integer", MESSAGES, "if not -MAX_INTEGER <=", "if False <=", TEST_MESSAGES),
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
    # ── what both are made of ──
    Mutant("a record changes", RECORD, '    "__setattr__": _refuse,\n', "", TEST_RECORD),
    Mutant(
        "a record equals one of another kind",
        RECORD,
        "if type(other) is type(self) else NotImplemented",
        "if hasattr(other, '__match_args__') else NotImplemented",
        TEST_RECORD,
    ),
    Mutant(
        "a record is not checked",
        RECORD,
        '        lines.append("self.__post_init__()")\n',
        "        pass\n",
        TEST_RECORD,
    ),
    Mutant(
        "a P24 may pulse more often than was checked",
        "drivers/p24/codec.py",
        "Fraction(ceil(period_ms * steps_per_ms), steps_per_ms)",
        "Fraction(round(period_ms * steps_per_ms), steps_per_ms)",
        "tests/drivers/test_guard_bounds.py",
    ),
    Mutant(
        "a RehaStim2 may pulse more often than was checked",
        "drivers/rehastim2/codec.py",
        "Period(ceil(2000 / frequency_Hz) - 2)",
        "Period(round(2000 / frequency_Hz) - 2)",
        "tests/drivers/test_guard_bounds.py",
    ),
)
