"""Reads the files under `content/`: TOML into structs, one item a file, or an error that says where.

What the items mean is for the modules that load them (`library`, `care`, `exercises`, `evidence`, `forms`,
`advice`); each of them reads its own folder, and only when it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Protocol, TypeVar

from programs import checked_toml
from programs.checked_toml import Problem, TomlError


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


def unsourced(source: str, key: str) -> tuple[Problem, ...]:
    """What is wrong with a source that says nothing."""
    return () if source.strip() else (Problem(key, "nothing", "a source code or [D]"),)
