"""Signed files from the server: laid aside once, whole, and of a size that can be one."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from kiosk.config import Sync
from kiosk.diary.inbox import MAX_BYTES
from kiosk.diary.outbox import INCOMING, Outbox
from kiosk.export.fhir import Mapper, by_type
from kiosk.sync.bundle import IDENTIFIER
from kiosk.sync.incoming import MOST_AT_ONCE, fetch, search_of
from kiosk.sync.transport import MOST_ANSWER_BYTES, Answer, FhirServer, Unreachable
from tests.kiosk.sync.fhir_server import FhirStore, fhir_server

BOX = str(uuid.uuid4())


def document(data: bytes | str) -> dict[str, object]:
    text = base64.b64encode(data).decode() if isinstance(data, bytes) else data
    return {"resource": {"resourceType": "DocumentReference", "content": [{"attachment": {"data": text}}]}}


def test_it_asks_for_its_own_patient() -> None:
    asked = []

    class Notes:
        def get(self, path: str) -> Answer:
            asked.append(path)
            return Answer(200, b'{"resourceType":"Bundle"}')

        def transact(self, bundle: bytes) -> Answer:
            raise AssertionError

    fetch(Outbox(Path("/nowhere")), Notes(), search_of(BOX))
    patient = Mapper(BOX, is_real=True, refer=by_type).patient("x")["id"]
    assert f"subject=Patient/{patient}&" in asked[0]
    assert asked[0].endswith(f"&status=current&_sort=-_lastUpdated&_count={MOST_AT_ONCE}")


def test_where_the_server_names_its_resources_it_asks_by_the_name_given_there(tmp_path: Path) -> None:
    asked = []

    class Names:
        known = b"[]"

        def get(self, path: str) -> Answer:
            asked.append(path)
            found = (
                self.known if path.startswith("Patient?") else json.dumps([document(b"{signed}")]).encode()
            )
            return Answer(200, b'{"resourceType":"Bundle","entry":' + found + b"}")

        def transact(self, bundle: bytes) -> Answer:
            raise AssertionError

    names, search = Names(), search_of(BOX, names_ids=False)
    assert fetch(Outbox(tmp_path), names, search) == 0, "nothing of hers is there yet"
    assert asked == [f"Patient?identifier={quote(f'{IDENTIFIER}|{search.patient}', safe='')}"]
    names.known = b'[{"resource":{"resourceType":"Patient","id":"4711"}}]'
    assert fetch(Outbox(tmp_path), names, search) == 1
    assert asked[-1].startswith("DocumentReference?subject=Patient/4711&")


def test_the_largest_files_fit_into_one_answer() -> None:
    text = len(base64.b64encode(b"x" * MAX_BYTES)) + 2_000
    assert text * MOST_AT_ONCE < MOST_ANSWER_BYTES


def test_a_file_is_laid_aside_once(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    with fhir_server(FhirStore()) as server:
        server.documents = [document(b"{first}"), document(b"{second}"), document(b"{first}")]
        client = FhirServer(Sync(server=server.url))
        assert fetch(outbox, client, search_of(BOX)) == 2
        assert sorted(outbox.incoming()) == [b"{first}", b"{second}"]
        outbox.take_incoming(b"{first}")
        assert fetch(outbox, client, search_of(BOX)) == 0
        assert outbox.incoming() == [b"{second}"]


@pytest.mark.parametrize("data", ["not base64!", "", "x" * 10, b"y" * (MAX_BYTES + 1)])
def test_what_cannot_be_a_signed_file_is_left(tmp_path: Path, data: bytes | str) -> None:
    outbox = Outbox(tmp_path)
    with fhir_server(FhirStore()) as server:
        server.documents = [document(data)]
        assert fetch(outbox, FhirServer(Sync(server=server.url)), search_of(BOX)) == 0
    assert outbox.incoming() == []


def test_a_file_that_is_not_what_its_name_says_is_left(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    outbox.put_incoming(b"{whole}")
    (path,) = (tmp_path / INCOMING).iterdir()
    path.write_bytes(b"{who")
    assert outbox.incoming() == []


@pytest.mark.parametrize("answer", [Answer(200, b"<html>"), Answer(500, b""), Answer(403, b"")])
def test_a_server_that_does_not_answer_as_it_should_is_said(tmp_path: Path, answer: Answer) -> None:
    class Says:
        def get(self, path: str) -> Answer:
            return answer

        def transact(self, bundle: bytes) -> Answer:
            raise AssertionError

    with pytest.raises(Unreachable):
        fetch(Outbox(tmp_path), Says(), search_of(BOX))
