"""The FHIR Bundle: valid by the published R4 schema, whole in itself, the same ids every time."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import hashlib
import io
import json
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator

from kiosk.clock import FixedClock
from kiosk.diary.records import (
    Acknowledgement,
    Alert,
    Entry,
    Form,
    Screening,
    Session,
)
from kiosk.diary.store import StoreReader, open_reader, open_store
from kiosk.export.fhir import LOINC, MOST_TARGETS, Mapper, by_type, resources, write_bundle
from programs.library import prescription_example
from programs.prescription import parse
from programs.text import Reason
from tests.kiosk.export.diaries import NOW, at, diary
from tests.kiosk.rehearsal.folders import ENDS, rehearsed

SCHEMA = Path(__file__).parent / "data" / "fhir.schema.json.gz"
SCHEMA_SHA256 = "4091ab0911b2cb4d4d0730ed7fa4bbc5c5fec6caf62740bed2d6ffc721b7e37a"


@cache
def schema() -> dict[str, Any]:
    content = gzip.decompress(SCHEMA.read_bytes())
    assert hashlib.sha256(content).hexdigest() == SCHEMA_SHA256
    found: dict[str, Any] = json.loads(content)
    return found


@cache
def validator_of(type_: str) -> Draft6Validator:
    """For one type of resource: the schema's own `oneOf` tries all 146 and then names none."""
    return Draft6Validator({"$ref": f"#/definitions/{type_}", "definitions": schema()["definitions"]})


def errors(resource: dict[str, Any]) -> list[str]:
    return [error.message for error in validator_of(resource["resourceType"]).iter_errors(resource)]


def bundle_of(
    reader: StoreReader, first: dt.date = dt.date.min, last: dt.date = dt.date.max
) -> dict[str, Any]:
    file = io.StringIO()
    count = write_bundle(reader, first, last, file)
    found: dict[str, Any] = json.loads(file.getvalue())
    assert len(found["entry"]) == count
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "reference":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def everything(folder: Path) -> StoreReader:
    """One of each kind of record that is exported, also in its rarer forms."""
    session = {"programme": "nmes_learn", "montage": "M4-par", "session_kind": "nmes", "planned_seconds": 900}
    return diary(
        folder,
        (at(9), Screening(asks="daily", answers={"d_ill": "no", "d_skin": "not_sure"}, verdict="P")),
        (at(8), Screening(asks="baseline", retracted={"x_pacer": "yes"})),
        (at(7), Entry(moment="before", pain_rest=5, pain_moving=6, soreness=1, sleep=4, medicine=False)),
        (at(7, 10), Session(**session, state="done", seconds_done=900, peak_mA={"1": 12.5}, pad_faults=1)),  # type: ignore[arg-type]
        (at(6, 10), Session(**session, state="interrupted", stop_reason="burning", seconds_done=61)),  # type: ignore[arg-type]
        (at(5, 10), Session(**session)),  # type: ignore[arg-type]
        (at(4), Entry(moment="daily", skin=2, note='  "quoted"\n<b>  ')),
        (at(4), Entry(moment="daily", activity="less", phrases=("slept_badly", "good_day"))),
        (at(3), Form(form="peg", answers={"pain": 5, "joy": 4, "daily_life": 3})),
        (at(3), Form(form="pgic", answers={"change": 2})),
        (at(3), Form(form="of-a-clinic", answers={"q1": 1})),
        (at(2), Alert(level="red", rule=Reason("red_skin", {"grade": 3}))),
        corrections=[(2, Entry(moment="before", pain_rest=4))],
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return bundle_of(everything(tmp_path_factory.mktemp("fhir") / "d"))


def test_the_validator_refuses_what_is_wrong(bundle: dict[str, Any]) -> None:
    """The check itself: it finds a wrong status, a missing code, a field that there is not."""
    observation = next(
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation"
    )
    assert not errors(observation)
    assert errors(observation | {"status": "nonsense"})
    assert errors({key: value for key, value in observation.items() if key != "code"})
    assert errors(observation | {"colour": "blue"})
    assert errors(observation | {"effectiveDateTime": "2026-11-02 18:30"})


def test_every_resource_is_valid_by_the_published_schema(bundle: dict[str, Any]) -> None:
    for entry in bundle["entry"]:
        assert not errors(entry["resource"]), entry["resource"]
    assert not errors({key: value for key, value in bundle.items() if key != "entry"})
    kinds = Counter(entry["resource"]["resourceType"] for entry in bundle["entry"])
    assert set(kinds) == {
        "Patient", "Device", "Practitioner", "CarePlan", "QuestionnaireResponse",
        "Observation", "Procedure", "Flag", "Provenance",
    }  # fmt: skip
    assert kinds["QuestionnaireResponse"] == 8
    assert kinds["Procedure"] == 3


def test_what_was_picked_by_keys_is_among_the_answers(bundle: dict[str, Any]) -> None:
    items = [item for one in _of_type(bundle, "QuestionnaireResponse") for item in one.get("item", ())]
    said = {item["linkId"]: [one.get("valueString") for one in item["answer"]] for item in items}
    assert said["activity"] == ["less"]
    assert said["picked"] == ["slept_badly", "good_day"]


def test_a_long_history_has_several_provenances_that_share_no_target() -> None:
    found = bundle_of(open_reader(rehearsed(26), FixedClock(ENDS)))
    provenances = _of_type(found, "Provenance")
    assert len(provenances) > 1
    targets = [target for one in provenances for target in references(one["target"])]
    assert (
        len(targets)
        == len(set(targets))
        == len(found["entry"])
        - len(provenances)
        - len(
            [
                e
                for e in found["entry"]
                if e["resource"]["resourceType"] in ("Patient", "Device", "Practitioner")
            ]
        )
    )
    assert max(len(one["target"]) for one in provenances) == MOST_TARGETS


def test_months_of_therapy_are_valid_too() -> None:
    found = bundle_of(open_reader(rehearsed(26), FixedClock(ENDS)))
    sample = found["entry"][:: max(1, len(found["entry"]) // 400)] + found["entry"][-1:]
    for entry in sample:
        assert not errors(entry["resource"]), entry["resource"]
    _must_resolve(found)


def test_every_reference_resolves_inside_the_bundle(bundle: dict[str, Any]) -> None:
    _must_resolve(bundle)


def _must_resolve(bundle: dict[str, Any]) -> None:
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(urls) == len(set(urls))
    for entry in bundle["entry"]:
        assert entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}"
        for reference in references(entry["resource"]):
            assert reference in urls, reference


def test_each_kind_of_reference_leads_to_the_right_kind(bundle: dict[str, Any]) -> None:
    type_of = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}
    for resource in (entry["resource"] for entry in bundle["entry"]):
        if "subject" in resource:
            assert type_of[resource["subject"]["reference"]] == "Patient"
        for reference in references(resource.get("derivedFrom", [])):
            assert type_of[reference] == "QuestionnaireResponse"
        for reference in references(resource.get("partOf", [])):
            assert type_of[reference] == "Procedure"
        for reference in references(resource.get("usedReference", [])):
            assert type_of[reference] == "Device"


def test_ids_are_those_of_box_and_record_alone(tmp_path: Path) -> None:
    reader = everything(tmp_path / "d")
    one, other = (
        bundle_of(reader),
        bundle_of(open_reader(tmp_path / "d", FixedClock(NOW + dt.timedelta(days=9)))),
    )
    assert [entry["fullUrl"] for entry in one["entry"]] == [entry["fullUrl"] for entry in other["entry"]]
    assert all(uuid.UUID(entry["resource"]["id"]).version == 5 for entry in one["entry"])
    another_box = everything(tmp_path / "e")
    ids = {entry["fullUrl"] for entry in bundle_of(another_box)["entry"]}
    assert not ids & {entry["fullUrl"] for entry in one["entry"]}


def test_a_correction_takes_the_place_of_what_was_sent_before(tmp_path: Path) -> None:
    before = diary(tmp_path / "d", (at(3), Entry(moment="daily", pain_rest=9)))
    old = {e["fullUrl"]: e["resource"] for e in bundle_of(before)["entry"]}

    async def correct() -> None:
        with open_store(tmp_path / "d", "real", FixedClock(NOW)) as store:
            original = store.all("entries")[0].envelope.id
            await store.correct(Entry(moment="daily", pain_rest=2), original)

    asyncio.run(correct())
    after = bundle_of(open_reader(tmp_path / "d", FixedClock(NOW)))
    new = {e["fullUrl"]: e["resource"] for e in after["entry"]}
    changed = {
        url
        for url in old.keys() & new.keys()
        if old[url] != new[url] and new[url]["resourceType"] != "Provenance"
    }
    assert {new[url]["resourceType"]: new[url]["status"] for url in changed} == {
        "QuestionnaireResponse": "amended",
        "Observation": "corrected",
    }


def test_the_codes_are_those_that_belong_to_the_questions(bundle: dict[str, Any]) -> None:
    coded = [
        (coding, resource)
        for resource in (entry["resource"] for entry in bundle["entry"])
        if resource["resourceType"] == "Observation"
        for coding in resource["code"]["coding"]
    ]
    loinc = [(coding["code"], resource) for coding, resource in coded if coding["system"] == LOINC]
    assert {code for code, _ in loinc} == {"72514-3"}
    assert [resource["valueInteger"] for _, resource in loinc] == [4]
    text = json.dumps(bundle)
    for foreign in ("91148-7", "91147-9", "75893-8", "91145-3", "91146-1", "snomed"):
        assert foreign not in text  # own words, and a licence that not everybody has
    scores = {
        coding["code"]: resource["valueQuantity"]["value"]
        for coding, resource in coded
        if "form-" in coding["code"]
    }
    assert scores == {"form-peg": 4, "form-pgic": 2}


def test_what_a_session_measured_is_there_with_its_units(bundle: dict[str, Any]) -> None:
    procedures = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Procedure"]
    assert [one["status"] for one in procedures] == ["completed", "stopped", "unknown"]
    of_first = [
        e["resource"]
        for e in bundle["entry"]
        if list(references(e["resource"].get("partOf", []))) == [f"urn:uuid:{procedures[0]['id']}"]
    ]
    values = {
        one["code"]["coding"][0]["code"]: one.get("valueQuantity", {}).get("value", one.get("valueInteger"))
        for one in of_first
    }
    assert values == {"peak_current_channel_1": 12.5, "session_minutes": 15, "contact_faults": 1}
    units = {one["valueQuantity"]["code"] for one in of_first if "valueQuantity" in one}
    assert units == {"mA", "min"}


def test_a_flag_is_active_until_somebody_has_seen_to_it(tmp_path: Path) -> None:
    reader = diary(tmp_path / "d", (at(2), Alert(level="red", rule=Reason("red_skin", {"grade": 3}))))
    assert [f["status"] for f in _of_type(bundle_of(reader), "Flag")] == ["active"]
    alert = reader.all("alerts")[0].envelope.id

    async def acknowledge() -> None:
        with open_store(tmp_path / "d", "real", FixedClock(NOW)) as store:
            await store.add(Acknowledgement(alert=alert, note="seen", who="family"))

    asyncio.run(acknowledge())
    flags = _of_type(bundle_of(open_reader(tmp_path / "d", FixedClock(NOW))), "Flag")
    assert [flag["status"] for flag in flags] == ["inactive"]


def test_the_head_of_the_chain_stands_over_everything(bundle: dict[str, Any], tmp_path: Path) -> None:
    reader = everything(tmp_path / "d")
    found = bundle_of(reader)
    provenances = _of_type(found, "Provenance")
    for provenance in provenances:
        assert provenance["entity"][0]["what"]["identifier"]["value"] == reader.head()[0]
    recorded = {"QuestionnaireResponse", "Observation", "Procedure", "Flag", "CarePlan"}
    expected = {e["fullUrl"] for e in found["entry"] if e["resource"]["resourceType"] in recorded}
    targets = [target for one in provenances for target in references(one["target"])]
    assert sorted(targets) == sorted(expected)


def test_only_what_is_not_of_a_person_is_marked_as_test_data(bundle: dict[str, Any], tmp_path: Path) -> None:
    assert "HTEST" not in json.dumps(bundle)
    simulated = bundle_of(
        diary(tmp_path / "s", (at(3), Entry(moment="daily", pain_rest=3)), kind="simulated")
    )
    for part in (simulated, *(entry["resource"] for entry in simulated["entry"])):
        assert part["meta"]["security"][0]["code"] == "HTEST"


def test_no_name_of_the_person_leaves_the_box(bundle: dict[str, Any]) -> None:
    patient = parse(prescription_example()).patient
    assert patient.name not in json.dumps(bundle, ensure_ascii=False)
    assert patient.pseudonym in json.dumps(bundle, ensure_ascii=False)


def test_on_a_server_references_name_type_and_id(tmp_path: Path) -> None:
    reader = everything(tmp_path / "d")
    mapper = Mapper(reader.box_id, is_real=True, refer=by_type)
    made = list(resources(reader, mapper, dt.date.min, dt.date.max))
    names = {f"{one['resourceType']}/{one['id']}" for one in made}
    assert all(reference in names for one in made for reference in references(one))


def test_an_empty_diary_is_a_valid_bundle(tmp_path: Path) -> None:
    found = bundle_of(diary(tmp_path / "d"), dt.date(2030, 1, 1), dt.date(2030, 1, 2))
    for entry in found["entry"]:
        assert not errors(entry["resource"])
    _must_resolve(found)


def _of_type(bundle: dict[str, Any], type_: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == type_]
