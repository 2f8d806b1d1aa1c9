"""What the clinic has for this box: signed files, fetched and laid aside; what they say is not looked at."""

from __future__ import annotations

import base64
import hashlib
from typing import Final
from urllib.parse import quote

import msgspec

from kiosk.diary.inbox import MAX_BYTES
from kiosk.diary.outbox import Outbox
from kiosk.errors import N_
from kiosk.export.fhir import BASE, Mapper
from kiosk.sync.bundle import IDENTIFIER
from kiosk.sync.transport import Server, Unreachable

FETCHED: Final = "fetched.json"
TYPE: Final = f"{BASE}/CodeSystem/documents|signed-order"
"""Of the DocumentReference that carries a file for the box."""
MOST_FETCHED: Final = 1_000
MOST_AT_ONCE: Final = 20
"""Documents asked for, the newest: so many of the largest fit into an answer that is read to its end."""


class Fetched(msgspec.Struct, frozen=True):
    """What was laid aside before, so that it is not laid there again."""

    digests: tuple[str, ...] = ()


SEARCH: Final = "search.json"


class Search(msgspec.Struct, frozen=True):
    """Who is asked for. Kept in the outbox, since the sender cannot see the diary."""

    patient: str
    """The resource's id, as this box gave it."""
    by_identifier: bool = False
    """The server names its resources itself: the patient has another id there, and is looked for first."""


def search_of(box_id: str, *, names_ids: bool = True) -> Search:
    patient = Mapper(box_id, is_real=True).id_of("Patient", "person")
    return Search(patient, by_identifier=not names_ids)


def fetch(outbox: Outbox, server: Server, search: Search) -> int:
    """Lays new files into `incoming/`; how many. Raises Unreachable, OutboxError."""
    patient = _named_there(server, search.patient) if search.by_identifier else search.patient
    if not patient:
        return 0
    type_ = quote(TYPE, safe="")
    found = _found(
        server,
        f"DocumentReference?subject=Patient/{patient}&type={type_}&status=current"
        f"&_sort=-_lastUpdated&_count={MOST_AT_ONCE}",
    )
    known = outbox.read_record(FETCHED, Fetched) or Fetched()
    fresh: list[str] = []
    for entry in found[:MOST_AT_ONCE]:
        for content in entry.resource.content:
            data = _decoded(content.attachment.data)
            digest = hashlib.sha256(data).hexdigest()
            if 0 < len(data) <= MAX_BYTES and digest not in (*known.digests, *fresh):
                outbox.put_incoming(data)
                fresh.append(digest)
    if fresh:
        outbox.put(FETCHED, msgspec.json.encode(Fetched((*known.digests, *fresh)[-MOST_FETCHED:])))
    return len(fresh)


def _named_there(server: Server, patient: str) -> str:
    """The id that the server gave to her; "": it does not know her yet."""
    found = _found(server, f"Patient?identifier={quote(f'{IDENTIFIER}|{patient}', safe='')}")
    return quote(found[0].resource.id, safe="") if found else ""


def _found(server: Server, query: str) -> tuple[_Entry, ...]:
    answer = server.get(query)
    if answer.status != 200:
        why = N_("The server does not say what it has for this box ({status}).")
        raise Unreachable(why.format(status=answer.status))
    try:
        return msgspec.json.decode(answer.body, type=_Found).entry
    except ValueError as error:
        raise Unreachable(N_("The server's answer is not whole.")) from error


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        return b""


class _Attachment(msgspec.Struct, frozen=True):
    data: str = ""


class _Content(msgspec.Struct, frozen=True):
    attachment: _Attachment = _Attachment()


class _Resource(msgspec.Struct, frozen=True):
    id: str = ""
    content: tuple[_Content, ...] = ()


class _Entry(msgspec.Struct, frozen=True):
    resource: _Resource = _Resource()


class _Found(msgspec.Struct, frozen=True):
    entry: tuple[_Entry, ...] = ()
