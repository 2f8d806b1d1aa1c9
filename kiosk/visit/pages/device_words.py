"""Why there is no stimulator, in the person's language: the guard says it in English, for its log.

The doctor says it too, where nothing but the standard library may work: the words' language is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

Translate: TypeAlias = Callable[[str], str]


def device_lines(said: str, _: Translate) -> tuple[str, ...]:
    """What the guard `said` of an absent device (`Device.sentence`) in words, and what to do; for a sentence
    that is not known what is true of any device that is not there."""
    for pattern, worded in _SAID:
        if re.match(pattern, said):
            return worded(_)
    return _not_found(_)


def device_port(said: str) -> str:
    """The port that the guard named, for whoever is called; or nothing."""
    for pattern, _worded in _SAID:
        match = re.match(pattern, said)
        if match is not None:
            return match.groupdict().get("port") or ""
    return ""


def _not_found(_: Translate) -> tuple[str, ...]:
    return (_("The stimulator is not found."), _cables(_))


def output_unknown(said: str) -> bool:
    """Current may still flow, though nothing can be asked of the stimulator (safety rule 16)."""
    return re.match(_NOT_OFF, said) is not None


def _cables(_: Translate) -> str:
    return _("Is it switched on? Is its cable plugged in at both ends?")


def _helper(_: Translate) -> str:
    return _("Call the person who set up this box.")


_NOT_OFF: Final = r"The stimulator does not say that its output is off\."
_SAID: Final[tuple[tuple[str, Callable[[Translate], tuple[str, ...]]], ...]] = (
    (
        r"The guard (at .+ is not running|has ended)\.",
        lambda _: (
            _("The program that drives the stimulator does not run."),
            _("Wait a minute. Call the person who set up this box if it stays so."),
        ),
    ),
    (
        r"The guard at .+ does not let this user in\.",
        lambda _: (
            _("The program that drives the stimulator does not work with this screen."),
            _helper(_),
        ),
    ),
    (
        r"The stimulator's port (?P<port>.+) is not there\.",
        _not_found,
    ),
    (
        r"This computer's user may not use the stimulator's port (?P<port>.+?)\. ",
        lambda _: (_("The box may not use the stimulator's port."), _helper(_)),
    ),
    (
        r"Another program is using the stimulator's port (?P<port>.+?)\.( |$)",
        lambda _: (_("Another program is using the stimulator."), _helper(_)),
    ),
    (
        r"The stimulator's port (?P<port>.+) does not open\.",
        lambda _: (_("The stimulator's port does not open."), _cables(_)),
    ),
    (
        r"(?P<port>.+) is not a serial port\.",
        lambda _: (
            _("The box looks for the stimulator where none can be: that is no serial port."),
            _helper(_),
        ),
    ),
    (
        r"The stimulator does not answer\.",
        lambda _: (_("The stimulator does not answer."), _cables(_)),
    ),
    (
        _NOT_OFF,
        lambda _: (
            _("Switch the stimulator OFF now."),
            _("It is not known if current still flows."),
            _("Do not touch the pads until it is off."),
            _helper(_),
        ),
    ),
    (
        r"Another stimulator is plugged in\.",
        lambda _: (
            _("Another stimulator is plugged in."),
            _("Plug in the one that this box was set up for."),
        ),
    ),
    (
        r"This is a (simulator|real stimulator)",
        lambda _: (_("What is plugged in is not what this box was set up for."), _helper(_)),
    ),
    (
        r"This stimulator('s version| speaks a version)",
        lambda _: (_("This stimulator's version is not known. It cannot be used."), _helper(_)),
    ),
    (
        r"(What is on the port does not say|It cannot be told which stimulator)",
        lambda _: (_("It cannot be told which stimulator this is."), _helper(_)),
    ),
)
