"""The questions, in their order. Each is answered, kept, and told in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from kiosk.diary.folder import META, read_meta
from kiosk.diary.store import open_store
from kiosk.errors import KioskError
from kiosk.setup import box_steps, device_steps, people_steps
from kiosk.setup.context import Setup, as_owner
from kiosk.words import _

STEPS: Final[Mapping[str, Callable[[Setup], str]]] = {
    "language": box_steps.language,
    "country": box_steps.country,
    "clock": box_steps.clock,
    "letters": box_steps.letters,
    "sound": box_steps.sound,
    "stimulator": device_steps.stimulator,
    "stop_button": device_steps.stop_button,
    "selftest": device_steps.selftest,
    "pins": people_steps.pin_codes,
    "enrolment": people_steps.enrolled,
    "prescription": people_steps.prescription,
    "phones": people_steps.phones,
    "consent": people_steps.consent,
    "backup": box_steps.backup,
    "stick": box_steps.stick,
    "practice": people_steps.practice,
    "card": people_steps.make_card,
}

"""In their order; the names stay, because `--again` and `setup.json` know them."""


def prepared(setup: Setup) -> Path:
    """The data folder, made if it is not there. Raises KioskError for one of another kind."""
    if not (setup.folder / META).exists():
        if setup.folder.exists():
            with as_owner(setup.folder):
                open_store(setup.folder, setup.kind, setup.clock).close()
        else:
            open_store(setup.folder, setup.kind, setup.clock).close()
    found = read_meta(setup.folder).kind
    if found != setup.kind:
        raise KioskError(
            _("{folder} is for data of another kind ({kind}). Choose another one with --data.").format(
                folder=setup.folder, kind=found
            )
        )
    return setup.folder
