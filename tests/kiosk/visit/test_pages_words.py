"""Every page in both languages: it builds, it fits, it is short and plain, and it says what it must."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import msgspec
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from kiosk import words
from kiosk.keys import Key
from kiosk.locale.compile import compile_all
from kiosk.locale.extract import extract
from kiosk.page import Overview, Page, Running, Words
from kiosk.screens.draw import LEAST_HEIGHT, LEAST_WIDTH, draw
from kiosk.visit import flow
from kiosk.visit.pages.question_pages import begun_once
from kiosk.visit.steps import leaflets
from kiosk.widgets.glyphs import CONSOLE_CHARACTERS, clean
from kiosk.wording import reasons
from programs import course, plan, progression, screening
from programs.text import Reason
from tests.kiosk.visit.visit_album import Shot, album
from tests.kiosk.visit.visit_bench import START, today
from tests.readability import flesch_kincaid_grade, wiener_sachtextformel

COLUMNS = 60
MOST_LINES = 5
MOST_ROWS_OF_LINES = 9
"""Five sentences of at most two rows each, but one."""


@pytest.fixture(scope="module")
def shots() -> tuple[Shot, ...]:
    return tuple(album())


@pytest.fixture(scope="session")
def translations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("locale")
    compile_all(into=folder)
    return folder


@pytest.fixture(params=words.LANGUAGES)
def language(request: pytest.FixtureRequest, translations: Path) -> str:
    words.set_language(request.param, translations)
    return str(request.param)


# ── the pages ───────────────────────────────────────────────────────────────────────────────────


def test_every_page_builds_and_can_be_read_aloud(shots: tuple[Shot, ...], language: str) -> None:
    for shot in shots:
        page = shot.page()
        assert page.id == shot.visit.step
        assert page.spoken, shot.name
        assert "{" not in page.spoken, shot.name
        assert page.header.left


@pytest.mark.parametrize("size", [(LEAST_WIDTH, LEAST_HEIGHT), (80, 25)])
def test_every_page_fits(shots: tuple[Shot, ...], language: str, size: tuple[int, int]) -> None:
    cut = {shot.name: draw(shot.page(), *size).cut for shot in shots}
    assert {name: parts for name, parts in cut.items() if parts} == {}


class Longer(gettext.NullTranslations):
    """Every text 40 % longer, as a translation may be."""

    def gettext(self, message: str) -> str:
        return longer(message)

    def ngettext(self, one: str, many: str, n: int) -> str:
        return longer(one if n == 1 else many)


def longer(message: str) -> str:
    extra = (" abcde" * len(message))[: int(len(message) * 0.4)].rstrip()
    return message + extra


def test_every_page_fits_with_texts_40_percent_longer(
    shots: tuple[Shot, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "_translation", Longer())
    drawn_label = longer("lowest rib")  # stands inside a drawing to scale, not in a sentence
    cut = {shot.name: draw(shot.page(), LEAST_WIDTH, LEAST_HEIGHT).cut for shot in shots}
    assert {name: parts for name, parts in cut.items() if set(parts) - {drawn_label}} == {}


def test_no_count_of_one(shots: tuple[Shot, ...], language: str) -> None:
    for shot in shots:
        assert not re.search(r"\b1 (of|von) 1$", shot.page().header.left), shot.name


def test_no_screen_says_a_sentence_twice(shots: tuple[Shot, ...], language: str) -> None:
    for shot in shots:
        body = shot.page().body
        if isinstance(body, Words):
            said = [*body.lines, *set(body.items), *body.small]
            for one in said:
                assert sum(one in other for other in said) == 1, (shot.name, one)


def test_questions_that_begin_alike_say_it_once_and_alone_in_full(
    shots: tuple[Shot, ...], translations: Path
) -> None:
    named = {shot.name: shot for shot in shots}
    group = named["daily 0"].page().body
    assert isinstance(group, Words)
    assert group.lines == ("Since your last visit, is one of these true for you?",)
    assert group.items[1].startswith("Have you lost control of your poo")
    again = named["asked again group"].page().body
    assert isinstance(again, Words)
    assert again.lines == ("Your answers are older than one hour.", *group.lines)
    alone = named["daily 3"].page().body
    assert isinstance(alone, Words)
    assert alone.lines[0].startswith("Since your last visit, is there a new illness")
    words.set_language("de", translations)
    group = named["daily 0"].page().body
    assert isinstance(group, Words)
    assert group.lines == ("Seit dem letzten Mal: Trifft etwas davon auf Sie zu?",)
    assert group.items[1].startswith("Konnten Sie den Stuhl nicht halten")


def test_questions_that_begin_differently_are_whole() -> None:
    questions = ("Is the skin there wet, or not?", "Is the skin there wet: or sore?")
    assert begun_once(questions) == ("", questions)
    assert begun_once(("Today, is it wet?", "Today, is it sore?")) == (
        "Today,",
        ("Is it wet?", "Is it sore?"),
    )
    assert begun_once(("Today, is it wet?",)) == ("", ("Today, is it wet?",))


ENGLISH_FOR_WHO_IS_CALLED = ("cannot be", "did not come to its end", "is not there")
"""In a sentence that the box keeps in its log too, and that stands small for whoever is called."""


def test_a_german_screen_has_no_english_sentence(shots: tuple[Shot, ...], translations: Path) -> None:
    """Names and codes are alike in both; three words in a row that are alike are a sentence."""
    english = {shot.name: set(_said(shot.page().body)) for shot in shots}
    words.set_language("de", translations)
    for shot in shots:
        if shot.page().id.startswith("family"):
            continue
        for line in english[shot.name] & set(_said(shot.page().body)):
            told = any(part in line for part in ENGLISH_FOR_WHO_IS_CALLED)
            assert told or not re.search(r"[a-z]+ [a-z]+ [a-z]+", line), (shot.name, line)


def _said(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _said(part)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _said(getattr(value, name))


def test_at_most_five_lines_of_instruction(shots: tuple[Shot, ...], language: str) -> None:
    for shot in shots:
        body = shot.page().body
        lines = body.lines if isinstance(body, Words | Overview) else getattr(body, "lines", ())
        assert len(lines) <= MOST_LINES, shot.name
        rows = sum(len(_wrapped(line)) for line in lines)
        assert rows <= MOST_ROWS_OF_LINES, shot.name


def _wrapped(line: str) -> list[str]:
    rows = [""]
    for word in line.split():
        joined = f"{rows[-1]} {word}".strip()
        if len(joined) <= COLUMNS:
            rows[-1] = joined
        else:
            rows.append(word)
    return rows


def test_every_character_is_one_that_a_console_has(shots: tuple[Shot, ...], language: str) -> None:
    for shot in shots:
        page = shot.page()
        text = f"{page.spoken} {page.header.left} {page.header.right} {page.stop_text}"
        assert set(clean(text, console=True)) <= CONSOLE_CHARACTERS, shot.name


def test_every_choice_does_something_or_is_answered_elsewhere(shots: tuple[Shot, ...]) -> None:
    """A key that is named on a screen is not dead: it moves the visit or asks for an effect."""
    for shot in shots:
        if shot.visit.step in ("session", "stop_test", "probing"):
            continue
        for choice in shot.page().choices:
            visit, effects = flow.press(shot.visit, choice.key, shot.moment)
            assert effects or visit != shot.visit, (shot.name, choice)
            assert visit.context.unanswered.why in ("", "stop"), (shot.name, choice)


def test_every_page_names_read_aloud_and_no_key_twice(shots: tuple[Shot, ...]) -> None:
    for shot in shots:
        keys = [choice.key for choice in shot.page().choices]
        context = shot.visit.context
        heard = context.setting.reads_aloud and context.chosen.volume > 0
        assert (Key.EIGHT in keys or Key.READ in keys) == heard, shot.name
        assert len(keys) == len(set(keys)), shot.name


def test_space_is_named_where_it_pauses(shots: tuple[Shot, ...]) -> None:
    for shot in shots:
        named = Key.STOP in [choice.key for choice in shot.page().choices]
        assert named == flow.STEPS[shot.visit.step].pauses, shot.name


def test_back_is_named_where_it_goes_back(shots: tuple[Shot, ...]) -> None:
    for shot in shots:
        page = shot.page()
        named = {Key.BACK, Key.ZERO} & {choice.key for choice in page.choices}
        if shot.visit.step in ("session", "stop_test", "probing", "home"):
            assert not named, shot.name
        elif named:
            visit, _ = flow.press(shot.visit, Key.BACK, shot.moment)
            assert visit != shot.visit, shot.name


def test_the_whole_bottom_is_stop_where_current_may_flow(shots: tuple[Shot, ...]) -> None:
    for shot in shots:
        page = shot.page()
        practised = shot.visit.context.practice
        step = shot.visit.step if practised is None else practised.step
        assert page.stop_row == (step in ("session", "stop_test", "probing")), shot.name
        assert not page.header.current_on or page.stop_row, shot.name


def test_the_serial_grows_with_every_screen(shots: tuple[Shot, ...]) -> None:
    for shot in shots:
        for key in Key:
            visit, _ = flow.press(shot.visit, key, shot.moment)
            same = (visit.place, visit.trail) == (shot.visit.place, shot.visit.trail)
            grew = visit.serial > shot.visit.serial
            assert grew or same, (shot.name, key)


def test_every_screen_of_a_session_has_its_own_serial(shots: tuple[Shot, ...]) -> None:
    """A double Enter must not answer the next question too: for 400 ms it does not act on another serial."""
    serials = [page_named(shots, f"session {name} nmes").serial for name in (
        *("arming", "feel 0", "where 0", "strong 0", "still ok while finding 0"),
        *("feel 1", "where 1", "strong 1", "both", "phase 2 at 0", "rest", "still ok", "stopping"),
    )]  # fmt: skip
    assert len(set(serials)) == len(serials)


def test_a_simulator_stands_in_every_header(shots: tuple[Shot, ...]) -> None:
    without = {shot.name for shot in shots if not shot.page().header.simulator}
    assert without == {"home loading", "after_restart asking"}, "nobody has said yet who is on the port"


# ── words that must be there, and words that must not ──────────────────────────────────────────


def page_named(shots: tuple[Shot, ...], name: str) -> Page:
    return next(shot for shot in shots if shot.name == name).page()


@pytest.mark.parametrize(
    ("name", "english", "german"),
    [
        ("stop_test", "Test STOP. No current flows yet. Sit or lie the way you will stay. Press STOP now.",
         "STOPP prüfen. Es fließt noch kein Strom. Setzen oder legen Sie sich so hin, wie Sie bleiben. "
         "Drücken Sie jetzt STOPP."),
        ("stop_works", "STOP works. The device has confirmed it.", "STOPP geht. Das Gerät hat es bestätigt."),
        ("session offer 0 tens",
         "Ready? The current starts at zero and rises slowly, to 60 % of last time at most. "
         "Any key: it rises no more. STOP: off at once.",
         "Bereit? Der Strom beginnt bei null und steigt langsam, höchstens auf 60 % vom letzten Mal. "
         "Jede Taste: Er steigt nicht weiter. STOPP: sofort aus."),
        ("pad_off pad_loose",
         "A pad may be loose. The current is at zero. Stay seated. Press Enter to see where to look.",
         "Vielleicht ist ein Pad lose. Der Strom ist auf null. Bleiben Sie sitzen. Mit Enter sehen Sie, wo."),
        ("stopped person", "You stopped. That is fine. The stimulator reports that its output is off.",
         "Sie haben gestoppt. Das ist in Ordnung. Das Gerät meldet: Ausgang aus."),
        ("not_confirmed",
         "Switch the stimulator OFF now. Pull the plug of the stimulator out of the wall. "
         "It is not known if current still flows. "
         "Do not touch the pads until it is off. Then press Enter.",
         "Schalten Sie den Stimulator jetzt AUS. Ziehen Sie den Netzstecker des Stimulators. "
         "Es ist nicht bekannt, ob noch Strom fließt. "
         "Fassen Sie die Pads nicht an, bis er aus ist. Dann Enter."),
        ("verdict E",
         "Get help now. Call 112 now, or go to an emergency department. Do not drive yourself. "
         "The box cannot call for you. Do not use the device. The box stays locked until Dr. Demo opens it.",
         "Holen Sie jetzt Hilfe. "
         "Rufen Sie jetzt 112 an, oder lassen Sie sich in die Notaufnahme bringen. Fahren Sie nicht selbst. "
         "Die Box kann nicht für Sie anrufen. Benutzen Sie das Gerät nicht. "
         "Die Box bleibt gesperrt, bis Dr. Demo sie freigibt."),
        ("not_today", "Not today. Your back muscles are still sore. Rest is part of the plan. "
         "The box will ask again on Sunday. Your diary is open.",
         "Heute nicht. Ihr Rücken hat noch Muskelkater. Pause gehört zum Plan. "
         "Die Box fragt am Sonntag wieder. Ihr Tagebuch ist offen."),
        ("saved", "Saved. You are done for today. Tomorrow the box will ask about your skin and muscles.",
         "Gespeichert. Für heute sind Sie fertig. Morgen fragt die Box nach Haut und Muskeln."),
        ("after_restart 6",
         "Your session ended early, after 6 minutes. The box has started again. "
         "The stimulator reports that its output is off. Nothing starts by itself. Your answers are saved.",
         "Ihre Sitzung endete früher, nach 6 Minuten. Die Box ist neu gestartet. "
         "Das Gerät meldet: Ausgang aus. "
         "Nichts startet von allein. Ihre Antworten sind gespeichert."),
    ],
)  # fmt: skip
def test_the_words_that_were_settled(
    shots: tuple[Shot, ...], translations: Path, name: str, english: str, german: str
) -> None:
    for language, text in (("en", english), ("de", german)):
        words.set_language(language, translations)
        assert text in page_named(shots, name).spoken


UNTRUE = (
    *(
        "proves",
        "proven",
        "emergency stop",
        "cure",
        "guideline",
        "recommended",
        "well done",
        "bravo",
        "streak",
    ),
    *("record", "goal", "pull off the pads", "congratulations", "great"),
)


def test_no_claim_no_praise_no_goal(shots: tuple[Shot, ...]) -> None:
    for shot in shots:
        if shot.visit.step == "evidence":
            continue  # it says what others claim: tests/programs/test_true_words.py reads it
        said = f" {shot.page().spoken.lower()} "
        assert not [word for word in UNTRUE if re.search(rf"\b{word}\b", said)], shot.name


def test_a_limit_is_never_of(shots: tuple[Shot, ...], language: str) -> None:
    for shot in shots:
        body = shot.page().body
        for side in body.sides if isinstance(body, Running) else ():
            assert side.bar.limit_text.startswith(("limit ", "Grenze "))


def test_the_label_says_what_it_must(shots: tuple[Shot, ...]) -> None:
    said = " ".join(page_named(shots, f"label {number}").spoken for number in range(leaflets.count("label")))
    for fact in (
        *("not an approved medical device", "does not allow medical use on people", "RehaStim2"),
        *("for one person", "checks your answers", "half off", "pacemaker", "pregnant", "asleep"),
        *("drive", "water", "shortwave", "children and pets", "60 mA", "30 V", "21 µC", "go wrong?"),
        *("emergency call 112", "Tell Dr. Demo"),
    ):
        assert fact in said


def test_the_demonstration_shows_its_pin_and_a_box_does_not(shots: tuple[Shot, ...]) -> None:
    assert "4711" in page_named(shots, "pin").spoken


NOT_MEASURED = ("single", "label", "help", "after_restart", "family_entry")
"""Content's own words, the law's, names and numbers, and one whose German was settled as it is."""
FEWEST_WORDS = 6


# ── plain words ─────────────────────────────────────────────────────────────────────────────────


def test_the_screens_are_plain_to_read(shots: tuple[Shot, ...], language: str) -> None:
    """Grade ≤ 6 over each kind of screen; the questions themselves are measured with the content."""
    by_step: dict[str, set[str]] = {}
    for shot in shots:
        body = shot.page().body
        lines = set(getattr(body, "lines", ()))
        if isinstance(body, Words) and shot.visit.step not in NOT_MEASURED:
            by_step.setdefault(shot.visit.step, set()).update(lines)
    hard = {}
    for step, lines in by_step.items():
        texts = [line for line in sorted(lines) if line and "/var/lib/homestim" not in line]
        if sum(len(text.split()) for text in texts) < FEWEST_WORDS:
            continue
        found = flesch_kincaid_grade(texts) if language == "en" else wiener_sachtextformel(texts)
        if found > 6:
            hard[step] = round(found, 1)
    assert hard == {}


# ── reasons ─────────────────────────────────────────────────────────────────────────────────────


def rules_in_programs() -> set[str]:
    found: set[str] = set()
    for module in (progression, screening, plan, course):
        assert module.__file__ is not None
        source = Path(module.__file__).read_text(encoding="utf-8")
        found |= set(re.findall(r'Reason\(\s*"(\w+)"', source))
    return found - {"sore_days"}  # the example in a docstring


def test_every_rule_that_programs_can_name_has_a_sentence() -> None:
    named = rules_in_programs()
    assert len(named) > 25
    assert named <= set(reasons.sentences())


def test_every_rule_that_sets_a_limit_is_named_under_the_bar(language: str) -> None:
    ceilings = {
        *("prescription", "pads", "device", "no_history", "changed", "restart", "clock_not_trusted"),
        *("last_three", "last_week", "longer_this_week", "lower_sore", "lower_pain", "lower_gap"),
    }
    for rule in ceilings:
        assert reasons.limit_set_by(Reason(rule), "Dr. Demo")


def test_a_reason_is_worded_with_its_numbers_and_an_unknown_one_does_not_raise(language: str) -> None:
    said = reasons.sentence(Reason("lower_gap", {"days": 9, "percent": 20}))
    assert "9" in said
    assert "20" in said
    assert "new_rule" in reasons.sentence(Reason("new_rule"))
    for rule in reasons.sentences():
        assert reasons.sentence(Reason(rule)), rule


# ── translations ────────────────────────────────────────────────────────────────────────────────


def german() -> object:
    path = words.LOCALE / "de" / "LC_MESSAGES" / f"{words.DOMAIN}.po"
    with path.open("rb") as file:
        return read_po(file, locale="de")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@cache
def collected() -> tuple[Message, ...]:
    return tuple(extract())


def test_every_message_is_collected() -> None:
    """Babel looks into no f-string: what is only said there would stay English."""
    ids = {one for message in collected() for one in _ids(message)}
    for path in sorted(Path(words.__file__).parent.rglob("*.py")):
        code = path.read_text(encoding="utf-8")
        for call in ast.walk(ast.parse(code)) if re.search(r"\bN?_\(", code) else ():
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "N_"):
                (said,) = call.args
                assert not isinstance(said, ast.Constant) or said.value in ids, (path.name, said.value)


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def test_every_message_is_translated_with_its_placeholders() -> None:
    """`make messages` after a new `_()`, then its German."""
    catalogue = german()
    for message in collected():
        if not message.id:
            continue
        translated = catalogue.get(message.id if isinstance(message.id, str) else message.id[0])  # type: ignore[attr-defined]
        assert translated is not None, message.id
        sources = (message.id,) if isinstance(message.id, str) else message.id
        strings = (translated.string,) if isinstance(translated.string, str) else translated.string
        assert all(strings), message.id
        assert not translated.fuzzy
        for index, string in enumerate(strings):
            assert fields(string) == fields(sources[min(index, len(sources) - 1)]), message.id


def test_the_template_is_what_the_code_says() -> None:
    with (words.LOCALE / f"{words.DOMAIN}.pot").open("rb") as file:
        template = read_po(file)
    assert {message.id for message in template} == {message.id for message in collected()}


def test_without_a_translation_it_is_english(tmp_path: Path) -> None:
    words.set_language("de", tmp_path)
    assert words._("Home") == "Home"
    assert words.decimal(18.5) == "18,5"
    with pytest.raises(ValueError, match="no language"):
        words.set_language("fr")


def test_dates_and_numbers_are_the_languages_own(translations: Path) -> None:
    assert words.date(START.date()) == "Friday 20 November"
    assert words.decimal(18.5) == "18.5"
    words.set_language("de", translations)
    assert words.date(START.date()) == "Freitag, 20. November"
    assert words.decimal(18.5) == "18,5"
    assert words.minutes(870) == "14:30"


def test_no_word_is_translated_when_a_module_is_loaded() -> None:
    """`_()` stands in functions alone (safety rule 24: the language changes on home)."""
    for path in sorted((words.LOCALE.parent / "pages").glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not re.match(r"\w[^#]*[=(\[{ ]_\(", line) or line.startswith(("def ", "class ")), (
                f"{path}:{number}"
            )


def test_the_day_in_the_album_is_one_of_the_demonstration() -> None:
    assert today().prescription is not None
