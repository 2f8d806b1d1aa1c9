"""The raw-byte seeker: what stops, what is known; neither splits nor pastes nor noise hide a stop."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.keys import Key, key_named
from kiosk.terminal.stop_seeker import (
    LONE_ESCAPE_S,
    PASTE_IDLE_S,
    PASTE_LONGEST_S,
    Answered,
    Pressed,
    Report,
    Stop,
    StopSeeker,
    Token,
)


def tokens_of(data: bytes, output_possible: bool = True, enter_stops: bool = False) -> list[Token]:
    """All that `data` says, with nothing left unfinished."""
    seeker = StopSeeker()
    tokens = seeker.feed(data, 0.0, output_possible, enter_stops)
    return tokens + seeker.expire(10.0, output_possible)


def stops(tokens: list[Token]) -> int:
    return sum(isinstance(token, Stop) for token in tokens)


def keys(tokens: list[Token]) -> list[Key]:
    return [key_named(token.name) for token in tokens if isinstance(token, Pressed)]


STOP_KEYS = {
    "space": b" ",
    "keypad 0": b"0",
    "keypad Del": b".",
    "German keypad Del": b",",
    "Delete": b"\x1b[3~",
    "Delete with Shift": b"\x1b[3;2~",
    "Backspace": b"\x7f",
    "Backspace as Ctrl+H": b"\x08",
    "keypad /": b"/",
    "Escape": b"\x1b",
    "F12": b"\x1b[24~",
    "Ctrl+C": b"\x03",
    "space by the kitty protocol": b"\x1b[32u",
    "space released, by the kitty protocol": b"\x1b[32;1:3u",
    "space by modifyOtherKeys": b"\x1b[27;5;32~",
    "keypad 0 by the kitty protocol": b"\x1b[57399u",
    "application keypad 0": b"\x1bOp",
    "application keypad Del": b"\x1bOn",
    "application keypad ,": b"\x1bOl",
    "application keypad /": b"\x1bOo",
    "application keypad space": b"\x1bO ",
    "Insert, which is 0 without NumLock": b"\x1b[2~",
}
NOT_KEYS_OF_THE_MAP = {
    "a letter": b"x",
    "Tab": b"\t",
    "F1": b"\x1bOP",
    "F1 on the Linux console": b"\x1b[[A",
    "Home": b"\x1b[H",
    "a letter beyond ASCII": "ü".encode(),
    "byte FF": b"\xff",
    "byte 00": b"\x00",
    "Alt+5": b"\x1b5",
    "an unknown sequence": b"\x1b[99z",
    "a broken sequence": b"\x1b[12\x01",
    "an unfinished sequence": b"\x1b[1",
    "an unfinished mouse report": b"\x1b[M ",
    "an OSC string": b"\x1b]11;rgb:0/0/0\x07",
}
KNOWN_OTHER = {
    **{str(digit): (str(digit).encode(), Key(str(digit))) for digit in range(1, 10)},
    "Enter": (b"\r", Key.ENTER),
    "keypad Enter": (b"\x1bOM", Key.ENTER),
    "+": (b"+", Key.UP),
    "-": (b"-", Key.DOWN),
    "*": (b"*", Key.READ),
    "application keypad +": (b"\x1bOk", Key.UP),
    "application keypad -": (b"\x1bOm", Key.DOWN),
    "application keypad *": (b"\x1bOj", Key.READ),
    "application keypad 3": (b"\x1bOs", Key.THREE),
    "up": (b"\x1b[A", Key.UP),
    "up, SS3": (b"\x1bOA", Key.UP),
    "down with Ctrl": (b"\x1b[1;5B", Key.DOWN),
    "right": (b"\x1b[C", Key.RIGHT),
    "left, SS3 with a modifier": (b"\x1bO5D", Key.LEFT),
    "1 by the kitty protocol": (b"\x1b[49u", Key.ONE),
    "keypad + by the kitty protocol": (b"\x1b[57413u", Key.UP),
}
REPORTS = {
    "mouse press": (b"\x1b[<0;12;7M", "mouse"),
    "mouse release": (b"\x1b[<0;12;7m", "mouse"),
    "mouse, X10, with a space in it": (b"\x1b[M  !", "mouse"),
    "mouse, urxvt": (b"\x1b[32;12;7M", "mouse"),
    "focus": (b"\x1b[I", "focus"),
    "blur": (b"\x1b[O", "focus"),
    "size": (b"\x1b[48;25;80;500;640t", "size"),
    "mode": (b"\x1b[?2026;2$y", "mode"),
    "device attributes": (b"\x1b[?62;1c", "mode"),
}


@pytest.mark.parametrize("data", [*STOP_KEYS.values(), *NOT_KEYS_OF_THE_MAP.values()],
                         ids=[*STOP_KEYS, *NOT_KEYS_OF_THE_MAP])  # fmt: skip
def test_what_is_not_a_known_other_key_stops_while_output_is_possible(data: bytes) -> None:
    assert stops(tokens_of(data)) >= 1


@pytest.mark.parametrize("data", STOP_KEYS.values(), ids=STOP_KEYS.keys())
def test_stop_keys_stop_inside_an_unfinished_paste(data: bytes) -> None:
    assert stops(tokens_of(b"\x1b[200~" + data)) == 1


@pytest.mark.parametrize("data", STOP_KEYS.values(), ids=STOP_KEYS.keys())
def test_stop_keys_are_handed_on_as_keys_when_no_output_is_possible(data: bytes) -> None:
    tokens = tokens_of(data, output_possible=False)
    assert stops(tokens) == 0
    assert len(tokens) == 1
    assert isinstance(tokens[0], Pressed)


@pytest.mark.parametrize(("data", "key"), KNOWN_OTHER.values(), ids=KNOWN_OTHER.keys())
@pytest.mark.parametrize("output_possible", [True, False])
def test_known_keys_never_stop_and_are_handed_on(data: bytes, key: Key, output_possible: bool) -> None:
    tokens = tokens_of(data, output_possible)
    assert keys(tokens) == [key]
    assert stops(tokens) == 0


@pytest.mark.parametrize(("data", "kind"), REPORTS.values(), ids=REPORTS.keys())
@pytest.mark.parametrize("before", [b"", b"\x1b[200~"], ids=["plain", "in a paste"])
def test_what_the_terminal_reports_by_itself_never_stops(data: bytes, kind: str, before: bytes) -> None:
    assert tokens_of(before + data) == [Report(kind, data)]  # type: ignore[arg-type]


def test_an_answered_cursor_query_is_an_answer_and_no_key() -> None:
    assert tokens_of(b"\x1b[25;80R") == [Answered()]


def test_ctrl_c_stops_and_is_handed_on_so_that_a_second_one_can_leave() -> None:
    assert tokens_of(b"\x03") == [Stop("ctrl+c"), Pressed("ctrl+c")]


def test_enter_stops_only_where_the_line_shown_does_not_ask_for_it() -> None:
    assert tokens_of(b"\r", enter_stops=True) == [Stop("enter")]
    assert tokens_of(b"\r", enter_stops=False) == [Pressed("enter")]
    assert tokens_of(b"\r", output_possible=False, enter_stops=True) == [Pressed("enter")]


def test_a_lone_escape_stops_after_fifty_milliseconds() -> None:
    seeker = StopSeeker()
    assert seeker.feed(b"\x1b", 1.0, True) == []
    assert seeker.deadline_s == pytest.approx(1.0 + LONE_ESCAPE_S)
    assert seeker.expire(1.049, True) == []
    assert seeker.expire(1.051, True) == [Stop("escape")]
    assert seeker.deadline_s is None


def test_two_escapes_are_two_and_not_one_sequence() -> None:
    assert stops(tokens_of(b"\x1b\x1b")) == 2


def test_a_sequence_split_over_two_reads_is_one_key() -> None:
    seeker = StopSeeker()
    assert seeker.feed(b"\x1b", 0.0, True) == []
    assert seeker.feed(b"[", 0.01, True) == []
    assert seeker.feed(b"A", 0.02, True) == [Pressed("up")]


def test_pasted_text_stops_while_output_is_possible_and_pasted_keys_do_nothing() -> None:
    assert stops(tokens_of(b"\x1b[200~hello\x1b[201~")) == 5
    assert tokens_of(b"\x1b[200~123\r+\x1b[201~") == []


def test_pasted_text_is_dropped_when_no_output_is_possible() -> None:
    seeker = StopSeeker()
    assert seeker.feed(b"\x1b[200~1 2\r\xff\x1b[201~", 0.0, False) == []
    assert seeker.feed(b"1", 0.0, False) == [Pressed("1", "1")]


def test_an_unfinished_paste_ends_by_itself() -> None:
    seeker = StopSeeker()
    assert seeker.feed(b"\x1b[200~", 0.0, False) == []
    assert seeker.feed(b"1", 0.1, False) == []
    assert seeker.feed(b"1", 0.1 + PASTE_IDLE_S, False) == [Pressed("1", "1")]

    assert seeker.feed(b"\x1b[200~", 10.0, False) == []
    moment_s = 10.0
    while moment_s < 10.0 + PASTE_LONGEST_S - 0.2:
        moment_s += 0.2
        assert seeker.feed(b"1", moment_s, False) == []
    assert seeker.feed(b"1", 10.0 + PASTE_LONGEST_S, False) == [Pressed("1", "1")]


def test_digits_of_an_unasked_string_report_answer_no_question() -> None:
    assert tokens_of(b"\x1b]11;rgb:1111/2222/3333\x07", output_possible=False) == []
    assert tokens_of(b"\x1bP1$r2 q\x1b\\", output_possible=False) == []


def test_a_key_that_is_let_go_is_not_pressed_again() -> None:
    assert tokens_of(b"\x1b[1;1:3A") == []
    assert tokens_of(b"\x1b[49;1:3u") == []


def test_text_keeps_its_characters() -> None:
    assert tokens_of("aß€😀".encode(), output_possible=False) == [Pressed(c, c) for c in "aß€😀"]


def test_a_byte_that_is_no_utf8_is_an_unknown_key() -> None:
    assert keys(tokens_of(b"\xff1\xc3(", output_possible=False)) == [
        Key.UNKNOWN,
        Key.ONE,
        Key.UNKNOWN,
        Key.UNKNOWN,
    ]


FRAGMENTS = st.sampled_from(
    [*STOP_KEYS.values(), *NOT_KEYS_OF_THE_MAP.values(), *(data for data, _ in KNOWN_OTHER.values()),
     *(data for data, _ in REPORTS.values()), b"\x1b[200~", b"\x1b[201~", b"\x1b[1;1R"]
)  # fmt: skip
STREAMS = st.lists(st.one_of(FRAGMENTS, st.binary(max_size=6)), max_size=12).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 80), max_size=12), st.booleans(), st.booleans())
@example(b"\x1b[" + b"1;" * 50 + b"m", [49, 63], False, False)
def test_any_split_of_the_same_bytes_says_the_same(
    data: bytes, cuts: list[int], output_possible: bool, enter_stops: bool
) -> None:
    seeker = StopSeeker()
    tokens: list[Token] = []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for begin, end in pairwise(edges):
        tokens += seeker.feed(data[begin:end], 0.0, output_possible, enter_stops)
    tokens += seeker.expire(10.0, output_possible)
    assert tokens == tokens_of(data, output_possible, enter_stops)


@given(STREAMS, st.sampled_from([*STOP_KEYS.values()]))
def test_nothing_before_it_hides_a_stop_key_that_a_person_presses(noise: bytes, stop_key: bytes) -> None:
    """A person's key comes on its own, a tenth of a second or more after whatever the terminal sent."""
    seeker = StopSeeker()
    seeker.feed(noise, 0.0, True)
    seeker.expire(0.1, True)
    tokens = seeker.feed(stop_key, 0.1, True) + seeker.expire(0.2, True)
    assert stops(tokens) == 1


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise_and_unknown_bytes_always_stop(data: bytes, output_possible: bool) -> None:
    tokens = tokens_of(data, output_possible)
    if output_possible:
        assert all(key not in {Key.UNKNOWN, Key.STOP, Key.BACK, Key.ZERO} for key in keys(tokens))
    else:
        assert stops(tokens) == 0
