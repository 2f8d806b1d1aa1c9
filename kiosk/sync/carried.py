"""The air gap: the same files on a stick, and the receipts on the way back.

On the stick lies an outbox like the box's own; a computer of the clinic sends it with the same command.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiosk.diary.outbox import RECEIPTS, WAITING, Outbox, OutboxError
from kiosk.sync.incoming import SEARCH, Search


def carry(outbox: Outbox, place: Path) -> int:
    """Copies what waits into `place`, and takes from there what is done with; how many files wait there.

    Raises OutboxError: nothing may be sent, or one of the folders cannot be used.
    """
    consented = outbox.consented()
    if consented is None:
        raise OutboxError("The patient does not want anything sent. Nothing was written.")
    there = Outbox(place)
    search = outbox.read_record(SEARCH, Search)
    other = there.read_record(SEARCH, Search)
    if search is not None and other is not None and other.patient != search.patient:
        raise OutboxError(
            f"{place}: the files of another box lie there. Nothing was written. Take another folder."
        )
    there.allow(consented)
    if search is not None:
        there.put(SEARCH, msgspec.json.encode(search))
    waiting = outbox.unsent_names()
    for name in there.waiting_names():
        if name not in waiting:
            there.remove(f"{WAITING}/{name}")
            there.remove(f"{RECEIPTS}/{name}")
    for name in waiting:
        bundle = outbox.bundle(name)
        if bundle is None:
            continue
        there.put(f"{WAITING}/{name}", bundle.content)
        written = there.bundle(name)
        if written is None or written.digest != bundle.digest:
            raise OutboxError(f"{place}: what was written reads otherwise. Take another stick.")
    return len(waiting)


def bring(outbox: Outbox, place: Path) -> tuple[int, int]:
    """Takes receipts and signed files from `place`; how many of each. A receipt that is not for a file that
    waits here is left alone. Raises OutboxError."""
    there = Outbox(place)
    receipts = 0
    for name in outbox.waiting_names():
        bundle = outbox.bundle(name)
        if bundle is None:
            continue
        receipt = there.receipt(bundle)
        if receipt.accepted or receipt.refused:
            outbox.put(f"{RECEIPTS}/{name}", msgspec.json.encode(receipt))
            receipts += 1
    files = there.incoming()
    for content in files:
        outbox.put_incoming(content)
    return receipts, len(files)
