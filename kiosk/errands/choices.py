"""What the person chooses: it holds at once, and is kept over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from kiosk import words
from kiosk.diary.settings_file import Letters, change_settings
from kiosk.errors import KioskError
from kiosk.events import Choose, Event, NotChosen
from kiosk.sound.player import Sounds


class Choices:
    """For one run of the kiosk."""

    def __init__(
        self,
        *,
        folder: Path,
        letters_file: str,
        sounds: Sounds,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        hear: Callable[[Event], None],
        leave: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._letters_file = letters_file
        self._sounds = sounds
        self._spawn = spawn
        self._hear = hear
        self._leave = leave
        self._not_kept: dict[str, Any] = {}
        """Choices that the settings do not have yet."""
        self._keeping = asyncio.Lock()

    def choose(self, effect: Choose) -> None:
        """At once; what is chosen quickly one after the other is written as it stands in the end."""
        if effect.language is not None:
            words.set_language(effect.language)
        if effect.volume is not None:
            self._sounds.volume = effect.volume
            self._sounds.play("prompt")
        given = {name: value for name, value in msgspec.structs.asdict(effect).items() if value is not None}
        self._not_kept.update(given)
        self._spawn(self._keep())

    async def _keep(self) -> None:
        async with self._keeping:
            given, self._not_kept = self._not_kept, {}
            if not given:
                return
            try:
                if "letters" in given:
                    await asyncio.to_thread(self._write_letters, given["letters"])
                await asyncio.to_thread(
                    change_settings, self._folder, lambda kept: msgspec.structs.replace(kept, **given)
                )
            except KioskError as error:
                self._not_kept = {**given, **self._not_kept}
                self._hear(NotChosen(error.sentence))
            else:
                await self._sounds.prepare()
                if "letters" in given:
                    self._leave()  # the terminal reads the file when it starts

    def _write_letters(self, wanted: Letters) -> None:
        from kiosk import letters

        letters.write(Path(self._letters_file), letters.pixels_of(0), wanted)
