"""What lies beside the diary and concerns who looks after the box: files that wait, what a server refused."""

from __future__ import annotations

import logging
from pathlib import Path

from msgspec.structs import replace

from kiosk.diary import inbox
from kiosk.diary.outbox import Outbox
from kiosk.errors import KioskError
from kiosk.review.family import FamilyView

log = logging.getLogger(__name__)


def with_what_lies_beside(view: FamilyView, data: Path, outbox: Path) -> FamilyView:
    """The view with it; what cannot be read is the doctor's to tell, and keeps nobody from the diary."""
    try:
        view = replace(view, waiting=len(inbox.held(data)))
        refusals = Outbox(outbox).refusals()
    except (OSError, KioskError) as error:
        log.warning("what lies beside the diary cannot be read: %s", error)
        return view
    return replace(view, refused=len(refusals), refused_words=refusals[-1].words if refusals else "")
