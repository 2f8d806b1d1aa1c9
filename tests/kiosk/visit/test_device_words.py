"""What a device's driver only names, the screens can say."""

from importlib import import_module

import pytest

from drivers.messages import Device
from drivers.registry import DRIVERS
from kiosk.visit.pages.people import how_to_cut_output
from kiosk.visit.state import Context, Place, Setting, Visit


def words_for(rule: str) -> str:
    device = Device(True, "", "", "", True, "", rule, "")
    return how_to_cut_output(Visit(Place("home"), Context(Setting(), device=device)))


@pytest.mark.parametrize("kind", sorted(DRIVERS))
def test_a_person_is_told_how_to_cut_the_output_of_this_very_device(kind: str) -> None:
    driver = getattr(import_module(DRIVERS[kind].module), DRIVERS[kind].class_name)
    assert words_for(driver.how_to_cut_output) != words_for("something else")
