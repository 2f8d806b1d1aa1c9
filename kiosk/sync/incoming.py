"""What the clinic has for this box: signed files, fetched and laid aside; what they say is not looked at."""

from __future__ import annotations

import base64
import hashlib
from typing import Final
from urllib.parse import quote

import msgspec

from kiosk.diary.inbox import MAX_BYTES
from kiosk.export.fhir import BASE, Mapper
from kiosk.sync.outbox import Outbox
from kiosk.sync.transport import Server, Unreachable

FETCHED: Final = "fetched.json"
TYPE: Final = f"{BASE}/CodeSystem/documents|signed-order"
"""Of the DocumentReference that carries a file for the box."""
MOST_FETCHED: Final = 1_000


class Fetched(msgspec.Struct, frozen=True):
    """What was laid aside before, so that it is not laid there again."""

    digests: tuple[str, ...] = ()


SEARCH: Final = "search.json"


class Search(msgspec.Struct, frozen=True):
    """Who is asked for. Kept in the outbox, since the sender cannot see the diary."""

    patient: str
    """The resource's id."""


def search_of(box_id: str) -> Search:
    return Search(Mapper(box_id, is_real=True).id_of("Patient", "person"))


def fetch(outbox: Outbox, server: Server, search: Search) -> int:
    """Lays new files into `incoming/`; how many. Raises Unreachable, OutboxError."""
    query = f"DocumentReference?subject=Patient/{search.patient}&type={quote(TYPE, safe='')}&status=current"
    answer = server.get(query)
    if answer.status != 200:
        raise Unreachable(f"The server does not say what it has for this box ({answer.status}).")
    try:
        found = msgspec.json.decode(answer.body, type=_Found).entry
    except ValueError as error:
        raise Unreachable("The server's answer is not whole.") from error
    known = outbox.read_record(FETCHED, Fetched) or Fetched()
    fresh: list[str] = []
    for entry in found:
        for content in entry.resource.content:
            data = _decoded(content.attachment.data)
            digest = hashlib.sha256(data).hexdigest()
            if 0 < len(data) <= MAX_BYTES and digest not in (*known.digests, *fresh):
                outbox.put_incoming(data)
                fresh.append(digest)
    if fresh:
        outbox.put(FETCHED, msgspec.json.encode(Fetched((*known.digests, *fresh)[-MOST_FETCHED:])))
    return len(fresh)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        return b""


class _Attachment(msgspec.Struct, frozen=True):
    data: str = ""


class _Content(msgspec.Struct, frozen=True):
    attachment: _Attachment = _Attachment()


class _Document(msgspec.Struct, frozen=True):
    content: tuple[_Content, ...] = ()


class _Entry(msgspec.Struct, frozen=True):
    resource: _Document = _Document()


class _Found(msgspec.Struct, frozen=True):
    entry: tuple[_Entry, ...] = ()
