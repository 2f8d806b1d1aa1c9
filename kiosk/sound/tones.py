"""The tones, as WAV files in memory. 400–1000 Hz and a soft start: a startle tightens the back.

Source: screens.md, "Sounds and silence".
"""

from __future__ import annotations

import array
import io
import math
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

RATE_Hz: Final = 22_050
ATTACK_MS: Final = 80
RELEASE_MS: Final = 120
LOUDEST: Final = 10
"""The volumes are 0…10."""
FULL_SCALE: Final = 0.5
"""The share of the sound card's range that volume 10 uses: small speakers rattle above it."""
FLOOR: Final = 5
"""Alarms are never softer than this volume."""


class Note(NamedTuple):
    """A sine; 0 Hz is a pause."""

    frequency_Hz: int
    duration_ms: int


TONES: Final[Mapping[str, tuple[Note, ...]]] = MappingProxyType(
    {
        "phase": (Note(523, 350),),
        "prompt": (Note(523, 250), Note(0, 60), Note(659, 350)),
        "fault": (Note(784, 250), Note(0, 60), Note(622, 250), Note(0, 60), Note(466, 400)),
        "stopped": (Note(440, 1200),),
        "not_confirmed": (Note(415, 250), Note(0, 120), Note(415, 250)),
    }
)
"""phase: one soft tone. prompt: two rising. fault (zero by a fault): three falling. stopped (STOP confirmed):
one long low. not_confirmed: a low pair, again every 2 s until Enter."""
ALARMS: Final = frozenset({"fault", "stopped", "not_confirmed"})
"""They can be neither off nor softer than `FLOOR`."""


def is_heard(name: str, volume: int) -> bool:
    """Whether the tone sounds at all at this volume: prompts and phases can be off, alarms cannot."""
    return volume > 0 or name in ALARMS


def wav(name: str, volume: int) -> bytes:
    """The tone as a WAV file: mono, 16 bit. `volume` 0…10. Raises KeyError for an unknown name."""
    volume = max(volume, FLOOR) if name in ALARMS else volume
    # Loudness is heard by ratios: each step is 3 dB.
    amplitude = FULL_SCALE * 10 ** (-3 * (LOUDEST - volume) / 20) if volume else 0.0
    samples = array.array("h")
    for note in TONES[name]:
        samples.extend(_samples(note, amplitude))
    if sys.byteorder == "big":
        samples.byteswap()
    import wave  # not on the way to the first screen

    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_Hz)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def _samples(note: Note, amplitude: float) -> list[int]:
    count = RATE_Hz * note.duration_ms // 1000
    if not note.frequency_Hz:
        return [0] * count
    attack, release = RATE_Hz * ATTACK_MS // 1000, RATE_Hz * RELEASE_MS // 1000
    turn = 2 * math.pi * note.frequency_Hz / RATE_Hz
    peak = amplitude * 32767
    return [
        round(peak * _swell(at / attack) * _swell((count - at) / release) * math.sin(turn * at))
        for at in range(count)
    ]


def _swell(share: float) -> float:
    """From 0 to 1 without a corner."""
    return 1.0 if share >= 1 else (1 - math.cos(math.pi * share)) / 2
