"""`homestim setup`: asks what was not answered yet, one question after the other."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk import words
from kiosk.diary.settings_file import load_settings
from kiosk.errors import KioskError
from kiosk.setup import progress
from kiosk.setup.context import Setup, as_owner
from kiosk.setup.steps import STEPS, prepared
from kiosk.words import _


def run(setup: Setup, again: Sequence[str], language: str | None) -> int:
    """Until every question is answered, or nobody answers any more. Raises KioskError."""
    folder = prepared(setup)
    words.set_language(language or load_settings(folder).language or setup.config.kiosk.lang)
    setup.progress = progress.load(folder)
    kept = {step: said for step, said in setup.progress.done.items() if step not in again}
    setup.progress = msgspec.structs.replace(setup.progress, done=kept)
    for number, (name, ask) in enumerate(STEPS.items(), start=1):
        if name in kept:
            setup.talk.say(f"{number}/{len(STEPS)} {name}: {kept[name]}")
            continue
        setup.talk.say("", f"{number}/{len(STEPS)} {name}")
        said = ask(setup)
        done = {**setup.progress.done, name: said}
        setup.progress = msgspec.structs.replace(setup.progress, done=done)
        with as_owner(folder):
            progress.save(folder, setup.progress)
    setup.talk.say("", _("The box is set up. What is still to be seen to says: homestim doctor"))
    if setup.config.guard.socket:
        setup.talk.say(_("Start it now: systemctl restart homestim-guard homestim"))
    return 0


def must_be_steps(names: Sequence[str]) -> None:
    """Raises KioskError for a name that is no question's."""
    for name in names:
        if name not in STEPS:
            raise KioskError(f"There is no question {name!r}: choose {', '.join(STEPS)}.", exit_code=2)
