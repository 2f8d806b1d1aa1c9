"""One-time codes and what is typed for them: the box's secret, the box's name, a lock's number.

Pure. The clinician's machine and the box compute the same code from the secret that both have; the box's
name and the lock's number are read out over the telephone (docs/unlocking.md).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from kiosk.errors import KioskError

SECRET_BYTES: Final = 20
CODE_DIGITS: Final = 8
TRIES_PER_CODE: Final = 10
"""After so many wrong codes for a lock, its code is another one: the number that is read out grows a part."""

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""
_MISREAD: Final = str.maketrans("ILO", "110")
_GROUP: Final = 4
_GROUPS: Final = SECRET_BYTES * 8 // 5 // _GROUP
_PURPOSE: Final = b"homestim unlock 1"


class TypedError(KioskError):
    """What was typed cannot be a secret, a box's name or a lock's number."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, exit_code=2)


def box_name(box_id: str, enrolment: str) -> str:
    """ "3F7A-91C2": which box, as it is read out.

    A new enrolment is a new name: what was made out for the old one fits no more.
    """
    digest = hashlib.sha256(f"{box_id} {enrolment}".encode()).hexdigest()[:8].upper()
    return f"{digest[:4]}-{digest[4:]}"


def one_time_code(secret: bytes, box: str, lock: int, counter: int) -> str:
    """Eight digits that open exactly this lock of this box.

    HMAC-SHA-256, shortened as RFC 4226 section 5.3 does it.
    """
    message = _PURPOSE + box.encode("ascii") + lock.to_bytes(8, "big") + counter.to_bytes(8, "big")
    digest = hmac.digest(secret, message, "sha256")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def lock_name(lock: int, wrong_codes: int) -> str:
    """ "12"; "12-1" once ten codes for it were wrong."""
    counter = wrong_codes // TRIES_PER_CODE
    return f"{lock}-{counter}" if counter else str(lock)


def parse_lock(typed: str) -> tuple[int, int]:
    """Number and counter of "12" or "12-1". Raises TypedError."""
    match = re.fullmatch(r"([1-9][0-9]{0,8})(?:-([0-9]{1,8}))?", typed.strip(), re.ASCII)
    if match is None:
        raise TypedError(f"LOCK: found {typed!r}, expected the box's number for it, such as 12 or 12-1.")
    return int(match[1]), int(match[2] or 0)


def parse_box(typed: str) -> str:
    """The box's name as `box_name` writes it. Raises TypedError."""
    bare = re.sub(r"[\s-]", "", typed).upper()
    if re.fullmatch(r"[0-9A-F]{8}", bare, re.ASCII) is None:
        raise TypedError(
            f"BOX: found {typed!r}, expected the eight characters that the box shows, such as 3F7A-91C2."
        )
    return f"{bare[:4]}-{bare[4:]}"


# ── the secret, to be written down and typed ──


def secret_to_type(secret: bytes) -> str:
    """Eight groups of four characters and one to check them: "4FK2X-…". Raises ValueError: not 160 bits."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a secret has {SECRET_BYTES} bytes")
    number = int.from_bytes(secret, "big")
    values = [number >> shift & 31 for shift in range(SECRET_BYTES * 8 - 5, -1, -5)]
    groups = [values[at : at + _GROUP] for at in range(0, len(values), _GROUP)]
    return "-".join(
        "".join(ALPHABET[value] for value in (*group, _check(index, group)))
        for index, group in enumerate(groups)
    )


def secret_from_typed(typed: str) -> bytes:
    """The secret back; small letters, spaces and I, L, O for 1, 1, 0 are taken. Raises TypedError, which says
    where the mistake is and never what was typed."""
    bare = re.sub(r"[\s-]", "", typed).upper().translate(_MISREAD)
    length = _GROUPS * (_GROUP + 1)
    if len(bare) != length or any(character not in ALPHABET for character in bare):
        raise TypedError(
            f"That is no secret of a box: expected {_GROUPS} groups of {_GROUP + 1} letters and digits."
        )
    number = 0
    for index in range(_GROUPS):
        group = bare[index * (_GROUP + 1) : (index + 1) * (_GROUP + 1)]
        *values, check = (ALPHABET.index(character) for character in group)
        if check != _check(index, values):
            raise TypedError(f"Group {index + 1} of the secret has a mistake. Please compare it again.")
        for value in values:
            number = number << 5 | value
    return number.to_bytes(SECRET_BYTES, "big")


def _check(index: int, values: list[int]) -> int:
    """A Reed–Solomon symbol over GF(32): notices one wrong character, two that changed places, and groups
    that did."""
    check = index + 1
    for value in values:
        check = _times_alpha(check) ^ value
    return _times_alpha(check)


def _times_alpha(value: int) -> int:
    """By the root of x⁵ + x² + 1."""
    value <<= 1
    return value ^ 0b100101 if value & 32 else value
