"""From the diary to files that wait: what is new or changed since the last time, once, and with consent.

It only reads the diary, and needs no network. How far it has come is a small state beside the files. A power
cut between the files and the state makes the same files again. Where a file or the state was lost, all of it
is made again: nothing stands twice.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from kiosk.diary.outbox import (
    FILL_LOCK,
    RECEIPTS,
    REFUSED,
    STATE,
    WAITING,
    Consented,
    Outbox,
    OutboxError,
    is_complete,
    names_in,
)
from kiosk.diary.records import CLINIC, Consent, Envelope, Screening, Session, Stored
from kiosk.diary.store import StoreReader
from kiosk.export.fhir import Chain, Mapper, Resource, by_type, plans_of
from kiosk.review.alerts import told_in
from kiosk.sync import bundle
from kiosk.wording.reasons import sentence

log = logging.getLogger(__name__)

KINDS: Final = ("entries", "screenings", "forms", "sessions")
"""What becomes resources of its own, by its records."""
MOST_WAITING: Final = 2_000
"""Bundles. A server that takes nothing for years fills no disk: the diary keeps the rest until it does."""
MOST_AT_ONCE: Final = 500
"""Records of a kind: ten years that are sent anew need little more memory than a month."""
MOST_PROVEN: Final = 500
"""Targets of one Provenance."""

Said = list[tuple[Envelope, Consent]]
"""What the person said of it, and when, in the order of saying."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """How far the diary has been brought into bundles."""

    box: str
    next: int = 1
    """Number of the next bundle."""
    seen: Mapping[str, int] = {}
    """Kind → how many of its records, in the order of writing."""
    unsettled: Mapping[str, tuple[str, ...]] = {}
    """Kind → ids of records that were begun and not ended."""
    digests: Mapping[str, str] = {}
    """Type/id → what was last made of it; of what can change without a new record of its own."""
    is_first: bool = False
    """Nothing is known of what was made before: the server may have an older state of anything."""


class Prepared(msgspec.Struct, frozen=True):
    """What one run did."""

    bundles: int
    resources: int


def consent(reader: StoreReader) -> Consented | None:
    """What the person said last; None: she was not asked, or does not want it."""
    return _open_at(_said(reader), None)


def prepare(reader: StoreReader, outbox: Outbox, *, names_ids: bool = True, notes: bool = False) -> Prepared:
    """Settles receipts, and writes what is new, if the person wants it sent.

    `notes`: free text that somebody typed is sent too. Raises DiaryDamaged, OutboxError.
    """
    with outbox.alone(FILL_LOCK):
        return _prepare(reader, outbox, names_ids=names_ids, notes=notes)


def _prepare(reader: StoreReader, outbox: Outbox, *, names_ids: bool, notes: bool) -> Prepared:
    said = _said(reader)
    consented = _open_at(said, None)
    if consented is None:
        outbox.forbid()
        return Prepared(0, 0)
    if outbox.consented() != consented:
        outbox.allow(consented)
    settle(outbox)
    position = _position(reader, outbox)
    files = resources = 0
    is_last = False
    while not is_last and len(outbox.waiting_names()) < MOST_WAITING:
        if not outbox.has_room():
            raise OutboxError(
                "The disk is nearly full: the diary needs what is left. Nothing more is made to be sent."
            )
        changes, reached, is_last = _changes(reader, position, said, names_ids=names_ids, notes=notes)
        number = position.next
        for content in bundle.bundles(changes, names_ids=names_ids):
            outbox.put(f"{WAITING}/{number:08}.json", content)
            number += 1
        files, resources = files + number - position.next, resources + len(changes)
        reached = msgspec.structs.replace(reached, next=number)
        if reached != position:
            outbox.put(STATE, msgspec.json.encode(reached))
        position = reached
    return Prepared(files, resources)


def settle(outbox: Outbox) -> None:
    """Puts away the bundles whose every entry was answered; a refusal is kept with the server's words.

    One that the disk damaged is thrown away, and everything is made again.
    """
    for name in outbox.waiting_names():
        waiting = outbox.bundle(name)
        if waiting is None or names_in(waiting) is None:
            log.warning("%s of the outbox is damaged: everything is made again", name)
            outbox.remove(STATE)
            outbox.remove(f"{WAITING}/{name}")
            continue
        receipt = outbox.receipt(waiting)
        if not is_complete(waiting, receipt):
            continue
        if receipt.refused:
            outbox.put(f"{REFUSED}/{name}", msgspec.json.encode(receipt))
        outbox.remove(f"{WAITING}/{name}")
        outbox.remove(f"{RECEIPTS}/{name}")


def _changes(
    reader: StoreReader,
    position: Position,
    said: Said,
    *,
    names_ids: bool,
    notes: bool,
) -> tuple[list[bundle.Change], Position, bool]:
    """What comes next, how far that reaches, and whether nothing comes after it."""
    refer = by_type if names_ids else bundle.by_identifier
    mapper = Mapper(reader.box_id, is_real=reader.kind == "real", refer=refer)
    records: list[bundle.Change] = []
    seen, unsettled = dict(position.seen), dict(position.unsettled)
    is_last = True
    devices: set[str] = set()
    for kind in KINDS:
        facts = reader.facts(kind)
        start = position.seen.get(kind, 0)
        part = facts[start : start + MOST_AT_ONCE]
        fresh = {one.envelope.id for one in part} | {*unsettled.get(kind, ())}
        seen[kind] = start + len(part)
        is_last = is_last and seen[kind] == len(facts)
        open_ids: list[str] = []
        if fresh:
            before = {one.envelope.id for one in facts[:start]} - fresh
            for chain in reader.versions(kind):
                newest = chain[-1]
                if not any(one.envelope.id in fresh for one in chain):
                    continue
                if _open_at(said, newest.envelope) is None:
                    continue
                if not _settled(newest):
                    open_ids.append(newest.envelope.id)
                    continue
                is_new = not position.is_first and not any(one.envelope.id in before for one in chain)
                mapped = _mapped(mapper, kind, chain, notes=notes)
                records += (bundle.Change(resource, is_new) for resource in mapped)
                if kind == "sessions":
                    devices.add(newest.envelope.device_id)
        unsettled[kind] = tuple(open_ids)
    context = [*_context(reader, mapper, devices), *_flags(reader, mapper, said)]
    # What is referred to comes first, on one transaction or over several.
    first, digests = _changed(context, position.digests, is_first=position.is_first)
    found = [*first, *records]
    lately, digests = _changed(_seen(reader, mapper), digests, is_first=position.is_first)
    found += lately
    if found:
        found += _provenance(reader, mapper, found)
    reached = Position(
        box=reader.box_id,
        next=position.next,
        seen=seen,
        unsettled=unsettled,
        digests=digests,
        is_first=position.is_first and not is_last,
    )
    return found, reached, is_last


def _mapped(mapper: Mapper, kind: str, chain: Chain, *, notes: bool) -> Iterator[Resource]:
    made = {
        "entries": mapper.entry,
        "screenings": mapper.screening,
        "forms": mapper.form,
        "sessions": mapper.session,
    }
    for resource in made[kind](chain):
        yield resource if notes else _without_notes(resource)


def _without_notes(resource: Resource) -> Resource:
    items = resource.get("item")
    if not items:
        return resource
    return resource | {"item": [item for item in items if item["linkId"] != "note"]}


def _settled(stored: Stored) -> bool:
    """It will not be written again in the course of the same visit."""
    record = stored.record
    if isinstance(record, Session):
        return record.state != "begun"
    return not isinstance(record, Screening) or record.verdict is not None


def _context(reader: StoreReader, mapper: Mapper, devices: Iterable[str]) -> Iterator[Resource]:
    plans = plans_of(reader)
    yield mapper.patient(plans[-1][1].patient.pseudonym if plans else "")
    yield mapper.box()
    for name in dict.fromkeys(prescription.clinician.name for _, prescription in plans):
        yield mapper.clinician(name)
    for device_id in sorted({*devices} - {""}):
        yield mapper.stimulator(device_id)
    today = reader.clock.now().date()
    for index, (chain, prescription) in enumerate(plans):
        yield mapper.plan(chain, prescription, newest=index == len(plans) - 1, today=today)


def _flags(reader: StoreReader, mapper: Mapper, said: Said) -> Iterator[Resource]:
    told_when = {stored.envelope.id: stored.envelope for stored in reader.all("alerts")}
    for told in reversed(told_in(reader)):
        if _open_at(said, told_when[told.id]) is not None:
            yield mapper.flag(told.id, told.rule.rule, sentence(told.rule), told.since, told.done_at)


def _seen(reader: StoreReader, mapper: Mapper) -> Iterator[Resource]:
    """When the box last sent, and when its person last wrote: who looks for silence searches these."""
    yield mapper.last("box-seen", "Box was last on", reader.clock.now().date())
    newest = reader.latest("entries")
    if newest is not None:
        yield mapper.last("last-entry", "Last diary entry", newest.envelope.event_time.date())


def _provenance(reader: StoreReader, mapper: Mapper, found: list[bundle.Change]) -> Iterator[bundle.Change]:
    head, lines = reader.head()
    targets = [
        mapper.reference_to(one.resource)
        for one in found
        if one.resource["resourceType"] not in ("Patient", "Device", "Practitioner")
    ]
    made = reader.clock.now()
    for part, start in enumerate(range(0, len(targets), MOST_PROVEN)):
        some = targets[start : start + MOST_PROVEN]
        yield bundle.Change(mapper.provenance(some, made, head, lines, part), True)


def _changed(
    resources: Iterable[Resource], known: Mapping[str, str], *, is_first: bool
) -> tuple[list[bundle.Change], Mapping[str, str]]:
    """Those that are not as they were when they were last made."""
    digests = dict(known)
    changes = []
    for resource in resources:
        name = f"{resource['resourceType']}/{resource['id']}"
        digest = hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).hexdigest()
        if digests.get(name) != digest:
            changes.append(bundle.Change(resource, not is_first and name not in digests))
            digests[name] = digest
    return changes, digests


def _position(reader: StoreReader, outbox: Outbox) -> Position:
    """Where the last run ended; the beginning for another box, or a diary that was restored."""
    found = outbox.read_record(STATE, Position)
    if found is None or found.box != reader.box_id:
        return Position(box=reader.box_id, next=_after(outbox), is_first=True)
    if any(len(reader.facts(kind)) < count for kind, count in found.seen.items()):
        return Position(box=reader.box_id, next=found.next, is_first=True)
    return found


def _after(outbox: Outbox) -> int:
    """No file that waits is written over by another one."""
    names = [*outbox.waiting_names(), *outbox.refused_names()]
    return max((int(name.removesuffix(".json")) for name in names), default=0) + 1


def _said(reader: StoreReader) -> Said:
    """Of what was said before the clock went back it is not known what was written before it: left out."""
    said = [
        (stored.envelope, stored.record)
        for stored in reader.all("consents")
        if isinstance(stored.record, Consent) and stored.record.topic == CLINIC
    ]
    pairs = enumerate(itertools.pairwise(said), 1)
    return said[max((index for index, (one, next_) in pairs if _is_before(next_[0], one[0])), default=0) :]


def _open_at(said: Said, when: Envelope | None) -> Consented | None:
    """What held when `when` was written (None: now), in the order in which it was said."""
    holds: Consented | None = None
    for at, record in said:
        if when is not None and _is_before(when, at):
            break
        holds = Consented(record.to, at.entry_time.isoformat()) if record.given else None
    return holds


def _is_before(one: Envelope, other: Envelope) -> bool:
    """It was written before the other. Within a boot a clock that was set in between changes nothing."""
    if one.boot_id == other.boot_id and one.monotonic_s != other.monotonic_s:
        return one.monotonic_s < other.monotonic_s
    return one.entry_time < other.entry_time
