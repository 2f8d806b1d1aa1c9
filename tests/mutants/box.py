"""Of a box's doctor, its setup and safe mode."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

STARTS = "kiosk/ops/starts.py"
SELF_TEST = "kiosk/setup/self_test.py"
TOML_EDIT = "kiosk/setup/toml_edit.py"
BUNDLE = "kiosk/doctor/bundle.py"
STIMULATOR = "kiosk/doctor/checks/stimulator.py"
PEOPLE = "kiosk/setup/people_steps.py"
DISK = "kiosk/doctor/checks/disk.py"
STOP_OUTPUT = "systemd/stop-output"
TEST_STOP_OUTPUT = "tests/systemd/test_stop_output.py -k mistyped"
TEST_STARTS = "tests/kiosk/ops/test_starts.py"
TEST_SAFE_MODE = "tests/kiosk/visit/test_safe_mode.py"
TEST_DUMMY = "tests/kiosk/setup/test_self_test.py::test_only_a_flat_resistor_of_one_kiloohm_is_one"
TEST_BODY = "tests/kiosk/setup/test_self_test.py::test_on_a_body_nothing_but_single_pulses_of_the_probe"
TEST_SETUP = "tests/kiosk/setup/test_setup.py"
TEST_TOML = "tests/kiosk/setup/test_toml_edit.py"
TEST_FAULTS = "tests/kiosk/doctor/test_faults.py"
TEST_COMMAND = "tests/kiosk/doctor/test_command.py"

MUTANTS = (
    Mutant(
        "the third crash still offers therapy",
        STARTS,
        "len(recent) >= MOST_CRASHES",
        "len(recent) > MOST_CRASHES",
        TEST_STARTS,
    ),
    Mutant(
        "a power cut counts as a crash",
        STARTS,
        "before.running is not None and before.running.boot == now.boot",
        "before.running is not None",
        TEST_STARTS,
    ),
    Mutant(
        "crashes of long ago count",
        STARTS,
        "one.boot == now.boot and now.at_s - one.at_s <= WITHIN_S",
        "one.boot == now.boot",
        TEST_STARTS,
    ),
    Mutant(
        "a restart ends safe mode",
        STARTS,
        "before.safe or len(recent)",
        "len(recent)",
        TEST_STARTS,
    ),
    Mutant(
        "a file of starts that cannot be read is a clean past",
        STARTS,
        "UNREADABLE: Final = Starts(safe=True)",
        "UNREADABLE: Final = Starts(safe=False)",
        TEST_STARTS,
    ),
    Mutant(
        "safe mode offers a session",
        "kiosk/visit/steps/home.py",
        "    if safe_mode.on(visit):\n",
        "    if False:\n",
        TEST_SAFE_MODE,
    ),
    Mutant(
        "safe mode starts a guard",
        "kiosk/application.py",
        "        if settings.safe_mode:\n",
        "        if False:\n",
        "tests/whole_visits/test_safe_mode_visit.py::test_kill_9_thrice_then_look_then_therapy_again",
    ),
    Mutant(
        "safe mode is left with something to mend",
        "kiosk/visit/steps/safe_mode.py",
        "key is Key.ONE and checked.may_leave",
        "key is Key.ONE",
        TEST_SAFE_MODE,
    ),
    Mutant(
        "a body of one kiloohm passes for the resistor",
        SELF_TEST,
        "return near and abs(lead.load_ohm - lead.series_ohm) <= FLAT_OHM",
        "return near",
        TEST_DUMMY,
    ),
    Mutant(
        "anything flat passes for the resistor",
        SELF_TEST,
        "return near and abs(",
        "return abs(",
        TEST_DUMMY,
    ),
    Mutant(
        "the self-test goes on whatever was measured",
        SELF_TEST,
        "            if not is_dummy(lead):\n",
        "            if lead.load_ohm is None:\n",
        TEST_BODY,
    ),
    Mutant(
        "the self-test puts out more than 5 mA",
        SELF_TEST,
        "MOST_HALF_MA: Final = 10\n",
        "MOST_HALF_MA: Final = 12\n",
        "tests/kiosk/setup/test_self_test.py -k five_milliamperes",
    ),
    Mutant(
        "an answer is not kept before the next question",
        "kiosk/setup/command.py",
        "            progress.save(folder, setup.progress)\n",
        "            pass\n",
        f"{TEST_SETUP}::test_from_the_first_question_to_the_card_cut_off_after_each_answer",
    ),
    Mutant(
        "a button that nobody pressed is taken",
        "kiosk/setup/device_steps.py",
        "    if not _pressed(path):\n",
        "    if False:\n",
        f"{TEST_SETUP}::test_a_button_from_which_nothing_comes_is_not_taken",
    ),
    Mutant(
        "an empty line leaves the person of a box without a PIN",
        PEOPLE,
        "        if is_expected and not typed:\n",
        "        if False:\n",
        f"{TEST_SETUP}::test_on_hardware_an_empty_line_does_not_leave_the_persons_pin_off",
    ),
    Mutant(
        "a PIN that is to be none any more is still asked for",
        PEOPLE,
        "                    pins.take_away(setup.folder, role)\n",
        "                    pass\n",
        f"{TEST_SETUP}::test_a_word_leaves_the_persons_pin_off_also_one_that_was_set",
    ),
    Mutant(
        "settings that lost a PIN are those of a box without one",
        "kiosk/doctor/checks/settings.py",
        "if not text or not isinstance(pins_of, list) or not all(role in list(pins) for role in pins_of):",
        "if not text:",
        TEST_FAULTS,
    ),
    Mutant(
        "setup writes over comments",
        TOML_EDIT,
        "lines[at] = found[1] + written + _comment_of(found[2])",
        "lines[at] = found[1] + written",
        TEST_TOML,
    ),
    Mutant(
        "setup changes what it does not understand",
        TOML_EDIT,
        "    if _parsed(text, name) != wanted:\n",
        "    if False:\n",
        TEST_TOML,
    ),
    Mutant(
        "the configuration is only the writer's to read",
        TOML_EDIT,
        "            os.fchmod(descriptor, mode)\n",
        "",
        TEST_TOML,
    ),
    Mutant(
        "a log's messages leave the box",
        BUNDLE,
        'yield " ".join(head.groups())',
        "yield line",
        TEST_COMMAND,
    ),
    Mutant(
        "what a server said leaves the box",
        BUNDLE,
        'QUOTING: Final = frozenset({"configuration", "diary", "outbox", "handed-in"})',
        "QUOTING: Final = frozenset()",
        TEST_COMMAND,
    ),
    Mutant(
        "setup starts a second guard",
        "kiosk/setup/device_steps.py",
        "    if setup.simulator is None and any(",
        "    if False and any(",
        f"{TEST_SETUP}::test_a_guard_that_runs_keeps_its_port",
    ),
    Mutant(
        "keys of the configuration that nobody knows leave the box",
        BUNDLE,
        "{key: box.tables[table][key] for key in keys if key in box.tables[table]}",
        "dict(box.tables[table])",
        TEST_COMMAND,
    ),
    Mutant(
        "another stimulator is well",
        STIMULATOR,
        "    if recorded and told.device_id != recorded:\n",
        "    if False:\n",
        TEST_FAULTS,
    ),
    Mutant(
        "a diary in memory is well",
        DISK,
        '_FORGETFUL: Final = ("tmpfs", ',
        "_FORGETFUL: Final = (",
        TEST_FAULTS,
    ),
    Mutant(
        "the doctor needs the kiosk's command line",
        "kiosk/start.py",
        'if sys.argv[1:2] == ["doctor"]:',
        "if False:",
        f"{TEST_COMMAND}::test_it_works_where_not_even_the_command_line_can_be_loaded",
    ),
    Mutant(
        "what was said of the self-test before ends the next one",
        SELF_TEST,
        "return epoch < self._asked_epoch",
        "return False",
        "tests/kiosk/setup/test_self_test.py::test_what_was_said_of_the_run_before_ends_no_new_one",
    ),
    Mutant(
        "the self-test's lease outlives its terminal",
        "kiosk/setup/conversation.py",
        "        return not poll.poll(0)\n",
        "        return True\n",
        "tests/kiosk/setup/test_self_test.py::test_the_lease_ends_with_the_installers_terminal",
    ),
    Mutant(
        "the kiosk of a box that was set up starts a guard without a right to the port",
        "kiosk/setup/device_steps.py",
        "    if setup.guard_socket:\n",
        "    if False:\n",
        f"{TEST_SETUP} -k joins_the_guards_unit",
    ),
    Mutant(
        "a box whose kiosk does not know the guard's unit is well",
        STIMULATOR,
        '    if not box.text("guard", "socket"):\n        return fix(\n',
        "    if False:\n        return fix(\n",
        TEST_FAULTS,
    ),
    Mutant(
        "the unit of a box that is only tried fails",
        "drivers/guard/command.py",
        "    if args.notify and args.simulated and args.port is None:\n",
        "    if False:\n",
        "tests/drivers/test_configuration.py -k only_tried",
    ),
    Mutant(
        "a configuration that cannot be read is no stimulator",
        STOP_OUTPUT,
        'return _say(1, f"{where}. {NOT_KNOWN}")',
        'return _say(0, f"{where}. {NOT_KNOWN}")',
        TEST_STOP_OUTPUT,
    ),
    Mutant(
        "a link that leads nowhere is no configuration",
        STOP_OUTPUT,
        "        if os.path.islink(path):\n            raise\n",
        "",
        TEST_STOP_OUTPUT,
    ),
    Mutant(
        "a stimulator without its port is none",
        STOP_OUTPUT,
        '    if not port and device.get("simulated") is True:\n',
        "    if not port:\n",
        TEST_STOP_OUTPUT,
    ),
    Mutant(
        "a diary that is gone is one that was never begun",
        "kiosk/doctor/checks/program.py",
        "        if box.has_device and not box.simulated:\n",
        "        if False:\n",
        TEST_FAULTS,
    ),
    Mutant(
        "nights without a backup are well",
        "kiosk/doctor/checks/backup.py",
        "    if box.machine.now() - taken > TOO_OLD:\n",
        "    if False:\n",
        TEST_FAULTS,
    ),
    Mutant(
        "a PIN is shown when it is typed at once",
        "kiosk/setup/conversation.py",
        "        with _without_echo(self._descriptor):\n            self.say(question)\n",
        "        self.say(question)\n        with _without_echo(self._descriptor):\n",
        f"{TEST_SETUP} -k typed_at_once",
    ),
    Mutant(
        "one of two hardware clocks is enough, whatever the other says",
        "kiosk/clock.py",
        "all(is_near or not _is_sane(one) for",
        "all(True for",
        "tests/kiosk/test_clock.py",
    ),
    Mutant(
        "a terminal that goes is a press of STOP",
        SELF_TEST,
        "            pressing.result()\n",
        "            pass\n",
        "tests/kiosk/setup/test_self_test.py::test_a_terminal_that_goes_is_no_press_of_stop",
    ),
)
