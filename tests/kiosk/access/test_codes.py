"""One-time codes, and what is typed for them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access import codes
from kiosk.access.codes import TypedError, one_time_code, secret_from_typed, secret_to_type

SECRET = bytes(range(20))
BOX = "3F7A-91C2"
SECRETS = st.binary(min_size=20, max_size=20)


def test_a_code_is_eight_digits_of_the_hmac_cut_as_rfc_4226_cuts_it() -> None:
    message = b"homestim unlock 1" + b"3F7A-91C2" + (12).to_bytes(8, "big") + (0).to_bytes(8, "big")
    digest = hmac.new(SECRET, message, hashlib.sha256).digest()
    start = digest[-1] % 16
    number = int.from_bytes(digest[start : start + 4], "big") % 2**31 % 100_000_000
    assert one_time_code(SECRET, BOX, 12, 0) == f"{number:08d}"


@given(SECRETS, st.integers(1, 10**9), st.integers(0, 10**6))
def test_a_code_has_always_eight_digits(secret: bytes, lock: int, counter: int) -> None:
    code = one_time_code(secret, BOX, lock, counter)
    assert len(code) == 8
    assert code.isdecimal()


def test_another_secret_box_lock_or_counter_is_another_code() -> None:
    found = {
        one_time_code(secret, box, lock, counter)
        for secret in (SECRET, SECRET[::-1])
        for box in (BOX, "3F7A-91C3")
        for lock in (1, 12)
        for counter in (0, 1)
    }
    assert len(found) == 16


@given(SECRETS)
def test_a_secret_is_typed_back_as_it_was_shown(secret: bytes) -> None:
    shown = secret_to_type(secret)
    assert len(shown.split("-")) == 8
    assert secret_from_typed(shown) == secret
    assert secret_from_typed(shown.lower().replace("-", " ") + "\n") == secret
    assert secret_from_typed(shown.replace("0", "O").replace("1", "l")) == secret


@given(SECRETS, st.data())
def test_one_wrong_character_of_a_secret_is_noticed(secret: bytes, data: st.DataObject) -> None:
    shown = secret_to_type(secret).replace("-", "")
    at = data.draw(st.integers(0, len(shown) - 1))
    other = data.draw(st.sampled_from(codes.ALPHABET).filter(lambda one: one != shown[at]))
    with pytest.raises(TypedError, match=rf"^Group {at // 5 + 1} of the secret has a mistake"):
        secret_from_typed(shown[:at] + other + shown[at + 1 :])


@given(SECRETS, st.data())
def test_two_characters_or_groups_that_changed_places_are_noticed(secret: bytes, data: st.DataObject) -> None:
    groups = secret_to_type(secret).split("-")
    at = data.draw(st.integers(0, 6))
    group, place = groups[at], data.draw(st.integers(0, 3))
    swapped = group[:place] + group[place + 1] + group[place] + group[place + 2 :]
    if swapped != group:
        with pytest.raises(TypedError):
            secret_from_typed("-".join([*groups[:at], swapped, *groups[at + 1 :]]))
    with pytest.raises(TypedError):
        secret_from_typed("-".join([*groups[:at], groups[at + 1], groups[at], *groups[at + 2 :]]))


@given(st.text())
def test_whatever_is_typed_for_a_secret_is_answered_without_it(typed: str) -> None:
    try:
        secret_from_typed(typed)
        said = ""
    except TypedError as error:
        said = error.sentence
    assert len(typed) < 12 or typed not in said


@given(st.text())
def test_whatever_is_typed_for_lock_or_box_is_answered_by_a_sentence(typed: str) -> None:
    for parse in (codes.parse_lock, codes.parse_box):
        with contextlib.suppress(TypedError):
            parse(typed)


def test_lock_and_box_are_read_as_the_screen_shows_them() -> None:
    assert codes.parse_box("3f7a 91c2") == codes.parse_box("3F7A-91C2") == BOX
    assert codes.parse_lock(codes.lock_name(12, 0)) == (12, 0)
    assert codes.parse_lock(codes.lock_name(12, 25)) == (12, 2)
    for wrong in ("", "0", "-1", "12-", "zwölf", "１２", "12-1-1"):
        with pytest.raises(TypedError):
            codes.parse_lock(wrong)


def test_a_new_enrolment_is_a_new_name() -> None:
    assert codes.box_name("box", "a") != codes.box_name("box", "b")
    assert codes.parse_box(codes.box_name("box", "a")) == codes.box_name("box", "a")
