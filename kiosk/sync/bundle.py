"""Resources → transaction Bundles that a server takes whole (FHIR R4, 3.1.0.11).

Sent twice, nothing stands twice: every id is a UUIDv5 of box and record. A server that lets a client name its
resources gets them by PUT; another one gets each under an identifier, by conditional create and update.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from kiosk.export.fhir import BASE, Resource

MOST_ENTRIES: Final = 50
"""What a server has to take in one transaction (review.md, server facts)."""
MOST_CONDITIONAL: Final = 8
"""The same where each entry is looked for by its identifier first."""
UUID: Final = "urn:uuid:"
IDENTIFIER: Final = f"{BASE}/resource"
ONE_IDENTIFIER: Final = ("QuestionnaireResponse",)
"""Types of which a resource has one identifier, not a list."""
WITHOUT_IDENTIFIER: Final = ("Provenance",)
"""Types that no server can find again: they are not sent to one that names its resources itself."""


class Change(msgspec.Struct, frozen=True):
    """A resource as it is now."""

    resource: Resource
    is_new: bool
    """The server never had it from this box."""


def by_identifier(type_: str, id_: str) -> str:
    """How resources on a server that names them itself refer to each other."""
    return f"{type_}?identifier={IDENTIFIER}|{id_}"


def bundles(changes: Iterable[Change], *, names_ids: bool) -> Iterator[bytes]:
    """The Bundles for `changes`, in their order, each as the bytes that are sent.

    `names_ids`: the server takes the ids that it is given.
    """
    entries = (by_id(one) for one in changes) if names_ids else conditional(changes)
    most = MOST_ENTRIES if names_ids else MOST_CONDITIONAL
    for some in _batches(entries, most):
        yield msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": some})


def whole(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """A transaction of some entries of a file, as it is sent.

    What lies in the same transaction is referred to by its fullUrl there: a server need not find it by its
    identifier before it is there (FHIR R4, 3.1.0.11.2).
    """
    body = msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    if f"?identifier={IDENTIFIER}".encode() not in body:
        return body
    for entry in entries:
        url, type_ = entry["fullUrl"], entry["resource"]["resourceType"]
        # A quotation mark that somebody typed is escaped: only a reference looks like this.
        before, after = (
            f'"reference":"{to}"'.encode() for to in (by_identifier(type_, url.removeprefix(UUID)), url)
        )
        body = body.replace(before, after)
    return body


def by_id(change: Change) -> dict[str, Any]:
    """PUT creates it or takes the place of what was there."""
    resource = change.resource
    place = f"{resource['resourceType']}/{resource['id']}"
    request = {"method": "PUT", "url": place}
    return {"fullUrl": f"{UUID}{resource['id']}", "resource": resource, "request": request}


def conditional(changes: Iterable[Change]) -> Iterator[dict[str, Any]]:
    """POST creates what is not there yet; PUT takes the place of what has this identifier."""
    for change in changes:
        type_, id_ = change.resource["resourceType"], change.resource["id"]
        if type_ in WITHOUT_IDENTIFIER:
            continue
        query = f"identifier={IDENTIFIER}|{id_}"
        request = (
            {"method": "POST", "url": type_, "ifNoneExist": query}
            if change.is_new
            else {"method": "PUT", "url": f"{type_}?{query}"}
        )
        yield {"fullUrl": f"{UUID}{id_}", "resource": _identified(change.resource), "request": request}


def _identified(resource: Resource) -> Resource:
    own = {"system": IDENTIFIER, "value": resource["id"]}
    rest = {key: value for key, value in resource.items() if key != "id"}
    if resource["resourceType"] in ONE_IDENTIFIER:
        return rest | {"identifier": own}
    return rest | {"identifier": [own, *resource.get("identifier", [])]}


def _batches(entries: Iterable[dict[str, Any]], most: int) -> Iterator[list[dict[str, Any]]]:
    some: list[dict[str, Any]] = []
    for entry in entries:
        some.append(entry)
        if len(some) == most:
            yield some
            some = []
    if some:
        yield some
