"""A stimulator that cannot be used: the screen says why, in the person's language, and what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import drivers
from drivers.messages import Device
from kiosk import words
from kiosk.events import DeviceSeen
from kiosk.page import Words
from kiosk.visit.pages.device_words import device_lines, device_port
from tests.kiosk.visit.visit_bench import Walk

SAYING = frozenset({"PortError", "WrongDevice", "NoAnswer"})
"""The errors that leave the guard without a device."""


def sentences() -> Iterator[str]:
    """The first argument of every such error in the drivers, with something in place of what is filled in."""
    for path in sorted(Path(drivers.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYING:
                said = node.args[0]
                if isinstance(said, ast.Constant):
                    yield said.value
                elif isinstance(said, ast.JoinedStr):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "/dev/ttyACM7"
                        for part in said.values
                    )


SENTENCES = sorted(set(sentences()))


def test_the_drivers_say_it_in_many_ways() -> None:
    assert len(SENTENCES) >= 12


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_reason_has_words_of_its_own_in_every_language(sentence: str, language: str) -> None:
    lines = device_lines(sentence, words._)
    port = device_port(sentence)
    assert port or lines != device_lines("something that nobody says", words._), sentence
    assert all(lines)
    assert not any("ttyACM7" in line for line in lines)
    if "port" in sentence and "ttyACM7" in sentence:
        assert port == "/dev/ttyACM7"
    if language == "de":
        assert lines[0] not in sentence


def test_the_port_that_is_missing_is_named_last_for_whoever_is_called() -> None:
    walk = Walk()
    gone = "The stimulator's port /dev/ttyACM7 is not there. Check that it is switched on and its cable in."
    walk.hear(DeviceSeen(Device(False, "p24", "", "", False, "", "", gone)))
    assert isinstance(walk.page.body, Words)
    assert "/dev/ttyACM7" in walk.page.body.small[-1]
    walk = Walk()
    walk.until("settle")
    walk.hear(DeviceSeen(Device(False, "p24", "", "", False, "", "", gone)))
    walk.press("enter", "1")
    assert walk.step == "no_device"
    assert isinstance(walk.page.body, Words)
    assert "/dev/ttyACM7" in walk.page.body.small[-1]
