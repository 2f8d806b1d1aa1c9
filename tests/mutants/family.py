"""What the family and the clinician see, open and take along."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

STICK = "kiosk/export/stick.py"
TEST_STICK = "tests/kiosk/export/test_stick.py"
FLOW = "kiosk/visit/steps/stick.py"
TEST_FLOW = "tests/kiosk/visit/test_flow_stick.py"
TAKING_ALONG = "kiosk/errands/taking_along.py"
TEST_ALONG = "tests/kiosk/export/test_taken_along.py"
PINS = "kiosk/access/pins.py"
ATTEMPTS = "kiosk/access/attempts.py"
TEST_ROLES = "tests/kiosk/access/test_roles.py"
SERIES = "kiosk/review/series.py"
READING = "kiosk/review/reading.py"
TEST_FAMILY = "tests/kiosk/review/test_family.py"
CHARTS = "kiosk/visit/pages/chart_pages.py"
TEST_HELD = "tests/kiosk/visit/test_held_at_the_box.py"
TEST_CHARTS = "tests/kiosk/visit/test_family_charts.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a stick is believed without reading it back",
        STICK,
        "if _sum_of(folder, name) != expected]",
        "if False]",
        TEST_STICK,
    ),
    Mutant(
        "a piece stands on the stick under its good name",
        STICK,
        "    beside = name + TEMPORARY_SUFFIX\n",
        "    beside = name\n",
        TEST_STICK,
    ),
    Mutant(
        "what is written is what is expected, also where a write was short",
        STICK,
        "                rest = rest[os.write(file, rest) :]\n",
        "                rest = rest[os.write(file, rest) and len(rest) :]\n",
        TEST_STICK,
    ),
    Mutant(
        "a stick with rights and devices is written on",
        STICK,
        "and all(flag in flags for flag in MUST_BE_MOUNTED)",
        "and any(flag in flags for flag in MUST_BE_MOUNTED)",
        TEST_STICK,
    ),
    Mutant(
        "the other files stay readable beside the password",
        "kiosk/export/__main__.py",
        '            files = {NAMES["pdf"]: _sealed(files, asked.password, new_file())}\n',
        '            files = {**files, NAMES["pdf"]: _sealed(files, asked.password, new_file())}\n',
        "tests/kiosk/export/test_export_child.py",
    ),
    Mutant(
        "a password is locked in before it was seen",
        FLOW,
        "    if key is Key.ENTER and visit.context.outgoing.password:\n",
        "    if key is Key.ENTER:\n",
        TEST_FLOW,
    ),
    Mutant(
        "a failed stick is a good one",
        FLOW,
        '        case SentOut(result) if visit.step == "family_writing":\n',
        "        case SentOut(result) if visit.step:\n",
        TEST_FLOW,
    ),
    Mutant(
        "an export goes on beside a current",
        TAKING_ALONG,
        "        if self._output_possible():\n            self._hear(SentOut",
        "        if False:\n            self._hear(SentOut",
        TEST_ALONG,
    ),
    Mutant(
        "an export goes on behind an alarm",
        TAKING_ALONG,
        "            self._sending.cancel()\n            self._sending = None\n",
        "            self._sending = None\n",
        TEST_ALONG,
    ),
    Mutant(
        "a lock opens without the clinician's PIN",
        "kiosk/errands/pins_and_codes.py",
        '            self._access.must_be_here("clinician")\n            result = await',
        "            result = await",
        TEST_ALONG,
    ),
    Mutant(
        "the clinician's PIN holds on the pages of others",
        "kiosk/application.py",
        '            self._access.leave("clinician")\n',
        "            pass\n",
        TEST_ALONG,
    ),
    Mutant(
        "an installer gives the clinician a new PIN",
        PINS,
        '    if role == "clinician" and known is not None:\n',
        '    if role == "clinician" and known is None:\n',
        TEST_ROLES,
    ),
    Mutant(
        "pulling the plug ends a delay",
        ATTEMPTS,
        "        since_s = self.at_s if boot_id == self.boot_id else started_s\n",
        "        since_s = self.at_s if boot_id == self.boot_id else float('-inf')\n",
        TEST_ROLES,
    ),
    Mutant(
        "an attempt whose end nobody saw is forgotten",
        ATTEMPTS,
        "        return Tried(self.failures + 1, boot_id, at_s) if action in TRIES else self\n",
        "        return Tried(self.failures + 1, boot_id, at_s) if action == 'pin_wrong' else self\n",
        TEST_ROLES,
    ),
    Mutant(
        "pain just after a session is the day's pain",
        SERIES,
        "entry.moment in COMPARABLE and entry.pain_rest",
        "entry.pain_rest",
        TEST_FAMILY,
    ),
    Mutant(
        "an old week is held against the newest plan",
        SERIES,
        "for since, days in reversed(planned.items()) if since <= day)",
        "for since, days in reversed(planned.items()))",
        TEST_FAMILY,
    ),
    Mutant(
        "levels of two waveforms look alike",
        READING,
        "changed = last is not None and last.waveform != point.waveform",
        "changed = False",
        TEST_FAMILY,
    ),
    Mutant(
        "two days of soreness hide the worse one",
        CHARTS,
        "(max(said) if worst else sum(said) / len(said))",
        "(sum(said) / len(said))",
        TEST_CHARTS,
    ),
    Mutant(
        "nothing at all looks like a gap",
        "kiosk/widgets/pain_chart.py",
        '        canvas.put(x, axis_y, "┴", Role.QUIET)\n',
        "        pass\n",
        TEST_CHARTS,
    ),
    Mutant(
        "what the clinic sent is taken without the clinician's PIN",
        "kiosk/errands/from_clinic.py",
        '            self._access.must_be_here("clinician")\n            order = await',
        "            order = await",
        TEST_HELD,
    ),
    Mutant(
        "more is allowed before all of it was shown",
        "kiosk/visit/steps/held.py",
        "one.order is not None and seen_whole(visit)",
        "one.order is not None",
        TEST_HELD,
    ),
    Mutant(
        "a limit that rises looks like one that falls",
        "kiosk/visit/changes.py",
        "more=after is None or (before is not None and after > before)",
        "more=after is None",
        TEST_HELD,
    ),
    Mutant(
        "what waited is taken as it was checked when it came",
        "kiosk/access/handed_in.py",
        "    order = await asyncio.to_thread(_sent_order, reader, item)\n",
        "    order = await asyncio.to_thread(_sent_order, reader, item)\n    await store.take(item)\n",
        "tests/kiosk/access/test_held.py",
    ),
    Mutant(
        "a note that was typed stands under no entry",
        "kiosk/visit/steps/family_notes.py",
        'Note(text=text, author="family", about=about or None)',
        'Note(text=text, author="family")',
        "tests/kiosk/visit/test_typed_words.py",
    ),
    Mutant(
        "while output is possible characters go into a text",
        "kiosk/conductor_types.py",
        "not conductor.output_possible and isinstance",
        "isinstance",
        "tests/screens/test_screens_app.py",
    ),
    Mutant(
        "a note is lost from its entry by a later correction",
        "kiosk/review/lists.py",
        'original.get(stored.record.about or "", stored.record.about)',
        "stored.record.about",
        "tests/kiosk/review/test_word_search.py",
    ),
    Mutant(
        "words are found with their accents alone",
        "kiosk/review/word_search.py",
        "if not unicodedata.combining(one)",
        "if one",
        "tests/kiosk/review/test_word_search.py",
    ),
    Mutant(
        "settings that lost their end have no PIN",
        "kiosk/diary/settings_file.py",
        "    if lost or not text:\n",
        "    if not text:\n",
        "tests/kiosk/access/test_pins.py",
    ),
    Mutant(
        "the next stick is closed while it is written",
        STICK,
        "    with contextlib.suppress(OSError):\n        request.unlink()\n",
        "",
        TEST_STICK,
    ),
    Mutant(
        "a stick that a unit sees twice is two",
        STICK,
        "    return tuple(stick for stick, flags in _mounted(mounts) if",
        "    return tuple(stick for stick, flags in _mounted(mounts) * 2 if",
        TEST_STICK,
    ),
)
