"""Of the terminal's layer: the keys' thread, the writer, whether the terminal still answers."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "two answers that got lost make a terminal dead for good",
        "kiosk/terminal/liveness.py",
        "now_s - self._unanswered_s[-1] > FORGOTTEN_AFTER_S",
        "False",
        "tests/kiosk/terminal/test_liveness.py",
    ),
    Mutant(
        "a terminal that lags behind is forgiven",
        "kiosk/terminal/liveness.py",
        "now_s - self._unanswered_s[-1] > FORGOTTEN_AFTER_S",
        "now_s - self._unanswered_s[0] > ANSWER_WITHIN_S",
        "tests/kiosk/terminal/test_liveness.py",
    ),
    Mutant(
        "a flood of keys is acted on until its end",
        "kiosk/terminal/session.py",
        "if len(self._waiting) < most:",
        "if True:",
        "tests/kiosk/terminal/test_session.py",
    ),
    Mutant(
        "the terminal's answer is lost in a flood",
        "kiosk/terminal/session.py",
        "MOST_ANSWERS_WAITING if isinstance(token, Answered) else MOST_WAITING",
        "MOST_WAITING",
        "tests/kiosk/terminal/test_session.py",
    ),
    Mutant(
        "a flood of keys keeps the lease from being renewed",
        "kiosk/terminal/session.py",
        "        self._loop.call_soon(self._take_next)\n        if",
        "        self._take_next()\n        if",
        "tests/kiosk/terminal/test_session.py",
    ),
    Mutant(
        "a key that comes while the last one is taken waits for ever",
        "kiosk/terminal/session.py",
        "        self._taking = False\n        if not self._waiting:\n            return\n",
        "        if not self._waiting:\n            return\n",
        "tests/kiosk/terminal/test_session.py",
    ),
    Mutant(
        "the stop key waits for other programs",
        "kiosk/terminal/reader.py",
        "        urgency.run_before_others(urgency.KEYS)\n",
        "",
        "tests/kiosk/terminal/test_reader.py",
    ),
    Mutant(
        "the screen's thread, which STOP waits for, waits for other programs",
        "kiosk/terminal/reader.py",
        "        self._niceness_before = urgency.prefer_session()\n",
        "",
        "tests/kiosk/terminal/test_reader.py",
    ),
    Mutant(
        "the guard waits for other programs",
        "drivers/guard/__main__.py",
        "    urgency.run_before_others(urgency.GUARD)\n",
        "",
        "tests/drivers/test_urgency.py",
    ),
    Mutant(
        "the guard's other threads hold up a stop",
        "drivers/urgency.py",
        "os.SCHED_RR, os",
        "os.SCHED_RR | os.SCHED_RESET_ON_FORK, os",
        "tests/drivers/test_urgency.py",
    ),
    Mutant(
        "without the right to run before others nothing runs",
        "drivers/urgency.py",
        "(AttributeError, OSError)",
        "AttributeError",
        "tests/drivers/test_urgency.py",
    ),
    Mutant(
        "a guard that spins keeps the machine",
        "drivers/urgency.py",
        "resource.setrlimit(resource.RLIMIT_RTTIME, (SPINS_AT_MOST_US, SPINS_AT_MOST_US))",
        "pass",
        "tests/drivers/test_urgency.py",
    ),
    Mutant(
        "a guard that starts slowly is ended as if it span",
        "drivers/urgency.py",
        " and resource.getrlimit(resource.RLIMIT_RTTIME)[1] == resource.RLIM_INFINITY",
        "",
        "tests/drivers/test_urgency.py",
    ),
)
