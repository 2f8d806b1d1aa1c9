"""The clinician at the box sees what would change before saying yes, and says it by a key of its own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.access import enrolment, handed_in, signed
from kiosk.access.handed_in import Held, Installs, Opens
from kiosk.access.unlocking import CodeState
from kiosk.clock import Clock
from kiosk.diary import inbox
from kiosk.diary.folder import read_meta
from kiosk.events import (
    CodeStateLoaded,
    DeclineHeld,
    HeldDone,
    HeldLoaded,
    LoadHeld,
    PinChecked,
    TakeHeld,
)
from kiosk.keys import Key
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.visit import changes
from kiosk.visit.state import Place
from programs.prescription import Clearance, Prescription, allows_more
from tests.kiosk.family_desk import desk
from tests.kiosk.visit.visit_album import full_prescription
from tests.kiosk.visit.visit_bench import START, Walk, today

OLD = full_prescription()
MORE = replace(OLD, serial=7, limits={**OLD.limits, "1": 42.5})
LOCK = Opens("id", 12, "Dr. Demo", "Dr. Demo, 2026-11-20")


def at_the_locks(*held: Held) -> Walk:
    walk = Walk(today(prescription=OLD), clinician_pin=True)
    walk.press("4", "6", "7", "1", "3", "5", "7", "enter")
    walk.hear(PinChecked(True, 0))
    assert walk.sent(LoadHeld) == [LoadHeld()]
    walk.hear(CodeStateLoaded(CodeState("", ())))
    walk.hear(HeldLoaded(held))
    return walk


def test_old_and_new_limits_and_who_set_them_stand_there_before_the_key_that_takes_it() -> None:
    walk = at_the_locks(Held("a", Installs(MORE, "")))
    walk.press("3")
    assert walk.step == "held"
    assert "▲ left back: limit 40.0 → 42.5 mA" in walk.words
    assert f"Prescription 7, set by {OLD.clinician.name}" in walk.words
    walk.press("enter", "1", "2")
    assert walk.sent(TakeHeld) == []
    walk.press("5", "5")
    assert walk.sent(TakeHeld) == [TakeHeld("a")], "once"
    walk.hear(HeldDone())
    assert walk.sent(LoadHeld) == [LoadHeld()] * 2
    walk.hear(HeldLoaded(()))
    assert "It is taken, and holds now." in walk.words
    walk.press("back")
    assert walk.step == "clinician"


def test_what_takes_several_screens_is_taken_on_the_last_one_alone() -> None:
    new = replace(
        MORE,
        days_per_week=OLD.days_per_week + 1,
        levels_anew=True,
        clearances=(Clearance("c_epilepsy", "Dr. Demo", START.date()), *OLD.clearances),
        programmes=("nmes_learn",),
        montages=OLD.montages[:1],
        valid_until=OLD.valid_until + dt.timedelta(days=1),
    )
    walk = at_the_locks(Held("a", Installs(new, "")))
    walk.press("3", "5")
    assert walk.sent(TakeHeld) == []
    while "down" in [choice.key.value for choice in walk.page.choices]:
        walk.press("down")
    walk.press("5")
    assert walk.sent(TakeHeld) == [TakeHeld("a")]


def test_declining_asks_once_more_and_going_back_lets_it_wait() -> None:
    walk = at_the_locks(Held("a", Installs(MORE, "")))
    walk.press("3", "7", "2", "7", "back", "7", "5", "enter")
    assert walk.sent(DeclineHeld) == []
    walk.press("1")
    assert walk.sent(DeclineHeld) == [DeclineHeld("a")]
    walk.hear(HeldDone())
    walk.hear(HeldLoaded(()))
    assert "It is declined. Nothing changed." in walk.words


def test_what_is_not_valid_can_be_put_away_and_not_taken() -> None:
    walk = at_the_locks(Held("a", None, "The signed file is for box 1234-5678."))
    walk.press("3", "5")
    assert walk.sent(TakeHeld) == []
    assert "for box 1234-5678" in walk.words
    walk.press("7", "1")
    assert walk.sent(DeclineHeld) == [DeclineHeld("a")]


def test_the_chosen_one_is_the_one_that_is_taken() -> None:
    walk = at_the_locks(Held("a", Installs(MORE, "")), Held("b", LOCK))
    walk.press("3", "right")
    assert "opens lock 12" in walk.words
    walk.press("5")
    assert walk.sent(TakeHeld) == [TakeHeld("b")]


def test_what_could_not_be_taken_says_why_and_waits() -> None:
    walk = at_the_locks(Held("b", LOCK))
    walk.press("3", "5")
    walk.hear(HeldDone("The diary cannot be written."))
    walk.hear(HeldLoaded((Held("b", LOCK),)))
    assert "The diary cannot be written." in walk.words
    assert "It is taken" not in walk.words
    walk.press("5")
    assert len(walk.sent(TakeHeld)) == 2


def test_nothing_is_offered_where_nothing_waits() -> None:
    walk = at_the_locks()
    walk.press("3")
    assert walk.step == "clinician"
    assert "3" not in [choice.key.value for choice in walk.page.choices]


async def opens_lock_1(folder: Path, clock: Clock) -> str:
    """A file that the clinic signed, and that waits; its name."""
    clinic = Ed25519PrivateKey.generate()
    key = folder.parent / "clinic.pem"
    key.write_bytes(clinic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = clinic.public_key().public_bytes_raw()
    made = enrolment.enrol(folder, read_meta(folder).box_id, clock, public, again=False)
    content = signed.sign(signed.Unlocks(made.box, 1, "Dr. Demo", START.date()), key)
    item = inbox.put(folder, handed_in.SENT, content)
    inbox.hold(folder, item)
    return item.name


async def test_nothing_is_taken_or_declined_without_the_clinicians_pin(tmp_path: Path) -> None:
    """Whatever the screens do: the application asks who is there."""
    async with desk(tmp_path, AlwaysAlive()) as box:
        await box.store.lock("E", "rf_ces")
        name = await opens_lock_1(box.store.folder, box.store.clock)
        application = box.application

        async def nothing_happens() -> None:
            for work in (
                application._errands.from_clinic.take_held,
                application._errands.from_clinic.decline_held,
            ):
                await work(name)
                assert [item.name for item in inbox.held(box.store.folder)] == [name]
                assert box.store.locks_open()

        await nothing_happens()
        await application._access.set_pin("clinician", "13579")
        assert (await application._access.check_pin("clinician", "13579")).ok
        application._take((replace(application._visit, place=Place("home")), ()))
        await nothing_happens()
        assert (await application._access.check_pin("clinician", "13579")).ok
        await application._errands.from_clinic.take_held(name)
        assert not box.store.locks_open()
        assert inbox.held(box.store.folder) == ()


async def test_a_clinician_who_is_there_declines(tmp_path: Path) -> None:
    async with desk(tmp_path, AlwaysAlive()) as box:
        await box.store.lock("E", "rf_ces")
        name = await opens_lock_1(box.store.folder, box.store.clock)
        await box.application._access.set_pin("clinician", "13579")
        assert (await box.application._access.check_pin("clinician", "13579")).ok
        await box.application._errands.from_clinic.decline_held(name)
        assert inbox.held(box.store.folder) == ()
        assert box.store.locks_open()


async def test_what_waits_is_read_and_checked_for_the_screen(tmp_path: Path) -> None:
    async with desk(tmp_path, AlwaysAlive()) as box:
        item = inbox.put(box.store.folder, handed_in.SENT, b"{}")
        inbox.hold(box.store.folder, item)
        visit = box.application._visit
        box.application._take((replace(visit, place=Place("clinician")), (LoadHeld(),)))
        await box.until(lambda: box.application._visit.context.from_clinic.held is not None)
        (held,) = box.application._visit.context.from_clinic.held or ()
        assert (held.name, held.order) == (item.name, None)
        assert held.sentence
        box.press(Key.THREE)
        assert box.step == "held"
    assert signed.looks_signed(item.content)


# ── what changes, in words ──

LIMITS = st.dictionaries(
    st.sampled_from(["1", "2", "nmes_str", "tens_low"]), st.sampled_from([10.0, 20.5, 40.0])
)
PRESCRIPTIONS = st.builds(
    lambda limits, days, until, week0, anew, programmes: replace(
        OLD,
        limits=limits,
        days_per_week=days,
        valid_until=OLD.valid_until + dt.timedelta(days=until),
        week0=week0,
        helper_for_pads=week0,
        levels_anew=anew,
        programmes=tuple(programmes),
    ),
    LIMITS,
    st.integers(1, 7),
    st.integers(-3, 3),
    st.booleans(),
    st.booleans(),
    st.lists(st.sampled_from(OLD.programmes), min_size=1, unique=True),
)


@given(PRESCRIPTIONS, PRESCRIPTIONS)
def test_whatever_allows_more_is_marked_and_stands_first(new: Prescription, old: Prescription) -> None:
    said = changes.in_words(new, old, None)
    marked = [text.startswith(changes.MORE) for text in said]
    assert marked == sorted(marked, reverse=True)
    if allows_more(new, old):
        assert marked[0], said


@given(PRESCRIPTIONS)
def test_another_number_alone_is_no_change(old: Prescription) -> None:
    old = replace(old, levels_anew=False)
    assert changes.in_words(replace(old, serial=90), old, None) == ("Nothing but its number changes.",)


def test_of_a_first_prescription_everything_is_more() -> None:
    said = changes.in_words(OLD, None, None)
    assert all(text.startswith(changes.MORE) for text in said)
    assert any("limit 40.0 mA" in text for text in said)


@pytest.mark.parametrize("waiting", [0, 2])
def test_the_family_is_told_that_something_waits_for_the_clinician(waiting: int) -> None:
    from tests.kiosk.visit.family_album import FULL, opened

    said = opened(replace(FULL, waiting=waiting, refused=waiting, refused_words="code: missing")).words
    assert ("wait for the clinician here" in said) == bool(waiting)
    assert ("refused 2 records: “code: missing”" in said) == bool(waiting)
