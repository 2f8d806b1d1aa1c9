"""What is sent to the clinic, and what came from it. Read from the outbox, without the modules that send."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import PurePosixPath
from typing import Any, Final

from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

LATE: Final = dt.timedelta(days=3)
"""A network that was away for a night is no news."""


def outbox(box: Box) -> Finding:
    """Nothing waits too long, and nothing was refused."""
    if not box.text("sync", "server"):
        return ok("outbox", _("This box sends nothing."))
    place = PurePosixPath(box.text("sync", "outbox") or f"{box.data}/outbox")
    if _read(box, place / "consent.json") is None:
        return ok("outbox", _("The patient has not said yes: nothing is sent."))
    waiting = _files(box, place / "waiting")
    sender = _read(box, place / "sender.json") or {}
    trouble = str(sender.get("trouble", ""))
    if waiting and _is_late(box, sender):
        return fix(
            "outbox",
            _("{n} files wait and could not be sent for days. {trouble}").format(n=waiting, trouble=trouble),
            _("Put that right, see [sync] in {file}, then: homestim sync --once").format(file=box.config),
        )
    if refused := _refused(box, place):
        words = str(refused[-1].get("words", ""))
        return look(
            "outbox",
            _("The server refused {n} records for good: {words}").format(n=len(refused), words=words),
            _("Tell the clinic. The diary has them all."),
        )
    return ok("outbox", _("What is to be sent is sent: {n} files wait.").format(n=waiting))


def handed_in(box: Box) -> Finding:
    """What the clinic sent and what allows more waits for a yes at the box."""
    held = _files(box, PurePosixPath(box.data) / "inbox" / "held")
    if not held:
        return ok("handed-in", _("No file of the clinic waits."))
    folder = f"{box.data}/inbox/held"
    return look(
        "handed-in",
        _("The clinic sent something that allows more ({n} files). It waits for a yes here.").format(n=held),
        _("Ask the clinic whether it is theirs, then: homestim take {folder}/…").format(folder=folder),
    )


def _is_late(box: Box, sender: dict[str, Any]) -> bool:
    """By the last run that left nothing waiting; a clock that was set back makes nothing late."""
    if not sender.get("trouble"):
        return False
    try:
        well = dt.datetime.fromisoformat(str(sender.get("succeeded_at", "")))
    except ValueError:
        return int(sender.get("failures", 0)) > 1  # it never went well
    return box.machine.now() - well > LATE


def _refused(box: Box, place: PurePosixPath) -> list[dict[str, Any]]:
    found = (_read(box, place / "refused" / name) for name in box.machine.names(place / "refused"))
    return [one for receipt in found if receipt for one in receipt.get("refused", ())]


def _files(box: Box, folder: PurePosixPath) -> int:
    return sum(not name.endswith(".new") for name in box.machine.names(folder))


def _read(box: Box, path: PurePosixPath) -> dict[str, Any] | None:
    try:
        found = json.loads(box.machine.text(path) or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
