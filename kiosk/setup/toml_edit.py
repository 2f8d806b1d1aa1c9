"""Changes values of a TOML file and nothing else: comments, order and what it does not know stay as they are.

For files of plain tables and one-line values, as `kiosk.toml` is. What cannot be changed without touching
more is not changed.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from kiosk.diary.folder import reason_of
from kiosk.errors import KioskError

Value = str | int | bool | Sequence[str]
Change = Mapping[tuple[str, str], Value]
"""(table, key) → its new value."""

_TABLE: Final = re.compile(r"^\s*\[([^\[\]]+)\]\s*(#.*)?$")
NEW_MODE: Final = 0o640


class CannotEdit(KioskError):  # noqa: N818
    """The file was not changed; `sentence` says why."""


def changed(text: str, change: Change, name: str) -> str:
    """`text` with these values. Raises CannotEdit when something else of it would change too."""
    before = _parsed(text, name)
    wanted: dict[str, Any] = {**before}
    for (table, key), value in change.items():
        wanted[table] = {**wanted.get(table, {}), key: value if isinstance(value, str | int) else list(value)}
        text = _with(text, table, key, _written(value))
    if _parsed(text, name) != wanted:
        raise CannotEdit(
            f"{name} is written in a way that setup cannot change. Change it by hand: {_asked(change)}"
        )
    return text


def _asked(change: Change) -> str:
    return ", ".join(f"{table}.{key} = {_written(value)}" for (table, key), value in change.items())


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CannotEdit(f"{name} is not TOML: {error}. Nothing was changed.") from error


def _written(value: Value) -> str:
    """A JSON string, number, truth value or list of strings is a TOML one as well, once DEL is escaped."""
    plain = value if isinstance(value, str | int) else list(value)
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def _with(text: str, table: str, key: str, written: str) -> str:
    lines = text.removesuffix("\n").split("\n") if text else []
    begin = next((at for at, line in enumerate(lines) if _name_of(line) == table), None)
    if begin is None:
        return "\n".join(
            [*lines, *([""] if lines and lines[-1].strip() else []), f"[{table}]", f"{key} = {written}", ""]
        )
    end = next((at for at in range(begin + 1, len(lines)) if _name_of(lines[at])), len(lines))
    assigned = re.compile(rf"^(\s*{re.escape(key)}\s*=\s*)(.*)$")
    for at in range(begin + 1, end):
        if found := assigned.match(lines[at]):
            lines[at] = found[1] + written + _comment_of(found[2])
            return "\n".join(lines) + "\n"
    while end > begin + 1 and not lines[end - 1].strip():
        end -= 1
    lines.insert(end, f"{key} = {written}")
    return "\n".join(lines) + "\n"


def _name_of(line: str) -> str:
    found = _TABLE.match(line)
    return found[1].strip() if found else ""


def _comment_of(value: str) -> str:
    """What stands behind the value, with the space before it; "#" inside of quotes is none."""
    quote = ""
    for at, character in enumerate(value):
        if quote:
            escaped = quote == '"' and value[at - 1] == "\\" and value[at - 2] != "\\"
            quote = "" if character == quote and not escaped else quote
        elif character in "\"'":
            quote = character
        elif character == "#":
            return value[len(value[:at].rstrip()) :]
    return ""


def write(path: Path, text: str) -> None:
    """Replaces the file as one piece; its owner and mode stay. A new one is read by the folder's group.

    Raises CannotEdit.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            before = os.stat(path)
            owner, group, mode = before.st_uid, before.st_gid, before.st_mode & 0o777
        except FileNotFoundError:
            owner, group, mode = os.geteuid(), os.stat(path.parent).st_gid, NEW_MODE
        descriptor = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file:
                file.write(text)
            if (owner, group) != (os.geteuid(), os.getegid()):
                os.fchown(descriptor, owner, group)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CannotEdit(
            f"{path} cannot be written: {reason_of(error)}. The old one holds.", detail=str(error)
        ) from error
