"""What is sent to who maintains the box, when something is wrong: nothing in it is about a person.

Only what is named here goes in. The diary, the settings, prescriptions, the guard's tally and what went over
the wire stay on the box; of a log only when something was, how grave, which module, and where in the source
an error was, but no message, for a message can quote a note or a name.
"""

from __future__ import annotations

import builtins
import io
import json
import platform
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from kiosk import plain_file
from kiosk.doctor import report
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding

LOGS: Final = ("homestim.log", "homestim.log.1", "homestim.log.2", "homestim.log.3")
KEYS: Final = {
    "device": ("kind", "id_path", "device_id", "simulated"),
    "guard": ("socket",),
    "stop": ("inputs",),
    "kiosk": ("locked", "country", "lang"),
    "sound": ("volume", "player", "voice"),
}
"""Of `kiosk.toml`; a key that is not named here may hold anything."""
QUOTING: Final = frozenset({"configuration", "diary", "outbox", "handed-in"})
"""Checks that repeat what stands in a file or what a server said: of them only the state goes out."""
MOST_LOG_BYTES: Final = 5_000_000

_OURS: Final = r"(?:kiosk|drivers|programs|homestim|asyncio|textual|root)\b"
_HEAD: Final = re.compile(
    rf"^(\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d,\d{{3}}) (\d+) (DEBUG|INFO|WARNING|ERROR|CRITICAL) ({_OURS}[\w.]*):"
)
_FRAME: Final = re.compile(r'^\s+File "([^"\n]+\.py)", line (\d+), in ([\w<>]+)$')
_ERROR: Final = re.compile(r"^([A-Za-z_][\w.]*)(?::.*)?$")
_KNOWN_ERROR: Final = re.compile(rf"{_OURS}[\w.]*|(?:msgspec|serial|tinydb|click|json|subprocess)\.[\w.]+")


def write(file: Path, box: Box, findings: Sequence[Finding]) -> None:
    """Replaces `file`. Raises OSError: then it is as it was."""
    content = _zipped(box, findings)
    draft = file if file.exists() and not file.is_file() else file.with_name(f"{file.name}.new")
    try:
        draft.write_bytes(content)
        if draft != file:
            draft.replace(file)
    except OSError:
        if draft != file:
            draft.unlink(missing_ok=True)
        raise


def _zipped(box: Box, findings: Sequence[Finding]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doctor.json", report.as_json([_without_quotes(one) for one in findings]))
        archive.writestr("system.json", _json(_system()))
        archive.writestr("configuration.json", _json(configuration(box)))
        for name in LOGS:
            try:
                log = plain_file.beginning(box.machine.path(f"{box.data}/{name}"), MOST_LOG_BYTES)
            except OSError:
                continue
            archive.writestr(
                name, "".join(f"{line}\n" for line in without_messages(log.decode(errors="replace")))
            )
    return content.getvalue()


def _without_quotes(finding: Finding) -> Finding:
    return replace(finding, found="", remedy="") if finding.check in QUOTING else finding


def configuration(box: Box) -> dict[str, Any]:
    """What stands in `kiosk.toml` under the keys that are known."""
    return {
        table: {key: box.tables[table][key] for key in keys if key in box.tables[table]}
        for table, keys in KEYS.items()
        if table in box.tables
    }


def without_messages(log: str) -> Iterator[str]:
    """The log with every line's own words left out."""
    for line in log.splitlines():
        if head := _HEAD.match(line):
            yield " ".join(head.groups())
        elif frame := _FRAME.match(line):
            path, number, function = frame.groups()
            yield f"  {'/'.join(Path(path).parts[-3:])}:{number} {function}"
        elif (error := _ERROR.match(line)) and _is_error(error[1]):
            yield f"  {error[1]}"


def _is_error(name: str) -> bool:
    """A word of a note that stands alone in its line is none."""
    found = getattr(builtins, name, None)
    return (isinstance(found, type) and issubclass(found, BaseException)) or bool(
        _KNOWN_ERROR.fullmatch(name)
    )


def _system() -> dict[str, Any]:
    packages = ("homestim", "click", "msgspec", "textual", "tinydb", "pyserial", "numpy", "reportlab")
    versions = {}
    for name in packages:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "missing"
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "packages": versions,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
