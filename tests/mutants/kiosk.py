"""Of the kiosk: its screens, its keys and its line to the guard."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

MUTANTS = (
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
        "after a guard that ended while armed the output is taken for off",
        "kiosk/guard_line.py",
        "return self._state in KNOWN_OFF",
        "return True",
        "tests/kiosk/test_guard_line.py",
    ),
    Mutant(
        "every failed STOP test is said to be hers",
        "kiosk/visit/pages/pad_pages.py",
        'if why in ("", "test_over"):',
        "if True:",
        "tests/kiosk/visit/test_flow_walk.py",
    ),
    Mutant(
        "a child that cannot be started ends the kiosk",
        "kiosk/child.py",
        "except OSError as error:",
        "except ZeroDivisionError as error:",
        "tests/kiosk/test_child.py",
    ),
    Mutant(
        "she is called to press before a press counts",
        "kiosk/visit/pages/pad_pages.py",
        "ready = visit.context.run.stop_ready",
        "ready = True",
        "tests/kiosk/visit/test_flow_walk.py",
    ),
    Mutant(
        "garbage is collected at large while a lease is held",
        "kiosk/session/lease.py",
        "            in_small_steps(True)\n",
        "",
        "tests/kiosk/session/test_lease.py",
    ),
    Mutant(
        "a child that is given up in the middle of its answer stays for ever",
        "kiosk/child.py",
        "    await child.communicate()\n",
        "    await child.wait()\n",
        "tests/kiosk/test_child.py",
    ),
    Mutant(
        "a child takes its code from the working folder",
        "drivers/same_code.py",
        '"-P", ',
        "",
        "tests/kiosk/test_child.py",
    ),
    Mutant(
        "what is only read holds up the end of the kiosk",
        "kiosk/errands/tasks.py",
        "        for task in self._reading:\n            task.cancel()\n",
        "",
        "tests/whole_visits/test_application_end.py",
    ),
    Mutant(
        "a key after the end begins something",
        "kiosk/application.py",
        "        if self._over:\n            return\n",
        "",
        "tests/whole_visits/test_application_end.py",
    ),
    Mutant(
        "what a player has started goes on sounding",
        "kiosk/child.py",
        "os.killpg(child.pid, signal.SIGKILL)",
        "child.kill()",
        "tests/kiosk/sound/test_player.py",
    ),
    Mutant(
        "plain lines need no stop button",
        "kiosk/settings.py",
        'if options.plain and kind == "real" and not config.stop.inputs:',
        "if False:",
        "tests/kiosk/test_cli_settings.py",
    ),
    Mutant(
        "a stop by a key is told by the key's name",
        "kiosk/application.py",
        'return source if source in NO_KEY else "person"',
        "return source",
        "tests/whole_visits/test_visit_piloted.py",
    ),
    Mutant(
        "a guard that is silent in the STOP test is waited for without end",
        "kiosk/session/stop_test.py",
        "            self._silence.at(self._clock.monotonic_s() + rules.STOP_ANSWER_S)",
        "            pass",
        "tests/kiosk/session/test_stop_test.py",
    ),
    Mutant(
        "the STOP test is passed without a person",
        "kiosk/session/stop_test.py",
        "message.why in BY_PERSON",
        "True",
        "tests/kiosk/session/test_stop_test.py",
    ),
    Mutant(
        "an unconfirmed stop that nobody asked for is kept quiet",
        "kiosk/application.py",
        "self._hear(OutputUnknown(message.why))",
        "pass",
        "tests/whole_visits/test_application_faults.py::test_an_unconfirmed_stop_at_rest_is_told_to_the_flow",
    ),
)
