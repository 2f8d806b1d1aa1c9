"""The doctor, asked by the kiosk: in a child process, because it looks at disks and starts programs."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from kiosk import child
from kiosk.errors import KioskError
from kiosk.events import BoxChecked
from kiosk.words import _

log = logging.getLogger(__name__)


class _Finding(msgspec.Struct, frozen=True):
    check: str
    state: str
    found: str
    remedy: str


class _Document(msgspec.Struct, frozen=True):
    findings: tuple[_Finding, ...]


async def check_box(folder: Path, config_file: Path | None, language: str, *, harmless: bool) -> BoxChecked:
    """What the doctor finds. Never raises: who cannot be examined is not well."""
    config = () if config_file is None else ("--config", str(config_file))
    arguments = ("doctor", "--json", "--lang", language, "--data", str(folder), *config)
    try:
        answer = await child.ask_ours("kiosk", *arguments)
        findings = msgspec.json.decode(answer.output, type=_Document).findings
    except (KioskError, msgspec.DecodeError) as error:
        log.warning("the box was not examined: %s", error)
        sentence = _("The check did not come to its end: homestim doctor, in a terminal, says more.")
        return BoxChecked(sentence=sentence, harmless=harmless)
    return BoxChecked(
        to_mend=tuple((one.found, one.remedy) for one in findings if one.state == "fix"),
        to_see=sum(one.state == "look" for one in findings),
        harmless=harmless,
    )
