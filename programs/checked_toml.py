"""TOML into frozen structs; what is wrong is said with file, key, what was found and what was expected."""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")


class Problem(NamedTuple):
    """One thing that is wrong in decoded content."""

    key: str
    found: str
    expected: str


class TomlError(ValueError):
    """A TOML text that is not what it should be. `sentence` is for a person."""

    def __init__(self, file: str, key: str, found: str, expected: str) -> None:
        at = f"{file}, {key}" if key else file
        self.sentence = f"{at}: found {found}, expected {expected}."
        self.file, self.key, self.found, self.expected = file, key, found, expected
        super().__init__(self.sentence)


def decode(text: str, into: type[T], file: str) -> T:
    """`text` as a struct of type `into`; `file` is the name to use in a sentence. Raises TomlError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(file, "", f"text that is not TOML ({error})", "a TOML file") from None
    try:
        return msgspec.convert(raw, into)
    except msgspec.ValidationError as error:
        raise _explained(error, raw, file) from None


def _explained(error: msgspec.ValidationError, raw: dict[str, Any], file: str) -> TomlError:
    """msgspec's "Expected `int`, got `str` - at `$.a[0].b`" as file, key, found, expected."""
    message, _, path = str(error).partition(" - at ")
    key = path.strip("`").removeprefix("$").removeprefix(".")
    if missing := re.search(r"missing required field `(.+?)`", message):
        return TomlError(file, _join(key, missing[1]), "nothing", "a value")
    if unknown := re.search(r"unknown field `(.+?)`", message):
        return TomlError(file, _join(key, unknown[1]), "this key", "only keys that the file format knows")
    wanted = re.sub(r"^Expected |, got .*$", "", message).replace("`", "")
    return TomlError(file, key, repr(_at(raw, key)), wanted)


def _join(key: str, field: str) -> str:
    return f"{key}.{field}" if key else field


def _at(raw: Any, key: str) -> Any:
    """The value under a key like `question[3].class`; for a map's entries ("[...]") the map itself."""
    value = raw
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", key):
        if name == "...":
            return value
        value = value[int(index)] if index else value[name]
    return value
