"""From the diary to files: what is new, once, whole, and with consent alone."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.diary.outbox import RECEIPTS, STATE, Outbox, Receipt, Refusal, names_in
from kiosk.diary.records import Screening
from kiosk.sync import prepare
from tests.kiosk.export.test_fhir import errors
from tests.kiosk.sync.boxes import NO, YES, Box, entry, session
from tests.kiosk.sync.fhir_server import references


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def resources_in(box: Box) -> list[dict[str, Any]]:
    return [one["resource"] for content in box.files().values() for one in json.loads(content)["entry"]]


def of_type(box: Box, type_: str) -> list[dict[str, Any]]:
    return [resource for resource in resources_in(box) if resource["resourceType"] == type_]


def accept_all(box: Box) -> None:
    for name in box.outbox.waiting_names():
        bundle = box.outbox.bundle(name)
        assert bundle is not None
        receipt = Receipt(bundle=bundle.digest, accepted=names_in(bundle) or ())
        box.outbox.put(f"{RECEIPTS}/{name}", msgspec.json.encode(receipt))


def test_without_consent_nothing_is_written(box: Box) -> None:
    box.add(entry())
    assert box.fill().bundles == 0
    assert box.files() == {}
    assert box.outbox.consented() is None


def test_what_was_entered_before_the_yes_stays_in_the_box(box: Box) -> None:
    box.add(entry(9), YES, entry(3))
    box.fill()
    said = {one.get("valueInteger") for one in of_type(box, "Observation")}
    assert 3 in said
    assert 9 not in said


def test_what_was_entered_between_a_no_and_a_yes_stays_in_the_box(box: Box) -> None:
    box.add(YES, entry(3), NO, entry(9), YES, entry(5))
    box.fill()
    said = {one.get("valueInteger") for one in of_type(box, "Observation")}
    assert {3, 5} <= said
    assert 9 not in said


def said_in(box: Box) -> set[object]:
    return {one.get("valueInteger") for one in of_type(box, "Observation")} - {None}


def test_a_clock_that_is_set_between_a_yes_and_an_entry_changes_nothing(box: Box) -> None:
    box.add(entry(9))
    box.clock.advance(60)
    box.clock.time -= dt.timedelta(days=365)
    box.add(YES)
    box.clock.advance(60)
    box.add(entry(3))
    box.clock.advance(60)
    box.clock.time += dt.timedelta(days=800)
    box.add(NO)
    box.clock.advance(60)
    box.clock.time -= dt.timedelta(days=435)
    box.add(entry(8))
    box.clock.advance(60)
    box.add(YES)
    box.clock.advance(60)
    box.add(entry(5))
    box.fill()
    assert said_in(box) == {3, 5}


@pytest.mark.parametrize("days_ahead", [0, 365])
def test_a_yes_by_a_wrong_clock_is_made_good_by_another_one(box: Box, days_ahead: int) -> None:
    """Over a restart, nothing tells what came first but the clock: then rather too little is sent."""
    box.clock.time += dt.timedelta(days=days_ahead)
    box.add(YES)
    box.clock.boot = "00000000-0000-4000-8000-000000000002"
    box.clock.time -= dt.timedelta(days=days_ahead)
    box.add(entry(3))
    box.fill()
    assert said_in(box) == (set() if days_ahead else {3})
    box.clock.boot = "00000000-0000-4000-8000-000000000003"
    box.add(NO, entry(8), YES, entry(5))
    box.fill()
    assert 8 not in said_in(box)
    assert 5 in said_in(box)


def test_a_no_throws_away_what_waits(box: Box) -> None:
    box.add(YES, entry())
    box.fill()
    assert box.files()
    box.add(NO)
    box.fill()
    assert box.files() == {}
    assert box.outbox.consented() is None


def test_the_consent_names_who_gets_it(box: Box) -> None:
    box.add(YES)
    box.fill()
    consented = box.outbox.consented()
    assert consented is not None
    assert consented.to == "Back Clinic"


def test_every_resource_is_valid_and_what_it_refers_to_came_before(box: Box) -> None:
    box.add(YES, entry(), session(), entry(6))
    box.fill()
    here: set[str] = set()
    for resource in resources_in(box):
        assert errors(resource) == []
        here.add(f"{resource['resourceType']}/{resource['id']}")
        missing = set(references(resource)) - here
        assert resource["resourceType"] == "Provenance" or not missing
    assert {one for resource in resources_in(box) for one in references(resource)} <= here


def test_what_was_written_once_is_not_written_again(box: Box) -> None:
    box.add(YES, entry())
    box.fill()
    before = box.files()
    assert box.fill().resources == 0
    assert box.files() == before
    accept_all(box)
    assert box.fill().resources == 0
    assert box.files() == {}


def test_a_correction_takes_the_place_of_what_it_corrects(box: Box) -> None:
    (_, wrong) = box.add(YES, entry(9))
    box.fill()
    first = {one["id"]: one for one in of_type(box, "Observation") if one.get("valueInteger") == 9}
    accept_all(box)
    box.add(entry(2), corrects=wrong)
    box.fill()
    second = {one["id"]: one for one in of_type(box, "Observation") if one.get("valueInteger") == 2}
    assert set(first) == set(second)
    assert {one["status"] for one in second.values()} == {"corrected"}


def test_a_session_is_sent_when_it_is_over(box: Box) -> None:
    (_, begun) = box.add(YES, session("begun"))
    box.fill()
    assert of_type(box, "Procedure") == []
    box.add(session("done"), corrects=begun)
    box.fill()
    (procedure,) = of_type(box, "Procedure")
    assert procedure["status"] == "completed"


def test_questions_are_sent_when_they_are_answered(box: Box) -> None:
    (_, open_) = box.add(YES, Screening(asks="daily", answers={"bladder": "no"}))
    box.fill()
    assert of_type(box, "QuestionnaireResponse") == []
    box.add(Screening(asks="daily", answers={"bladder": "no"}, verdict="cleared"), corrects=open_)
    box.fill()
    (response,) = of_type(box, "QuestionnaireResponse")
    assert response["status"] == "completed"


def test_typed_words_are_sent_only_where_that_was_agreed(box: Box) -> None:
    box.add(YES, entry(3, note="my neighbour Mrs Miller"))
    box.fill()
    assert not any(b"Miller" in content for content in box.files().values())


def test_typed_words_are_sent_where_that_was_agreed(box: Box) -> None:
    box.add(YES, entry(3, note="my neighbour Mrs Miller"))
    box.fill(notes=True)
    assert any(b"Miller" in content for content in box.files().values())


def test_the_name_of_the_patient_never_leaves(box: Box) -> None:
    from programs.library import prescription_example
    from programs.prescription import parse

    name = parse(prescription_example()).patient.name
    box.add(YES, entry(), session())
    box.fill(notes=True)
    assert not any(name.encode() in content for content in box.files().values())


def test_a_power_cut_before_the_state_makes_the_same_files_again(box: Box) -> None:
    box.add(YES, entry(), session())
    box.fill()
    before = box.files()
    (box.outbox.folder / STATE).unlink()
    for name in before:
        (box.outbox.folder / "waiting" / name).unlink()
    box.fill()
    assert box.files() == before


def test_files_that_wait_are_not_written_over_by_others(box: Box) -> None:
    box.add(YES, entry(1))
    box.fill()
    before = box.files()
    box.add(entry(2))
    box.fill()
    assert before.items() <= box.files().items()
    assert len(box.files()) > len(before)


@pytest.mark.parametrize("names_ids", [True, False])
def test_a_long_diary_is_made_in_parts_and_is_the_same(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_ids: bool
) -> None:
    (_, first, *_) = box.add(YES, *(entry(n % 11) for n in range(20)), session())
    box.add(entry(10), corrects=first)
    box.add(entry(3))
    box.fill(names_ids=names_ids)
    at_once = {json.dumps(one) for one in resources_in(box) if one["resourceType"] != "Provenance"}
    monkeypatch.setattr(prepare, "MOST_AT_ONCE", 6)
    box.outbox = Outbox(tmp_path / "in parts")
    assert box.fill(names_ids=names_ids).resources > len(at_once)
    assert {json.dumps(one) for one in resources_in(box) if one["resourceType"] != "Provenance"} == at_once
    if not names_ids:
        entries = [one for content in box.files().values() for one in json.loads(content)["entry"]]
        assert {one["request"]["method"] for one in entries} == {"PUT"}, "of none is known what stands there"
    before = box.files()
    assert box.fill(names_ids=names_ids).resources == 0
    assert box.files() == before


def test_a_diary_that_was_restored_is_sent_from_the_beginning(box: Box) -> None:
    box.add(YES, entry(1), entry(2))
    box.fill()
    accept_all(box)
    box.fill()
    state = json.loads((box.outbox.folder / STATE).read_bytes())
    state["seen"]["entries"] += 5
    (box.outbox.folder / STATE).write_text(json.dumps(state))
    box.fill()
    assert {one.get("valueInteger") for one in of_type(box, "Observation")} >= {1, 2}


def test_a_receipt_for_other_content_is_none(box: Box) -> None:
    box.add(YES, entry())
    box.fill()
    (name,) = box.outbox.waiting_names()
    bundle = box.outbox.bundle(name)
    assert bundle is not None
    names = names_in(bundle)
    assert names is not None
    box.outbox.put(f"{RECEIPTS}/{name}", msgspec.json.encode(Receipt(bundle="0" * 64, accepted=names)))
    box.fill()
    assert name in box.files()


def test_a_file_waits_until_every_entry_was_answered(box: Box) -> None:
    box.add(YES, entry())
    box.fill()
    (name,) = box.outbox.waiting_names()
    bundle = box.outbox.bundle(name)
    assert bundle is not None
    names = names_in(bundle)
    assert names is not None
    receipt = Receipt(bundle=bundle.digest, accepted=names[:-1])
    box.outbox.put(f"{RECEIPTS}/{name}", msgspec.json.encode(receipt))
    box.fill()
    assert name in box.files()
    refused = (Refusal(resource=names[-1], status=422, words="no"),)
    receipt = Receipt(bundle=bundle.digest, accepted=names[:-1], refused=refused)
    box.outbox.put(f"{RECEIPTS}/{name}", msgspec.json.encode(receipt))
    box.fill()
    assert name not in box.files()
    assert box.outbox.refusals() == refused


def test_no_file_has_more_entries_than_a_server_takes(box: Box) -> None:
    box.add(YES, *(entry(n % 11) for n in range(60)))
    box.fill()
    assert all(len(json.loads(content)["entry"]) <= 50 for content in box.files().values())


def test_a_server_that_names_its_resources_gets_no_ids(box: Box) -> None:
    box.add(YES, entry(), session())
    box.fill(names_ids=False)
    for content in box.files().values():
        entries = json.loads(content)["entry"]
        assert len(entries) <= 8
        for one in entries:
            assert "id" not in one["resource"]
            assert errors(one["resource"]) == []
            # What was sent before, if anything, is not known: nothing older may stay there.
            assert one["request"]["method"] == "PUT"
            assert one["request"]["url"].endswith(one["fullUrl"].removeprefix("urn:uuid:"))
    known = box.files()
    box.add(entry(7))
    box.fill(names_ids=False)
    for name in box.files().keys() - known.keys():
        for one in json.loads(box.files()[name])["entry"]:
            assert one["request"]["ifNoneExist"].endswith(one["fullUrl"].removeprefix("urn:uuid:"))
