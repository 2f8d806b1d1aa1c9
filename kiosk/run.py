"""`homestim run`: from the settings to the exit code. What refuses to start does so before a screen is up."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import msgspec

from kiosk import words
from kiosk.access.pins import Access
from kiosk.application import Application
from kiosk.clock import Clock, SystemClock
from kiosk.diary.settings_file import Settings, SettingsError, load_settings
from kiosk.diary.store import Store, open_store
from kiosk.errors import KioskError, say
from kiosk.logfile import log_to
from kiosk.ops import starts
from kiosk.settings import RunSettings
from kiosk.sound.player import Sounds
from kiosk.terminal.liveness import TerminalLiveness
from programs.checked_toml import TomlError

log = logging.getLogger(__name__)


def run(settings: RunSettings) -> int:
    """`homestim run`: until it is left; the exit code. Raises KioskError; the terminal is as it was."""
    if not (sys.__stdin__ and sys.__stdin__.isatty()):
        # Said before a data folder is made that nobody asked for.
        raise KioskError("homestim needs a terminal: start it in one, without redirecting its input.")
    check_forms(settings.config.kiosk.forms)
    clock = SystemClock()
    with open_store(settings.data_folder, settings.kind, clock) as store:
        log_to(settings.data_folder)
        if _letters_are_new(settings):
            return 0
        code, again = _run_counted(settings, store, clock)
        while again:
            code, again = _run_counted(settings, store, clock)
    return code


def check_forms(folder: str) -> None:
    """A clinic's own forms are wrong at the start, or not at all. Raises KioskError."""
    if not folder:
        return
    from programs.forms import load_forms

    try:
        load_forms(Path(folder))
    except TomlError as error:
        raise KioskError(f"The clinic's forms cannot be used. {error.sentence}") from error


def _letters_are_new(settings: RunSettings) -> bool:
    """A terminal takes up its letters when it starts: on a box the unit starts it again."""
    file = settings.config.kiosk.letters
    if not file or settings.plain:
        return False
    from kiosk import letters

    return letters.fit(Path(file), 0, chosen_settings(settings.data_folder).letters or "usual")


def _run_counted(settings: RunSettings, store: Store, clock: Clock) -> tuple[int, bool]:
    """One run, in safe mode if too many ended by themselves; the exit code, and whether to begin again."""
    with starts.counted(settings.data_folder) as begun:
        kept = chosen_settings(settings.data_folder)
        words.set_language(settings.language(kept.language))
        liveness = TerminalLiveness()
        sound = settings.config.sound
        sounds = Sounds(sound.volume if kept.volume is None else kept.volume, sound.player, sound.voice)
        settings = msgspec.structs.replace(settings, safe_mode=begun.safe)
        conductor = Application(settings, store, Access(store), clock, liveness, sounds=sounds, kept=kept)
        if settings.plain:
            from kiosk.plain import run_plain

            code = run_plain(conductor, liveness)
        else:
            from kiosk.app import run_app

            code = run_app(conductor, liveness)
        if conductor.unsaved:
            say_lost(conductor.unsaved)
    return code, conductor.begins_again


def say_lost(entries: int) -> None:
    """The screen is gone, and what it said with it."""
    log.critical("%d entries could not be saved and are lost", entries)
    said = words.ngettext(
        "{n} entry could not be saved and is lost. Write it on paper.",
        "{n} entries could not be saved and are lost. Write them on paper.",
        entries,
    )
    say(said.format(n=entries), 1)


def chosen_settings(folder: Path) -> Settings:
    """What the person chose. A file that is damaged keeps nobody from the box: home says it, and without the
    PINs that stood there is no therapy."""
    try:
        return load_settings(folder)
    except SettingsError as error:
        log.error("%s", error)
        return Settings()
