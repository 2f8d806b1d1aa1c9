"""How a visit moves: on, one step back, home, and through the step "saving". Handlers use these alone."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from msgspec.structs import replace

from kiosk.diary.records import Record, Screening
from kiosk.events import (
    LoadToday,
    OpenDiaryAnew,
    Save,
    Saved,
    SaveFailed,
    SaveScreening,
    SessionNotSaved,
)
from kiosk.export.outgoing import Outgoing
from kiosk.visit.state import (
    Code,
    Continuation,
    Document,
    FromClinic,
    Moment,
    Number,
    Pin,
    Place,
    Result,
    Run,
    Saves,
    Visit,
)

PASSED_BY: Final = (
    "saving",
    "not_saved",
    "paused",
    "stop_test",
    "probing",
    "contact_result",
    "session",
    "patient_pin",
)
"""No way back leads to these."""
LONGEST_TRAIL: Final = 100


def update(visit: Visit, **changes: Any) -> Visit:
    """The visit with fields of its context changed."""
    return replace(visit, context=replace(visit.context, **changes))


def update_run(visit: Visit, **changes: Any) -> Visit:
    """The visit with fields of its run changed."""
    return update(visit, run=replace(visit.context.run, **changes))


def go(
    visit: Visit, moment: Moment, step: str, index: int = 0, item: int = 0, *, remember: bool = True
) -> Visit:
    """To another screen. `remember`: Back comes to the one that is left now."""
    trail = visit.trail
    if remember and visit.step not in PASSED_BY:
        trail = (*visit.trail, visit.place)[-LONGEST_TRAIL:]
    return _show(visit, moment, Place(step, index, item), trail)


def jump(visit: Visit, moment: Moment, step: str, index: int = 0, item: int = 0) -> Visit:
    """To a screen from which there is no way back."""
    return _show(visit, moment, Place(step, index, item), ())


def back(visit: Visit, moment: Moment) -> Result:
    """One screen back; home where the way back ends. Answers and locks stay as they are."""
    if not visit.trail:
        return home(visit, moment)
    return _show(visit, moment, visit.trail[-1], visit.trail[:-1]), ()


def home(visit: Visit, moment: Moment) -> Result:
    """Ends what was begun and reads the diary anew."""
    visit = replace(
        visit,
        context=replace(
            visit.context,
            activity=None,
            screening=None,
            answered_s={},
            unsure="",
            one_by_one=frozenset(),
            re_asked=False,
            entry=None,
            entry_at=None,
            entry_s=None,
            entry_about=None,
            number=Number(),
            form=None,
            forms_done=frozenset(),
            pin=Pin(),
            code=Code(),
            from_clinic=FromClinic(),
            run=Run(device_faults=visit.context.run.device_faults, fault_day=visit.context.run.fault_day),
            family=None,
            outgoing=Outgoing(),
            practice=None,
            saves=_without_finished_documents(visit.context.saves),
        ),
    )
    return load_today(jump(visit, moment, "home"))


def leave_visit(visit: Visit, moment: Moment) -> Result:
    """Home; with pads on after a session, by way of taking them off and looking at the skin."""
    if visit.context.run.outcome is not None:
        return jump(visit, moment, "pads_off"), ()
    return home(visit, moment)


def load_today(visit: Visit) -> Result:
    """Asks for the diary. While it is being read already, it is read once more afterwards."""
    if visit.context.loads == "none":
        return update(visit, loads="one"), (LoadToday(),)
    return update(visit, loads="again"), ()


def _show(visit: Visit, moment: Moment, place: Place, trail: tuple[Place, ...]) -> Visit:
    return replace(
        visit,
        place=place,
        trail=trail,
        serial=visit.serial + 1,
        shown_s=moment.monotonic_s,
        shown_boottime_s=moment.boottime_s,
        tones=0,
    )


# ── saving ──────────────────────────────────────────────────────────────────────────────────────


def save(visit: Visit, name: str, record: Record, corrects: str | None = None) -> Result:
    """Sends a record to be saved."""
    saves = visit.context.saves
    effect = Save(_tag(name, saves), record, corrects)
    saves = replace(saves, count=saves.count + 1, under_way=(*saves.under_way, effect))
    return update(visit, saves=saves), (effect,)


def save_document(visit: Visit, name: str, record: Record, event_time: dt.datetime | None = None) -> Result:
    """Keeps a growing record: written at once, or as soon as the write before has ended.

    `event_time`: when it happened, where that is not now.
    """
    saves = visit.context.saves
    document = saves.documents.get(name, Document(record, event_time=event_time))
    document = replace(document, record=record)
    if document.tag is not None:
        return _with_document(visit, name, replace(document, changed=True)), ()
    return _write_document(visit, name, document)


def forget_document(visit: Visit, name: str) -> Visit:
    """The next record of that name is a new one."""
    documents = {key: value for key, value in visit.context.saves.documents.items() if key != name}
    return update(visit, saves=replace(visit.context.saves, documents=documents))


def adopt_document(visit: Visit, name: str, record: Record, record_id: str) -> Visit:
    """Goes on with a record that stands in the diary already."""
    return _with_document(visit, name, Document(record, record_id))


def heard_saved(visit: Visit, event: Saved) -> Result:
    """A write is durable. A diary that is just being read may not have it yet: it is read once more."""
    saves = visit.context.saves
    under_way = tuple(effect for effect in saves.under_way if effect.tag != event.tag)
    told = saves.told_on_leaving and bool(saves.waiting or under_way)
    saves = replace(saves, under_way=under_way, told_on_leaving=told)
    visit = update(visit, saves=saves, loads="none" if visit.context.loads == "none" else "again")
    for name, document in saves.documents.items():
        if document.tag == event.tag:
            document = replace(
                document, id=document.id or event.stored.envelope.id, tag=None, failed_tag=None, tried=None
            )
            if document.changed:
                return _write_document(visit, name, document)
            return _with_document(visit, name, document), ()
    return visit, ()


def heard_save_failed(visit: Visit, event: SaveFailed) -> Visit:
    """A write did not happen: it is kept, to be tried again."""
    saves = visit.context.saves
    lost = tuple(
        replace(effect, tried=event.tried or effect.tried)
        for effect in saves.under_way
        if effect.tag == event.tag
    )
    documents = {
        name: replace(
            document,
            tag=None,
            changed=True,
            failed_tag=event.tag,
            tried=event.tried or document.tried,
        )
        if document.tag == event.tag
        else document
        for name, document in saves.documents.items()
    }
    owned = {document.tag for document in saves.documents.values()}
    failed = (*saves.failed, *(effect for effect in lost if effect.tag not in owned))
    return update(
        visit,
        saves=replace(
            saves,
            under_way=tuple(effect for effect in saves.under_way if effect.tag != event.tag),
            failed=failed,
            sentence=event.sentence,
            documents=documents,
        ),
    )


def heard_session_not_saved(visit: Visit, event: SessionNotSaved) -> Visit:
    """What the session could not write is kept like everything else."""
    saves = visit.context.saves
    effect = Save(_tag("session", saves), event.record, event.corrects, tried=event.tried or None)
    return update(
        visit,
        saves=replace(saves, count=saves.count + 1, failed=(*saves.failed, effect), sentence=event.sentence),
    )


def save_again(visit: Visit) -> Result:
    """Sends everything once more that was not saved, in the order in which it was sent first."""
    saves = visit.context.saves
    effects: tuple[Save | SaveScreening, ...] = saves.failed
    visit = update(
        visit, saves=replace(saves, failed=(), sentence="", under_way=(*saves.under_way, *saves.failed))
    )
    for name, document in saves.documents.items():
        if document.changed and document.tag is None:
            visit, effect = _sent_document(visit, name, document)
            effects = (*effects, effect)
    return visit, (OpenDiaryAnew(), *sorted(effects, key=_number_of))


def _write_document(visit: Visit, name: str, document: Document) -> Result:
    visit, effect = _sent_document(visit, name, document)
    return visit, (effect,)


def _sent_document(visit: Visit, name: str, document: Document) -> tuple[Visit, Save | SaveScreening]:
    saves = visit.context.saves
    tag = document.failed_tag or _tag(name, saves)
    effect: Save | SaveScreening
    if isinstance(document.record, Screening):
        effect = SaveScreening(tag, document.record, document.id, document.tried)
    else:
        effect = Save(tag, document.record, document.id, document.event_time, document.tried)
    saves = replace(saves, count=saves.count + 1, under_way=(*saves.under_way, effect))
    visit = update(visit, saves=saves)
    return _with_document(visit, name, replace(document, tag=tag, changed=False)), effect


def _with_document(visit: Visit, name: str, document: Document) -> Visit:
    documents = {**visit.context.saves.documents, name: document}
    return update(visit, saves=replace(visit.context.saves, documents=documents))


def _without_finished_documents(saves: Saves) -> Saves:
    documents = {
        name: document for name, document in saves.documents.items() if document.tag or document.changed
    }
    return replace(saves, documents=documents)


def _tag(name: str, saves: Saves) -> str:
    return f"{name}-{saves.count}"


def _number_of(effect: Save | SaveScreening) -> int:
    return int(effect.tag.rpartition("-")[2])


def wait_for_saves(visit: Visit, moment: Moment, then: Continuation) -> Visit:
    """To the step "saving"; `kiosk.visit.flow` goes on with `then` when everything is durable."""
    return go(update(visit, after_saving=then, read_after_saving=False), moment, "saving")
