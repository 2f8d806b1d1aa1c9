"""What is taken along: chosen, written down, read back, and only then may the stick be taken out."""

from __future__ import annotations

import pytest

from kiosk.events import (
    LoadToday,
    LookForPlaces,
    NewPassword,
    PasswordMade,
    PlacesSeen,
    SendOut,
    SentOut,
    StickTaken,
    TakeFromStick,
    Woke,
)
from kiosk.export.outgoing import NotSent, Places, Sent
from kiosk.keys import Key
from programs.text import Reason
from tests.kiosk.visit.family_album import at_the_stick, opened
from tests.kiosk.visit.visit_bench import Walk

ONE = Places(sticks=("/media/a",), plugged_in=True)


def offered(walk: Walk) -> set[Key]:
    return {choice.key for choice in walk.page.choices}


def sending(walk: Walk) -> SendOut:
    (effect,) = walk.sent(SendOut)
    assert isinstance(effect, SendOut)
    return effect


def test_nothing_is_written_before_there_is_one_stick() -> None:
    walk = opened()
    walk.press("5")
    assert walk.sent(LookForPlaces) == [LookForPlaces()]
    for places in (None, Places(), Places(plugged_in=True), Places(sticks=("/media/a", "/media/b"))):
        if places is not None:
            walk.hear(PlacesSeen(places))
        assert Key.ENTER not in offered(walk)
        walk.press("enter")
        assert (walk.step, walk.sent(SendOut)) == ("family_stick", [])
    walk.hear(PlacesSeen(ONE))
    assert Key.ENTER in offered(walk)
    walk.hear(PlacesSeen(Places()))
    assert Key.ENTER not in offered(walk), "it was pulled out again"


def test_what_is_chosen_goes_on_the_stick_and_then_it_may_be_taken_out() -> None:
    walk = at_the_stick()
    walk.press("2", "enter")
    assert sending(walk) == SendOut(formats=("pdf", "html", "csv"), stick="/media/a")
    assert "Leave it in until the box says so." in walk.words
    assert "take the stick out" not in walk.words
    for key in ("enter", "0", "back", "5", "9", "up"):
        walk.press(key)
        assert walk.step == "family_writing", "there is no way on but its end"
    walk.wait(3600)
    walk.hear(Woke())
    assert walk.step == "family_writing"
    walk.hear(SentOut(Sent("homestim-20261120-1405", ("report.pdf",))))
    assert "You can take the stick out now." in walk.words
    walk.press("enter")
    assert walk.step == "family"


def test_nothing_chosen_is_nothing_to_write() -> None:
    walk = at_the_stick()
    walk.press("1")
    assert Key.ENTER not in offered(walk)
    walk.press("enter")
    assert walk.sent(SendOut) == []


def test_a_password_is_shown_before_anything_is_locked_with_it_and_never_again() -> None:
    walk = at_the_stick()
    walk.press("1", "3", "4", "enter")
    assert walk.sent(NewPassword) == [NewPassword()]
    walk.press("enter")
    assert walk.sent(SendOut) == [], "there is none yet"
    walk.hear(PasswordMade("AAAAA"))
    walk.hear(PasswordMade("BBBBB"))
    assert "AAAAA" in walk.words, "the one that is being written down stays"
    walk.press("enter")
    assert sending(walk) == SendOut(formats=("pdf", "fhir"), stick="/media/a", password="AAAAA")
    assert "AAAAA" not in walk.words
    walk.hear(SentOut(Sent("x", ("report.pdf",))))
    assert "AAAAA" not in walk.words
    walk.press("enter", "0")
    assert walk.step == "home"
    assert walk.visit.context.outgoing.password == ""


def test_a_password_that_was_not_used_is_forgotten() -> None:
    walk = at_the_stick()
    walk.press("4", "enter")
    walk.hear(PasswordMade("AAAAA"))
    walk.press("0")
    assert walk.step == "family_stick"
    walk.hear(PlacesSeen(ONE))
    walk.press("4", "enter")
    assert sending(walk).password == ""


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("gone", "Nothing on it counts."),
        ("full", "Nothing was written."),
        ("forgets", "does not keep"),
        ("refused", "cannot be written on"),
        ("diary", "cannot be read whole"),
        ("busy", "Not while current can flow."),
        ("unknown", "did not work"),
    ],
)
def test_a_stick_that_failed_is_never_a_good_one(why: str, says: str) -> None:
    walk = at_the_stick()
    walk.press("enter")
    walk.hear(SentOut(NotSent(why)))  # type: ignore[arg-type]
    assert says in walk.words
    assert "take the stick out now" not in walk.words
    walk.press("enter")
    assert walk.step == "family_stick"
    assert walk.visit.context.outgoing.places is None, "it is looked for anew"
    assert len(walk.sent(LookForPlaces)) == 2


def test_what_comes_late_changes_nothing() -> None:
    walk = at_the_stick()
    walk.hear(SentOut(Sent("x", ("report.pdf",))))
    assert walk.step == "family_stick"
    walk.press("0")
    walk.hear(PlacesSeen(ONE))
    walk.hear(PasswordMade("AAAAA"))
    assert walk.step == "family"
    assert walk.visit.context.outgoing.password == ""


def test_paper_is_offered_where_there_is_a_printer() -> None:
    walk = opened()
    walk.press("5")
    walk.hear(PlacesSeen(ONE))
    assert Key.FIVE not in offered(walk)
    walk.press("5")
    assert walk.sent(SendOut) == []
    walk = at_the_stick()
    walk.press("5")
    assert sending(walk) == SendOut(formats=("pdf",), printer="Office")
    walk.hear(SentOut(Sent("Office", ("report.pdf",))))
    assert "with the printer Office" in walk.words


def test_a_file_of_the_clinic_is_taken_in_at_home() -> None:
    walk = opened()
    walk.press("5", "6")
    assert walk.step == "family_stick", "there is no stick"
    walk = at_the_stick()
    walk.press("6")
    assert walk.sent(TakeFromStick) == [TakeFromStick("/media/a")]
    walk.press("enter")
    assert walk.step == "family_taken", "it is being read"
    walk.hear(StickTaken((Reason("lock_opened", {"by": "Dr. Demo"}),)))
    assert "Dr. Demo" in walk.words
    loads = len(walk.sent(LoadToday))
    walk.press("enter")
    assert walk.step == "home"
    assert len(walk.sent(LoadToday)) == loads + 1, "home takes in what lies in the inbox"


def test_a_stick_without_such_a_file_says_what_it_has_to_be() -> None:
    walk = at_the_stick()
    walk.press("6")
    walk.hear(StickTaken(()))
    assert "signed by the clinic for this box" in walk.words
    walk.press("enter")
    assert walk.step == "family"
