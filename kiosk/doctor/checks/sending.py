"""What is sent to the clinic, and what came from it. Read from the outbox, without the modules that send."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import PurePosixPath
from typing import Any, Final

from kiosk.clock import SANE_YEARS
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

A_DAY: Final = dt.timedelta(days=1)
LATE: Final = dt.timedelta(days=3)
"""A network that was away for a night is no news."""


def outbox(box: Box) -> Finding:
    """Nothing waits too long, and nothing was refused."""
    if not box.text("sync", "server"):
        return ok("outbox", _("This box sends nothing."))
    place = PurePosixPath(box.text("sync", "outbox") or f"{box.data}/outbox")
    consent = _read(box, place / "consent.json")
    if consent is None:
        return ok("outbox", _("The patient has not said yes: nothing is sent."))
    now, since = box.machine.now(), _time(consent.get("since"))
    if since is not None and since > now + A_DAY and now.year in SANE_YEARS:
        return fix(
            "outbox",
            _("The patient's yes is of {day}, which is yet to come: what she enters now is not sent.").format(
                day=f"{since:%Y-%m-%d}"
            ),
            _("See that the time is right, then let her say no and yes once more on the box."),
        )
    waiting = _files(box, place / "waiting")
    sender = _read(box, place / "sender.json") or {}
    if there := _other_time(box, sender):
        return fix(
            "outbox",
            _(
                "It is {here} here, and was {there} by the clinic's server: what is sent has a wrong day."
            ).format(here=f"{now:%Y-%m-%d %H:%M}", there=f"{there:%Y-%m-%d %H:%M}"),
            _("Set the clock: timedatectl set-time 'YYYY-MM-DD HH:MM'"),
        )
    trouble = str(sender.get("trouble", ""))
    if waiting and _is_late(box, sender):
        return fix(
            "outbox",
            _("{n} files wait and could not be sent for days. {trouble}").format(
                n=waiting, trouble=_worded(trouble)
            ),
            _("Put that right, see [sync] in {file}, then: homestim sync --once").format(file=box.config),
        )
    if refused := _refused(box, place):
        # The first of the newest: what refers to it was refused because of it.
        words = str(refused[-1][0].get("words", ""))
        count = sum(map(len, refused))
        return look(
            "outbox",
            _("The server refused {n} records for good: {words}").format(n=count, words=words),
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


def _worded(trouble: str) -> str:
    """Why it could not be sent: the sender keeps it in English, a status of the server in brackets, and what
    others said behind a colon."""
    sentence, colon, said = trouble.partition(": ")
    status = re.search(r"\((\d+)\)", sentence)
    if status is None:
        return f"{_(sentence) if sentence else ''}{colon}{said}"
    worded = _(sentence.replace(status[0], "({status})")).replace("{status}", status[1])
    return f"{worded}{colon}{said}"


def _is_late(box: Box, sender: dict[str, Any]) -> bool:
    """By the last run that left nothing waiting; a clock that was set back makes nothing late."""
    if not sender.get("trouble"):
        return False
    well = _time(sender.get("succeeded_at"))
    if well is None:
        return int(sender.get("failures", 0)) > 1  # it never went well
    return box.machine.now() - well > LATE


def _other_time(box: Box, sender: dict[str, Any]) -> dt.datetime | None:
    """What the server said the time was, where that is still news: nobody has set the clock since."""
    at, there = _time(sender.get("at")), _time(sender.get("server_at"))
    if at is None or there is None:
        return None
    now = box.machine.now()
    is_mended = now < at if there < at else now >= there
    return None if is_mended else there.astimezone(now.tzinfo)


def _time(said: object) -> dt.datetime | None:
    try:
        found = dt.datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _refused(box: Box, place: PurePosixPath) -> list[list[dict[str, Any]]]:
    """By upload, the oldest first."""
    names = sorted(box.machine.names(place / "refused"))
    found = (_read(box, place / "refused" / name) for name in names)
    return [receipt["refused"] for receipt in found if receipt and receipt.get("refused")]


def _files(box: Box, folder: PurePosixPath) -> int:
    return sum(not name.endswith(".new") for name in box.machine.names(folder))


def _read(box: Box, path: PurePosixPath) -> dict[str, Any] | None:
    try:
        found = json.loads(box.machine.text(path) or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
