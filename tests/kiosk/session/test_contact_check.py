"""The contact check in the kiosk, event by event: what it asks of the guard, and how it can end."""

from __future__ import annotations

import pytest

from drivers import messages as guard
from kiosk.events import ContactCheckEnded
from kiosk.session import contact, rules
from kiosk.session.contact import ContactState, Ended
from kiosk.session.state import Deadline, GuardGone, Heard, Send, StopRequested

GOOD = guard.LeadContact(1, "good", 693, 500)
OPEN = guard.LeadContact(2, "open", None, None)
CONTACT = guard.Contact(8, (GOOD, OPEN))


def probing(channels: tuple[int, ...] = (1, 2)) -> ContactState:
    return contact.begin(channels, last_epoch=7, now_s=100.0)[0]


def stopped(why: str, confirmed: bool = True, epoch: int = 8) -> Heard:
    return Heard(guard.Stopped(epoch, why, confirmed, "status 0", 12.0))


def status() -> Heard:
    return Heard(guard.Status("probing", 8, 3, (), 0, False, None, 0, None))


def after(*events: contact.Event, at_s: float = 100.2) -> tuple[ContactState, list[contact.Effect]]:
    state, sent = probing(), []
    for event in events:
        state, effects = contact.step(state, event, at_s)
        sent += effects
    return state, sent


def end_of(*events: contact.Event) -> ContactCheckEnded:
    state, effects = after(*events)
    assert state.stage == "ended"
    (end,) = [effect.end for effect in effects if isinstance(effect, Ended)]
    return end


def test_it_asks_for_the_guards_next_epoch_and_these_channels() -> None:
    assert contact.begin((1, 2), 7, 0.0)[1] == (Send(guard.Probe(8, (1, 2))),)


def test_a_whole_one_ends_with_what_every_lead_measured() -> None:
    assert end_of(status(), Heard(CONTACT), stopped("probed")) == ContactCheckEnded(
        "probed", True, "status 0", (GOOD, OPEN)
    )


def test_nothing_is_measured_before_the_stop_is_confirmed() -> None:
    state, effects = after(Heard(CONTACT))
    assert (state.stage, effects) == ("probing", [])


@pytest.mark.parametrize("leads", [(), (GOOD,), (OPEN, GOOD)])
def test_a_check_that_does_not_speak_of_every_lead_is_none(leads: tuple[guard.LeadContact, ...]) -> None:
    end = end_of(Heard(guard.Contact(8, leads)), stopped("probed"))
    assert (end.why, end.leads) == ("result", ())


def test_what_another_arming_says_is_not_about_it() -> None:
    state, effects = after(Heard(guard.Contact(7, (GOOD, OPEN))), stopped("probed", epoch=7))
    assert (state.stage, state.leads, effects) == ("probing", (), [])


def test_a_stop_goes_to_the_guard_once_and_ends_the_lease_at_once() -> None:
    state, effects = after(StopRequested("person"), StopRequested("person"))
    assert effects == [Send(guard.Stop("person"))]
    assert state.stage == "stopping"


@pytest.mark.parametrize("late", [(), (Heard(CONTACT),)])
def test_who_pressed_stop_hears_that_she_stopped(late: tuple[Heard, ...]) -> None:
    end = end_of(*late, StopRequested("person"), stopped("probed"))
    assert (end.why, end.leads) == ("person", ())


def test_a_button_of_the_guard_is_a_stop_too() -> None:
    assert end_of(stopped("button")).why == "button"


@pytest.mark.parametrize("before", [(), (Heard(CONTACT),), (StopRequested("person"),)])
@pytest.mark.parametrize("epoch", [0, 7, 8])
def test_an_unconfirmed_stop_is_never_taken_for_a_result(
    before: tuple[contact.Event, ...], epoch: int
) -> None:
    end = end_of(*before, stopped("probed", confirmed=False, epoch=epoch))
    assert (end.confirmed, end.leads) == (False, ())


def test_a_fault_is_named_by_its_kind() -> None:
    end = end_of(Heard(guard.Fault(8, "unplugged", None, "gone")), stopped("unplugged"))
    assert (end.why, end.confirmed) == ("unplugged", True)


def test_a_refusal_ends_it_without_current() -> None:
    end = end_of(Heard(guard.Refused(8, "stop_test", "not tested", "a test", False)))
    assert (end.why, end.confirmed, end.how) == ("refused", True, "stop_test: not tested")


def test_a_guard_that_does_not_know_of_the_output_refuses_and_leaves_it_unknown() -> None:
    end = end_of(Heard(guard.Refused(8, "state", "unconfirmed", "idle", False)))
    assert (end.why, end.confirmed) == ("refused", False)


def test_a_refusal_beyond_a_limit_waits_for_its_stop() -> None:
    refused = Heard(guard.Refused(8, "probe_current", "5", "4", True))
    assert after(refused)[0].stage == "probing"
    assert end_of(refused, stopped("limit_probe_current")).why == "limit"


def test_a_guard_that_is_gone_leaves_the_output_unknown() -> None:
    assert end_of(GuardGone()).confirmed is False


def test_a_silent_guard_is_stopped_and_then_not_believed() -> None:
    state = probing()
    assert contact.step(state, Deadline(), 100.0 + rules.GUARD_SILENT_S - 0.01) == (state, ())
    due_s = contact.deadline_s(state)
    assert due_s == 100.0 + rules.GUARD_SILENT_S
    state, effects = contact.step(state, Deadline(), due_s)
    assert effects == (Send(guard.Stop("guard_silent")),)
    assert contact.deadline_s(state) == due_s + rules.STOP_ANSWER_S
    state, effects = contact.step(state, Deadline(), due_s + rules.STOP_ANSWER_S)
    assert effects == (Ended(ContactCheckEnded("guard_silent", False, "the guard did not answer")),)
    assert contact.deadline_s(state) is None


def test_a_guard_that_speaks_but_never_ends_is_stopped() -> None:
    state, now_s = probing(), 100.0
    while state.stage == "probing":
        now_s += 0.25
        state, _ = contact.step(state, status(), now_s)
        state, effects = contact.step(state, Deadline(), now_s)
        assert now_s < 110.0
    assert effects == (Send(guard.Stop("guard_silent")),)


@pytest.mark.parametrize("event", [stopped("late"), StopRequested("person"), Deadline(), GuardGone()])
def test_once_ended_it_stays_so(event: contact.Event) -> None:
    state, _ = after(Heard(CONTACT), stopped("probed"))
    assert contact.step(state, event, 200.0) == (state, ())
