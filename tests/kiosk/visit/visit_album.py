"""Every screen of the flow, reached by keys and events as a person reaches it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from drivers import messages as guard
from kiosk.access.handed_in import Held, Installs, Opens
from kiosk.access.unlocking import CodeResult, CodeState, ToOpen
from kiosk.diary.folder import REASONS, cannot_use
from kiosk.diary.records import Lock, Session
from kiosk.diary.store import CALL
from kiosk.errors import filled, in_a_row
from kiosk.events import (
    BeginSession,
    BoxChecked,
    CodeStateLoaded,
    CodeTried,
    ContactCheckEnded,
    DeviceSeen,
    DiaryChecked,
    FamilyLoaded,
    FamilyNotLoaded,
    HeldDone,
    HeldLoaded,
    NotChosen,
    OutputUnknown,
    PinChecked,
    SaveFailed,
    StopTestEnded,
    TodayNotLoaded,
)
from kiosk.keys import Key
from kiosk.page import Page
from kiosk.review.family import DayView, FamilyView, Kept, Numbers
from kiosk.session import machine
from kiosk.session.rules import NOTICE_S
from kiosk.session.state import Deadline, Event, Heard, Pressed, SessionSaved, SessionState, SlowRise
from kiosk.today import CutOff, PadsInUse, Today
from kiosk.visit import flow
from kiosk.visit.state import Moment, Setting, Visit
from kiosk.visit.steps import clinician, contact, leaflets, practice
from kiosk.visit.steps.forms import next_due
from programs.contact import GoodContact
from programs.history import CourseHistory, PastSession
from programs.library import load_courses, load_questionnaire, prescription_example
from programs.plan import NotToday, SessionPlan
from programs.prescription import Clearance, Prescription, demonstration_prescription, parse
from programs.progression import todays_stage
from programs.text import Reason
from tests.kiosk.visit.family_album import family_screens
from tests.kiosk.visit.visit_bench import FIRST_TIME, SAFE, START, Walk, device, lead, today

FULL_DISK = cannot_use(Path("/var/lib/homestim"), OSError(errno.ENOSPC, "")).sentence
NOT_KEPT = filled("The settings cannot be saved: {reason}. The old ones hold.", reason=REASONS[errno.ENOSPC])
UNREAD = in_a_row(filled("The diary of {month} cannot be read. Nothing was changed.", month="2026-11"), CALL)
ANOTHER_BOX = filled(
    "The signed file is for box {its}; this is box {this}. Nothing was changed.",
    its="3F7A-91C2",
    this="0000-0000",
)


PORT = "/dev/serial/by-id/usb-STMicroelectronics_STM32_Virtual_COM_Port_1234-if00"
ABSENT = {
    "no guard": "The guard has ended.",
    "not there": f"The stimulator's port {PORT} is not there. Check its cable.",
    "forbidden": f"This computer's user may not use the stimulator's port {PORT}. Add it to the group.",
    "taken": f"Another program is using the stimulator's port {PORT}. Close that program.",
    "no port": f"{PORT} is not a serial port. Choose the port that the stimulator is on.",
    "silent": "The stimulator does not answer.",
    "another": "Another stimulator is plugged in.",
}
"""Name → what the guard says of an absent stimulator."""


@dataclass(frozen=True)
class Shot:
    """One screen; `page()` words it in the language of now."""

    name: str
    visit: Visit
    moment: Moment
    session: SessionState | None = None

    def page(self) -> Page:
        return flow.page(self.visit, self.moment, self.session)


MAY_BE_ON = dataclasses.replace(
    device(present=False), sentence="The stimulator does not say that its output is off."
)


def album() -> Iterator[Shot]:
    """All of them, each step at least once."""
    yield from _homes()
    yield from _questions()
    yield from _verdicts()
    yield from _pads()
    yield from _contact()
    yield from _session()
    yield from _ends()
    yield from _around()


def shot(walk: Walk, name: str = "") -> Shot:
    return Shot(name or walk.step, walk.visit, walk.moment)


def _homes() -> Iterator[Shot]:
    rest = today(history=_history_of_yesterday())
    plans = {
        "ready": today(),
        "baseline": today(baseline_due=Reason("rescreen_days", {"days": 28})),
        "week0": today(week0_day=3),
        "week0_done": today(week0_day=3, week0_done_today=True),
        "no_prescription": today(prescription=None, prescription_state="none"),
        "expired": today(
            prescription_state="expired",
            next=NotToday((Reason("prescription_expired", {"on": "2026-11-01"}),), None),
        ),
        "not_yet": today(
            prescription_state="not_yet",
            next=NotToday((Reason("prescription_not_yet", {"from": "2026-12-01"}),), None),
        ),
        "tens while muscles rest": rest,
        **{
            f"locked {lock}": today(locks=(_lock(lock),))
            for lock in ("E", "U", "X", "C", "red", "skin", "restore", "P")
        },
        **{
            f"none for today {cause} {days}": today(
                locks=(Lock(class_="P", cause=cause, until=START.date() + dt.timedelta(days=days)),)
            )
            for cause in ("not_confirmed", "device_faults", "pad_faults", "pad_contact")
            for days in (1, 0)
        },
    }
    for name, day in plans.items():
        yield shot(Walk(day), f"home {name}")
    walk = Walk()
    walk.hear(DeviceSeen(device(present=False)))
    yield shot(walk, "home no_device")
    for name, said in ABSENT.items():
        absent = dataclasses.replace(device(present=False), sentence=said)
        walk.hear(DeviceSeen(absent))
        yield shot(walk, f"home no_device {name}")
    for name, day in (("", today()), (" locked E", today(locks=(_lock("E"),)))):
        walk = Walk(day)
        walk.hear(DeviceSeen(MAY_BE_ON))
        yield shot(walk, f"home device not off{name}")
    walk = Walk(setting=Setting(build="b"))
    walk.hear(DeviceSeen(dataclasses.replace(device(), build="a")))
    yield shot(walk, "home other build")
    walk = Walk()
    walk.hear(TodayNotLoaded(UNREAD))
    yield shot(walk, "home unreadable")
    walk.hear(DiaryChecked(("2026-10",), cut_short=False))
    yield shot(walk, "home unreadable in one month")
    for name, checked in (
        ("a part damaged", DiaryChecked(("2026-09", "2026-10"), cut_short=False)),
        ("saving cut short", DiaryChecked((), cut_short=True)),
    ):
        told = Walk()
        told.hear(checked)
        yield shot(told, f"home {name}")
    yield from _safe_mode()
    visit, _ = flow.start(Setting(), walk.moment)
    yield Shot("home loading", visit, walk.moment)
    yield Shot(
        "home leaving",
        replace(walk.visit, context=replace(walk.visit.context, leave_s=walk.uptime_s)),
        walk.moment,
    )
    for name, done in (("home rest_day", False), ("home done", True)):
        walk = Walk(today(prescription=_muscles_only(), history=_history_of_yesterday(), done_today=done))
        yield shot(walk, name)


def _safe_mode() -> Iterator[Shot]:
    setting = Setting(safe_mode=True)
    yield shot(Walk(today(locks=(_lock("red"),)), setting), "home safe_mode locked")
    walk = Walk(setting=setting)
    walk.hear(DeviceSeen(device(present=False)))
    yield shot(walk, "home safe_mode")
    walk.press("7")
    yield shot(walk, "box_check running")
    mend = (
        "The port /dev/serial/by-id/usb-STMicroelectronics_STM32_Virtual_COM_Port_1234-if00 is not there.",
        "Switch the stimulator on and put its cable in. If it is another one: homestim setup",
    )
    for name, found in {
        "well": BoxChecked(to_see=2),
        "to mend": BoxChecked(to_mend=(mend,) * 4, to_see=1),
        "not checked": BoxChecked(sentence="The check did not come to its end."),
    }.items():
        walk.hear(found)
        yield shot(walk, f"box_check {name}")


def _muscles_only() -> object:
    prescription = today().prescription
    assert prescription is not None
    return replace(prescription, programmes=("nmes_learn",))


def _history_of_yesterday() -> CourseHistory:
    return CourseHistory().with_session(
        PastSession("nmes_learn", "nmes", START - dt.timedelta(days=1), True, 10, 1500, 1500)
    )


def _lock(class_: str) -> Lock:
    causes = {
        "E": "rf_chest",
        "U": "rf_fever",
        "X": "x_pacer",
        "C": "c_spine",
        "red": "burning",
        "P": "d_ill",
    }
    until = START.date() + dt.timedelta(days=1) if class_ == "P" else None
    if class_ == "restore":
        taken = START - dt.timedelta(days=90)
        return Lock(class_=class_, cause="restored", copy_of=taken, lost=("2026-07", "2026-08"))
    return Lock(class_=class_, cause=causes.get(class_, class_), until=until)  # type: ignore[arg-type]


def _questions() -> Iterator[Shot]:
    walk = Walk(today(baseline_due=FIRST_TIME))
    walk.press("1")
    yield shot(walk)
    walk.press("2")
    yield shot(walk)
    walk = Walk(today(baseline_due=FIRST_TIME))
    walk.press("1", "1")
    yield shot(walk, "get_ready baseline")
    walk.press("enter")
    while walk.step in ("group", "single"):
        yield shot(walk, f"baseline {walk.visit.place.index}")
        if walk.step == "group":
            together = walk.visit
            walk.press("2")
            while walk.step == "single":
                yield shot(walk, f"baseline {walk.visit.place.index}.{walk.visit.place.item}")
                walk.press("2")
                if walk.step == "confirm_yes":
                    yield shot(walk, f"confirm_yes {walk.visit.context.unsure}")
                if walk.visit.place.item + 1 < len(_questions_here(together)):
                    walk.visit = replace(
                        walk.visit,
                        place=replace(walk.visit.place, step="single", item=walk.visit.place.item + 1),
                    )
                else:
                    break
            walk.visit = together
        walk.press("1")
    yield shot(walk)
    walk = Walk()
    walk.press("1", "1")
    yield shot(walk, "get_ready")
    walk.press("enter")
    while walk.step in ("group", "single"):
        yield shot(walk, f"daily {walk.visit.place.index}")
        walk.press("1")
    for step in ("pain_rest", "pain_moving", "soreness"):
        assert walk.step == step
        yield shot(walk)
        walk.press("1")
        yield shot(walk, f"{step} marked")
        walk.press("enter")
    yield shot(walk)
    walk.press("enter")
    while walk.step in ("group", "single"):
        yield shot(walk, f"own {walk.visit.place.index}")
        if walk.step == "group":
            walk.press("2", "1")
            yield shot(walk, "own single")
        elif walk.visit.place.item == 1:
            walk.press("2")
            yield shot(walk, "mend")
            walk.press("enter", "1")
        else:
            walk.press("1")
    walk.wait(3700)
    walk.press("enter", "enter", "enter")
    yield shot(walk, f"asked again {walk.step}")


def _codes() -> Iterator[Shot]:
    locks = tuple(ToOpen(_lock(class_), name) for class_, name in (("E", "12-1"), ("skin", "9")))
    for state in (None, CodeState("", locks), CodeState("3F7A-91C2", ()), CodeState("3F7A-91C2", locks)):
        walk = Walk(today(locks=(_lock("E"), _lock("skin"))))
        walk.press("6")
        if state is not None:
            walk.hear(CodeStateLoaded(state))
        yield shot(walk, f"unlock_code {state and (bool(state.box), len(state.locks))}")
    walk.press("1", "2", "3", "4", "5", "6", "7")
    yield shot(walk, "unlock_code typing")
    walk.press("8", "enter")
    walk.hear(CodeTried(CodeResult("wrong", 15)))
    yield shot(walk, "unlock_code wrong")
    walk.wait(15)
    walk.press("1", "2", "3", "4", "5", "6", "7", "8", "enter")
    walk.hear(CodeTried(CodeResult()))
    walk.hear(CodeStateLoaded(CodeState("3F7A-91C2", locks[1:])))
    yield shot(walk, "unlock_code opened")


def _questions_here(visit: Visit) -> tuple[str, ...]:
    from kiosk.visit.steps.answers import groups

    return groups(visit)[visit.place.index].questions


def _verdicts() -> Iterator[Shot]:
    for class_ in ("E", "U", "X", "C", "red", "skin", "restore", "P"):
        walk = Walk(today(locks=(_lock(class_),)))
        visit = replace(walk.visit, place=replace(walk.visit.place, step="verdict"))
        yield Shot(f"verdict {class_}", visit, walk.moment)
        if class_ in "EUXC":
            walk.press("7")
            yield shot(walk, f"telephone {class_}")
    yield from _codes()
    walk = Walk()
    walk.until("soreness")
    walk.press("5", "enter", "enter")
    yield shot(walk)
    walk.press("enter")
    walk = Walk()
    walk.until("soreness")
    walk.press("8", "enter", "enter")
    yield shot(walk, "not_today very sore")
    walk = Walk(answering=False)
    walk.until("check")
    walk.press("enter")
    yield shot(walk)
    walk.fail_saves(FULL_DISK)
    yield shot(walk)
    walk.press("2")
    yield shot(walk, "home unsaved")
    for name, keys in (("unconfirmed", ("2", "2")), ("confirmed", ("2", "2", "2"))):
        walk = Walk()
        walk.until("group")
        walk.answering = False
        walk.press(*keys)
        walk.fail_saves(FULL_DISK)
        yield shot(walk, f"not_saved E {name}")
        walk.press("2")
        walk.fail_saves(FULL_DISK)
        yield shot(walk, f"home unsaved after E {name}")


def _pads() -> Iterator[Shot]:
    walk = Walk()
    walk.until("placement")
    yield shot(walk)
    walk.press("6")
    for page in range(leaflets.count("pad_help")):
        yield shot(walk, f"pad_help {page}")
        walk.press("enter")
    assert walk.step == "placement"
    walk.press("7")
    yield shot(walk, "placement new pads")
    walk.press("5")
    yield shot(walk, "placement pad 1")
    walk.press("enter")
    yield shot(walk, "placement pad 2")
    walk.press("enter")
    yield shot(walk, "placement blue")
    walk.press("enter")
    yield shot(walk)
    walk.hear(DeviceSeen(device(present=False)))
    walk.press("enter", "1")
    yield shot(walk)
    walk.hear(DeviceSeen(MAY_BE_ON))
    yield shot(walk, "no_device not off")
    walk.hear(DeviceSeen(device()))
    yield shot(walk, "no_device, there again")
    walk.press("enter")
    yield shot(walk)
    walk.hear(StopTestEnded(True, "status 0", by_person=False))
    yield shot(walk)
    for why in ("no_answer", "unplugged", "stop_input_lost", "test_too_early", "something new"):
        walk.press("enter")
        walk.hear(StopTestEnded(True, "status 0", by_person=False, why=why))
        yield shot(walk, f"stop_not_pressed {why}")
    walk.press("enter")
    walk.hear(StopTestEnded(True, "status 0"))
    yield shot(walk)
    walk.press("enter")
    yield shot(walk)
    walk = Walk()
    walk.until("stop_test")
    walk.hear(StopTestEnded(False, "no answer, 3 s silence"))
    yield shot(walk, "not_confirmed test")
    walk.press("enter")
    yield shot(walk)


# ── the session ─────────────────────────────────────────────────────────────────────────────────


class Desk:
    """The session machine at the flow's plan, fed with the guard's words."""

    def __init__(self, walk: Walk, plan: SessionPlan) -> None:
        self.walk = walk
        self.last_status = (0, 0, True)
        self.state, _ = machine.begin(
            plan, device_kind="p24", last_epoch=1, first_session=False, now_s=walk.uptime_s
        )

    def feed(self, event: Event) -> None:
        self.state, _ = machine.step(self.state, event, self.walk.uptime_s)

    def press(self, *keys: Key) -> None:
        for key in keys:
            self.pass_time(1.5)
            self.feed(Pressed(key))

    def pass_time(self, seconds: float) -> None:
        """The guard goes on speaking meanwhile."""
        self.walk.wait(seconds)
        if self.state.stage in ("find", "play"):
            self.status(*self.last_status[:2], may_raise=self.last_status[2])

    def status(self, phase: int, elapsed_ms: int = 0, *, may_raise: bool = True) -> None:
        self.last_status = (phase, elapsed_ms, may_raise)
        channels = tuple(
            guard.ChannelStatus(side.channel, side.level_half_mA, side.level_half_mA)
            for side in self.state.sides
        )
        self.feed(
            Heard(
                guard.Status("armed", 2, 1, channels, 1000, may_raise, phase, elapsed_ms, self.walk.uptime_s)
            )
        )

    def climb(self, phase: int, half_mA: int) -> None:
        """To a level, by presses or by a slow rise."""
        for _ in range(40):
            if self.state.side.level_half_mA < half_mA:
                self.status(phase, may_raise=False)  # from one contraction to the next
                self.status(phase)
                self.press(Key.UP)
                self.pass_time(1.0)
                self.feed(Deadline())
                self.status(phase)
        assert self.state.side.level_half_mA >= half_mA

    def shot(self, name: str, slow: SlowRise | None = None) -> Shot:
        """As it is; `slow`: as it would be with that slow rise."""
        state = self.state
        if slow is not None:
            side = replace(state.side, slow=slow)
            at = state.finding
            state = replace(state, sides=(*state.sides[:at], side, *state.sides[at + 1 :]))
        return Shot(f"session {name}", self.walk.visit, self.walk.moment, state)


def _session() -> Iterator[Shot]:
    walk = Walk()
    walk.until("session")
    yield shot(walk)
    (begun,) = walk.sent(BeginSession)
    assert isinstance(begun, BeginSession)
    for kind, plan in (("nmes", begun.plan), ("tens", _tens_with_history(begun.plan))):
        for name in _stages(Desk(walk, plan)):
            yield dataclasses.replace(name, name=f"{name.name} {kind}")


def _tens_with_history(plan: SessionPlan) -> SessionPlan:
    walk = Walk(today(history=_history_of_yesterday()))
    assert isinstance(walk.visit.context.today, object)
    tens = walk.visit.context.today.next  # type: ignore[union-attr]
    assert isinstance(tens, SessionPlan)
    channels = tuple(replace(channel, reference_mA=18.5) for channel in tens.channels)
    return replace(tens, channels=channels)


def _stages(desk: Desk) -> Iterator[Shot]:
    yield desk.shot("saving")
    desk.feed(SessionSaved("s1"))
    yield desk.shot("arming")
    desk.status(0)
    for index in range(len(desk.state.sides)):
        desk.status(index)
        if desk.state.find_step == "offer":
            yield desk.shot(f"offer {index}")
            desk.press(Key.ENTER)
            yield desk.shot(f"slow rise {index}")
            desk.press(Key.FOUR)
            yield desk.shot(f"held {index}")
        yield desk.shot(f"feel {index}")
        desk.press(Key.ENTER)
        yield desk.shot(f"nothing yet {index}")
        desk.climb(index, 2 if desk.state.side.slow else 12)
        yield desk.shot(f"felt {index}")
        felt = desk.state
        lowered = replace(felt.side, ceiling_half_mA=felt.side.level_half_mA, slow=None)
        desk.state = replace(felt, sides=(*felt.sides[:index], lowered, *felt.sides[index + 1 :]))
        yield desk.shot(f"nothing felt at the limit {index}")
        desk.press(Key.FIVE)
        yield desk.shot(f"rest while finding {index}")
        desk.state = felt
        desk.press(Key.ENTER)
        if desk.state.find_step == "feel":
            desk.press(Key.ENTER)
        yield desk.shot(f"where {index}")
        desk.press(Key.ONE if index == 0 else Key.TWO)
        if desk.state.find_step == "tighten":
            yield desk.shot(f"tighten {index}")
            slow = SlowRise(desk.state.side.level_half_mA + 8)
            yield desk.shot(f"tighten while it holds {index}", slow)
            desk.press(Key.ENTER)
        elif desk.state.side.slow is not None:
            yield desk.shot(f"strong while it holds {index}")
        desk.press(Key.UP, Key.UP, Key.UP)
        yield desk.shot(f"strong {index}")
        desk.status(index, may_raise=False)
        desk.press(Key.UP)
        yield desk.shot(f"plateau {index}")
        desk.pass_time(100)
        desk.feed(Deadline())
        yield desk.shot(f"still ok while finding {index}")
        desk.press(Key.ENTER, Key.ENTER)
    yield desk.shot("both")
    first = len(desk.state.sides)
    for phase in range(first, len(desk.state.armed_plan.phases)):
        for elapsed_ms in (0, 1_000, 3_000, 4_500, 12_000):
            desk.status(phase, elapsed_ms)
            yield desk.shot(f"phase {phase} at {elapsed_ms}")
    desk.press(Key.FOUR)
    yield desk.shot("status")
    desk.pass_time(NOTICE_S)
    desk.press(Key.FIVE)
    desk.pass_time(1.0)
    yield desk.shot("rest")
    desk.pass_time(400)
    desk.feed(Deadline())
    yield desk.shot("still ok")
    desk.pass_time(2)
    desk.press(Key.ENTER)
    desk.pass_time(2)
    desk.press(Key.ENTER)
    yield desk.shot("rising again")
    desk.press(Key.FOUR)
    yield desk.shot("held again")
    desk.press(Key.STOP)
    yield desk.shot("stopping")
    desk.feed(Heard(guard.Stopped(2, "person", True, "status 0", 20.0)))
    yield desk.shot("ended")


def _in_session() -> Walk:
    walk = Walk()
    walk.until("session")
    return walk


def _measuring() -> Walk:
    walk = Walk(measures=True)
    walk.until("contact_check")
    return walk


def _contact() -> Iterator[Shot]:
    """Where the stimulator measures how the pads lie."""
    walk = _measuring()
    yield shot(walk)
    walk.press("enter")
    yield shot(walk)
    walk.measured(lead(1), lead(2))
    yield shot(walk, "contact_result good")
    usual = tuple(GoodContact("M4-par", "5x9", 1, 400) for _ in range(3))
    walk = Walk(today(contacts=usual, pads=PadsInUse("5x9", 12, START.date())), measures=True)
    walk.until("contact_check")
    walk.press("enter")
    walk.measured(lead(1, series_ohm=560), lead(2))
    yield shot(walk, "contact_result less than usual")
    for name, leads in (
        ("dry", (lead(1), lead(2, "dry"))),
        ("open", (lead(1, "open"), lead(2))),
        ("both", (lead(1, "open"), lead(2, "dry"))),
    ):
        walk = _measuring()
        walk.press("enter")
        walk.measured(*leads)
        yield shot(walk, f"contact_result {name}")
        walk.press("2")
        yield shot(walk, f"placement after {name}")
    for _ in range(contact.MOST_FAILURES - 1):
        walk.until("contact_check")
        walk.press("enter")
        walk.measured(lead(1, "open"), lead(2, "dry"))
        if walk.step == "contact_result":
            walk.press("2")
    yield shot(walk)
    for why in ("person", "unplugged", "result", "lease", "refused", "limit", "guard_silent"):
        walk = _measuring()
        walk.press("enter")
        how = "stop_test: not tested" if why == "refused" else "status 0"
        walk.hear(ContactCheckEnded(why, True, how))
        yield shot(walk, f"{walk.step} {why}")
    walk = _measuring()
    for _ in range(2):
        walk.until("contact_check")
        walk.press("enter")
        walk.hear(ContactCheckEnded("result", True, "status 0"))
    yield shot(walk, "contact_fault twice")
    for refused in ("restarts: 2", "stop_input: usb-Big_Red_Button", "day: 8100"):
        walk = _measuring()
        walk.press("enter")
        walk.hear(ContactCheckEnded("refused", True, refused))
        yield shot(walk, f"contact_fault {refused.partition(':')[0]}")
    walk = _measuring()
    walk.press("enter")
    walk.hear(ContactCheckEnded("no_answer", False, "3 s silence"))
    yield shot(walk, "not_confirmed after the contact check")


def _ends() -> Iterator[Shot]:
    for why in ("plan_over", "person", "look", "pad_loose", "nothing_felt", "where_mismatch", "still_ok"):
        walk = _in_session()
        walk.end_session(why)
        yield shot(walk, f"{walk.step} {why}")
    for why in (
        *("unplugged", "no_answer", "stale", "lapsed", "restarted", "result", "lease", "limit", "refused"),
        *("finding_too_long", "not_saved", "guard_silent", "shutdown", "something new"),
        *("stop_input_lost", "day", "guard_error", "client_gone", "switch", "port"),
    ):
        walk = _in_session()
        walk.end_session(why)
        yield shot(walk, f"fault {why}")
    for limit in ("stop_input", "day", "restarts"):
        walk = _in_session()
        walk.end_session("refused", never_armed=True, seconds_done=0, how=f"never armed: {limit}")
        yield shot(walk, f"fault refused {limit}")
    for why in ("person", "refused", "not_saved", "still_ok"):
        walk = _in_session()
        walk.end_session(why, never_armed=True, seconds_done=0)
        yield shot(walk, f"never armed {why}")
    walk = Walk()
    walk.until("contact")
    walk.hear(OutputUnknown("no answer"))
    yield shot(walk, "not_confirmed before the session")
    walk.press("enter")
    yield shot(walk, "pads_off before the session")
    walk = _in_session()
    walk.end_session("electrode", channel=2)
    walk.press("enter")
    yield shot(walk)
    walk = _in_session()
    walk.end_session("electrode", channel=2, pad_faults=3)
    yield shot(walk)
    walk = _in_session()
    walk.end_session("no_answer", confirmed=False, how="no answer, 3 s silence")
    yield shot(walk)
    for key, name in (
        ("1", "loose_pad"),
        ("3", "red burning"),
        ("4", "red faint"),
        ("5", "go_on"),
        ("6", "sting"),
    ):
        walk = _in_session()
        walk.end_session()
        walk.press("enter")
        if key == "1":
            yield shot(walk)
        walk.press(key)
        yield shot(walk, name)
    walk.wait(700)
    walk.press("1")
    yield shot(walk, "go_on too late")
    walk = _in_session()
    walk.end_session("plan_over")
    for step, leads_on in (("pads_off_help", True), ("skin_help", False)):
        walk.press("6")
        for page in range(leaflets.count(step)):
            yield shot(walk, f"{step} {page}")
            walk.press("enter")
        if leads_on:
            walk.press("enter")
            yield shot(walk)
            walk.press("4")
            yield shot(walk, "pain_after marked")
            walk.press("enter")
    yield shot(walk)
    walk.press("4")
    yield shot(walk)
    walk.press("enter")
    yield shot(walk)


def mean_of_a_week(pains: Sequence[int | None], day: int) -> float | None:
    """As `kiosk.review.statistics.rolling_mean`, without its library of numbers."""
    rated = [pain for pain in pains[max(0, day - 6) : day + 1] if pain is not None]
    return sum(rated) / len(rated) if len(rated) >= 5 else None


def family_view(last: dt.date, locks: tuple[Lock, ...] = (), entries: int = 9) -> FamilyView:
    first = last - dt.timedelta(days=27)
    pains = [n % 10 if n >= 28 - entries else None for n in range(28)]
    means = [mean_of_a_week(pains, n) for n in range(28)]
    days = tuple(
        DayView(day=first + dt.timedelta(days=n), pain=pains[n], session=n % 3 == 0, mean=means[n])
        for n in range(28)
    )
    return FamilyView(
        first_day=first,
        last_day=last,
        days=days,
        locks=locks,
        numbers=Numbers(last=4.5 if entries >= 5 else None, days_rated=entries),
        kept=Kept(held=10, done=2),
    )


def _around() -> Iterator[Shot]:
    walk = Walk()
    for days_ago in (0, 3):
        yield from _diary(days_ago)
    walk = Walk(today(diary_due="next_day"))
    walk.press("2", "enter", *("4", "enter") * 4, "2")
    yield shot(walk)
    walk = Walk()
    walk.press("3")
    yield shot(walk, "look_back loading")
    walk.hear(FamilyLoaded(family_view(START.date())))
    yield shot(walk)
    walk.hear(FamilyLoaded(family_view(START.date(), entries=2)))
    yield shot(walk, "look_back few")
    compared = Numbers(first=6.0, last=5.5, change="no_clear_change", days_rated=25)
    walk.hear(FamilyLoaded(replace(family_view(START.date(), entries=25), numbers=compared)))
    yield shot(walk, "look_back compared")
    unread = Walk()
    unread.press("3")
    unread.hear(FamilyNotLoaded(UNREAD))
    yield shot(unread, "look_back unread")
    walk.press("back", "4")
    yield shot(walk)
    yield from _choices(walk)
    for key, step in (("1", "label"), ("2", "evidence")):
        walk.press(key)
        for page in range(leaflets.count(step)):
            yield shot(walk, f"{step} {page}")
            walk.press("enter")
    yield from _exercises_and_forms()
    walk = Walk(setting=Setting(shown_pin="4711"))
    walk.press("9")
    yield shot(walk)
    walk.press("4", "7", "1", "1", "enter")
    yield shot(walk, "pin checking")
    walk.hear(PinChecked(False, 30))
    yield shot(walk, "pin wrong")
    walk.wait(60)
    walk.press("4", "7", "1", "1", "enter")
    walk.hear(PinChecked(True, 0))
    walk.hear(FamilyLoaded(family_view(START.date())))
    yield shot(walk)
    walk = Walk(today(locks=(_lock("E"),)))
    walk.press("9", "1", "enter")
    walk.hear(PinChecked(True, 0))
    walk.hear(FamilyLoaded(family_view(START.date(), (_lock("E"),))))
    yield shot(walk, "family locked")
    for name, walk in family_screens():
        yield shot(walk, name)
    walk = Walk()
    walk.until("group")
    walk.press("stop")
    yield shot(walk)
    for minutes in (0, 6):
        record = Session(
            programme="nmes_learn",
            montage="M4-par",
            session_kind="nmes",
            planned_seconds=900,
            seconds_done=minutes * 60,
        )
        walk = Walk(today(interrupted=CutOff("s1", record, START)))
        yield shot(walk, f"after_restart {minutes}")
    for kind in ("p24_unplug_supply", "rehastim2_switch"):
        walk.hear(DeviceSeen(dataclasses.replace(device(present=False), how_to_cut_output=kind)))
        yield shot(walk, f"after_restart absent {kind}")
    asked = replace(walk.visit, context=replace(walk.visit.context, device=None))
    yield Shot("after_restart asking", asked, walk.moment)


__all__ = ["Desk", "SaveFailed", "Shot", "album", "family_view", "shot"]


def _choices(walk: Walk) -> Iterator[Shot]:
    """From help and back to it."""
    walk.press("3")
    yield shot(walk)
    walk.press("3", *["down"] * 7)
    yield shot(walk, "choices off")
    walk.press(*["up"] * 6)
    walk.hear(NotChosen(NOT_KEPT))
    yield shot(walk, "choices not kept")
    walk.press("back")
    for may_look in (None, True, False):
        asked = Walk(today(family_may_look=may_look))
        yield shot(asked, f"home family {may_look}")
        asked.press("4", "4")
        yield shot(asked, f"consent {may_look}")
    for sent in (None, True, False):
        asked = Walk(today(clinic_may_receive=sent), setting=Setting(recipient="Back Clinic"))
        yield shot(asked, f"home sent {sent}")
        asked.press("4", "4")
        yield shot(asked, "consent with a clinic")
        asked.press("3")
        yield shot(asked, f"consent clinic {sent}")
    learning = Walk()
    learning.press("4", "5")
    yield shot(learning)
    learning.press("enter", "1", "enter")
    yield from _practised(learning)
    asked = Walk(patient_pin=True)
    asked.press("1", "1")
    yield shot(asked)
    asked.press("4", "7", "1", "1", "enter")
    yield shot(asked, "patient_pin checking")
    asked.hear(PinChecked(False, 15))
    yield shot(asked, "patient_pin wrong")
    silent = Walk(setting=Setting(plays_tones=False, reads_aloud=False))
    silent.press("4", "3")
    yield shot(silent, "choices silent")
    silent.press("8")
    yield shot(silent, "choices asked to read")
    larger = Walk(setting=Setting(sets_letters=True, locked_down=True))
    larger.press("4", "3")
    yield shot(larger, "choices letters")
    larger.press("4")
    yield shot(larger, "choices large letters")
    yield from _of_the_clinician()


def _of_the_clinician() -> Iterator[Shot]:
    """What is prescribed, page by page; the PIN; the locks."""
    walk = Walk(today(prescription=full_prescription()), clinician_pin=True)
    walk.press("4", "6")
    for page in range(clinician.page_count(walk.visit)):
        yield shot(walk, f"prescription {page}")
        walk.press("enter")
    walk.press("6", "7", "1", "3", "5", "9")
    yield shot(walk)
    walk.press("enter")
    walk.hear(PinChecked(False, 15))
    yield shot(walk, "clinician_pin wrong")
    walk.wait(15)
    walk.press("1", "enter")
    walk.hear(PinChecked(True, 0))
    yield shot(walk, "clinician loading")
    locks = tuple(ToOpen(_lock(class_), name) for class_, name in (("E", "12-1"), ("skin", "9")))
    walk.hear(CodeStateLoaded(CodeState("", locks)))
    yield shot(walk)
    walk.press("5")
    yield shot(walk, "clinician opening")
    walk.hear(CodeTried(CodeResult()))
    walk.hear(CodeStateLoaded(CodeState("", locks[1:])))
    yield shot(walk, "clinician opened")
    walk.press("5")
    walk.hear(CodeTried(CodeResult()))
    walk.hear(CodeStateLoaded(CodeState("", ())))
    yield shot(walk, "clinician none left")
    walk.press("5")
    yield shot(walk, "clinician dead key")
    yield from _sent_by_the_clinic()


def _sent_by_the_clinic() -> Iterator[Shot]:
    """What waits for the clinician's yes."""
    old = full_prescription()
    walk = Walk(today(prescription=old), clinician_pin=True)
    walk.press("4", "6", "7")
    yield shot(walk, "clinician_pin empty")
    walk.press("1", "enter")
    walk.hear(PinChecked(True, 0))
    walk.hear(CodeStateLoaded(CodeState("", ())))
    new = replace(
        old,
        serial=old.serial + 1,
        limits={key: limit_mA + 2.5 for key, limit_mA in old.limits.items()},
        days_per_week=old.days_per_week + 1,
        valid_until=old.valid_until + dt.timedelta(days=90),
        programmes=old.programmes[:-1],
        week0=not old.week0,
        levels_anew=True,
    )
    walk.hear(
        HeldLoaded(
            (
                Held("a", Installs(new, "")),
                Held("b", Opens("id", 12, "Dr. Demo", "Dr. Demo, 2026-11-20; seen today")),
                Held("c", None, ANOTHER_BOX),
                Held("d", Installs(replace(old, serial=90), "")),
            )
        )
    )
    yield shot(walk, "clinician with something sent")
    walk.press("3")
    for sheet in range(4):
        yield shot(walk, f"held more {sheet}")
        walk.press("down")
    walk.press("7")
    yield shot(walk, "held_decline")
    walk.press("2")
    for name in ("a lock", "not valid", "nothing changes"):
        walk.press("right")
        yield shot(walk, f"held {name}")
    walk.press("5")
    yield shot(walk, "held taking")
    walk.hear(HeldDone(FULL_DISK))
    walk.hear(HeldLoaded((Held("b", Opens("id", 12, "Dr. Demo", "Dr. Demo, 2026-11-20")),)))
    yield shot(walk, "held not taken")
    walk.press("5")
    walk.hear(HeldDone())
    walk.hear(HeldLoaded(()))
    yield shot(walk, "held taken")


def full_prescription() -> Prescription:
    """The example that is shipped, with all that may stand in one."""
    found = parse(prescription_example())
    cleared = (found.clearances or (Clearance("c_spine", "Dr. Demo", START.date()),)) * 3
    programmes = ("nmes_learn", "nmes_end", "nmes_str", "tens_conv", "tens_mod", "tens_low")
    limits = {"1": 40.0, "2": 40.0, "nmes_str": 35.5, "tens_low": 30.0}
    return replace(found, clearances=cleared, programmes=programmes, limits=limits)


def _practised(walk: Walk) -> Iterator[Shot]:
    """From the first questions to the end; those of its screens that stand nowhere else."""
    for _ in range(60):
        inner = practice.inside(walk.visit)
        if inner.step == "session":
            walk.press("up", "up")
        if inner.step in ("session", "stop_test", "saved"):
            yield shot(walk, f"practice {inner.step}")
        if inner.step == "saved":
            return
        keys = {"stop_test": ("stop",), "session": ("stop",)}
        walk.press(*keys.get(inner.step, SAFE.get(inner.step, ("enter",))))


def _diary(days_ago: int) -> Iterator[Shot]:
    """Every screen of an entry, for today or an earlier day."""
    name = f", {days_ago} days ago" if days_ago else ""
    walk = Walk()
    walk.press("2")
    yield shot(walk, f"diary_day{name}")
    walk.press(str(days_ago) if days_ago else "enter")
    while walk.step != "diary_medicine":
        yield shot(walk, f"{walk.step}{name}")
        walk.press("4", "enter")
    yield shot(walk, f"diary_medicine{name}")
    walk.press("1")
    yield shot(walk, f"diary_activity{name}")
    walk.press("2")
    yield shot(walk, f"diary_notes{name}")
    walk.press("3", "7")
    yield shot(walk, f"diary_notes picked{name}")
    walk.press("enter")
    yield shot(walk, f"entry_saved{name}")


def _exercises_and_forms() -> Iterator[Shot]:
    for course in load_courses():
        walk = Walk(with_stage(course))
        walk.press("5")
        yield shot(walk, f"exercises {course}")
        walk.press("enter")
        while walk.step == "exercise":
            yield shot(walk, f"exercise {course} {walk.visit.place.index}")
            walk.press("enter")
    walk = Walk(with_stage("deconditioned", worse_answers=frozenset(load_questionnaire().questions)))
    walk.press("5")
    yield shot(walk, "exercises none")
    walk = Walk(with_stage("deconditioned"))
    walk.press("5", "6")
    yield shot(walk)
    long_ago = START.date() - dt.timedelta(days=100)
    walk = Walk(today(history=replace(CourseHistory(), plan_began=long_ago)))
    walk.press("2", "enter", *("4", "enter") * 4, "1", "2", "enter")
    yield shot(walk, "entry_saved with a form")
    walk.press("1")
    while walk.step in ("form_scale", "form_choice", "entry_saved"):
        yield shot(walk, f"{walk.step} {walk.visit.place.index}")
        walk.press("1") if walk.step != "form_scale" else walk.press("4", "enter")
        if walk.step == "entry_saved" and next_due(walk.visit) is None:
            break


def with_stage(course: str, **changes: object) -> Today:
    """A day in the first stage of a course."""
    prescription = replace(demonstration_prescription(START.date()), plan=course)
    return today(stage=todays_stage(prescription, CourseHistory(), START.date()), **changes)
