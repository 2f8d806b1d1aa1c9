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
    Mutant(
        "a pain after the session that was left out is written as one",
        "kiosk/visit/steps/ending.py",
        "(visit, ()) if value is None else _keep(visit, pain_rest=value)",
        "_keep(visit, pain_rest=value or 0)",
        "tests/kiosk/test_flow_pain_after.py",
    ),
    Mutant(
        "the skin is written over the pain after the session",
        "kiosk/visit/steps/ending.py",
        "entry = replace(after_entry(visit), **said)",
        'entry = replace(Entry(moment="after", session_id=after_entry(visit).session_id), **said)',
        "tests/kiosk/test_flow_pain_after.py",
    ),
    Mutant(
        "pain is asked after a session that never came",
        "kiosk/visit/steps/ending.py",
        "return not outcome.never_armed or outcome.seconds_done > 0",
        "return True",
        "tests/kiosk/test_flow_pain_after.py",
    ),
    Mutant(
        "a restart after the session leaves the pads on",
        "kiosk/visit/steps/home.py",
        "cut_off = today.interrupted or today.unlooked",
        "cut_off = today.interrupted",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "a restart after the session writes a second record",
        "kiosk/visit/steps/home.py",
        'visit = adopt_document(visit, "after", entry, cut_off.after.id)',
        "pass",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "a session counts as looked at though nobody said how the skin is",
        "kiosk/diary/today.py",
        "if entry.skin is not None:",
        "if True:",
        "tests/kiosk/test_today.py",
    ),
)
