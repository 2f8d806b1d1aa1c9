"""The diary as FHIR R4 resources (review.md, "Codes").

Ids are UUIDv5 of the box and the record: sent twice, nothing stands twice. References are built by a
function, because a Bundle that is a file names its neighbours otherwise than a server does. Codes are LOINC
where it has the very question; everything else, PEG-style and PGIC-style forms too (their words are our own),
has codes of this project. SNOMED CT stays out: it needs a licence in some countries. An invented or simulated
history says so in every resource (safety rule 20).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any, Final, TextIO

import msgspec

from kiosk.diary.meanings import lost_in_restores
from kiosk.diary.month_names import plainly
from kiosk.diary.records import Entry, Form, PrescriptionInstalled, Record, Screening, Session, Stored
from kiosk.diary.store import StoreReader
from kiosk.review.alerts import told_in
from kiosk.wording.reasons import sentence
from programs import prescription as prescriptions
from programs.forms import Form as RatingForm
from programs.forms import load_forms
from programs.prescription import Prescription, PrescriptionError

BASE: Final = "https://homestim.invalid/fhir"
"""Of our own codes and identifiers: a name that nobody else can have, and that leads nowhere."""
CODES: Final = f"{BASE}/CodeSystem/diary"
ANSWERS: Final = f"{BASE}/CodeSystem/answers"
RULES: Final = f"{BASE}/CodeSystem/rules"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
PAIN_NOW: Final = {"system": LOINC, "code": "72514-3"}
SURVEY: Final = [
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "survey"}]}
]
TEST_DATA: Final = {
    "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
}
ENTERED: Final = f"{BASE}/StructureDefinition/entered"
SCALES: Final = {
    "pain_rest": "Pain at rest, 0 to 10",
    "pain_moving": "Pain when moving, 0 to 10",
    "soreness": "Muscle soreness, 0 to 10",
    "skin": "Skin under the pads, grade 0 to 4",
    "sleep": "Sleep, 0 to 10",
}
PROCEDURE_STATUS: Final = {
    "done": "completed",
    "ended_early": "stopped",
    "interrupted": "stopped",
    "begun": "unknown",
}

MOST_TARGETS: Final = 500
"""Of one Provenance: ten years of resources in one would be no resource that a server takes."""

Resource = dict[str, Any]
Chain = tuple[Stored, ...]
Refer = Callable[[str, str], str]
"""Type and id → the text of a reference."""


def by_uuid(_type: str, id_: str) -> str:
    """How resources in one file refer to each other."""
    return f"urn:uuid:{id_}"


def by_type(type_: str, id_: str) -> str:
    """How resources on one server refer to each other."""
    return f"{type_}/{id_}"


@cache
def _version() -> str:
    return version("homestim")


@cache
def _forms() -> Mapping[str, RatingForm]:
    """Those that ship do not change while this runs."""
    return load_forms()


class Mapper:
    """Makes resources of the records of one box."""

    def __init__(self, box_id: str, *, is_real: bool, refer: Refer = by_uuid) -> None:
        self._box = uuid.UUID(box_id)
        self._is_real = is_real
        self._refer = refer

    def id_of(self, type_: str, record_id: str, part: str = "") -> str:
        """The same for the same part of the same record, whenever and wherever it is made."""
        return str(uuid.uuid5(self._box, "/".join((type_, record_id, part))))

    # ── who and with what ──

    def patient(self, pseudonym: str) -> Resource:
        """The one person of this box, by pseudonym alone."""
        identifier = {"system": f"{BASE}/pseudonym", "value": pseudonym or "unknown"}
        return self._resource("Patient", "person", identifier=[identifier])

    def box(self) -> Resource:
        """The program that recorded everything."""
        return self._resource(
            "Device",
            "box",
            identifier=[{"system": f"{BASE}/box", "value": str(self._box)}],
            deviceName=[{"name": "homestim", "type": "model-name"}],
            version=[{"value": _version()}],
        )

    def stimulator(self, device_id: str) -> Resource:
        return self._resource(
            "Device",
            f"stimulator/{device_id}",
            identifier=[{"system": f"{BASE}/stimulator", "value": device_id}],
            type={"text": "Transcutaneous electrical stimulator"},
        )

    def clinician(self, name: str) -> Resource:
        return self._resource("Practitioner", f"clinician/{name}", name=[{"text": name}])

    # ── what was recorded ──

    def entry(self, chain: Chain) -> Iterator[Resource]:
        """The answers as they were given, and one Observation for each number."""
        stored, entry = chain[-1], chain[-1].record
        assert isinstance(entry, Entry)
        at, original = _time(stored.envelope.event_time), chain[0].envelope.id
        said: list[tuple[str, str, Any]] = [
            (key, text, getattr(entry, key))
            for key, text in SCALES.items()
            if getattr(entry, key) is not None
        ]
        items: list[Resource] = [
            {"linkId": key, "text": text, "answer": [{"valueInteger": value}]} for key, text, value in said
        ]
        if entry.medicine is not None:
            taken = {
                "linkId": "medicine",
                "text": "Pain medicine",
                "answer": [{"valueBoolean": entry.medicine}],
            }
            items.append(taken)
        if entry.activity:
            items.append(
                {"linkId": "activity", "text": "Activity", "answer": [{"valueString": entry.activity}]}
            )
        if entry.phrases:
            picked = [{"valueString": phrase} for phrase in entry.phrases]
            items.append({"linkId": "picked", "text": "Picked notes", "answer": picked})
        if entry.note.strip():
            items.append({"linkId": "note", "text": "Note", "answer": [{"valueString": entry.note}]})
        moment = {"linkId": "moment", "text": "Moment", "answer": [{"valueString": entry.moment}]}
        response = self._response(
            chain, "diary", [moment, *items], "amended" if len(chain) > 1 else "completed"
        )
        yield response
        for key, text, value in said:
            own = {"system": CODES, "code": key, "display": text}
            yield self._observation(
                original,
                key,
                [PAIN_NOW, own] if key == "pain_rest" else [own],
                at,
                valueInteger=value,
                category=SURVEY,
                derivedFrom=[self._reference(response)],
                **self._corrected(chain),
            )
        if entry.medicine is not None:
            own = {"system": CODES, "code": "medicine", "display": "Pain medicine taken"}
            yield self._observation(
                original,
                "medicine",
                [own],
                at,
                valueBoolean=entry.medicine,
                category=SURVEY,
                derivedFrom=[self._reference(response)],
                **self._corrected(chain),
            )

    def session(self, chain: Chain) -> Iterator[Resource]:
        """The session, and what was measured in it."""
        stored, session = chain[-1], chain[-1].record
        assert isinstance(session, Session)
        began = session.began_at or chain[0].envelope.event_time
        ended = session.ended_at
        original = chain[0].envelope.id
        period = {"start": _time(began)} | ({"end": _time(ended)} if ended and ended >= began else {})
        fields: Resource = {}
        if stored.envelope.device_id:
            device_id = self.id_of("Device", f"stimulator/{stored.envelope.device_id}")
            fields["usedReference"] = [{"reference": self._refer("Device", device_id)}]
        if session.stop_reason is not None:
            fields["statusReason"] = {"coding": [{"system": CODES, "code": session.stop_reason}]}
        text = f"{session.session_kind.upper()}, programme {session.programme}, pads {session.montage}"
        procedure = self._resource(
            "Procedure",
            original,
            identifier=[{"system": f"{BASE}/record", "value": original}],
            status=PROCEDURE_STATUS[session.state],
            code={
                "coding": [{"system": f"{BASE}/CodeSystem/programmes", "code": session.programme}],
                "text": text,
            },
            subject=self._subject(),
            performedPeriod=period,
            **fields,
        )
        yield procedure
        measured: list[tuple[str, str, Resource]] = [
            (
                f"peak_current_channel_{channel}",
                f"Highest current, channel {channel}",
                {"valueQuantity": _quantity(float(peak_mA), "mA")},
            )
            for channel, peak_mA in sorted(session.peak_mA.items())
        ]
        minutes = round(session.seconds_done / 60, 2)
        measured += [
            ("session_minutes", "Minutes of stimulation", {"valueQuantity": _quantity(minutes, "min")}),
            ("contact_faults", "Pads that came loose", {"valueInteger": session.pad_faults}),
        ]
        for key, label, value in measured:
            yield self._observation(
                original,
                key,
                [{"system": CODES, "code": key, "display": label}],
                _time(ended or began),
                partOf=[self._reference(procedure)],
                **value,
            )

    def screening(self, chain: Chain) -> Iterator[Resource]:
        """The answers of one round of safety questions."""
        screening = chain[-1].record
        assert isinstance(screening, Screening)
        items: list[Resource] = []
        for key, said in screening.answers.items():
            coding = {"system": ANSWERS, "code": said}
            items.append({"linkId": key, "answer": [{"valueCoding": coding}]})
        for key, said in screening.retracted.items():
            coding = {"system": ANSWERS, "code": said, "display": "taken back as a wrong key"}
            items.append({"linkId": f"{key}/retracted", "answer": [{"valueCoding": coding}]})
        if screening.verdict is not None:
            items.append({"linkId": "verdict", "answer": [{"valueString": screening.verdict}]})
        status = "in-progress" if screening.verdict is None else "completed"
        yield self._response(chain, f"screening-{screening.asks}", items, status)

    def form(self, chain: Chain) -> Iterator[Resource]:
        """A rating form, and its score where this version knows the form."""
        form = chain[-1].record
        assert isinstance(form, Form)
        items = [{"linkId": key, "answer": [{"valueInteger": value}]} for key, value in form.answers.items()]
        status = "amended" if len(chain) > 1 else "completed"
        response = self._response(chain, f"form-{form.form}", items, status)
        yield response
        known = _forms().get(form.form)
        try:
            score = None if known is None else known.score(form.answers)
        except ValueError:  # answers of another version of the form
            score = None
        if known is not None and score is not None:
            yield self._observation(
                chain[0].envelope.id,
                "score",
                [{"system": CODES, "code": f"form-{form.form}", "display": known.name.en}],
                _time(chain[-1].envelope.event_time),
                valueQuantity={
                    "value": round(score, 2),
                    "unit": "{score}",
                    "system": UCUM,
                    "code": "{score}",
                },
                category=SURVEY,
                derivedFrom=[self._reference(response)],
                **self._corrected(chain),
            )

    def plan(self, chain: Chain, prescription: Prescription, *, newest: bool, today: dt.date) -> Resource:
        """A prescription."""
        clinician = self.clinician(prescription.clinician.name)
        status = "revoked"
        if newest:
            status = "completed" if today > prescription.valid_until else "active"
        activities = [
            {
                "detail": {
                    "status": "unknown",
                    "code": {"text": programme},
                    "description": _limits(prescription),
                }
            }
            for programme in prescription.programmes
        ]
        return self._resource(
            "CarePlan",
            chain[0].envelope.id,
            identifier=[{"system": f"{BASE}/record", "value": chain[0].envelope.id}],
            status=status,
            intent="plan",
            title=f"Prescription {prescription.serial}, plan {prescription.plan}",
            subject=self._subject(),
            period={
                "start": prescription.valid_from.isoformat(),
                "end": prescription.valid_until.isoformat(),
            },
            created=_time(chain[0].envelope.event_time),
            author=self._reference(clinician),
            activity=activities,
        )

    def flag(self, alert_id: str, rule: str, text: str, since: dt.date, done: dt.datetime | None) -> Resource:
        """An alert, as long as nobody has seen to it."""
        period = {"start": since.isoformat()} | ({} if done is None else {"end": _time(done)})
        return self._resource(
            "Flag",
            alert_id,
            identifier=[{"system": f"{BASE}/record", "value": alert_id}],
            status="active" if done is None else "inactive",
            code={"coding": [{"system": RULES, "code": rule}], "text": text},
            subject=self._subject(),
            period=period,
        )

    def provenance(
        self, targets: Sequence[str], made: dt.datetime, head: str, lines: int, part: int
    ) -> Resource:
        """Where its targets come from: the diary whose chain had this head."""
        what = {"identifier": {"system": f"{BASE}/chain-head", "value": head}, "display": f"{lines} lines"}
        return self._resource(
            "Provenance",
            head,
            str(part),
            target=[{"reference": target} for target in targets],
            recorded=_time(made),
            agent=[{"who": {"reference": self._refer("Device", self.id_of("Device", "box"))}}],
            entity=[{"role": "source", "what": what}],
        )

    def last(self, key: str, text: str, day: dt.date) -> Resource:
        """On which day something was seen last: one resource, written over, to search for silence."""
        return self._observation(
            "last",
            key,
            [{"system": CODES, "code": key, "display": text}],
            day.isoformat(),
            valueDateTime=day.isoformat(),
        )

    def missing(self, month: str) -> Resource:
        """That nothing is here of a month ("2026-10") which cannot be read."""
        said = f"{plainly(month)} cannot be read"
        issue = {"severity": "warning", "code": "incomplete", "diagnostics": said}
        return self._resource("OperationOutcome", month, issue=[issue])

    def reference_to(self, resource: Resource) -> str:
        return self._refer(resource["resourceType"], resource["id"])

    # ── parts ──

    def _resource(self, type_: str, record_id: str, part: str = "", **fields: Any) -> Resource:
        head: Resource = {"resourceType": type_, "id": self.id_of(type_, record_id, part)}
        if not self._is_real:
            head["meta"] = TEST_DATA
        return head | fields

    def _subject(self) -> Resource:
        return {"reference": self._refer("Patient", self.id_of("Patient", "person"))}

    def _reference(self, resource: Resource) -> Resource:
        return {"reference": self.reference_to(resource)}

    def _response(self, chain: Chain, questionnaire: str, items: list[Resource], status: str) -> Resource:
        stored = chain[-1]
        original = chain[0].envelope.id
        filled: Resource = {"item": items} if items else {}
        return self._resource(
            "QuestionnaireResponse",
            original,
            extension=[{"url": ENTERED, "valueDateTime": _time(stored.envelope.entry_time)}],
            identifier={"system": f"{BASE}/record", "value": original},
            questionnaire=f"{BASE}/Questionnaire/{questionnaire}",
            status=status,
            subject=self._subject(),
            authored=_time(stored.envelope.event_time),
            source=self._subject(),
            **filled,
        )

    def _observation(
        self, original: str, key: str, coding: list[Resource], at: str, **fields: Any
    ) -> Resource:
        return self._resource(
            "Observation",
            original,
            key,
            **{"status": "final"} | fields,
            code={"coding": coding},
            subject=self._subject(),
            effectiveDateTime=at,
        )

    @staticmethod
    def _corrected(chain: Chain) -> Mapping[str, str]:
        return {"status": "corrected"} if len(chain) > 1 else {}


def write_bundle(reader: StoreReader, first: dt.date, last: dt.date, file: TextIO) -> int:
    """Writes the days from `first` to `last` as one Bundle, resource by resource; how many there are.

    Raises DiaryDamaged.
    """
    made = reader.clock.now()
    head, lines = reader.head()
    mapper = Mapper(reader.box_id, is_real=reader.kind == "real")
    bundle = {
        "resourceType": "Bundle",
        "id": str(uuid.uuid5(uuid.UUID(reader.box_id), f"Bundle/{head}/{first}/{last}")),
        "type": "collection",
        "timestamp": _time(made),
    }
    if reader.kind != "real":
        bundle["meta"] = TEST_DATA  # type: ignore[assignment]
    file.write(_json(bundle)[:-1] + ',"entry":[')
    count = 0
    targets: list[str] = []
    told = 0

    def put(resource: Resource) -> None:
        nonlocal count
        entry = {"fullUrl": mapper.reference_to(resource), "resource": resource}
        file.write((",\n" if count else "\n") + _json(entry))
        count += 1

    def put_provenance() -> None:
        nonlocal told
        if targets and head:
            put(mapper.provenance(targets, made, head, lines, told))
            targets.clear()
            told += 1

    for resource in resources(reader, mapper, first, last):
        put(resource)
        if resource["resourceType"] not in ("Patient", "Device", "Practitioner"):
            targets.append(mapper.reference_to(resource))
        if len(targets) == MOST_TARGETS:
            put_provenance()
    put_provenance()
    for month in sorted({*reader.unreadable, *lost_in_restores(reader.facts("locks"))}):
        put(mapper.missing(month))
    file.write("\n]}\n")
    return count


def resources(reader: StoreReader, mapper: Mapper, first: dt.date, last: dt.date) -> Iterator[Resource]:
    """Everything but the Provenance; what is referred to comes first."""
    plans = plans_of(reader)
    yield mapper.patient(plans[-1][1].patient.pseudonym if plans else "")
    yield mapper.box()
    for name in dict.fromkeys(prescription.clinician.name for _, prescription in plans):
        yield mapper.clinician(name)
    today = reader.clock.now().date()
    for index, (chain, prescription) in enumerate(plans):
        yield mapper.plan(chain, prescription, newest=index == len(plans) - 1, today=today)

    def chains(kind: str) -> Iterator[Chain]:
        return (c for c in reader.versions(kind) if first <= c[-1].envelope.event_time.date() <= last)

    for device_id in sorted({chain[-1].envelope.device_id for chain in chains("sessions")} - {""}):
        yield mapper.stimulator(device_id)
    for kind, mapped in (
        ("entries", mapper.entry),
        ("screenings", mapper.screening),
        ("forms", mapper.form),
        ("sessions", mapper.session),
    ):
        for chain in chains(kind):
            yield from mapped(chain)
    for told in told_in(reader):
        if told.stands or first <= told.since <= last:
            yield mapper.flag(told.id, told.rule.rule, sentence(told.rule), told.since, told.done_at)


def plans_of(reader: StoreReader) -> list[tuple[Chain, Prescription]]:
    """Every installed prescription that this version understands, oldest first."""
    plans = []
    for chain in reader.versions("prescriptions"):
        record: Record = chain[-1].record
        assert isinstance(record, PrescriptionInstalled)
        try:
            plans.append((chain, prescriptions.parse(record.toml)))
        except PrescriptionError:
            continue
    return plans


def _limits(prescription: Prescription) -> str:
    limits = ", ".join(f"{key}: {limit_mA:g} mA" for key, limit_mA in prescription.limits.items())
    return f"{prescription.days_per_week} days a week; limits {limits or 'none'}"


def _quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def _time(time: dt.datetime) -> str:
    return time.isoformat(timespec="milliseconds")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
