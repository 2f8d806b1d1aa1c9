"""TOML into frozen structs; what is wrong is said with file, key, what was found and what was expected."""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import inspect

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
    except RecursionError:
        raise TomlError(file, "", "brackets in brackets without an end", "a TOML file") from None
    try:
        return msgspec.convert(raw, into)
    except msgspec.ValidationError as error:
        raise _explained(error, raw, into, file) from None


def _explained(error: msgspec.ValidationError, raw: dict[str, Any], into: type[Any], file: str) -> TomlError:
    """msgspec's "Expected `int`, got `str` - at `$.a[0].b`" as file, key, found, expected."""
    message, _, path = str(error).partition(" - at ")
    is_name = path.startswith("`key` in ")
    key = path.removeprefix("`key` in ").strip("`").removeprefix("$").removeprefix(".")
    if missing := re.search(r"missing required field `(.+?)`", message):
        return TomlError(file, _join(key, missing[1]), "nothing", "a value")
    if unknown := re.search(r"unknown field `(.+?)`", message):
        return TomlError(file, _join(key, unknown[1]), "this key", "only keys that the file format knows")
    if is_name:
        return TomlError(file, key, "the names " + ", ".join(_value_at(raw, key)), _wanted_name(into, key))
    return TomlError(file, key, repr(_value_at(raw, key)), _wanted(_type_at(into, key), message))


def _join(key: str, field: str) -> str:
    return f"{key}.{field}" if key else field


def _steps(key: str) -> list[str | int]:
    """`question[3].class` as ["question", 3, "class"]; a map's entry is "..."."""
    found = re.findall(r"\[(\d+)\]|([^.\[\]]+)|\[(\.\.\.)\]", key)
    return [int(index) if index else name or entry for index, name, entry in found]


def _value_at(raw: Any, key: str) -> Any:
    """What stands under the key; for a map's entry, whose name msgspec keeps to itself, the whole map."""
    for step in _steps(key):
        if step == "...":
            return raw
        raw = raw[step]
    return raw


def _type_at(into: type[Any], key: str) -> Any:
    """The type that the format gives to what stands under the key."""
    kind: Any = inspect.type_info(into)
    for step in _steps(key):
        if isinstance(kind, inspect.UnionType):
            kind = next(option for option in kind.types if not isinstance(option, inspect.NoneType))
        if isinstance(kind, inspect.StructType):
            kind = next(field.type for field in kind.fields if field.encode_name == step)
        elif isinstance(kind, inspect.DictType):
            kind = kind.value_type
        elif isinstance(kind, inspect.TupleType) and isinstance(step, int):
            kind = kind.item_types[step]
        elif isinstance(kind, inspect.VarTupleType | inspect.ListType | inspect.SetType):
            kind = kind.item_type
    return kind


def _wanted_name(into: type[Any], key: str) -> str:
    """What the names of a map may be, in plain words."""
    return _wanted(_type_at(into, key).key_type, "other names")


def _wanted(kind: Any, message: str) -> str:
    """What the format asks for, in plain words."""
    if isinstance(kind, inspect.UnionType):
        kind = next(option for option in kind.types if not isinstance(option, inspect.NoneType))
    if _is_never_empty(kind):
        return "a text that is not empty"
    if isinstance(kind, inspect.TupleType):
        return f"a list of {len(kind.item_types)} in [ ]"
    if isinstance(kind, inspect.EnumType):
        return "one of " + ", ".join(repr(member.value) for member in kind.cls)
    if isinstance(kind, inspect.LiteralType):
        return "one of " + ", ".join(map(repr, kind.values))
    return next((words for type_, words in _PLAIN if isinstance(kind, type_)), message.replace("`", ""))


def _is_never_empty(kind: Any) -> bool:
    return isinstance(kind, inspect.StrType) and kind.pattern is not None


_PLAIN: tuple[tuple[type[inspect.Type], str], ...] = (
    (inspect.StrType, "a text in quotes"),
    (inspect.IntType, "a whole number"),
    (inspect.FloatType, "a number"),
    (inspect.BoolType, "true or false"),
    (inspect.DateType, "a date such as 2026-02-19, without quotes"),
    (inspect.VarTupleType, "a list in [ ]"),
    (inspect.ListType, "a list in [ ]"),
    (inspect.StructType, "a table of its own"),
    (inspect.DictType, "a table of its own"),
)
