"""`homestim sync`: what it does and what it prints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import click
import msgspec

from kiosk.access.handed_in import SENT
from kiosk.clock import Clock
from kiosk.config import Sync
from kiosk.diary import inbox
from kiosk.diary.inbox import InboxError
from kiosk.diary.outbox import FILL_LOCK, SEND_LOCK, Outbox, OutboxBusy, place
from kiosk.diary.store import StoreReader, open_reader
from kiosk.errors import KioskError
from kiosk.sync import carried, incoming, prepare, sender
from kiosk.sync.transport import FhirServer, SyncConfigError

ROUND_S: Final = 900.0
"""Without --once, it looks this often."""


def run(
    sync: Sync,
    clock: Clock,
    *,
    data: Path | None,
    outbox: Path | None,
    stick: Path | None,
    fill_only: bool,
    once: bool,
) -> None:
    """What the command line asks for. `data` None: the diary is not read. Raises KioskError."""
    place = Outbox(outbox) if outbox is not None else outbox_of(sync, data)
    if stick is not None:
        if data is not None:
            fill(sync, place, data, clock)
        carry(place, stick)
    elif fill_only:
        assert data is not None
        fill(sync, place, data, clock)
    elif once:
        if data is not None:
            fill(sync, place, data, clock)
        send(sync, place, clock)
    else:
        go_on(sync, place, data, clock)


def outbox_of(sync: Sync, data: Path | None) -> Outbox:
    """Where it is on this box. Raises SyncConfigError."""
    if data is None and not sync.outbox:
        raise SyncConfigError("Which outbox? Give --outbox, or --data.", exit_code=2)
    return Outbox(place(sync.outbox, data or Path()))


def fill(sync: Sync, outbox: Outbox, data: Path, clock: Clock) -> None:
    """Brings the diary into the outbox, and what came for the box into the inbox. Raises KioskError."""
    reader = open_reader(data, clock)
    try:
        said = prepare.prepare(reader, outbox, names_ids=sync.names_ids, notes=sync.notes)
    except OutboxBusy as busy:
        click.echo(busy.sentence)
        return
    if outbox.consented() is None:
        click.echo("The patient does not want anything sent. Nothing was written.")
        return
    outbox.put(
        incoming.SEARCH, msgspec.json.encode(incoming.search_of(reader.box_id, names_ids=sync.names_ids))
    )
    _hand_over(outbox, reader)
    click.echo(f"Written: {said.resources} resources in {said.bundles} files; {_waiting(outbox)}.")


def send(sync: Sync, outbox: Outbox, clock: Clock) -> None:
    """Sends what waits once. Raises KioskError when something still waits for a reason that does not pass."""
    if not sync.server:
        raise SyncConfigError(
            "kiosk.toml, sync.server: found nothing, expected a FHIR server's address. Nothing was sent.",
            exit_code=2,
        )
    if outbox.consented() is None:
        click.echo(sender.NOT_ALLOWED)
        return
    server = FhirServer(sync)
    try:
        with outbox.alone(SEND_LOCK):
            _send(outbox, server, clock)
    except OutboxBusy as busy:
        click.echo(busy.sentence)


def _send(outbox: Outbox, server: FhirServer, clock: Clock) -> None:
    at_work = sender.Sender(outbox, server, clock.now)
    pause_s = at_work.pause_s()
    if pause_s:
        click.echo(f"It is tried again in {pause_s / 60:.0f} minutes: {sender.last(outbox).trouble}")
        return
    search = outbox.read_record(incoming.SEARCH, incoming.Search)
    done = at_work.run(ask=None if search is None else lambda: _fetch(outbox, server, search))
    click.echo(f"Sent: {done.accepted} resources, {done.requests} requests; {_waiting(outbox)}.")
    if done.trouble and done.trouble != sender.SOMEBODY_THERE:
        raise KioskError(f"{done.trouble} Nothing is lost: it is tried again.")


def go_on(sync: Sync, outbox: Outbox, data: Path | None, clock: Clock) -> None:
    """Fills and sends, again and again, until it is ended."""
    while True:
        try:
            if data is not None:
                fill(sync, outbox, data, clock)
            send(sync, outbox, clock)
        except SyncConfigError:
            raise
        except KioskError as error:
            click.echo(error.sentence, err=True)
        time.sleep(ROUND_S)


def carry(outbox: Outbox, place: Path) -> None:
    """To a stick, and back from it. Raises OutboxError."""
    with outbox.alone(FILL_LOCK):
        receipts, files = carried.bring(outbox, place)
        prepare.settle(outbox)
        waiting = carried.carry(outbox, place)
    click.echo(f"Taken from there: {receipts} receipts, {files} signed files. Written: {waiting} files.")


def _fetch(outbox: Outbox, server: FhirServer, search: incoming.Search) -> None:
    incoming.fetch(outbox, server, search)


def _hand_over(outbox: Outbox, reader: StoreReader) -> None:
    """Into the kiosk's inbox, where a signed file is checked like one that somebody brought."""
    for content in outbox.incoming():
        try:
            inbox.put(reader.folder, SENT, content)
        except InboxError as error:
            click.echo(error.sentence, err=True)
            continue
        outbox.take_incoming(content)


def _waiting(outbox: Outbox) -> str:
    waiting, refused = len(outbox.unsent_names()), len(outbox.refusals())
    said = "nothing waits" if not waiting else f"{waiting} files wait"
    return said if not refused else f"{said}, {refused} resources were refused"
