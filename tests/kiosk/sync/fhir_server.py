"""A FHIR server on loopback, strict, small, and as troublesome as it is told to be.

It takes transactions of PUT, POST with ifNoneExist and conditional PUT, validates every resource by the R4
schema, wants every reference to be there, and takes all of a transaction or nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import signal
import socket
import struct
import threading
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any
from urllib.parse import parse_qs, urlsplit

Resource = dict[str, Any]
MOST_ENTRIES = 50
MOST_CONDITIONAL = 8


class Refused(Exception):  # noqa: N818
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class FhirStore:
    """Resources by type and id, and how often each was written."""

    def __init__(
        self,
        valid: Callable[[Resource], list[str]] | None = None,
        names_ids: bool = True,
        looks_only_back: bool = False,
    ) -> None:
        """`looks_only_back`: by identifier it finds what was there before a transaction alone."""
        self.resources: dict[str, Resource] = {}
        self.written: Counter[str] = Counter()
        self.names_ids = names_ids
        self._looks_only_back = looks_only_back
        self._valid = valid
        self._by_identifier: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def transact(self, bundle: Resource) -> Resource:
        """Raises Refused; then nothing was taken."""
        entries = bundle["entry"]
        if len(entries) > MOST_ENTRIES:
            raise Refused(413, f"at most {MOST_ENTRIES} entries")
        if sum("ifNoneExist" in entry["request"] for entry in entries) > MOST_CONDITIONAL:
            raise Refused(413, f"at most {MOST_CONDITIONAL} conditional entries")
        with self._lock:
            places = {entry["fullUrl"]: self._place(entry) for entry in entries}
            for entry in entries:
                for error in self._valid(entry["resource"]) if self._valid else ():
                    raise Refused(422, error)
                self._check_references(entry["resource"], places)
            said = []
            for entry in entries:
                place, there = places[entry["fullUrl"]], places[entry["fullUrl"]] in self.resources
                if not (entry["request"]["method"] == "POST" and there):
                    self.resources[place] = entry["resource"]
                    self.written[place] += 1
                    for key in identifiers(entry["resource"]):
                        self._by_identifier[(entry["resource"]["resourceType"], key)] = place
                said.append({"response": {"status": "200 OK" if there else "201 Created"}})
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": said}

    def accept_all(self) -> None:
        """Whatever it wanted of a resource so far."""
        self._valid = None

    def forget(self) -> None:
        """Empty again."""
        with self._lock:
            self.resources.clear()
            self.written.clear()
            self._by_identifier.clear()

    def find(self, type_: str, identifier: str) -> str | None:
        return self._by_identifier.get((type_, identifier))

    def _place(self, entry: Resource) -> str:
        request, type_ = entry["request"], entry["resource"]["resourceType"]
        url = urlsplit(request["url"])
        query = parse_qs(request.get("ifNoneExist", url.query))
        if "identifier" in query:
            found = self.find(type_, query["identifier"][0])
            return found or f"{type_}/{uuid.uuid4()}"
        if not self.names_ids:
            raise Refused(400, "this server names its resources itself")
        assert request["method"] == "PUT"
        assert request["url"] == f"{type_}/{entry['resource']['id']}"
        return str(request["url"])

    def _check_references(self, resource: Resource, places: dict[str, str]) -> None:
        for reference in references(resource):
            type_, _, query = reference.partition("?")
            if query:
                key = query.removeprefix("identifier=")
                inside = any(url.removeprefix("urn:uuid:") == key.partition("|")[2] for url in places)
                known = self.find(type_, key) or (inside and not self._looks_only_back)
            elif reference.startswith("urn:uuid:"):
                known = reference in places
            else:
                known = reference in self.resources or reference in places.values()
            if not known:
                raise Refused(422, f"{reference} is not here")


def identifiers(resource: Resource) -> list[str]:
    found = resource.get("identifier", [])
    return [f"{one['system']}|{one['value']}" for one in (found if isinstance(found, list) else [found])]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


class Troubles:
    """Which trouble the next request meets: "" none, a status, or what happens to the connection."""

    KINDS = ("reset_before", "reset_after", "cut_answer", "429", "500", "503", "409")
    ALL = (*KINDS, "silence")
    """With a server that takes everything and never answers: the client gives up."""

    def __init__(self, seed: int = 0, share: float = 0.0, planned: tuple[str, ...] = ()) -> None:
        self._random = random.Random(seed)
        self._share = share
        self._planned = list(planned)
        self._lock = threading.Lock()

    def next(self) -> str:
        with self._lock:
            if self._planned:
                return self._planned.pop(0)
            if self._random.random() < self._share:
                return self._random.choice(self.ALL)
            return ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FhirServerProcess

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing on the terminal of the tests."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        at = self.server.at
        return super().date_time_string(timestamp if at is None else at.timestamp())

    def do_POST(self) -> None:
        body = self.server.read(self.rfile, int(self.headers["Content-Length"]))
        if len(body) < int(self.headers["Content-Length"]):
            self.close_connection = True
            return
        if self.path == "/token":
            self._token(body)
            return
        self.server.requests += 1
        self.server.bytes += len(body)
        self.server.seen.append(dict(self.headers))
        trouble = self.server.troubles.next()
        if trouble == "reset_before":
            self._reset()
        elif trouble.isdecimal():
            self._answer(int(trouble), {"resourceType": "OperationOutcome", "issue": []})
        else:
            self._transact(json.loads(body), trouble)

    def do_GET(self) -> None:
        self.server.requests += 1
        self.server.seen.append(dict(self.headers))
        self.server.asked.append(self.path)
        trouble = self.server.troubles.next()
        if trouble.isdecimal():
            self._answer(int(trouble), {"resourceType": "OperationOutcome", "issue": []})
            return
        self._answer(200, {"resourceType": "Bundle", "type": "searchset", "entry": self.server.documents})

    def _transact(self, bundle: Resource, trouble: str) -> None:
        try:
            status, answer = 200, self.server.store.transact(bundle)
        except Refused as error:
            issue = {"severity": "error", "code": "invalid", "diagnostics": str(error)}
            status, answer = error.status, {"resourceType": "OperationOutcome", "issue": [issue]}
        if trouble == "reset_after":
            self._reset()
        elif trouble == "silence":
            self.close_connection = True
            self.connection.settimeout(60)
            self.connection.recv(1)
        else:
            self._answer(status, answer, cut=trouble == "cut_answer")

    def _token(self, body: bytes) -> None:
        self.server.tokens.append((self.headers["Authorization"], body.decode()))
        self._answer(200, {"access_token": f"token-{len(self.server.tokens)}", "expires_in": 3600})

    def _answer(self, status: int, answer: Resource, *, cut: bool = False) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", "120")
        if status == 307:
            self.send_header("Location", self.server.elsewhere)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self._reset()

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()


class FhirServerProcess(ThreadingHTTPServer):
    """Listens on a free port of this machine."""

    daemon_threads = True

    def __init__(self, store: FhirStore, troubles: Troubles | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.troubles = troubles or Troubles()
        self.requests = self.bytes = 0
        self._victim = self._victim_at = 0
        self.seen: deque[dict[str, str]] = deque(maxlen=1_000)
        self.asked: list[str] = []
        self.elsewhere = ""
        self.at: dt.datetime | None = None
        self.tokens: list[tuple[str, str]] = []
        self.documents: list[Resource] = []

    def kill_at(self, pid: int, byte: int) -> None:
        """Kills the process `pid` when so many bytes of bundles have come; 0: nobody."""
        self._victim, self._victim_at = pid, byte

    def read(self, body: IO[bytes], length: int) -> bytes:
        until = self._victim_at
        if not self._victim or until > length:
            self._victim_at -= length if self._victim else 0
            return body.read(length)
        read = body.read(until)
        os.kill(self._victim, signal.SIGKILL)
        self._victim = 0
        return read + body.read(length - until)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/fhir"

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was reset on purpose."""


@contextmanager
def fhir_server(store: FhirStore, troubles: Troubles | None = None) -> Iterator[FhirServerProcess]:
    server = FhirServerProcess(store, troubles)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
