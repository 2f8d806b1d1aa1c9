"""Where lines break, and that what stands on a screen stays where it is while a key is pressed."""

from __future__ import annotations

import pytest

from kiosk.keys import Key
from kiosk.page import Choice, NumberLine, PinEntry
from kiosk.screens import number_line, pin
from kiosk.widgets.canvas import Area, Canvas, Drawing
from kiosk.widgets.glyphs import evenly_wrapped, width_of, wrapped
from tests.screens.gallery import PAGES

WIDTH = 65
NEXT = Choice(Key.ENTER, "Next")
BACK = Choice(Key.BACK, "Back")


def test_a_number_stays_with_what_it_counts() -> None:
    assert evenly_wrapped("Samstag, 14. November", 12) == ["Samstag,", "14. November"]
    assert evenly_wrapped("The limit is 24.0 mA now", 17) == ["The limit is", "24.0 mA now"]
    assert "\n".join(evenly_wrapped("a stent in the last 6 months? Or is it", 21)).count("6 months") == 1


def test_a_title_stays_with_its_name() -> None:
    text = "Ist etwas passiert? Sagen Sie es Dr. Demo am selben Tag."
    for width in range(12, 60):
        assert "Dr. Demo" in " | ".join(evenly_wrapped(text, width))


def test_a_sentence_of_several_lines_does_not_begin_with_one_word_at_the_end_of_a_line() -> None:
    text = "Gerade so stark, dass Sie das Anspannen spüren. Es darf nie wehtun."
    assert evenly_wrapped(text, 25)[-1] == "Es darf nie wehtun."


def test_a_number_that_does_not_fit_beside_its_word_breaks_all_the_same() -> None:
    assert evenly_wrapped("17. Novembernacht", 14) == ["17.", "Novembernacht"]


def test_two_lines_break_where_a_sentence_ends() -> None:
    text = "Waschen Sie die Stelle mit Wasser und Seife. Trocknen Sie sie gut ab."
    assert evenly_wrapped(text, WIDTH) == [
        "Waschen Sie die Stelle mit Wasser und Seife.",
        "Trocknen Sie sie gut ab.",
    ]


def test_no_word_stands_alone_on_the_last_line() -> None:
    two = "Antworten Sie zusammen mit Ihrer Praxis oder mit jemandem, der hilft."
    three = "Sind Sie schwanger, oder hatten Sie vor kurzem eine Operation am Rücken? " + two
    for text in (two, three):
        plain, even = wrapped(text, WIDTH), evenly_wrapped(text, WIDTH)
        assert width_of(plain[-1]) < WIDTH / 3
        assert width_of(even[-1]) > WIDTH / 3
        assert len(even) == len(plain)


@pytest.mark.parametrize("hanging", [0, 2])
def test_even_lines_hold_the_same_words_in_the_same_width(hanging: int) -> None:
    for page in PAGES.values():
        for text in getattr(page.body, "lines", ()):
            for width in (12, 20, 31, WIDTH):
                lines = evenly_wrapped(text, width, hanging)
                assert max(map(width_of, lines)) <= width
                longest = max(map(width_of, text.split(" "))) + hanging
                if longest <= width:
                    assert " ".join(lines).split() == text.split()


def test_what_is_typed_does_not_move_the_lines_that_stand() -> None:
    text = "She walked to the lake and back, the long way round, and slept well after it. The rain again."
    stood: list[str] = []
    for end in range(1, len(text)):
        lines = Canvas(80, 25, False).wrap_typed(text[:end], 30)
        full = lines[:-1]
        assert full[: len(stood) - 1] == stood[: len(full)][: len(stood) - 1]
        stood = full


@pytest.mark.parametrize("width", [65, 67, 72, 76])
def test_no_number_moves_when_enter_comes_to_stand_beside_them(width: int) -> None:
    line = NumberLine("How strong is it?", "none", "worst", None)
    without, beside = _drawn_line(line, width), _drawn_line(line, width, NEXT)
    places = {target.keys: target.area for target in beside.targets if target.keys != (Key.ENTER,)}
    assert {target.keys: target.area for target in without.targets} == places


def _drawn_line(line: NumberLine, width: int, *choices: Choice) -> Drawing:
    canvas = Canvas(80, 25, False)
    number_line.draw(canvas, Area(1, 2, width, 14), line, choices)
    return canvas.drawing()


@pytest.mark.parametrize("choices", [(BACK,), (BACK, NEXT)])
@pytest.mark.parametrize("width", [65, 76])
def test_a_key_beside_the_digits_takes_the_empty_place_next_to_it_and_no_other(
    choices: tuple[Choice, ...], width: int
) -> None:
    canvas = Canvas(80, 25, False)
    pin.draw(canvas, Area(1, 2, width, 14), PinEntry(("Please type.",), 0), choices)
    areas = {target.keys[0]: target.area for target in canvas.drawing().targets}
    one = areas[Key.ONE].width
    alone = len(choices) == 1
    assert (areas[Key.BACK].width > 2 * one) is alone
    for first, area in areas.items():
        for second, other in areas.items():
            apart = area.right <= other.x or other.right <= area.x or area.y != other.y
            assert first is second or apart
