"""Reads the files under `content/`: TOML into structs, one item a file, or an error that says where.

What the items mean is for the modules that load them (`library`, `care`, `exercises`, `evidence`, `forms`,
`advice`); each of them reads its own folder, and only when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Protocol, TypeVar

import msgspec

from programs import checked_toml
from programs.checked_toml import Problem, TomlError
from programs.text import Line, Text, placeholders

MOST_LINES = 5
"""Of instruction on one screen (screens.md, rule 1)."""
PLACEHOLDERS = frozenset({"clinician", "phone", "emergency", "day"})
"""What a text may leave to the moment when it is shown: from the prescription, the country, the calendar."""


class ContentError(TomlError):
    """A content file that is not what it should be. `sentence` is for a person."""


class Sourced(Protocol):
    """An item of the content: it has a name and says where it is from."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...


T = TypeVar("T")
Item = TypeVar("Item", bound=Sourced)


def root() -> Traversable:
    """The folder of what ships."""
    return resources.files("programs") / "content"


def decoded(file: Traversable, into: type[T]) -> T:
    """The file as a struct of type `into`. Raises ContentError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(file.name, "", f"a file that cannot be read ({error})", "UTF-8 text") from None
    try:
        return checked_toml.decode(text, into, file.name)
    except TomlError as error:
        raise ContentError(error.file, error.key, error.found, error.expected) from None


def by_id(folder: Traversable, into: type[Item]) -> Mapping[str, Item]:
    """Every TOML file of the folder, by the id that is also its name. Raises ContentError."""
    items: dict[str, Item] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        item = decoded(file, into)
        if (name := file.name.removesuffix(".toml")) != item.id:
            raise ContentError(file.name, "id", repr(item.id), f"the file's own name, {name!r}")
        for problem in unsourced(item.source, "source"):
            raise ContentError(file.name, *problem)
        items[item.id] = item
    return MappingProxyType(items)


def checked(items: Mapping[str, Item], problems: Callable[[Item], Iterator[Problem]]) -> Mapping[str, Item]:
    """The items, each held against its rules. Raises ContentError for the first problem."""
    for id_, item in items.items():
        for problem in problems(item):
            raise ContentError(f"{id_}.toml", *problem)
    return items


def line_problems(lines: Sequence[Line], key: str) -> Iterator[Problem]:
    """Too many lines for a screen, or a line without a source."""
    yield from count_problems(len(lines), key)
    for index, line in enumerate(lines):
        yield from unsourced(line.source, f"{key}[{index}].source")


def count_problems(count: int, key: str) -> Iterator[Problem]:
    """Nothing, or more than one screen has room for."""
    if not 1 <= count <= MOST_LINES:
        yield Problem(key, f"{count} lines", f"1 to {MOST_LINES}, what one screen has room for")


def text_problems(item: object, at: str = "") -> Iterator[Problem]:
    """What is wrong with any text in an item, however deep it stands.

    A placeholder that nothing fills, or that one language lacks.
    """
    if isinstance(item, Text):
        yield from _placeholder_problems(item, at)
    elif isinstance(item, msgspec.Struct):
        for field, key in zip(item.__struct_fields__, item.__struct_encode_fields__, strict=True):
            yield from text_problems(getattr(item, field), f"{at}.{key}" if at else key)
    elif isinstance(item, tuple):
        for index, value in enumerate(item):
            yield from text_problems(value, f"{at}[{index}]")


def _placeholder_problems(text: Text, at: str) -> Iterator[Problem]:
    named = placeholders(text.en) | placeholders(text.de)
    for language in ("en", "de"):
        found = placeholders(text.in_language(language))
        if found != named or not found <= PLACEHOLDERS:
            names = ", ".join(sorted(named))
            expected = "the same in both languages, of " + ", ".join(sorted(PLACEHOLDERS))
            yield Problem(f"{at}.{language}", f"the placeholders {names}", expected)


def unsourced(source: str, key: str) -> tuple[Problem, ...]:
    """What is wrong with a source that says nothing."""
    return () if source.strip() else (Problem(key, "nothing", "a source code or [D]"),)
