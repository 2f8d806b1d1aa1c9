"""A prescription is read strictly, and what cannot be meant is said in one sentence."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from programs import library, prescription
from programs.prescription import PrescriptionError, demonstration_prescription, parse

EXAMPLE = library.prescription_example()
TODAY = dt.date(2025, 11, 20)


def test_the_example_is_well() -> None:
    example = parse(EXAMPLE)
    assert example.serial == 1
    assert example.patient.pseudonym == "P-0001"
    assert example.cleared_questions() == {"c_spine"}
    assert example.pads.width_cm * example.pads.height_cm == 45


def test_it_holds_from_its_first_to_its_last_day() -> None:
    example = parse(EXAMPLE)
    day = dt.timedelta(days=1)
    assert not example.valid_on(example.valid_from - day)
    assert example.valid_on(example.valid_from)
    assert example.valid_on(example.valid_until)
    assert not example.valid_on(example.valid_until + day)


def test_the_lower_of_channel_and_programme_is_the_limit() -> None:
    example = parse(EXAMPLE)
    assert example.limit_for(1, "nmes_learn") == 24.0
    assert example.limit_for(2, "tens_conv") == 20.0
    assert example.limit_for(3, "nmes_learn") is None


def test_without_limits_there_is_none() -> None:
    unlimited = msgspec.structs.replace(parse(EXAMPLE), limits={})
    assert unlimited.limit_for(1, "nmes_learn") is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("serial = 1 ", "serial = 0 ", "rx.toml, serial: found 0, expected a number from 1 upwards."),
        ("serial = 1 ", 'serial = "1" ', "rx.toml, serial: found '1', expected a whole number."),
        ("2026-02-19 ", "2025-11-19 ", "rx.toml, valid_until: found 2025-11-19, expected a day not before"),
        ("2026-02-19 ", '"soon" ', "rx.toml, valid_until: found 'soon', expected a date such as 2026-02-19"),
        (
            '"deconditioned" ',
            '"running" ',
            "rx.toml, plan: found 'running', expected one of after-injury, after-strain, arthritis,",
        ),
        ('"nmes_end"', '"nmes_hard"', "rx.toml, programmes[1]: found 'nmes_hard', expected one of nmes_end"),
        ('"nmes_end"', '"wbems_ref"', "which is never armed: It needs a trained supervisor"),
        ('"nmes_end"', '"tens_mod"', "which is never armed: A sweep"),
        ('"nmes_end"', '"warm_up"', "rx.toml, programmes[1]: found 'warm_up', expected one of"),
        ('"nmes_end"', '"nmes_learn"', "found 'nmes_learn' a second time, expected each programme once."),
        ('["nmes_learn", "nmes_end", "tens_conv"]', "[]", "programmes: found none, expected at least one"),
        ('["M4-par"]', "[]", "montages: found none, expected at least one montage."),
        (
            '["M4-par"]',
            '["M8-trunk"]',
            "montages[0]: found 'M8-trunk', which is never armed: It needs four channels",
        ),
        ('["M4-par"]', '["M4-par", "M4-par"]', "'M4-par' a second time"),
        ('["M4-par"]', '["M2"]', "programmes[0]: found 'nmes_learn' (nmes), expected a montage for nmes."),
        ("days_per_week = 4", "days_per_week = 0", "days_per_week: found 0, expected 1 to 7."),
        ("days_per_week = 4", "days_per_week = 8", "days_per_week: found 8, expected 1 to 7."),
        ("week0 = true", "week0 = 1", "week0: found 1, expected true or false."),
        ("helper_for_pads = true\n", "", "helper_for_pads: found nothing, expected a value."),
        ('name = "Example Person"', 'name = " "', "patient.name: found nothing, expected a text."),
        ('phone = "+49 30 0000000"', 'phone = ""', "clinician.phone: found nothing, expected a text."),
        ("width_cm = 5 ", "width_cm = 2.7 ", "pads: found 2.7 x 9 cm, expected pads of at least 25 cm²."),
        ("width_cm = 5 ", "width_cm = -5 ", "pads: found -5 x 9 cm, expected pads of at least 25 cm²."),
        ("width_cm = 5 ", "width_cm = nan ", "pads: found nan x 9 cm, expected pads of at least 25 cm²."),
        ("width_cm = 5 ", "width_cm = inf ", "pads: found inf x 9 cm, expected pads of at least 25 cm²."),
        (
            "height_cm = 9 ",
            "height_cm = 13 ",
            "pads: found 0.0 cm between pads 1 and 2 on M4-par, expected at",
        ),
        ("[pads]\n", "[pads]\nsize = 1\n", "pads.size: found this key, expected only keys that the file"),
        ("1 = 24.0", "1 = 24.3", "limits.1: found 24.3 mA, expected 0.5 to 60 mA in steps of 0.5."),
        ("1 = 24.0", "1 = 0.0", "limits.1: found 0 mA, expected 0.5 to 60 mA"),
        ("1 = 24.0", "1 = 60.5", "limits.1: found 60.5 mA, expected 0.5 to 60 mA"),
        ("1 = 24.0", "1 = nan", "limits.1: found nan mA, expected 0.5 to 60 mA"),
        ("1 = 24.0", "1 = -5.0", "limits.1: found -5 mA, expected 0.5 to 60 mA"),
        (
            "1 = 24.0",
            "3 = 24.0",
            "limits.3: found a limit for something not prescribed, expected one of 1, 2",
        ),
        (
            "tens_conv = 20.0",
            "tens_low = 20.0",
            "limits.tens_low: found a limit for something not prescribed",
        ),
        ("1 = 24.0", '1 = "24"', "expected a number."),
        (
            '"c_spine"',
            '"c_spline"',
            "clearance[0].question: found 'c_spline', expected the key of a question.",
        ),
        ('"c_spine"', '"x_pacer"', "'x_pacer' (class X), expected a question that a prescription may clear."),
        ('"c_spine"', '"rf_saddle"', "'rf_saddle' (class E), expected a question that a prescription may"),
        (
            '"c_spine"',
            '"d_change"',
            "'d_change' (class C), expected a question that a prescription may clear.",
        ),
        ('by = "Dr. Example"', 'by = ""', "clearance[0].by: found nothing, expected who cleared it."),
        ("on = 2025-11-18", "on = 2026-02-20", "clearance[0].on: found 2026-02-20, expected a day not after"),
        ("[[clearance]]", "[clearance]", "expected a list in [ ]."),
        ("serial = 1 ", "serial = ", "rx.toml: found text that is not TOML"),
    ],
)
def test_what_cannot_be_meant_is_said(old: str, new: str, sentence: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(PrescriptionError) as caught:
        parse(EXAMPLE.replace(old, new, 1), "rx.toml")
    assert sentence in caught.value.sentence


def test_every_clearable_question_may_stand_in_a_prescription() -> None:
    for question in library.load_questionnaire().questions.values():
        text = EXAMPLE.replace('"c_spine"', f'"{question.key}"')
        if question.clearable_by is None:
            with pytest.raises(PrescriptionError):
                parse(text)
        else:
            assert parse(text).cleared_questions() == {question.clearable_by}


def test_smaller_pads_of_25_cm2_are_accepted() -> None:
    text = EXAMPLE.replace("width_cm = 5 ", "width_cm = 4 ").replace("height_cm = 9 ", "height_cm = 6.4 ")
    assert parse(text).pads.height_cm == 6.4


class TestDemonstration:
    def test_it_passes_its_own_checks(self) -> None:
        assert list(prescription.problems(demonstration_prescription(TODAY))) == []

    def test_it_is_for_today_alone_and_needs_no_diary_week(self) -> None:
        demo = demonstration_prescription(TODAY)
        assert demo.valid_on(TODAY)
        assert not demo.valid_on(TODAY + dt.timedelta(days=1))
        assert not demo.week0

    def test_it_names_nobody_real(self) -> None:
        demo = demonstration_prescription(TODAY)
        assert "DEMO" in demo.patient.name
        assert "Demo" in demo.clinician.name
        assert demo.programmes == ("nmes_learn", "tens_conv")
