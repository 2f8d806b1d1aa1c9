"""What a clinician allowed one person (interfaces.md, "Prescription"; safety rules 27–28)."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping

import msgspec

from programs import checked_toml, dose, library, montage
from programs.checked_toml import Problem, TomlError

HIGHEST_LIMIT_MA = 60.0
"""Nothing raises this (safety rules, constants): a higher number in a prescription is a misunderstanding."""


DEMONSTRATION_SERIAL = 1


class PrescriptionError(TomlError):
    """A prescription that is not what it should be. `sentence` is for a person."""


class Patient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    pseudonym: str


class Clinician(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    phone: str


class Clearance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clinician knows of this worse answer and allows the therapy all the same."""

    question: str
    by: str
    on: dt.date
    note: str = ""


class PadsPrescribed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Width across the back, height along the spine."""

    width_cm: float
    height_cm: float


class Prescription(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"clearances": "clearance"}
):
    """A whole prescription file. `limits` maps a channel ("1", "2") or a programme's id to mA."""

    serial: int
    valid_from: dt.date
    valid_until: dt.date
    patient: Patient
    clinician: Clinician
    plan: str
    programmes: tuple[str, ...]
    montages: tuple[str, ...]
    pads: PadsPrescribed
    days_per_week: int
    week0: bool
    helper_for_pads: bool
    levels_anew: bool = False
    """Levels found before this prescription count no more: each is found as if for the first time."""
    limits: Mapping[str, float] = {}
    clearances: tuple[Clearance, ...] = ()

    def valid_on(self, day: dt.date) -> bool:
        """Whether it holds on this day, both ends included. Not valid: no therapy (safety rule 28)."""
        return self.valid_from <= day <= self.valid_until

    def cleared_questions(self) -> frozenset[str]:
        """The questions whose worse answer the clinician knows and allows."""
        return frozenset(clearance.question for clearance in self.clearances)

    def limit_for(self, channel: int, programme: str) -> float | None:
        """The lower of the channel's and the programme's limit in mA; None where neither is prescribed."""
        limits = [self.limits[key] for key in (str(channel), programme) if key in self.limits]
        return min(limits) if limits else None


def allows_more(new: Prescription, old: Prescription) -> tuple[str, ...]:
    """The keys in which `new` allows what `old` did not; none: it only takes away."""
    looser = {
        "limits": any(
            (limit := new.limit_for(channel, programme)) is None or limit > before
            for channel in (1, 2)
            for programme in new.programmes
            if (before := old.limit_for(channel, programme)) is not None
        ),
        "programmes": not {*new.programmes} <= {*old.programmes},
        "montages": not {*new.montages} <= {*old.montages},
        "days_per_week": new.days_per_week > old.days_per_week,
        "valid_until": new.valid_until > old.valid_until,
        "week0": old.week0 and not new.week0,
        "helper_for_pads": old.helper_for_pads and not new.helper_for_pads,
        "levels_anew": new.levels_anew,
        "clearance": not new.cleared_questions() <= old.cleared_questions(),
        # Another size is another current density, another plan another course, another name another person.
        "pads": new.pads != old.pads,
        "plan": new.plan != old.plan,
        "patient": new.patient != old.patient,
    }
    return tuple(key for key, is_looser in looser.items() if is_looser)


def parse(text: str, file: str = "prescription.toml") -> Prescription:
    """The prescription in a TOML text, checked. Raises PrescriptionError; its sentence names `file`."""
    try:
        prescription = checked_toml.decode(text, Prescription, file)
    except TomlError as error:
        raise PrescriptionError(error.file, error.key, error.found, error.expected) from None
    for problem in problems(prescription):
        raise PrescriptionError(file, *problem)
    return prescription


def problems(prescription: Prescription) -> Iterator[Problem]:
    """Everything in it that cannot be meant, in the order of the file; nothing when it is well."""
    yield from _head_problems(prescription)
    yield from _programme_problems(prescription)
    yield from _course_problems(prescription)
    yield from _montage_problems(prescription)
    yield from _limit_problems(prescription)
    yield from _clearance_problems(prescription)


def _head_problems(prescription: Prescription) -> Iterator[Problem]:
    if prescription.serial < 1:
        yield Problem("serial", str(prescription.serial), "a number from 1 upwards")
    if prescription.valid_until < prescription.valid_from:
        until, since = prescription.valid_until, prescription.valid_from
        yield Problem("valid_until", until.isoformat(), f"a day not before valid_from, {since.isoformat()}")
    for key, value in (
        ("patient.name", prescription.patient.name),
        ("patient.pseudonym", prescription.patient.pseudonym),
        ("clinician.name", prescription.clinician.name),
        ("clinician.phone", prescription.clinician.phone),
    ):
        if not value.strip():
            yield Problem(key, "nothing", "a text")
    if prescription.plan not in library.load_courses():
        yield Problem("plan", repr(prescription.plan), _one_of(library.load_courses()))
    if not 1 <= prescription.days_per_week <= 7:
        yield Problem("days_per_week", str(prescription.days_per_week), "1 to 7")


def _programme_problems(prescription: Prescription) -> Iterator[Problem]:
    known = library.load_programmes()
    usable = [id_ for id_, item in known.items() if item.armable and item.role == "work"]
    if not prescription.programmes:
        yield Problem("programmes", "none", "at least one programme")
    for index, id_ in enumerate(prescription.programmes):
        if id_ not in usable:
            why = known[id_].never_armed_because if id_ in known else None
            found = repr(id_) if why is None else f"{id_!r}, which is never armed: {why.en}"
            yield Problem(f"programmes[{index}]", found, _one_of(usable))
        if id_ in prescription.programmes[:index]:
            yield Problem(f"programmes[{index}]", f"{id_!r} a second time", "each programme once")


def _course_problems(prescription: Prescription) -> Iterator[Problem]:
    """Muscle programmes are those of the plan, its first one among them; some plans need a clearance."""
    course = library.load_courses().get(prescription.plan)
    if course is None:
        return
    muscle = [id_ for stage in course.stages for id_ in stage.programmes]
    first = course.stages[0].programmes
    for index, id_ in enumerate(prescription.programmes):
        programme = library.load_programmes().get(id_)
        if programme is None or programme.kind != "nmes":
            continue
        if id_ not in muscle:
            found = f"{id_!r}, which the plan {course.id!r} does not have"
            yield Problem(f"programmes[{index}]", found, _one_of(muscle))
        elif not set(first) & set(prescription.programmes):
            expected = f"{' or '.join(first)} as well: the plan begins with it, and again after a long break"
            yield Problem(f"programmes[{index}]", f"{id_!r} alone", expected)
    for key in course.missing_clearances(prescription.cleared_questions()):
        expected = f"a [[clearance]] with question = {key!r}, which the plan {course.id!r} needs"
        yield Problem("clearance", "none for this plan", expected)


def _montage_problems(prescription: Prescription) -> Iterator[Problem]:
    known = library.load_montages()
    usable = [id_ for id_, item in known.items() if item.armable]
    width_cm, height_cm = prescription.pads.width_cm, prescription.pads.height_cm
    if not (width_cm > 0 and height_cm > 0 and dose.MIN_PAD_AREA_CM2 <= width_cm * height_cm < math.inf):
        yield Problem("pads", f"{width_cm:g} x {height_cm:g} cm", "pads of at least 25 cm²")
    if not prescription.montages:
        yield Problem("montages", "none", "at least one montage")
    for index, id_ in enumerate(prescription.montages):
        if id_ not in usable:
            why = known[id_].never_armed_because if id_ in known else None
            found = repr(id_) if why is None else f"{id_!r}, which is never armed: {why.en}"
            yield Problem(f"montages[{index}]", found, _one_of(usable))
            continue
        if id_ in prescription.montages[:index]:
            yield Problem(f"montages[{index}]", f"{id_!r} a second time", "each montage once")
        for problem in montage.problems(known[id_].with_pads(width_cm, height_cm)):
            yield Problem("pads", f"{problem.found} on {id_}", problem.expected)
    kinds = {kind for id_ in prescription.montages if id_ in usable for kind in known[id_].kinds}
    for index, id_ in enumerate(prescription.programmes):
        programme = library.load_programmes().get(id_)
        if programme is not None and kinds and programme.kind not in kinds:
            yield Problem(
                f"programmes[{index}]", f"{id_!r} ({programme.kind})", f"a montage for {programme.kind}"
            )


def _limit_problems(prescription: Prescription) -> Iterator[Problem]:
    known = library.load_montages()
    channels = {
        str(lead.channel) for id_ in prescription.montages if id_ in known for lead in known[id_].leads
    }
    allowed = sorted(channels) + list(prescription.programmes)
    for key, limit_mA in prescription.limits.items():
        if key not in allowed:
            yield Problem(f"limits.{key}", "a limit for something not prescribed", _one_of(allowed))
        elif not dose.STEP_MA <= limit_mA <= HIGHEST_LIMIT_MA or limit_mA % dose.STEP_MA:
            yield Problem(f"limits.{key}", f"{limit_mA:g} mA", "0.5 to 60 mA in steps of 0.5")


def _clearance_problems(prescription: Prescription) -> Iterator[Problem]:
    questions = library.load_questionnaire().questions
    clearable = {question.clearable_by for question in questions.values() if question.clearable_by}
    for index, clearance in enumerate(prescription.clearances):
        at = f"clearance[{index}]"
        if clearance.question not in questions:
            yield Problem(f"{at}.question", repr(clearance.question), "the key of a question")
        elif clearance.question not in clearable:
            class_ = questions[clearance.question].class_.value
            found = f"{clearance.question!r} (class {class_})"
            yield Problem(f"{at}.question", found, "a question that a prescription may clear")
        if not clearance.by.strip():
            yield Problem(f"{at}.by", "nothing", "who cleared it")
        if clearance.on > prescription.valid_until:
            yield Problem(f"{at}.on", clearance.on.isoformat(), "a day not after valid_until")


def _one_of(ids: Iterator[str] | Mapping[str, object] | list[str]) -> str:
    return "one of " + ", ".join(ids)


def demonstration_prescription(today: dt.date) -> Prescription:
    """The built-in prescription of the simulator: an invented person, for this day only."""
    return Prescription(
        serial=DEMONSTRATION_SERIAL,
        valid_from=today,
        valid_until=today,
        patient=Patient(name="Kim DEMO", pseudonym="DEMO-1"),
        # Without a word: this stands in sentences of every language.
        clinician=Clinician(name="Dr. Demo", phone="000 000 000"),
        plan="deconditioned",
        programmes=("nmes_learn", "tens_conv"),
        montages=("M4-par",),
        pads=PadsPrescribed(width_cm=5, height_cm=9),
        days_per_week=7,
        week0=False,
        helper_for_pads=False,
        limits={"1": 40.0, "2": 40.0},
    )
