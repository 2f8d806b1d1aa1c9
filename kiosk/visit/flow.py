"""The visit's flow: which screen follows which. Pure; `STEPS` is its map.

`press` and `hear` give the next visit and what is to be done; `page` words what stands on the screen;
`deadline_s` says when to wake it. Guard, store and clock are `kiosk.application`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from kiosk.events import (
    BoxChecked,
    CodeStateLoaded,
    CodeTried,
    ContactCheckEnded,
    DeviceSeen,
    DiaryChecked,
    Effect,
    Event,
    FamilyLoaded,
    FamilyNotLoaded,
    HeldDone,
    HeldLoaded,
    Leave,
    NotChosen,
    OutputUnknown,
    PasswordMade,
    PinChecked,
    PlacesSeen,
    Saved,
    SaveFailed,
    SentOut,
    SessionEnded,
    SessionKey,
    SessionNotSaved,
    Speak,
    StickTaken,
    StopTestEnded,
    StopTestReady,
    TakenIn,
    TodayLoaded,
    TodayNotLoaded,
    Woke,
    WordsFound,
)
from kiosk.keys import Key
from kiosk.page import Page
from kiosk.session.state import SessionState
from kiosk.today import Today
from kiosk.visit.pages import (
    chart_pages,
    checks,
    choice_pages,
    clinician_pages,
    consent_pages,
    contact_pages,
    diary_pages,
    end_pages,
    exercise_pages,
    family_pages,
    form_pages,
    home_pages,
    leaflet_pages,
    look_back_pages,
    pad_pages,
    practice_pages,
    question_pages,
    safe_mode_pages,
    stick_pages,
    stops,
    unlock_pages,
    verdicts,
)
from kiosk.visit.pages import session as session_pages
from kiosk.visit.state import Chosen, Context, Continuation, Moment, Place, Result, Setting, Visit
from kiosk.visit.steps import (
    calls,
    choices,
    clinician,
    consent,
    contact,
    diary,
    ending,
    exercises,
    family,
    family_notes,
    feelings,
    forms,
    held,
    home,
    leaflets,
    pads,
    patient_pin,
    practice,
    questions,
    safe_mode,
    stick,
    stimulation,
    unanswered,
    unlock_code,
    verdict,
)
from kiosk.visit.steps import device as device_step
from kiosk.visit.steps.conclusion import save_new_alerts, save_pain_lock
from kiosk.visit.steps.moves import (
    back,
    go,
    heard_save_failed,
    heard_saved,
    heard_session_not_saved,
    jump,
    load_today,
    save_again,
    update,
    update_run,
    wait_for_saves,
)
from kiosk.visit.steps.moves import home as go_home

if TYPE_CHECKING:
    from kiosk.review.alerts import AlertsNow

Press = Callable[[Visit, Key, Moment], Result]
Build = Callable[[Visit, Moment], Page]
Write = Callable[[Visit, str, Moment], Result]

LEAVE_WITHIN_S: Final = 2.0
HOME_READS_AGAIN_S: Final = 600.0
FAMILY_CLOSES_S: Final = 300.0
PIN_CLOSES_S: Final = 120.0
CODE_CLOSES_S: Final = 1800.0
"""A telephone call takes its time."""
DONE_GOES_HOME_S: Final = 1800.0


class Step(msgspec.Struct, frozen=True):
    """One screen of the flow."""

    press: Press
    """What a key does on it."""
    page: Build
    leads_to: tuple[str, ...]
    """Every step that can follow, but for "paused", "not_saved", what going back leads to, and
    "not_confirmed", which follows wherever it is not known any more whether current flows."""
    pauses: bool = True
    """Space pauses the visit here."""
    digits: bool = False
    """8 is a number here, not "read it to me"; 0 is a number, not "back"."""
    home_after_s: float | None = None
    """Goes home by itself."""
    write: Write | None = None
    """Words are typed here: what a character does. Keys without one come to `press` as everywhere."""


def _waits(press: Press, page: Build, *leads_to: str, home_after_s: float | None = None) -> Step:
    """A step on which Space does nothing: home, alarms, and what is not to be passed by."""
    return Step(press, page, leads_to, pauses=False, home_after_s=home_after_s)


def _number(press: Press, page: Build, *leads_to: str) -> Step:
    return Step(press, page, leads_to, digits=True)


def _family(
    press: Press, page: Build, *leads_to: str, digits: bool = False, write: Write | None = None
) -> Step:
    return Step(press, page, leads_to, False, digits, FAMILY_CLOSES_S, write)


_FAMILY: Final = ("family_alerts", "family_charts", "family_diary", "family_sessions", "family_notes")
_NOTED: Final = ("family", "family_alerts", "family_entry", "family_notes")
_ORDER: Final = ("group", "single", "pain_rest", "pain_moving", "soreness", "check", "saving")
"""What `kiosk.visit.steps.order.onward` can lead to while questions are missing."""
_PADS: Final = ("placement", "settle", "no_device", "stop_test", "contact", "contact_check")
"""… and after the verdict."""


def _press_practice(visit: Visit, key: Key, moment: Moment) -> Result:
    return practice.press(visit, key, moment, lambda inner: press(inner, key, moment), hear)


def _practice_page(visit: Visit, moment: Moment) -> Page:
    return practice_pages.marked(visit, moment, page(practice.inside(visit), moment))


STEPS: Final[Mapping[str, Step]] = MappingProxyType(
    {
        # home, and what is one key away
        "home": _waits(
            home.press_home,
            home_pages.home,
            "identity",
            "diary_day",
            "diary_pain_rest",
            "look_back",
            "help",
            "exercises",
            "pin",
            "consent",
            "patient_pin",
            "unlock_code",
            "telephone",
            "box_check",
            "saving",
            "after_restart",
        ),
        "box_check": _waits(safe_mode.press_box_check, safe_mode_pages.box_check, "home"),
        "after_restart": _waits(home.press_after_restart, home_pages.after_restart, "pads_off"),
        "look_back": Step(family.press_look_back, look_back_pages.look_back, ("home",)),
        "help": Step(
            home.press_help,
            home_pages.help_,
            (
                "label",
                "evidence",
                "choices",
                "consent",
                "patient_pin",
                "practice_intro",
                "prescription",
                "home",
            ),
        ),
        "prescription": Step(
            clinician.press_prescription,
            clinician_pages.prescription,
            ("prescription", "clinician_pin", "clinician", "help"),
            home_after_s=FAMILY_CLOSES_S,  # the clinician's page may lie behind it
        ),
        "clinician_pin": Step(
            clinician.press_pin,
            clinician_pages.clinician_pin,
            ("clinician", "prescription", "home"),
            pauses=False,
            digits=True,
            home_after_s=PIN_CLOSES_S,
        ),
        "clinician": _family(
            clinician.press_clinician, clinician_pages.locks, "prescription", "held", "home"
        ),
        "held": _family(held.press_held, clinician_pages.held, "held", "held_decline", "clinician"),
        "held_decline": _family(held.press_decline, clinician_pages.held_decline, "held"),
        "practice_intro": Step(practice.press_intro, practice_pages.intro, ("practice", "help")),
        "practice": _waits(
            _press_practice, _practice_page, "practice", "home", home_after_s=DONE_GOES_HOME_S
        ),
        "consent": Step(consent.press_consent, consent_pages.consent, ("consent_clinic", "saving", "home")),
        "consent_clinic": Step(
            consent.press_consent_clinic, consent_pages.consent_clinic, ("consent", "saving", "home")
        ),
        "patient_pin": Step(
            patient_pin.press_patient_pin,
            consent_pages.patient_pin,
            ("get_ready", "consent", "identity", "help", "home"),
            pauses=False,
            digits=True,
            home_after_s=PIN_CLOSES_S,
        ),
        "choices": Step(choices.press_choices, choice_pages.choices, ("help",)),
        "label": Step(leaflets.press_leaflet, leaflet_pages.leaflet, ("label", "help")),
        "evidence": Step(leaflets.press_leaflet, leaflet_pages.leaflet, ("evidence", "help")),
        "exercises": Step(
            exercises.press_exercises, exercise_pages.exercises, ("exercise", "exercise_help", "home")
        ),
        "exercise_help": Step(leaflets.press_leaflet, leaflet_pages.leaflet, ("exercises",)),
        "exercise": Step(exercises.press_exercise, exercise_pages.exercise, ("exercise", "exercises")),
        "paused": _waits(home.press_paused, home_pages.paused, "home"),
        "saving": _waits(
            home.press_saving,
            home_pages.saving,
            "verdict",
            "first_done",
            "not_today",
            "probing",
            "session",
            "red",
            "skin_locked",
            "saved",
            "entry_saved",
            "home",
            "pads_off",
            *_ORDER,
            *_PADS,
        ),
        "not_saved": _waits(home.press_not_saved, home_pages.not_saved, "saving", "home"),
        # who, and the questions
        "identity": Step(
            questions.press_identity,
            question_pages.identity,
            ("get_ready", "patient_pin", "wrong_person", "home"),
        ),
        "wrong_person": _waits(questions.press_wrong_person, question_pages.wrong_person, "home"),
        "get_ready": Step(questions.press_get_ready, question_pages.get_ready, (*_ORDER,)),
        "group": Step(questions.press_group, question_pages.group, (*_ORDER, *_PADS)),
        "single": Step(
            questions.press_single, question_pages.single, ("confirm_yes", "mend", *_ORDER, *_PADS)
        ),
        "confirm_yes": Step(questions.press_confirm_yes, question_pages.confirm_yes, (*_ORDER, *_PADS)),
        "mend": Step(questions.press_mend, question_pages.mend, ("single", "saving")),
        "pain_rest": _number(feelings.press_feeling, checks.feeling, *_ORDER),
        "pain_moving": _number(feelings.press_feeling, checks.feeling, *_ORDER),
        "soreness": _number(feelings.press_feeling, checks.feeling, *_ORDER),
        "check": Step(feelings.press_check, checks.check, (*_ORDER,)),
        # what they mean
        "verdict": _waits(verdict.press_verdict, verdicts.verdict, "telephone", "pads_off", "home"),
        "telephone": _waits(verdict.press_telephone, verdicts.telephone, "verdict", "home"),
        "not_today": _waits(verdict.press_not_today, verdicts.not_today, "pads_off", "home"),
        "first_done": _waits(home.press_first_done, verdicts.first_done, "home"),
        # pads, posture, STOP
        "placement": Step(
            pads.press_placement, pad_pages.placement, ("placement", "pad_help", *_ORDER, *_PADS)
        ),
        "pad_help": Step(leaflets.press_leaflet, leaflet_pages.leaflet, ("pad_help", "placement")),
        "settle": Step(pads.press_settle, pad_pages.settle, (*_ORDER, *_PADS)),
        "no_device": Step(pads.press_no_device, pad_pages.no_device, (*_ORDER, *_PADS, "home")),
        "stop_test": _waits(
            pads.press_stop_test, pad_pages.stop_test, "stop_works", "stop_not_pressed", "not_confirmed"
        ),
        "stop_works": Step(pads.press_stop_works, pad_pages.stop_works, (*_ORDER, *_PADS)),
        "stop_not_pressed": Step(pads.press_stop_not_pressed, pad_pages.stop_not_pressed, ("stop_test",)),
        "contact": Step(pads.press_contact, pad_pages.contact, (*_ORDER, *_PADS)),
        "contact_check": Step(contact.press_contact_check, contact_pages.contact_check, (*_ORDER, *_PADS)),
        "probing": _waits(
            contact.press_probing,
            contact_pages.probing,
            "contact_result",
            "contact_stopped",
            "contact_fault",
            "contact_end",
        ),
        "contact_result": Step(contact.press_contact_result, contact_pages.contact_result, (*_ORDER, *_PADS)),
        "contact_stopped": _waits(
            contact.press_contact_stopped, contact_pages.contact_stopped, "pads_off", *_ORDER, *_PADS
        ),
        "contact_fault": _waits(
            contact.press_contact_fault, contact_pages.contact_fault, "pads_off", *_ORDER, *_PADS
        ),
        "contact_end": _waits(contact.press_contact_end, contact_pages.contact_end, "pads_off"),
        # current
        "session": _waits(
            stimulation.press_session,
            session_pages.beginning,
            "pads_off",
            "nobody",
            "pad_faults_end",
            "stopped",
            "look",
            "pad_off",
            "place_again",
            "fault",
            "not_confirmed",
        ),
        # how it ended
        "not_confirmed": _waits(
            stimulation.press_not_confirmed, stops.not_confirmed, "stop_failed", "pads_off", "home"
        ),
        "stop_failed": _waits(stimulation.press_stop_failed, stops.stop_failed, "home"),
        "stopped": _waits(stimulation.press_stopped, stops.stopped, "why_stopped", "go_on"),
        "why_stopped": _waits(
            stimulation.press_why,
            stops.why_stopped,
            "saving",
            "pad_faults_end",
            "loose_pad",
            "pads_off",
            "go_on",
            "sting",
        ),
        "go_on": _waits(stimulation.press_go_on, stops.go_on, "pads_off", *_ORDER, *_PADS),
        "look": _waits(stimulation.press_look, stops.look, "pads_off", *_ORDER, *_PADS),
        "sting": _waits(stimulation.press_look, stops.sting, "go_on", "pads_off"),
        "pad_off": _waits(stimulation.press_pad_off, stops.pad_off, "loose_pad"),
        "loose_pad": _waits(stimulation.press_loose_pad, stops.loose_pad, "pads_off", *_ORDER, *_PADS),
        "place_again": _waits(stimulation.press_place_again, stops.place_again, "pads_off", *_ORDER, *_PADS),
        "fault": _waits(stimulation.press_fault, stops.fault, "pads_off", *_ORDER, *_PADS),
        "pad_faults_end": _waits(stimulation.press_to_pads_off, stops.pad_faults_end, "pads_off"),
        "nobody": _waits(
            stimulation.press_nobody,
            stops.nobody,
            "pads_off",
            *_ORDER,
            *_PADS,
            "home",
            home_after_s=DONE_GOES_HOME_S,
        ),
        "red": _waits(ending.press_red, verdicts.red, "pads_off"),
        # the end
        "pads_off": _waits(
            ending.press_pads_off, end_pages.pads_off, "pads_off_help", "pain_after", "skin_after"
        ),
        "pads_off_help": _waits(leaflets.press_leaflet, leaflet_pages.leaflet, "pads_off_help", "pads_off"),
        "pain_after": Step(
            ending.press_pain_after, end_pages.pain_after, ("skin_after",), pauses=False, digits=True
        ),
        "skin_after": _waits(ending.press_skin_after, end_pages.skin_after, "skin_help", "saving"),
        "skin_help": _waits(leaflets.press_leaflet, leaflet_pages.leaflet, "skin_after", "diary_skin"),
        "skin_locked": _waits(ending.press_skin_locked, verdicts.skin_locked, "saved", "entry_saved"),
        "saved": _waits(
            ending.press_saved,
            end_pages.saved,
            "form_scale",
            "form_choice",
            "exercises",
            "home",
            home_after_s=DONE_GOES_HOME_S,
        ),
        # the diary
        "diary_day": Step(diary.press_diary_day, diary_pages.day, ("diary_pain_rest", "home")),
        "diary_pain_rest": _number(diary.press_diary_number, diary_pages.number, "diary_pain_moving"),
        "diary_pain_moving": _number(diary.press_diary_number, diary_pages.number, "diary_soreness"),
        "diary_soreness": _number(diary.press_diary_number, diary_pages.number, "diary_sleep"),
        "diary_sleep": _number(diary.press_diary_number, diary_pages.number, "diary_medicine"),
        "diary_medicine": Step(
            diary.press_diary_medicine, diary_pages.medicine, ("diary_skin", "diary_activity")
        ),
        "diary_skin": Step(
            diary.press_diary_skin, diary_pages.skin, ("diary_activity", "skin_help", "saving")
        ),
        "diary_activity": Step(diary.press_diary_activity, diary_pages.activity, ("diary_notes",)),
        "diary_notes": Step(diary.press_diary_notes, diary_pages.notes, ("saving", "entry_saved")),
        "entry_saved": _waits(
            diary.press_entry_saved,
            diary_pages.entry_saved,
            "form_scale",
            "form_choice",
            "home",
            home_after_s=DONE_GOES_HOME_S,
        ),
        "form_scale": _number(forms.press_form, form_pages.form, "form_scale", "form_choice", "saving"),
        "form_choice": Step(forms.press_form, form_pages.form, ("form_scale", "form_choice", "saving")),
        # the clinician, by telephone
        "unlock_code": Step(
            unlock_code.press_unlock_code,
            unlock_pages.unlock_code,
            ("home",),
            pauses=False,
            digits=True,
            home_after_s=CODE_CLOSES_S,
        ),
        # the family
        "pin": Step(
            family.press_pin,
            family_pages.pin,
            ("family", "home"),
            pauses=False,
            digits=True,
            home_after_s=PIN_CLOSES_S,
        ),
        "family": _family(
            family.press_family,
            family_pages.family,
            "home",
            "family_note",
            "family_write",
            "family_stick",
            *_FAMILY,
        ),
        "family_alerts": _family(family.press_alerts, family_pages.alerts, "family_note", "family"),
        "family_charts": _family(family.press_charts, chart_pages.charts, "family_charts", "family"),
        "family_diary": _family(
            family.press_diary, family_pages.diary, "family_entry", "family_find", "family_search", "family"
        ),
        "family_find": _family(family.press_find, family_pages.find, "family_diary", digits=True),
        "family_search": _family(
            family.press_search,
            family_pages.search,
            "family_diary",
            "family_notes",
            digits=True,
            write=family.write_search,
        ),
        "family_entry": _family(
            family.press_entry, family_pages.entry, "family_entry", "family_note", "family_diary"
        ),
        "family_sessions": _family(family.press_sessions, family_pages.sessions, "family"),
        "family_notes": _family(
            family.press_notes,
            family_pages.notes,
            "family_note",
            "family_read_note",
            "family_search",
            "family",
        ),
        "family_read_note": _family(family.press_read_note, family_pages.read_note, "family_notes"),
        "family_stick": _family(
            stick.press_stick,
            stick_pages.stick,
            "family_password",
            "family_writing",
            "family_taken",
            "family",
        ),
        "family_taken": _family(stick.press_taken, stick_pages.taken, "home", "family"),
        "family_password": _family(
            stick.press_password, stick_pages.password, "family_stick", "family_writing"
        ),
        "family_writing": _waits(stick.press_writing, stick_pages.writing, "family_written"),
        "family_written": _family(stick.press_written, stick_pages.written, "family_stick", "family"),
        "family_note": _family(family_notes.press_note, family_pages.note, "family_write", *_NOTED),
        "family_write": _family(
            family_notes.press_write,
            family_pages.write,
            *_NOTED,
            digits=True,
            write=family_notes.write_note,
        ),
    }
)


def start(setting: Setting, moment: Moment, chosen: Chosen = Chosen()) -> Result:  # noqa: B008 - frozen
    """The first screen, when the kiosk comes up; the diary is read meanwhile."""
    context = Context(setting, chosen, home_seen_at=moment.now)
    return load_today(Visit(Place("home"), context, shown_s=moment.monotonic_s))


def page(visit: Visit, moment: Moment, session: SessionState | None = None) -> Page:
    """What stands on the screen, in the language of `kiosk.words`. `session` while the step is "session"."""
    if visit.step == "session" and session is not None:
        return session_pages.page(visit, moment, session)
    return STEPS[visit.step].page(visit, moment)


def press(visit: Visit, key: Key, moment: Moment) -> Result:
    """A key of the person. Never raises, whatever the key and wherever it comes."""
    if key is Key.ENTER:
        visit = replace(visit, enter=visit.enter.heard(moment.monotonic_s))
    return unanswered.said(visit, key, *_pressed(visit, key, moment))


def write(visit: Visit, text: str, moment: Moment) -> Result:
    """A character that was typed, or `kiosk.keys.ERASE`, on a screen that asks for words; never raises."""
    step = STEPS[visit.step]
    return (visit, ()) if step.write is None else step.write(unanswered.forgotten(visit), text, moment)


def _pressed(visit: Visit, key: Key, moment: Moment) -> Result:
    if key is Key.LEAVE:
        return _leave(visit, moment)
    if visit.step == "practice":
        return _press_practice(visit, key, moment)
    step = STEPS[visit.step]
    reads = key is Key.READ or (key is Key.EIGHT and not step.digits)
    if visit.step == "session":
        # The session hears every key: any one holds a slow rise, and shows that somebody is there.
        visit, effects = stimulation.press_session(visit, key, moment)
        return visit, (*effects, Speak()) if reads else effects
    if reads:
        return visit, (Speak(),)
    if visit.step == "probing":
        return contact.press_probing(visit, key, moment)
    if key is Key.STOP:
        # On the other screens the guard heard it, and it changes nothing here.
        return (go(visit, moment, "paused"), ()) if step.pauses else (visit, ())
    if key is Key.ZERO and not step.digits:
        key = Key.BACK
    visit, effects = step.press(visit, key, moment)
    return _and_saved(visit, effects, moment)


def hear(visit: Visit, event: Event, moment: Moment) -> Result:
    """Something happened. Never raises; what belongs to a screen that was left changes nothing."""
    effects: tuple[Effect, ...] = ()
    match event:
        case Saved():
            visit, effects = heard_saved(visit, event)
        case SaveFailed():
            visit = _say_not_saved(heard_save_failed(visit, event), moment)
        case SessionNotSaved():
            visit = heard_session_not_saved(visit, event)
        case TodayLoaded(today, alerts, has_pin, clinician_pin):
            visit = unanswered.forgotten(visit)
            visit = update(visit, patient_pin=has_pin, clinician_pin=clinician_pin)
            visit, effects = _today(visit, today, alerts, moment)
        case TodayNotLoaded(sentence):
            visit = update(visit, loads="none", unreadable=sentence)
            visit = jump(visit, moment, "home") if visit.step == "saving" else visit
        case DeviceSeen(device):
            visit = device_step.seen(unanswered.forgotten(visit), device)
        case StopTestReady() if visit.step == "stop_test":
            visit = update_run(visit, stop_ready=True)
        case StopTestEnded() if visit.step == "stop_test":
            visit, effects = pads.hear_stop_test(visit, event, moment)
        case ContactCheckEnded() if visit.step == "probing":
            visit, effects = contact.ended(visit, event, moment)
        case SessionEnded(outcome) if visit.step == "session":
            visit, effects = stimulation.ended(visit, outcome, moment)
        case OutputUnknown(why):
            visit, effects = stimulation.output_unknown(visit, why, moment)
        case PinChecked() if visit.step == "patient_pin":
            visit, effects = patient_pin.hear(visit, event, moment)
        case PinChecked() if visit.step == "clinician_pin":
            visit, effects = clinician.hear_pin(visit, event, moment)
        case PinChecked():
            visit, effects = family.hear_pin(visit, event, moment)
        case FamilyNotLoaded():
            visit = family.hear_not_loaded(visit, event)
        case FamilyLoaded():
            visit, effects = family.hear_family(visit, event, moment)
        case WordsFound():
            visit = family.hear_found(visit, event)
        case PlacesSeen() | PasswordMade() | SentOut() | StickTaken():
            visit = stick.hear(visit, event, moment)
        case CodeStateLoaded() | CodeTried() if visit.step == "unlock_code":
            visit, effects = unlock_code.hear(visit, event, moment)
        case CodeStateLoaded(state, sentence) if visit.step == "clinician":
            code = visit.context.code
            visit = update(visit, code=replace(code, state=state, sentence=code.sentence or sentence))
        case HeldLoaded() | HeldDone():
            visit, effects = held.hear(visit, event, moment)
        case CodeTried() if visit.step == "clinician":
            visit, effects = clinician.hear_opened(visit, event)
        case BoxChecked() if visit.step == "box_check":
            visit = safe_mode.hear(visit, event)
        case NotChosen(sentence):
            visit = update(visit, not_kept=sentence)
        case TakenIn(news):
            visit = update(visit, news=(*visit.context.news, *news))
        case DiaryChecked(damaged, cut_short):
            visit = home.hear_checked(visit, damaged, cut_short=cut_short)
        case Woke():
            visit, effects = _woke(visit, moment)
    return _and_saved(visit, effects, moment)


def save_at_last(visit: Visit) -> Result:
    """The kiosk is left: what waits is tried once more."""
    return save_again(visit) if visit.context.saves.waiting else (visit, ())


def deadline_s(visit: Visit) -> float | None:
    """When `Woke` is to be heard, monotonic; None: never by time."""
    due = (calls.due_s(visit), _home_due_s(visit))
    return min((due_s for due_s in due if due_s is not None), default=None)


def _home_due_s(visit: Visit) -> float | None:
    """When home reads the diary again, or another screen goes home by itself."""
    after_s = HOME_READS_AGAIN_S if visit.step == "home" else STEPS[visit.step].home_after_s
    return None if after_s is None else visit.shown_s + after_s


def _woke(visit: Visit, moment: Moment) -> Result:
    visit, effects = calls.call(visit, moment)
    due_s = _home_due_s(visit)
    if due_s is None or moment.monotonic_s < due_s:
        return visit, effects
    if visit.step == "home":
        visit, tone = calls.remind(replace(visit, shown_s=moment.monotonic_s), moment)
        visit, then = load_today(visit)
        return visit, (*effects, *tone, *then)
    visit, then = go_home(visit, moment)
    return visit, (*effects, *then)


def _leave(visit: Visit, moment: Moment) -> Result:
    """Ctrl+C stops a session like any stop key; a second one within 2 s leaves what is not locked down. Once
    it says instead that something is not saved, but never in the way of what has to do with a current."""
    effects: tuple[Effect, ...] = (SessionKey(Key.LEAVE),) if visit.step == "session" else ()
    if visit.step == "probing":
        visit, effects = contact.press_probing(visit, Key.LEAVE, moment)
    if visit.context.setting.locked_down:
        return visit, effects
    before_s = visit.context.leave_s
    if before_s is not None and moment.monotonic_s - before_s <= LEAVE_WITHIN_S:
        visit, saves = update(visit, leave_s=None), visit.context.saves
        if not saves.waiting or saves.told_on_leaving or visit.step in _ABOUT_A_CURRENT:
            return visit, (*effects, Leave())
        visit = update(visit, saves=replace(saves, told_on_leaving=True))
        return _say_not_saved(visit, moment, on_home=True), effects
    return update(visit, leave_s=moment.monotonic_s), effects


def _today(visit: Visit, today: Today, alerts: AlertsNow | None, moment: Moment) -> Result:
    again = visit.context.loads == "again"
    visit = update(visit, today=today, unreadable="", loads="none")
    if again:
        return load_today(visit)
    judging = visit.step == "saving" and visit.context.read_after_saving
    told: tuple[Effect, ...] = ()
    if alerts is not None and (judging or visit.step == "home"):
        visit, told = save_new_alerts(visit, alerts)
    if judging:
        # What was newly locked is durable, and read back, before a verdict is said.
        return (
            (wait_for_saves(visit, moment, "verdict"), told)
            if told
            else verdict.verdict_reached(visit, moment)
        )
    if visit.step != "home":
        return visit, ()
    if visit.context.saves.all_durable:
        visit = update(visit, locks=())  # the diary's own hold from now on
    visit, effects = save_pain_lock(visit) if today.pain_lock_missing else (visit, ())
    if told:
        visit, load = load_today(visit)
        effects = (*effects, *told, *load)
    if visit.context.restart_seen:
        return visit, effects
    visit, then = home.after_start(update(visit, restart_seen=True), moment)
    return visit, (*effects, *then)


# ── the step "saving" ───────────────────────────────────────────────────────────────────────────


def _and_saved(visit: Visit, effects: tuple[Effect, ...], moment: Moment) -> Result:
    """Leaves the step "saving" as soon as everything is durable, and says so when it will not be."""
    saves = visit.context.saves
    if visit.step != "saving":
        return visit, effects
    if not saves.all_durable:
        stuck = not saves.under_way and bool(saves.sentence)
        return (_say_not_saved(visit, moment) if stuck else visit), effects
    visit, then = _AFTER_SAVING[visit.context.after_saving](visit, moment)
    return visit, (*effects, *then)


def _read_for_verdict(visit: Visit, moment: Moment) -> Result:
    """The verdict waits for the diary as it stands after the answers."""
    if visit.context.read_after_saving:
        return visit, ()
    return load_today(update(visit, read_after_saving=True))


def _saved(visit: Visit, moment: Moment) -> Result:
    """The diary as it stands now says whether another session is due today."""
    return load_today(jump(visit, moment, "saved"))


def _jump_to(step: str) -> Callable[[Visit, Moment], Result]:
    return lambda visit, moment: (jump(visit, moment, step), ())


_AFTER_SAVING: Final[Mapping[Continuation, Callable[[Visit, Moment], Result]]] = MappingProxyType(
    {
        "verdict": _read_for_verdict,
        "probe": contact.begin,
        "begin": stimulation.begin,
        "red": _jump_to("red"),
        "skin": _jump_to("skin_locked"),
        "saved": _saved,
        "entry_saved": _jump_to("entry_saved"),
        "return": back,
        "home": go_home,
    }
)


_ABOUT_A_CURRENT: Final = ("session", "stop_test", "probing", "not_confirmed")


def _say_not_saved(visit: Visit, moment: Moment, *, on_home: bool = False) -> Visit:
    """Said at once, and nothing goes on; but not over a current or an alarm, and home says it itself."""
    if visit.step in (*_ABOUT_A_CURRENT, "not_saved") or (visit.step == "home" and not on_home):
        return visit
    if visit.step == "saving":
        return go(visit, moment, "not_saved")
    return go(update(visit, after_saving="return"), moment, "not_saved")
