"""Every question of the clinical reference is there, with its class, and means what the reference says."""

from __future__ import annotations

import pytest

from programs import library
from programs.screening import WORST_FIRST, Answer, Class, Finding, evaluate
from tests.readability import words

CLASSES = {
    "E": "rf_saddle rf_bladder rf_bowel rf_sexual rf_legs rf_gait rf_trauma rf_chest d_urine",
    "U": "rf_fever rf_weight rf_night rf_shape rf_upper",
    "X": "x_pacer x_active x_preg x_cancer x_epi x_clot x_bleed x_heart6 x_bp x_hernia x_bone3 x_neuro x_art "
    "x_cog x_minor x_site",
    "C": "rf_ca rf_age rf_oneleg rf_undx c_heart c_dm c_kidney c_rhabdo c_anticoag c_spine c_acute c_surg "
    "c_osteo c_radio c_sens c_sci c_aaa c_oedema c_sedat d_change",
    "N": "n_metal n_allergy n_menses n_skin",
    "P": "d_ill d_faint d_sub d_skin d_dry d_env d_pads d_temp",
}
CLASS_OF = {key: Class(class_) for class_, keys in CLASSES.items() for key in keys.split()}
DAILY_FLAGS = {"rf_saddle", "rf_bladder", "rf_bowel", "rf_legs", "rf_trauma", "rf_chest"}
CLEARABLE = {key for key in CLASS_OF if CLASS_OF[key] is Class.C and key != "d_change"}
CLEARABLE |= {"x_hernia", "x_neuro", "x_art"}

BASELINE_SCREENS = [
    ["rf_saddle"], ["rf_bladder"], ["rf_bowel"], ["rf_sexual"], ["rf_legs"], ["rf_gait"], ["rf_trauma"],
    ["rf_chest"],
    ["rf_fever", "rf_weight"],
    ["rf_night", "rf_shape", "rf_upper"],
    ["x_pacer", "x_active", "n_metal"],
    ["x_heart6", "x_bp", "x_clot", "x_bleed"],
    ["c_heart", "x_art", "c_aaa", "c_anticoag"],
    ["x_neuro", "x_epi", "x_cog", "c_sci"],
    ["rf_ca", "x_cancer", "c_radio"],
    ["c_spine", "rf_age"],
    ["c_acute", "rf_oneleg", "rf_undx"],
    ["c_surg", "x_hernia", "x_bone3", "c_osteo"],
    ["c_dm", "c_kidney", "c_oedema", "c_rhabdo"],
    ["c_sedat"],
    ["x_site", "c_sens", "n_allergy", "n_skin"],
    ["x_preg", "n_menses", "x_minor"],
]  # fmt: skip
DAILY_SCREENS = [
    ["rf_bladder", "rf_bowel", "rf_saddle", "rf_legs"],
    ["rf_chest", "rf_trauma", "d_urine"],
    ["d_ill", "d_faint", "d_sub"],
    ["d_change"],
]

QUESTIONNAIRE = library.load_questionnaire()
every_question = pytest.mark.parametrize("key", sorted(CLASS_OF))


def test_there_is_no_other_question() -> None:
    assert set(QUESTIONNAIRE.questions) == set(CLASS_OF)


@pytest.mark.parametrize(("asks", "screens"), [("baseline", BASELINE_SCREENS), ("daily", DAILY_SCREENS)])
def test_screens_come_in_the_order_of_the_flow(asks: str, screens: list[list[str]]) -> None:
    assert [list(group.questions) for group in QUESTIONNAIRE.groups_of(asks)] == screens
    assert list(QUESTIONNAIRE.keys_of(asks)) == [key for screen in screens for key in screen]


def test_the_baseline_has_52_questions_on_22_screens() -> None:
    assert (len(QUESTIONNAIRE.keys_of("baseline")), len(QUESTIONNAIRE.groups_of("baseline"))) == (52, 22)


def test_skin_pads_and_position_are_asked_on_their_own_screens() -> None:
    own = {group.id: group.questions for group in QUESTIONNAIRE.groups if group.own_screen}
    assert own == {"skin": ("d_skin", "d_dry"), "pads": ("d_pads",), "position": ("d_env", "d_temp")}


@every_question
def test_no_is_safe(key: str) -> None:
    verdict = evaluate(QUESTIONNAIRE, {key: Answer.NO}, (key,))
    assert verdict.cleared
    assert verdict.findings == ()


@every_question
@pytest.mark.parametrize("answer", [Answer.YES, Answer.NOT_SURE])
def test_yes_and_not_sure_are_the_worse_answer(key: str, answer: Answer) -> None:
    verdict = evaluate(QUESTIONNAIRE, {key: answer}, (key,))
    assert verdict.findings == (Finding(key, CLASS_OF[key]),)
    assert verdict.worst is CLASS_OF[key]
    assert verdict.cleared == (CLASS_OF[key] is Class.N)


@every_question
def test_only_its_own_clearance_clears(key: str) -> None:
    others = frozenset(CLASS_OF) - {key}
    assert evaluate(QUESTIONNAIRE, {key: Answer.YES}, (key,), others).findings[0].cleared is False
    verdict = evaluate(QUESTIONNAIRE, {key: Answer.YES}, (key,), frozenset({key}))
    assert verdict.findings[0].cleared == (key in CLEARABLE)
    assert verdict.cleared == (key in CLEARABLE or CLASS_OF[key] is Class.N)


@every_question
def test_an_unanswered_question_clears_nobody(key: str) -> None:
    verdict = evaluate(QUESTIONNAIRE, {}, (key,), frozenset(CLASS_OF))
    assert verdict.missing == (key,)
    assert not verdict.cleared


@every_question
def test_each_round_asks_what_the_reference_says(key: str) -> None:
    question = QUESTIONNAIRE.questions[key]
    if key in DAILY_FLAGS:
        assert question.asks == ("baseline", "daily")
    else:
        assert question.asks == (("daily",) if key.startswith("d_") else ("baseline",))


def test_daily_questions_begin_since_your_last_visit() -> None:
    for key in QUESTIONNAIRE.keys_of("daily"):
        words = QUESTIONNAIRE.questions[key].worded("daily")
        assert words.en.startswith("Since your last visit, "), key
        assert words.de.startswith("Seit dem letzten Mal: "), key


def test_what_can_be_mended_now_is_what_the_rules_name() -> None:
    mendable = {key for key, question in QUESTIONNAIRE.questions.items() if question.mendable}
    assert mendable == {"d_dry", "d_pads", "d_env", "d_temp"}


@every_question
def test_every_text_stands_in_both_languages_and_asks(key: str) -> None:
    question = QUESTIONNAIRE.questions[key]
    for text in (question.text, question.daily_text):
        if text is not None:
            assert "?" in text.en
            assert "?" in text.de
            assert text.en != text.de
    for text in (question.gloss, question.caution):
        if text is not None:
            assert text.en
            assert text.de


def test_four_questions_fit_on_the_smallest_screen() -> None:
    """67×20: head 3, title 1, keys 3 rows; so at most 13 rows of at most 60 columns for a group."""
    import textwrap

    for group in QUESTIONNAIRE.groups:
        for language in ("en", "de"):
            texts = [QUESTIONNAIRE.questions[key].worded(group.asks) for key in group.questions]
            rows = sum(len(textwrap.wrap(text.in_language(language), 58)) for text in texts)
            assert rows <= 13, (group.id, language, rows)


def test_the_worst_class_comes_first() -> None:
    answers = dict.fromkeys(CLASS_OF, Answer.YES)
    verdict = evaluate(QUESTIONNAIRE, answers, tuple(answers))
    assert verdict.worst is Class.E
    ranks = [WORST_FIRST.index(finding.class_) for finding in verdict.findings]
    assert ranks == sorted(ranks)
    assert {finding.key for finding in verdict.findings} == set(CLASS_OF)


class TestCancerAndNewPain:
    def test_cancer_once_is_for_the_clinician(self) -> None:
        answers = {"rf_ca": Answer.YES, "c_acute": Answer.NO}
        assert evaluate(QUESTIONNAIRE, answers, tuple(answers)).worst is Class.C

    @pytest.mark.parametrize("acute", [Answer.YES, Answer.NOT_SURE])
    def test_with_new_pain_it_is_a_doctor_today(self, acute: Answer) -> None:
        answers = {"rf_ca": Answer.YES, "c_acute": acute}
        verdict = evaluate(QUESTIONNAIRE, answers, tuple(answers), frozenset({"rf_ca"}))
        assert verdict.worst is Class.U
        assert Finding("rf_ca", Class.U) in verdict.findings

    def test_a_clinician_who_knows_of_both_clears_both(self) -> None:
        answers = {"rf_ca": Answer.YES, "c_acute": Answer.YES}
        verdict = evaluate(QUESTIONNAIRE, answers, tuple(answers), frozenset({"rf_ca", "c_acute"}))
        assert verdict.cleared


def test_an_answer_to_no_question_is_refused() -> None:
    with pytest.raises(KeyError, match="x_unknown"):
        evaluate(QUESTIONNAIRE, {"x_unknown": Answer.NO}, ())
    with pytest.raises(KeyError, match="x_unknown"):
        evaluate(QUESTIONNAIRE, {}, ("x_unknown",))


class TestGlosses:
    def test_a_question_with_a_medical_word_shows_its_everyday_words(self) -> None:
        """What is exempt from the measure of reading is explained where it stands."""
        for question in QUESTIONNAIRE.questions.values():
            for text in filter(None, (question.text, question.daily_text)):
                for term in library.load_glossary().values():
                    if set(term.words.en) & set(words(text.en)) or set(term.words.de) & set(words(text.de)):
                        assert term.id in question.terms, (question.key, term.id)

    def test_the_gloss_is_the_glossary_s(self) -> None:
        glossary = library.load_glossary()
        question = QUESTIONNAIRE.questions["x_heart6"]
        assert question.terms == ("angina", "stent", "bypass")
        assert question.gloss is not None
        for id_ in question.terms:
            assert glossary[id_].gloss.en in question.gloss.en
            assert glossary[id_].gloss.de in question.gloss.de

    def test_no_term_is_left_over(self) -> None:
        used = {term for question in QUESTIONNAIRE.questions.values() for term in question.terms}
        assert used == set(library.load_glossary())
