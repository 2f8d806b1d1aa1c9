"""Of the patient's screens: keys without a meaning, the clinician at the box, plain lines, fingers."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        "a key without a meaning is met with silence",
        "kiosk/visit/steps/unanswered.py",
        "if after is before and not effects:",
        "if False:",
        "tests/kiosk/test_unanswered_keys.py",
    ),
    Mutant(
        "a STOP is called heard where nobody knows whether it was obeyed",
        "kiosk/visit/steps/unanswered.py",
        'if why == "stop" and visit.step in NOT_KNOWN:',
        "if False:",
        "tests/kiosk/test_unanswered_keys.py",
    ),
    Mutant(
        "going on opens a lock",
        "kiosk/visit/steps/clinician.py",
        "OPENS: Final = Key.FIVE",
        "OPENS: Final = Key.ENTER",
        "tests/kiosk/test_clinician_at_the_box.py",
    ),
    Mutant(
        "a late answer for somebody else's PIN lets in to the locks",
        "kiosk/visit/steps/clinician.py",
        "if not visit.context.pin.checking:",
        "if False:",
        "tests/kiosk/test_clinician_at_the_box.py",
    ),
    Mutant(
        "plain lines do not say that current is on",
        "kiosk/plain.py",
        "if not (line.strip() and page.header.current_on):",
        "if True:",
        "tests/kiosk/test_plain.py",
    ),
    Mutant(
        "two rows of keys stand too close for a finger",
        "kiosk/widgets/frame.py",
        "self._pitch = 2 if airy else 1",
        "self._pitch = 1",
        "tests/screens/test_touch.py",
    ),
    Mutant(
        "larger letters leave too few columns",
        "kiosk/letters.py",
        "* columns <= screen.width",
        "* columns <= screen.width * 2",
        "tests/kiosk/test_letters.py",
    ),
)
