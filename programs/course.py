"""A course by complaint: what a prescription's `plan` names. Source: clinical reference 3."""

from __future__ import annotations

import msgspec

from programs.text import Text


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One course. Its programmes stand in the order in which it goes through them."""

    id: str
    name: Text
    source: str
    programmes: tuple[str, ...]
