"""Against a FHIR implementation that is not ours: all arrives once, and the page's searches find it."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from kiosk.clock import FixedClock
from kiosk.config import Sync
from kiosk.diary.outbox import Outbox
from kiosk.diary.store import open_reader
from kiosk.sync.incoming import TYPE, fetch, search_of
from kiosk.sync.prepare import prepare
from kiosk.sync.sender import Sender
from kiosk.sync.transport import FhirServer
from tests.kiosk.rehearsal.folders import ENDS
from tests.kiosk.sync.boxes import YES, Box, entry
from tests.kiosk.sync.test_data_page import PAGE
from tests.kiosk.sync.test_fleet import life
from tests.kiosk.sync.test_prepare import resources_in

PLACE = Path(__file__).parent / "medplum"
NODE = shutil.which("node")


@contextmanager
def medplum() -> Iterator[str]:
    """Its address. Its memory is empty."""
    if NODE is None or not (PLACE / "node_modules").is_dir():
        missing = "needs Node.js and `npm ci` in tests/kiosk/sync/medplum"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    command = [NODE, "--experimental-websocket", "server.mjs"]
    with subprocess.Popen(
        command, cwd=PLACE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            said, port = server.stdout.readline().split()
            assert said == "ready"
            yield f"http://127.0.0.1:{port}/fhir"
        finally:
            server.kill()


def get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


def post(url: str, resource: dict[str, Any]) -> None:
    request = urllib.request.Request(
        url, json.dumps(resource).encode(), {"Content-Type": "application/fhir+json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def document(patient: str, content: bytes) -> dict[str, Any]:
    """A signed file for the box, as docs/data.md asks a clinic to put it there."""
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [dict(zip(("system", "code"), TYPE.split("|"), strict=True))]},
        "subject": {"reference": f"Patient/{patient}"},
        "content": [{"attachment": {"data": base64.b64encode(content).decode()}}],
    }


def total(url: str, type_: str) -> int:
    return int(get(f"{url}/{type_}?_summary=count")["total"])


@pytest.mark.parametrize("names_ids", [True, False])
def test_everything_arrives_once_however_often_it_is_sent(tmp_path: Path, names_ids: bool) -> None:
    box = Box(tmp_path)
    (_, first, _) = box.add(YES, entry(4), entry(6))
    with medplum() as url:
        client = FhirServer(Sync(server=url))
        box.fill(names_ids=names_ids)
        wanted = [one["resourceType"] for one in resources_in(box)]
        for _ in range(2):
            assert Sender(box.outbox, client, box.clock.now).run().trouble == ""
            for receipt in (box.outbox.folder / "receipts").iterdir():
                receipt.unlink()  # as if every answer had been lost
        for type_ in set(wanted):
            assert total(url, type_) == wanted.count(type_), type_
        assert Sender(box.outbox, client, box.clock.now).run().trouble == ""
        box.add(entry(1), corrects=first)
        box.fill(names_ids=names_ids)
        assert Sender(box.outbox, client, box.clock.now).run().trouble == ""
        box.fill(names_ids=names_ids)
        assert box.files() == {}
        assert box.outbox.refusals() == ()
        assert total(url, "QuestionnaireResponse") == wanted.count("QuestionnaireResponse")
        observations = [one["resource"] for one in get(f"{url}/Observation?_count=50")["entry"]]
        patient = get(f"{url}/Patient")["entry"][0]["resource"]["id"]
        for who, content in ((patient, b"{signed}"), ("another", b"{not hers}")):
            post(f"{url}/DocumentReference", document(who, content))
        assert fetch(box.outbox, client, search_of(box.reader.box_id, names_ids=names_ids)) == 1
        assert box.outbox.incoming() == [b"{signed}"]
    assert sorted(one["valueInteger"] for one in observations if "valueInteger" in one) == [1, 6]


def test_the_searches_of_the_page_find_what_they_promise(tmp_path: Path) -> None:
    data = life(tmp_path / "life", 1)[-1]
    clock = FixedClock(ENDS)
    outbox = Outbox(tmp_path / "outbox")
    prepare(open_reader(data, clock), outbox)
    searches = re.findall(r"\| `((?:Observation|Flag|Procedure)\?[^`]+)`", PAGE.read_text())
    assert len(searches) == 5
    codes = "https://homestim.invalid/fhir/CodeSystem/diary"
    with medplum() as url:
        assert Sender(outbox, FhirServer(Sync(server=url)), clock.now).run().trouble == ""
        patient = get(f"{url}/Patient")["entry"][0]["resource"]["id"]
        found = []
        for search in searches:
            day = re.search(r"date=(?:lt|ge)(\d{4}-\d\d-\d\d)", search)
            asked = search.replace("\\|", "|").replace("code=C|", f"code={codes}|").replace("…", patient)
            if day is not None:
                shift = dt.timedelta(days=4) if "date=lt" in search else dt.timedelta(days=-7)
                asked = asked.replace(day[1], (ENDS + shift).date().isoformat())
            answer = get(f"{url}/{quote(asked, safe='/?=&')}")
            found.append(answer.get("total", len(answer.get("entry", []))))
    silent, wrote_nothing, _, sessions, pain = found
    assert silent == wrote_nothing == 1
    assert sessions > 0
    assert pain > 0
