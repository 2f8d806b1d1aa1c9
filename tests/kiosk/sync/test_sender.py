"""What waits reaches the server once, whatever the server and the line do."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from pathlib import Path

import pytest

from kiosk.config import Sync
from kiosk.diary.outbox import CONSENT, Outbox
from kiosk.sync.sender import FIRST_PAUSE_S, LONGEST_PAUSE_S, NOT_ALLOWED, SOMEBODY_THERE, Sender, Sent, last
from kiosk.sync.transport import Answer, FhirServer, Unreachable
from tests.kiosk.export.test_fhir import errors
from tests.kiosk.sync.boxes import NO, YES, Box, entry, session
from tests.kiosk.sync.fhir_server import FhirServerProcess, FhirStore, Troubles, fhir_server


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path)
    made.add(YES, entry(4), session(), entry(6))
    made.fill()
    return made


def sender_of(box: Box, server: FhirServerProcess, **more: object) -> Sender:
    return Sender(box.outbox, FhirServer(Sync(server=server.url, **more)), box.clock.now, lambda: 0.5)  # type: ignore[arg-type]


def wanted(box: Box) -> set[str]:
    """Type/id of everything that waits."""
    return {
        f"{one['resource']['resourceType']}/{one['resource']['id']}"
        for content in box.files().values()
        for one in json.loads(content)["entry"]
    }


def test_everything_is_there_once_and_the_box_is_empty(box: Box) -> None:
    store, ids = FhirStore(errors), wanted(box)
    with fhir_server(store) as server:
        sent = sender_of(box, server).run()
        box.fill()
        assert sent.trouble == ""
        assert set(store.resources) == ids
        assert set(store.written.values()) == {1}
        assert box.files() == {}
        assert sender_of(box, server).run().requests == 0


@pytest.mark.parametrize("trouble", [*Troubles.KINDS, "408", "425"])
def test_a_trouble_that_passes_costs_nothing_but_time(box: Box, trouble: str) -> None:
    store, ids = FhirStore(errors), wanted(box)
    with fhir_server(store, Troubles(planned=(trouble,))) as server:
        first = sender_of(box, server).run()
        assert first.trouble
        assert first.failures == 1
        again = sender_of(box, server)
        assert again.pause_s() > 0
        box.clock.time += dt.timedelta(hours=1)
        assert again.pause_s() == 0
        assert again.run().trouble == ""
        box.fill()
        assert set(store.resources) == ids
        assert box.files() == {}
        assert box.outbox.refusals() == ()


def test_the_one_entry_that_is_never_taken_does_not_hold_up_the_others(box: Box) -> None:
    bad = next(one for one in sorted(wanted(box)) if one.startswith("Observation/"))
    store, ids = (
        FhirStore(lambda resource: ["is not what I want"] if resource["id"] in bad else []),
        wanted(box),
    )
    with fhir_server(store) as server:
        sent = sender_of(box, server).run()
    box.fill()
    assert sent.trouble == ""
    refusals = box.outbox.refusals()
    assert bad in {one.resource for one in refusals}
    assert "is not what I want" in next(one.words for one in refusals if one.resource == bad)
    # Its Provenance names it, and is refused with it.
    assert {one.resource.split("/")[0] for one in refusals} <= {"Observation", "Provenance"}
    assert set(store.resources) == ids - {one.resource for one in refusals}
    assert box.files() == {}


def test_a_server_that_lets_nobody_in_gets_everything_when_it_does(box: Box) -> None:
    store, ids = FhirStore(), wanted(box)
    with fhir_server(store, Troubles(planned=("401", "403", "404"))) as server:
        for words in ("let this box in", "let this box in", "no FHIR server"):
            assert words in sender_of(box, server).run().trouble
        assert sender_of(box, server).run().trouble == ""
    assert set(store.resources) == ids
    assert box.outbox.refusals() == ()


def test_a_server_that_never_answers_costs_nothing_but_time(box: Box) -> None:
    store, ids = FhirStore(errors), wanted(box)
    with fhir_server(store, Troubles(planned=("silence",))) as server:
        hasty = FhirServer(Sync(server=server.url), read_s=0.2)
        assert Sender(box.outbox, hasty, box.clock.now).run().trouble == "The server does not answer in time."
        assert sender_of(box, server).run().trouble == ""
    box.fill()
    assert set(store.resources) == ids
    assert box.files() == {}


@pytest.mark.parametrize("status", [400, 402, 406, 410, 415, 421, 426, 431, 451, 499])
def test_a_gate_that_has_not_looked_at_it_refuses_nothing_for_good(box: Box, status: int) -> None:
    """A proxy that misses a certificate answers 400 with a page of its own."""
    before = box.files()
    page = b"<html><h1>400 No required SSL certificate was sent</h1><hr>nginx</html>"
    trouble = Sender(box.outbox, _Says(page, status), box.clock.now).run().trouble
    assert f"not a FHIR server ({status})" in trouble
    assert "No required SSL certificate" in trouble
    box.fill()
    assert box.files() == before
    assert box.outbox.refusals() == ()


@pytest.mark.parametrize("status", [412, 422])
def test_what_the_content_is_refused_for_is_put_aside_in_whatever_words(box: Box, status: int) -> None:
    count = len(wanted(box))
    Sender(box.outbox, _Says(b"not like this", status), box.clock.now).run()
    box.fill()
    assert [one.words for one in box.outbox.refusals()] == ["not like this"] * count


def test_a_redirection_is_not_followed(box: Box) -> None:
    with fhir_server(FhirStore(), Troubles(planned=("307",))) as server:
        assert "no FHIR server" in sender_of(box, server).run().trouble
        assert server.requests == 1


def test_the_server_says_how_long_to_wait(box: Box) -> None:
    with fhir_server(FhirStore(), Troubles(planned=("429",))) as server:
        sender = sender_of(box, server)
        sender.run()
        assert sender.pause_s() == pytest.approx(120 * 1.25)


def test_the_pause_grows_and_ends(box: Box) -> None:
    with fhir_server(FhirStore(), Troubles(planned=("500",) * 14)) as server:
        sender = sender_of(box, server)
        pauses = []
        for _ in range(14):
            sender.run()
            pauses.append(sender.pause_s())
    assert pauses[0] == pytest.approx(FIRST_PAUSE_S * 1.25)
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(LONGEST_PAUSE_S * 1.25)


def test_a_clock_that_was_a_year_ahead_holds_up_nothing(box: Box) -> None:
    box.clock.time += dt.timedelta(days=365)
    with fhir_server(FhirStore(), Troubles(planned=("500",))) as server:
        sender_of(box, server).run()
        box.clock.time -= dt.timedelta(days=365)
        assert sender_of(box, server).pause_s() == 0


def test_nothing_is_sent_while_somebody_is_at_the_kiosk(box: Box) -> None:
    store = FhirStore()
    with fhir_server(store) as server:
        with box.outbox.visit():
            assert sender_of(box, server).run().trouble == SOMEBODY_THERE
            assert server.requests == 0
        assert sender_of(box, server).run().trouble == ""
    assert store.resources


def test_a_visit_that_begins_in_the_middle_stops_the_next_file(box: Box, tmp_path: Path) -> None:
    box.add(*(entry(n % 11) for n in range(60)))
    box.fill()
    assert len(box.files()) > 2
    visit = box.outbox.visit()

    class Comes:
        def __init__(self, server: FhirServer) -> None:
            self.server, self.requests = server, 0

        def transact(self, bundle: bytes) -> Answer:
            answer = self.server.transact(bundle)
            if not self.requests:
                visit.__enter__()
            self.requests += 1
            return answer

        def get(self, path: str) -> Answer:
            raise AssertionError(path)

    with fhir_server(FhirStore()) as server:
        comes = Comes(FhirServer(Sync(server=server.url)))
        assert Sender(box.outbox, comes, box.clock.now).run().trouble == SOMEBODY_THERE
        assert comes.requests == 1
    visit.__exit__(None, None, None)


def test_a_withdrawn_consent_stops_the_sending_at_once(box: Box) -> None:
    """Also where what waits could not be thrown away yet."""
    (box.outbox.folder / CONSENT).unlink()
    assert box.files()
    with fhir_server(FhirStore()) as server:
        assert sender_of(box, server).run().trouble == NOT_ALLOWED
        assert server.requests == 0


def test_a_withdrawn_consent_is_sent_to_nobody(box: Box) -> None:
    box.add(NO, entry(9))
    box.fill()
    with fhir_server(FhirStore()) as server:
        sender_of(box, server).run()
        assert server.requests == 0


def test_a_server_that_answers_with_another_page_has_accepted_nothing(box: Box) -> None:
    before = box.files()
    sender = Sender(box.outbox, _Says(b"<html>Please log in to the hotel's network</html>"), box.clock.now)
    assert "not a FHIR server" in sender.run().trouble
    box.fill()
    assert box.files() == before


def test_an_answer_for_fewer_entries_accepts_none(box: Box) -> None:
    answer = {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": {"status": "200"}}],
    }
    sender = Sender(box.outbox, _Says(json.dumps(answer).encode()), box.clock.now)
    assert sender.run().trouble
    assert sender.run().accepted == 0


def test_entries_are_believed_one_by_one_where_the_server_does_not_roll_back(box: Box) -> None:
    class Lenient:
        def transact(self, bundle: bytes) -> Answer:
            entries = json.loads(bundle)["entry"]
            outcome = {"resourceType": "OperationOutcome", "issue": [{"details": {"text": "too strange"}}]}
            said = [{"response": {"status": "201 Created"}} for _ in entries]
            said[0] = {"response": {"status": "422 Unprocessable", "outcome": outcome}}  # type: ignore[dict-item]
            said[1] = {"response": {"status": "503 Busy"}}
            return Answer(200, json.dumps({"entry": said}).encode())

        def get(self, path: str) -> Answer:
            raise AssertionError(path)

    count = len(wanted(box))
    sent = Sender(box.outbox, Lenient(), box.clock.now).run()
    assert sent.accepted == count - 2
    assert sent.trouble
    with fhir_server(FhirStore()) as server:
        sender_of(box, server).run()
        box.fill()
        assert [one.words for one in box.outbox.refusals()] == ["too strange"]
        assert box.files() == {}


def test_words_of_the_server_are_cut_short_and_harmless(box: Box) -> None:
    nasty = "\x1b]0;title\x07" + "x" * 5_000
    store = FhirStore(lambda resource: [nasty])
    with fhir_server(store) as server:
        sender_of(box, server).run()
    box.fill()
    words = box.outbox.refusals()[0].words
    assert len(words) <= 500
    assert words.isprintable()


def test_a_server_that_names_its_resources_gets_everything_once(tmp_path: Path) -> None:
    box = Box(tmp_path)
    (_, first, _) = box.add(YES, entry(4), session())
    store = FhirStore(errors, names_ids=False)
    with fhir_server(store, Troubles(planned=("reset_after", "", "500"))) as server:
        box.fill(names_ids=False)
        before = {one["fullUrl"] for content in box.files().values() for one in json.loads(content)["entry"]}
        for _ in range(4):
            sender_of(box, server).run()
        box.fill(names_ids=False)
        assert box.files() == {}
        assert len(store.resources) == len(before)
        box.add(entry(1), corrects=first)
        box.fill(names_ids=False)
        sender_of(box, server).run()
    values = [
        one.get("valueInteger") for one in store.resources.values() if one["resourceType"] == "Observation"
    ]
    assert 1 in values
    assert 4 not in values


@pytest.mark.parametrize("refuses", [False, True])
def test_what_lies_in_one_transaction_is_found_in_it(tmp_path: Path, refuses: bool) -> None:
    """Also where halves of it go one by one."""
    box = Box(tmp_path)
    box.add(YES, entry(4), session(), entry(6))
    box.fill(names_ids=False)

    def valid(resource: dict[str, object]) -> list[str]:
        wrong = refuses and resource["resourceType"] == "Procedure"
        return ["no sessions here"] if wrong else errors(resource)

    store, files = FhirStore(valid, names_ids=False, looks_only_back=True), len(box.files())
    with fhir_server(store) as server:
        assert sender_of(box, server).run().trouble == ""
        assert refuses or server.requests == files, "none had to go in halves"
    box.fill(names_ids=False)
    types = Counter(one["resourceType"] for one in store.resources.values())
    assert types["QuestionnaireResponse"] == 2
    words = {one.resource.split("/")[0]: one.words for one in box.outbox.refusals()}
    assert words.get("Procedure") == ("no sessions here" if refuses else None)
    if not refuses:
        assert words == {}


def test_without_a_network_it_says_so_and_keeps_everything(box: Box) -> None:
    before = box.files()

    class Gone:
        def transact(self, bundle: bytes) -> Answer:
            raise Unreachable("The server cannot be reached.")

        def get(self, path: str) -> Answer:
            raise Unreachable("The server cannot be reached.")

    assert Sender(box.outbox, Gone(), box.clock.now).run().trouble == "The server cannot be reached."
    assert box.files() == before


def test_how_it_stands_is_kept(box: Box) -> None:
    with fhir_server(FhirStore()) as server:
        sent = sender_of(box, server).run()
    assert last(box.outbox) == sent
    assert sent.succeeded_at == box.clock.now().isoformat()
    assert last(Outbox(box.outbox.folder.with_name("other"))) == Sent()


class _Says:
    """Answers everything with the same page."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self._answer = Answer(status, body)

    def transact(self, bundle: bytes) -> Answer:
        return self._answer

    def get(self, path: str) -> Answer:
        return self._answer
