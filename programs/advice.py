"""What a person does, and says on the telephone, when answers lock therapy. Clinical reference 1, 1A."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable

import msgspec

from programs.checked_toml import Problem
from programs.content_files import (
    ContentError,
    by_id,
    checked,
    line_problems,
    root,
    text_problems,
)
from programs.screening import Class
from programs.text import Line, Text

CALLED_FOR = frozenset({Class.E, Class.U, Class.X, Class.C})
"""After these the person calls somebody, and needs words for it."""


class Advice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one class of answer means for today."""

    id: str
    """The class: "E", "U", "X", "C", "P" or "N"."""
    title: Text
    do: tuple[Line, ...]
    say: tuple[Line, ...]
    """What to say when somebody answers the call; empty where nobody is called."""
    source: str

    @property
    def class_(self) -> Class:
        """The class that this advice is for."""
        return Class(self.id)


@cache
def load_advice() -> Mapping[Class, Advice]:
    """The advice for every class. Raises ContentError."""
    return advice_in(root() / "advice")


def advice_in(folder: Traversable) -> Mapping[Class, Advice]:
    """The advice in `folder`, one class a file, checked. Raises ContentError."""
    advice = checked(by_id(folder, Advice), problems)
    if missing := {class_.value for class_ in Class} - set(advice):
        raise ContentError("advice", "", "no file for " + ", ".join(sorted(missing)), "one for every class")
    return {item.class_: item for item in advice.values()}


def problems(advice: Advice) -> Iterator[Problem]:
    """Texts that cannot be shown, or nothing to say on the telephone; nothing when it is well."""
    if advice.id not in [class_.value for class_ in Class]:
        yield Problem("id", repr(advice.id), "a class of questions, one of E, U, X, C, P, N")
        return
    yield from text_problems(advice)
    yield from line_problems(advice.do, "do")
    if advice.class_ in CALLED_FOR:
        yield from line_problems(advice.say, "say")
    elif advice.say:
        yield Problem("say", f"{len(advice.say)} lines", "none: nobody is called for this class")
