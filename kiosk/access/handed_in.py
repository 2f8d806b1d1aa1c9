"""What the clinician hands in for the box by file: a prescription, or something that the clinic signed.

It lies in the inbox of the data folder until the kiosk takes it in, at once when none is running. It is
checked when it is handed in, so that who does it hears of a mistake, and again when it is taken in.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from kiosk.access import enrolment, signed, unlocking
from kiosk.clock import Clock
from kiosk.diary import inbox
from kiosk.diary.folder import FolderInUse, reason_of
from kiosk.diary.inbox import Item
from kiosk.diary.prescriptions import must_be_newer, newest_installed
from kiosk.diary.records import Access as AccessRecord
from kiosk.diary.records import FolderKind, PrescriptionInstalled, Record, Unlock
from kiosk.diary.store import Store, StoreReader, open_reader, open_store
from kiosk.errors import N_, KioskError, Sentence, filled
from programs import prescription
from programs.prescription import Prescription
from programs.text import Reason

log = logging.getLogger(__name__)

PRESCRIPTION: Final = "prescription"
SIGNED: Final = "signed"
SENT: Final = "sent"
"""Signed too, but nobody brought it: it came over the network. What it allows waits for a yes at the box."""


class HandedInError(KioskError):
    """Something handed in that is not taken."""


class Installs(msgspec.Struct, frozen=True):
    """A checked prescription."""

    prescription: Prescription
    toml: str


class Opens(msgspec.Struct, frozen=True):
    """A checked unlock of one lock."""

    lock_id: str
    number: int
    by: str
    note: str


Order = Installs | Opens


def order_in(reader: StoreReader, content: bytes, name: str) -> Order:
    """What `content` asks for, checked against the diary; `name` is the file's in messages.

    Raises HandedInError, SignedError, EnrolmentError, PrescriptionError, PrescriptionRefused, DiaryDamaged.
    """
    if not signed.looks_signed(content):
        return _installs(reader, _text(content, name), name)
    known = enrolment.load(reader.folder)
    if known is None:
        raise HandedInError(N_("This box is not enrolled, so it takes no signed file. Nothing was changed."))
    body = signed.verified(content, bytes.fromhex(known.clinic_key), known.box)
    if isinstance(body, signed.Prescribes):
        return _installs(reader, body.toml, name)
    lock = unlocking.find_open(reader, body.lock)
    if lock is None:
        raise HandedInError(
            filled(
                N_(
                    "This file opens lock {lock}, but no such lock holds: it was opened already, or it is "
                    "another box's. Nothing was changed."
                ),
                lock=body.lock,
            )
        )
    note = "; ".join(part for part in (f"{body.by}, {body.on}", body.note) if part)
    return Opens(lock.envelope.id, body.lock, body.by, note)


def hand_in(folder: Path, kind: FolderKind, content: bytes, name: str, clock: Clock) -> tuple[Order, bool]:
    """Checks and hands in; the second value: it was taken in at once, for no kiosk is running.

    Raises as `order_in` does, and FolderError, InboxError, StoreReadOnly.
    """
    try:
        store = open_store(folder, kind, clock)
    except FolderInUse:
        order = order_in(open_reader(folder, clock), content, name)
        _refuse_older_than_waiting(folder, order, name)
        inbox.put(folder, SIGNED if signed.looks_signed(content) else PRESCRIPTION, content)
        return order, False
    with store:
        asyncio.run(take_all(store))
        order = order_in(store, content, name)
        item = inbox.put(folder, SIGNED if signed.looks_signed(content) else PRESCRIPTION, content)
        asyncio.run(_take(store, item, order))
    return order, True


async def take_all(store: Store) -> tuple[Order, ...]:
    """Takes in all that is waiting; what is not valid is put aside. Raises StoreReadOnly, DiaryDamaged."""
    taken: list[Order] = []
    for item in await asyncio.to_thread(_waiting, store.folder):
        try:
            order = await asyncio.to_thread(_order_of, store, item)
        except KioskError as error:
            log.warning("%s of the inbox is refused: %s", item.name, error)
            await asyncio.to_thread(_put_aside, store.folder, item)
        except prescription.PrescriptionError as error:
            log.warning("%s of the inbox is refused: %s", item.name, error)
            await asyncio.to_thread(_put_aside, store.folder, item)
        else:
            if order is None:
                await store.take(item)
            elif item.kind == SENT and await asyncio.to_thread(must_be_confirmed, store, order):
                log.info("%s of the inbox waits to be confirmed at the box", item.name)
                await asyncio.to_thread(_hold, store.folder, item)
            else:
                await _take(store, item, order)
                taken.append(order)
    return tuple(taken)


def must_be_confirmed(reader: StoreReader, order: Order) -> bool:
    """It opens a lock, or prescribes more than what is in force: somebody at the box has to say yes."""
    if isinstance(order, Opens):
        return True
    old = newest_installed(reader)
    return old is None or bool(prescription.allows_more(order.prescription, old.prescription))


def news_of(order: Order) -> Reason:
    """What home says of it."""
    if isinstance(order, Opens):
        return Reason("lock_opened", {"by": order.by})
    return Reason("prescription_installed", {"by": order.prescription.clinician.name})


class Held(msgspec.Struct, frozen=True):
    """Something that the clinic sent and that allows more: it waits for a clinician's yes at the box."""

    name: str
    """By which it is taken or declined."""
    order: Order | None
    """None: it is not valid, or not any more."""
    sentence: str = ""
    """Why it is not."""


def held(reader: StoreReader) -> tuple[Held, ...]:
    """What waits, the oldest first, each checked as it would be now. Raises InboxError."""
    try:
        items = inbox.held(reader.folder)
    except OSError as error:
        raise inbox.InboxError(
            filled(N_("What waits cannot be read: {reason}."), reason=reason_of(error)), detail=str(error)
        ) from error
    return tuple(_held(reader, item) for item in items)


def _held(reader: StoreReader, item: Item) -> Held:
    try:
        return Held(item.name, _sent_order(reader, item))
    except KioskError as error:
        return Held(item.name, None, error.sentence)
    except prescription.PrescriptionError as error:
        return Held(item.name, None, _not_valid(error))


def _not_valid(error: prescription.PrescriptionError) -> Sentence:
    """What is wrong in a prescription is said in the terms of its file, which are English."""
    return filled(N_("This prescription is not valid: {said}"), said=error.sentence)


async def take_held(store: Store, name: str) -> Order:
    """The clinician at the box says yes: durable when it returns, with who said so.

    Raises HandedInError (it waits no longer), StoreReadOnly, and what `order_in` raises: it is checked again.
    """
    item = await asyncio.to_thread(_find_held, store, name)
    reader = open_reader(store.folder, store.clock)
    order = await asyncio.to_thread(_sent_order, reader, item)
    # From here on it is taken by its record's id: a power cut leaves it waiting, or taken, and never both.
    await asyncio.to_thread(_moved, inbox.release, store, item)
    await store.take(item, _record(order), AccessRecord(role="clinician", action="take", detail=item.name))
    return order


async def decline_held(store: Store, name: str) -> None:
    """The clinician at the box says no: that is written down, then it is put aside. Raises as `take_held`."""
    item = await asyncio.to_thread(_find_held, store, name)
    await store.add(AccessRecord(role="clinician", action="decline", detail=item.name))
    await asyncio.to_thread(_moved, inbox.decline, store, item)


def _find_held(store: Store, name: str) -> Item:
    try:
        found = next((item for item in inbox.held(store.folder) if item.name == name), None)
    except OSError as error:
        raise inbox.InboxError(
            filled(N_("What waits cannot be read: {reason}."), reason=reason_of(error)), detail=str(error)
        ) from error
    if found is None:
        raise HandedInError(N_("It does not wait any more. Nothing was changed."))
    return found


def _moved(move: Callable[[Path, Item], None], store: Store, item: Item) -> None:
    try:
        move(store.folder, item)
    except OSError as error:
        raise inbox.InboxError(
            filled(N_("It cannot be put away: {reason}."), reason=reason_of(error)), detail=str(error)
        ) from error


async def _take(store: Store, item: Item, order: Order) -> None:
    await store.take(item, _record(order))


def _record(order: Order) -> Record:
    if isinstance(order, Opens):
        return Unlock(lock_id=order.lock_id, by="file", note=order.note)
    digest = hashlib.sha256(order.toml.encode()).hexdigest()
    return PrescriptionInstalled(serial=order.prescription.serial, toml=order.toml, sha256=digest)


def _order_of(store: Store, item: Item) -> Order | None:
    """What an item asks for; None: it stands in the diary already, the power went before it was put away."""
    reader = open_reader(store.folder, store.clock)
    if any(reader.find(kind, item.record_id()) is not None for kind in ("prescriptions", "unlocks")):
        return None
    return _sent_order(reader, item) if item.kind == SENT else order_in(reader, item.content, item.name)


def _sent_order(reader: StoreReader, item: Item) -> Order:
    if not signed.looks_signed(item.content):
        raise HandedInError(N_("What comes over the network has to be signed. Nothing was changed."))
    return order_in(reader, item.content, item.name)


def _installs(reader: StoreReader, text: str, name: str) -> Installs:
    new = prescription.parse(text, name)
    must_be_newer(reader, new, name)
    return Installs(new, text)


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HandedInError(
            filled(N_("{name} cannot be read: it is not text."), name=name), exit_code=2, detail=str(error)
        ) from error


def _refuse_older_than_waiting(folder: Path, order: Order, name: str) -> None:
    """A serial that a waiting one has passed already would be refused when the kiosk comes to it."""
    if not isinstance(order, Installs):
        return
    waiting = {}
    for item in _waiting(folder):
        with contextlib.suppress(ValueError):  # PrescriptionError is one, and so is bad UTF-8
            text = item.content.decode("utf-8")
            waiting[prescription.parse(text, item.name).serial] = text
    newest = max(waiting, default=0)
    again = waiting.get(order.prescription.serial) == order.toml
    if order.prescription.serial <= newest and not (again and order.prescription.serial == newest):
        raise HandedInError(
            filled(
                N_(
                    "{name}: serial is {serial}, but prescription {newest} waits to be taken in; "
                    "expected {least} or more. Nothing was changed."
                ),
                name=name,
                serial=order.prescription.serial,
                newest=newest,
                least=newest + 1,
            )
        )


def _waiting(folder: Path) -> tuple[Item, ...]:
    try:
        return inbox.waiting(folder)
    except OSError as error:
        log.error("the inbox cannot be read: %s", error)
        return ()


def _hold(folder: Path, item: Item) -> None:
    try:
        inbox.hold(folder, item)
    except OSError as error:
        log.error("%s of the inbox cannot be put aside: %s", item.name, reason_of(error))


def _put_aside(folder: Path, item: Item) -> None:
    try:
        inbox.refuse(folder, item)
    except OSError as error:
        log.error("%s of the inbox cannot be put aside: %s", item.name, reason_of(error))
