"""Why there is no stimulator, in the person's language: the guard says it in English, for its log."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from kiosk.words import _


def device_lines(said: str) -> tuple[str, ...]:
    """What the guard `said` of an absent device (`Device.sentence`) in words, and what to do; for a sentence
    that is not known what is true of any device that is not there."""
    for pattern, worded in _SAID:
        match = re.match(pattern, said)
        if match is not None:
            return worded(match.groupdict().get("port") or "")
    return (_("The stimulator is not found."), _cables())


def _cables() -> str:
    return _("Is it switched on? Is its cable plugged in at both ends?")


def _helper() -> str:
    return _("Call the person who set up this box.")


_SAID: Final[tuple[tuple[str, Callable[[str], tuple[str, ...]]], ...]] = (
    (
        r"The guard (at .+ is not running|has ended)\.",
        lambda _port: (
            _("The program that drives the stimulator does not run."),
            _("Wait a minute. Call the person who set up this box if it stays so."),
        ),
    ),
    (
        r"The guard at .+ does not let this user in\.",
        lambda _port: (
            _("The program that drives the stimulator does not work with this screen."),
            _helper(),
        ),
    ),
    (
        r"The stimulator's port (?P<port>.+) is not there\.",
        lambda port: (_("The stimulator is not found at {port}.").format(port=port), _cables()),
    ),
    (
        r"This computer's user may not use the stimulator's port (?P<port>.+?)\. ",
        lambda port: (_("The box may not use the port {port}.").format(port=port), _helper()),
    ),
    (
        r"Another program is using the stimulator's port ",
        lambda _port: (_("Another program is using the stimulator."), _helper()),
    ),
    (
        r"The stimulator's port (?P<port>.+) does not open\.",
        lambda port: (_("The port {port} does not open.").format(port=port), _cables()),
    ),
    (
        r"(?P<port>.+) is not a serial port\.",
        lambda port: (
            _("No stimulator can be at {port}: it is no serial port.").format(port=port),
            _helper(),
        ),
    ),
    (
        r"The stimulator does not answer\.",
        lambda _port: (_("The stimulator does not answer."), _cables()),
    ),
    (
        r"The stimulator does not say that its output is off\.",
        lambda _port: (_("The stimulator does not say that its output is off."), _helper()),
    ),
    (
        r"Another stimulator is plugged in\.",
        lambda _port: (
            _("Another stimulator is plugged in."),
            _("Plug in the one that this box was set up for."),
        ),
    ),
    (
        r"This is a (simulator|real stimulator)",
        lambda _port: (_("What is plugged in is not what this box was set up for."), _helper()),
    ),
    (
        r"This stimulator('s version| speaks a version)",
        lambda _port: (_("This stimulator's version is not known. It cannot be used."), _helper()),
    ),
    (
        r"(What is on the port does not say|It cannot be told which stimulator)",
        lambda _port: (_("It cannot be told which stimulator this is."), _helper()),
    ),
)
