"""The doctor, asked by the kiosk: in a child process, because it looks at disks and starts programs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from kiosk.visit.events import BoxChecked
from kiosk.words import _


class _Finding(msgspec.Struct, frozen=True):
    check: str
    state: str
    found: str
    remedy: str


class _Document(msgspec.Struct, frozen=True):
    findings: tuple[_Finding, ...]


async def check_box(folder: Path, config_file: Path | None, language: str, *, harmless: bool) -> BoxChecked:
    """What the doctor finds. Never raises: who cannot be examined is not well."""
    command = [sys.executable, "-m", "kiosk", "doctor", "--json", "--lang", language, "--data", str(folder)]
    command += [] if config_file is None else ["--config", str(config_file)]
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _errors = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    try:
        findings = msgspec.json.decode(output, type=_Document).findings
    except msgspec.DecodeError:
        sentence = _("The check did not come to its end: homestim doctor, in a terminal, says more.")
        return BoxChecked(sentence=sentence, harmless=harmless)
    return BoxChecked(
        to_mend=tuple((one.found, one.remedy) for one in findings if one.state == "fix"),
        to_see=sum(one.state == "look" for one in findings),
        harmless=harmless,
    )
