"""Every screen of the family, with a diary of ten weeks behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec.structs import replace

from kiosk.diary.records import Entry, Lock, Session
from kiosk.events import (
    DiaryChecked,
    FamilyLoaded,
    PasswordMade,
    PinChecked,
    PlacesSeen,
    SentOut,
    StickTaken,
    WordsFound,
)
from kiosk.export.outgoing import NotSent, Places, Sent
from kiosk.review.family import (
    DayView,
    EntryView,
    FamilyView,
    Found,
    Kept,
    Level,
    News,
    NoteView,
    Numbers,
    SessionView,
    SideLevel,
    Stretch,
    Told,
    Trend,
    Week,
    Written,
)
from programs.text import Reason
from tests.kiosk.visit.visit_bench import START, Walk, today

LAST = START.date()
DAY = dt.timedelta(days=1)


def told(level: str, rule: str, days_ago: int = 0, done: bool = False, **parameters: object) -> Told:
    """An alert; `done`: somebody has seen to it."""
    return Told(
        id=f"{rule} {days_ago}",
        at=START - days_ago * DAY,
        level=level,  # type: ignore[arg-type]
        rule=Reason(rule, parameters),  # type: ignore[arg-type]
        since=LAST - days_ago * DAY,
        records=("a", "b", "c"),
        done_at=START if done else None,
        note="We talked. It is all right." if done else "",
        who="family" if done else "",
    )


SORE = told("amber", "sore_days", 3, since=(LAST - 3 * DAY).isoformat(), soreness=5)
BURN = told("red", "red_event", 0, symptom="burning")
RED_ANSWER = told("red", "red_answer", 0, question="rf_chest", **{"class": "E"})
GAP = told("info", "diary_gap", 1, days=3)
SEEN = told("amber", "pain_up_days", 20, done=True, days=3)


def a_day(n: int) -> DayView:
    """The n-th of twelve weeks; the diary was begun after two of them."""
    begun = n >= 14
    pain = None if not begun or n % 9 == 4 else (7, 6, 4, 6, 5, 3, 6)[n % 7]
    return DayView(
        day=LAST - (83 - n) * DAY,
        pain=pain,
        session=begun and n % 3 == 0,
        mean=5.3 if begun and n > 20 else None,
        late=n == 60,
        medicine=begun and n % 11 == 0,
        flare=n == 70,
        begun=begun,
        soreness=None if not begun or n % 3 == 2 else n % 4,
        skin=None if not begun or n % 3 else (1 if n == 66 else 0),
        around=(pain, max(0, pain - n % 3)) if pain is not None and n % 3 == 0 else None,
    )


def a_level(n: int, current_mA: float) -> Level | None:
    """Of the n-th day; before the last four weeks with another waveform."""
    if n < 14 or n % 3:
        return None
    return Level(current_mA - (83 - n) // 12, 24.0 if n > 40 else 20.0, changed=n == 57)


def an_entry(n: int) -> EntryView:
    entry = Entry(
        moment=("before", "after", "daily", "next_day")[n % 4],  # type: ignore[arg-type]
        pain_rest=n % 10,
        pain_moving=min(10, n % 10 + 1) if n % 3 else None,
        soreness=n % 5 if n % 2 else None,
        sleep=6,
        medicine=n % 6 == 0,
        skin=1 if n % 4 == 3 else None,
        note="[@click=app.quit] The rain came and my back felt it, also at night." if n % 5 == 1 else "",
    )
    at = START - n * DAY
    earlier = (Written(at, replace(entry, pain_rest=9, sleep=2)),) if n % 12 == 3 else ()
    return EntryView(id=f"e{n}", at=at, entry=entry, entered_late=n % 8 == 2, earlier=earlier)


def a_session(n: int) -> SessionView:
    state = ("done", "done", "ended_early", "interrupted")[n % 4]
    session = Session(
        programme=("nmes_learn", "tens_conv")[n % 2],
        montage="M4-par",
        session_kind="nmes",
        planned_seconds=1500,
        seconds_done=1500 if state == "done" else 700,
        state=state,  # type: ignore[arg-type]
        stop_reason={"ended_early": "enough", "interrupted": "restart"}.get(state),
        peak_mA={"1": 14.0, "2": 13.5},
    )
    return SessionView(
        id=f"s{n}", at=START - 2 * n * DAY, session=session, pain_before=6, pain_after=5 if n % 2 else None
    )


FULL = FamilyView(
    first_day=LAST - 83 * DAY,
    last_day=LAST,
    days=tuple(a_day(n) for n in range(84)),
    stretches=tuple(
        Stretch(
            first=LAST - (63 - n) * 56 * DAY,
            days=56,
            pain=None if n % 10 == 4 else 3 + n % 5,
            rated=0 if n % 10 == 4 else 40,
            sessions=16 + n % 9,
            planned=3,
            soreness=n % 5,
            skin=n % 30 == 7,
            around=(5.0, 4.0 + n % 2),
        )
        for n in range(64)
    ),
    entries=tuple(an_entry(n) for n in range(70)),
    sessions=tuple(a_session(n) for n in range(30)),
    notes=(
        NoteView(
            id="n1", at=START, text="The new pads stick better than the old ones did.", author="patient"
        ),
        NoteView(id="n2", at=START - DAY, text="We called the clinician.", author="family", about="e1"),
    ),
    numbers=Numbers(
        first=6.0,
        last=5.0,
        change="no_clear_change",
        days_rated=25,
        trend=Trend(per_week=-0.14, low=-0.3, high=0.02),
        within_session=-1.0,
        peg_first=6.0,
        peg_last=4.7,
        peg_change="no_clear_change",
        pgic=3,
    ),
    weeks=tuple(Week(LAST - (7 * n + 6) * DAY, (3, 2, 3, 0, 4)[n % 5], 3) for n in reversed(range(10))),
    kept=Kept(held=7, done=6, planned=8, held_of_planned=7, minutes=160, early={"enough": 1}),
    levels=(
        SideLevel(
            side="left",
            channel=1,
            current_mA=14.0,
            limit_mA=24.0,
            before_mA=14.0,
            days=tuple(a_level(n, 14.0) for n in range(84)),
            stretches=tuple(Level(8.0 + n % 7, 18.0 + n // 10, n == 30) for n in range(64)),
        ),
        SideLevel(
            side="right",
            channel=2,
            current_mA=13.5,
            limit_mA=24.0,
            before_mA=13.5,
            days=tuple(a_level(n, 13.5) for n in range(84)),
            stretches=tuple(Level(7.5 + n % 7, 18.0 + n // 10) for n in range(64)),
        ),
    ),
    alerts=(BURN, SORE, GAP, SEEN),
    news=News(since=START - 12 * DAY, notes=2, alerts=1),
)


def opened(view: FamilyView = FULL, *locks: Lock) -> Walk:
    """The overview, after the PIN."""
    walk = Walk(today(locks=locks, family_may_look=True))
    walk.press("9", "1", "enter")
    walk.hear(PinChecked(True, 0))
    walk.hear(FamilyLoaded(view))
    return walk


NOTHING_YET = tuple(replace(a_day(0), day=LAST - (83 - n) * DAY) for n in range(84))


def family_screens() -> Iterator[tuple[str, Walk]]:
    """Name and walk; each is to be looked at before the next one is asked for."""
    variants = {
        "fine": replace(FULL, alerts=(SEEN,)),
        "to know": replace(FULL, alerts=(GAP,)),
        "amber": replace(FULL, alerts=(SORE,)),
        "nothing yet": FamilyView(first_day=LAST - 83 * DAY, last_day=LAST, days=NOTHING_YET),
        "the clinic sent": replace(
            FULL, alerts=(), waiting=2, refused=3, refused_words="Observation.code: missing \x1b[2J" * 9
        ),
        "not allowed": replace(FULL, allowed=False),
    }
    for name, view in variants.items():
        yield f"family {name}", opened(view)
    yield "family red", opened(FULL, Lock(class_="red", cause="burning"))
    yield (
        "family postponed",
        opened(replace(FULL, alerts=()), Lock(class_="P", cause="d_ill", until=LAST + DAY)),
    )
    yield "family E", opened(replace(FULL, alerts=()), Lock(class_="E", cause="rf_chest"))
    yield "family E told", opened(replace(FULL, alerts=(RED_ANSWER,)), Lock(class_="E", cause="rf_chest"))
    yield "family U", opened(replace(FULL, alerts=()), Lock(class_="U", cause="rf_fever"))
    walk = opened(replace(FULL, alerts=()))
    walk.hear(DiaryChecked(("2026-10",), cut_short=False))
    yield "family a part damaged", walk
    walk = opened()
    walk.press("1")
    for n in range(4):
        yield f"family_alerts {n}", walk
        walk.press("down")
    walk = _pressed(opened(), "enter", "7")
    walk.write("We talked about the st")
    walk.press("back", "back")
    yield "family a note begun", walk
    yield "family_alerts none", _pressed(opened(replace(FULL, alerts=())), "1")
    walk = _pressed(opened(), "enter")
    yield "family_note of an alert", walk
    walk.press("3")
    yield "family one done", walk
    for name, view in (("", FULL), (" nothing", variants["nothing yet"])):
        walk = _pressed(opened(view), "2")
        for chart in ("pain", "level", "soreness", "around", "weeks"):
            for reach in range(3):
                yield f"family_charts {chart} {reach}{name}", walk
                walk.press("2")
            walk.press("1")
    walk = _pressed(opened(), "3")
    yield "family_diary", walk
    for n in range(5):
        walk.press("1")
        yield f"family_diary filter {n}", walk
    walk.press("1", "2")
    yield "family_diary oldest", walk
    walk.press("2")
    yield "family_diary worst", walk
    walk.press("right", "down")
    yield "family_diary second page", walk
    yield "family_diary empty", _pressed(opened(replace(FULL, entries=())), "3")
    walk = _pressed(opened(), "3", "3")
    yield "family_find", walk
    walk.press("0", "9", "1", "1")
    yield "family_find typed", walk
    walk = _pressed(opened(), "3", "down", "enter")
    yield "family_entry", walk
    yield "family_entry changed", _pressed(opened(), "3", "down", "down", "down", "enter")
    walk.press("1", "5")
    yield "family_entry with a note", walk
    yield from typed_screens()
    yield "family_sessions", _pressed(opened(), "4", "down", "down")
    yield "family_sessions none", _pressed(opened(replace(FULL, sessions=())), "4")
    yield "family_notes", _pressed(opened(), "6")
    yield from stick_screens()
    yield "family_notes none", _pressed(opened(replace(FULL, notes=())), "6")


LONG_NOTE = ("She walked to the lake and back, the long way round, and slept well after it. " * 7)[:480]
FOUND = Found(
    words="rain",
    entries=tuple(replace(an_entry(5 * n + 1), id=f"f{n}", at=START - 300 * n * DAY) for n in range(12)),
    notes=(
        NoteView(id="n8", at=START - 900 * DAY, text=LONG_NOTE, author="family", about="f0"),
        NoteView(id="n9", at=START - 901 * DAY, text="The rain again.", author="family", about="f0"),
    ),
    about=(
        NoteView(id="n8", at=START - 900 * DAY, text=LONG_NOTE, author="family", about="f0"),
        NoteView(id="n9", at=START - 901 * DAY, text="The rain again.", author="family", about="f0"),
    ),
    left_out=31,
)


def typed_screens() -> Iterator[tuple[str, Walk]]:
    """What is written on a keyboard, and words that are looked for."""
    walk = _pressed(opened(), "3", "enter", "1", "7")
    yield "family_write", walk
    walk.write(LONG_NOTE[:-1])
    yield "family_write nearly full", walk
    walk.write("..")
    yield "family_write full", walk
    walk.press("enter")
    for n in range(2):
        yield f"family_entry with a long note {n}", walk
        walk.press("down")
    walk = _pressed(opened(), "3", "4")
    yield "family_search", walk
    walk.write("rain")
    walk.press("enter")
    yield "family_diary looking for words", walk
    walk.hear(WordsFound(FOUND))
    yield "family_diary with words", walk
    walk.press("enter")
    for n in range(3):
        yield f"family_entry of another year {n}", walk
        walk.press("down")
    walk.press("back", "4")
    yield "family_search again", walk
    walk.write("snow")
    walk.press("enter")
    walk.hear(WordsFound(Found("snow")))
    yield "family_diary without words", walk
    walk = _pressed(opened(), "6", "4")
    walk.write("rain")
    walk.press("enter")
    walk.hear(WordsFound(FOUND))
    yield "family_notes with words", walk
    walk.press("enter")
    yield "family_read_note", walk
    walk = _pressed(opened(), "6", "4")
    walk.write("rain")
    walk.press("enter")
    walk.hear(WordsFound(None, "The diary cannot be shown now. Please try again."))
    yield "family_notes not looked through", walk


def stick_screens() -> Iterator[tuple[str, Walk]]:
    """What is taken along."""
    walk = _pressed(opened(), "5")
    yield "family_stick looking", walk
    walk.hear(PlacesSeen(Places()))
    yield "family_stick none", walk
    walk.hear(PlacesSeen(Places(plugged_in=True)))
    yield "family_stick that cannot be used", walk
    walk.hear(PlacesSeen(Places(plugged_in=True, finished=True)))
    yield "family_stick that is finished", walk
    walk.hear(PlacesSeen(Places(sticks=("/media/a", "/media/b"), plugged_in=True)))
    yield "family_stick two", walk
    walk.hear(PlacesSeen(Places(sticks=("/media/a",), plugged_in=True, printer="Office")))
    walk.press("2", "4")
    yield "family_stick there", walk
    walk.press("enter")
    yield "family_password none yet", walk
    walk.hear(PasswordMade("4FK2X-9H7QZ-M3T0P-8WVYC"))
    yield "family_password", walk
    walk.press("enter")
    yield "family_writing", walk
    walk.hear(SentOut(Sent("homestim-20261120-1405", ("report.pdf", "report.html", "diary.csv"))))
    yield "family_written", walk
    for why in ("busy", "gone", "full", "forgets", "refused", "printer", "diary", "unknown"):
        failed = at_the_stick()
        failed.press("enter")
        failed.hear(SentOut(NotSent(why)))  # type: ignore[arg-type]
        yield f"family_written {why}", failed
    for news in (None, (), (Reason("lock_opened", {"by": "Dr. Demo"}),)):
        walk = _pressed(at_the_stick(), "6")
        if news is not None:
            walk.hear(StickTaken(news))
        yield f"family_taken {None if news is None else len(news)}", walk
    walk = _pressed(at_the_stick(), "5")
    yield "family_writing on paper", walk
    walk.hear(SentOut(Sent("Office", ("report.pdf",))))
    yield "family_written on paper", walk


def at_the_stick() -> Walk:
    """A stick is in the box, and there is a printer."""
    walk = _pressed(opened(), "5")
    walk.hear(PlacesSeen(Places(sticks=("/media/a",), plugged_in=True, printer="Office")))
    return walk


def _pressed(walk: Walk, *keys: str) -> Walk:
    walk.press(*keys)
    return walk
