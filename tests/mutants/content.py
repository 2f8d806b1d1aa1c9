"""Of the content that a clinician signs, and of what reads it."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

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

MUTANTS = (
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
)
