"""Plays tones and reads aloud through the box's own programs; silent where there are none.

Nothing waits for a sound: each is a process of its own, and a tone takes the place of whatever is heard.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence
from typing import Final

from kiosk import child
from kiosk.sound import tones

log = logging.getLogger(__name__)

PLAYER: Final = ("aplay", "-q", "-")
"""Gets a WAV file on its standard input."""
VOICE: Final = ("espeak-ng", "--stdin", "-s", "130", "-v", "{lang}", "-a", "{amplitude}")
"""Gets the text on its standard input. Slower than the usual 175 words a minute: she listens in pain."""
ALARM_EVERY_S: Final = 2.0
LOUDEST_VOICE: Final = 200
"""espeak-ng's amplitude."""
USUAL_VOLUME: Final = 6


class Sounds:
    """The box's one loudspeaker. Use from one event loop."""

    def __init__(
        self,
        volume: int = USUAL_VOLUME,
        player: Sequence[str] = PLAYER,
        voice: Sequence[str] = VOICE,
        alarm_every_s: float = ALARM_EVERY_S,
    ) -> None:
        self.volume = volume
        self._player, self._voice = tuple(player), tuple(voice)
        self._alarm_every_s = alarm_every_s
        self._waves: dict[tuple[str, int], bytes] = {}
        self._now: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._reading = False
        self._alarm: asyncio.TimerHandle | None = None
        self.alarming = ""
        """Which alarm sounds now; "" when none does."""

    @property
    def can_play(self) -> bool:
        """There is a program that plays."""
        return bool(self._player) and shutil.which(self._player[0]) is not None

    @property
    def has_voice(self) -> bool:
        """There is a program that reads aloud."""
        return bool(self._voice) and shutil.which(self._voice[0]) is not None

    @property
    def can_read(self) -> bool:
        """… and it would be heard."""
        return self.has_voice and self.volume > 0

    async def prepare(self) -> None:
        """Makes the tones, apart from the loop: it takes some 100 ms, and none may be missing later."""
        if self.can_play:
            self._waves = await asyncio.to_thread(_all_waves, self.volume)

    def play(self, name: str) -> None:
        """One tone now. A tone cuts reading short; an unknown one, or one that is off, is not heard."""
        if not (self.can_play and name in tones.TONES and tones.is_heard(name, self.volume)):
            return
        wave = self._waves.get((name, self.volume)) or tones.wav(name, self.volume)
        self._start(self._player, wave)

    def alarm(self, name: str) -> None:
        """The tone now and again and again, until another is named; "" ends it."""
        if name == self.alarming:
            return
        self.alarming = name
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if name:
            self._sound_alarm()

    def read(self, text: str, lang: str) -> None:
        """Reads `text` aloud; what was being read ends. An alarm is not talked over."""
        if not self.can_read or self.alarming:
            return
        amplitude = self.volume * LOUDEST_VOICE // tones.LOUDEST
        voice = [part.format(lang=lang, amplitude=amplitude) for part in self._voice]
        self._start(voice, text.encode(), reading=True)

    def hush(self) -> None:
        """Ends reading; a tone sounds to its end."""
        if self._reading:
            self._end()

    async def close(self) -> None:
        """Ends everything that is heard, and waits for those who played it."""
        self.alarm("")
        self._end()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _sound_alarm(self) -> None:
        self.play(self.alarming)
        self._alarm = asyncio.get_running_loop().call_later(self._alarm_every_s, self._sound_alarm)

    def _start(self, command: Sequence[str], data: bytes, *, reading: bool = False) -> None:
        self._end()
        self._reading = reading
        self._now = asyncio.get_running_loop().create_task(_run(command, data))
        self._running.add(self._now)
        self._now.add_done_callback(self._running.discard)

    def _end(self) -> None:
        if self._now is not None:
            self._now.cancel()
            self._now = None
        self._reading = False


SILENT: Final = Sounds(player=(), voice=())
"""No loudspeaker."""


async def _run(command: Sequence[str], data: bytes) -> None:
    """The command with `data` on its standard input, until it ends or the task is cancelled."""
    try:
        playing = await child.start(command, asyncio.subprocess.DEVNULL)
    except OSError as error:
        log.warning("no sound: %s", error)
        return
    try:
        await playing.communicate(data)
    except asyncio.CancelledError:
        await asyncio.shield(child.give_up(playing))
        raise
    if playing.returncode:
        log.warning("no sound: %s ended with %d", command[0], playing.returncode)


def _all_waves(volume: int) -> dict[tuple[str, int], bytes]:
    return {(name, volume): tones.wav(name, volume) for name in tones.TONES if tones.is_heard(name, volume)}
