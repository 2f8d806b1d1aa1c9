"""What a stimulator cannot play is known before a person begins, by what its guard would say."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
from msgspec.structs import replace

from drivers.registry import DRIVERS
from kiosk.arming.fits import fits
from programs import library
from programs.history import CourseHistory
from programs.montage import Lead
from programs.plan import SessionPlan
from programs.prescription import demonstration_prescription
from programs.progression import next_session
from programs.text import Reason
from tests.kiosk.session.plans import channel

NOW = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
FOR_TENS = sorted(
    programme.id
    for programme in library.load_programmes().values()
    if programme.armable and programme.role == "work" and programme.kind == "tens"
)


def planned(programme: str, montage: str = "M4-par") -> SessionPlan:
    rx = replace(
        demonstration_prescription(NOW.date()), programmes=(programme,), montages=(montage,), limits={}
    )
    found = next_session(rx, CourseHistory(), NOW, True)
    assert isinstance(found, SessionPlan), found
    return found


def on_channels(plan: SessionPlan, count: int, frequency_Hz: float) -> SessionPlan:
    """The same on more leads, more often."""
    leads: tuple[Lead, ...] = tuple(
        replace(plan.montage.leads[0], channel=number) for number in range(1, count + 1)
    )
    return replace(
        plan,
        montage=replace(plan.montage, leads=leads),
        channels=tuple(channel(number, 20.0) for number in range(1, count + 1)),
        phases=tuple(replace(phase, frequency_Hz=frequency_Hz) for phase in plan.phases),
    )


@pytest.mark.parametrize("kind", sorted(DRIVERS))
@pytest.mark.parametrize("programme", FOR_TENS)
def test_the_programmes_for_two_leads_fit_both_stimulators(kind: str, programme: str) -> None:
    assert fits(kind)(planned(programme)) is None


def test_more_leads_than_a_rehastim2_can_serve_so_often_do_not_fit_it() -> None:
    plan = planned("tens_conv")
    said = Reason("device_cannot", {"programme": "tens_conv"})
    assert fits("rehastim2")(on_channels(plan, 4, 100.0)) is None
    assert fits("rehastim2")(on_channels(plan, 5, 100.0)) == said
    assert fits("p24")(on_channels(plan, 5, 100.0)) is None


def test_a_lead_that_the_stimulator_does_not_have_does_not_fit() -> None:
    assert fits("p24")(on_channels(planned("tens_conv"), 9, 10.0)) is not None


def test_a_limit_below_the_smallest_step_is_no_session() -> None:
    plan = planned("tens_conv")
    low = replace(plan, channels=(channel(1, 20.0), channel(2, 1.5)))
    assert fits("p24")(low) is None
    assert fits("rehastim2")(low) == Reason("limit_too_low")


def test_no_port_is_opened_and_what_opens_ports_is_not_imported() -> None:
    code = (
        "import sys; from kiosk.arming.fits import fits; fits('p24'); fits('rehastim2')\n"
        "assert not {'serial', 'drivers.serial_port', 'drivers.framed_driver'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
