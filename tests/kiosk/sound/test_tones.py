"""Tones that nobody is startled by, and alarms that nobody can switch off."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from kiosk.sound import tones


def samples(name: str, volume: int = 6) -> np.ndarray:
    with wave.open(io.BytesIO(tones.wav(name, volume))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, tones.RATE_Hz)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)


def sounding(name: str) -> list[np.ndarray]:
    """The notes of a tone, pauses left out."""
    heard, at, parts = samples(name), 0, []
    for note in tones.TONES[name]:
        count = tones.RATE_Hz * note.duration_ms // 1000
        if note.frequency_Hz:
            parts.append(heard[at : at + count])
        at += count
    return parts


def frequency_Hz(note: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))
    return float(np.argmax(spectrum) * tones.RATE_Hz / len(note))


@pytest.mark.parametrize("name", sorted(tones.TONES))
def test_every_note_lies_between_400_and_1000_hertz(name: str) -> None:
    for note in sounding(name):
        assert 400 <= frequency_Hz(note) <= 1000


@pytest.mark.parametrize("name", sorted(tones.TONES))
def test_every_note_begins_and_ends_softly(name: str) -> None:
    for note in sounding(name):
        ten_ms = tones.RATE_Hz // 100
        loudest = np.abs(note).max()
        assert np.abs(note[:ten_ms]).max() < loudest * 0.1
        assert np.abs(note[-ten_ms:]).max() < loudest * 0.1


def test_a_prompt_rises_and_a_fault_falls() -> None:
    prompt, fault = ([frequency_Hz(note) for note in sounding(name)] for name in ("prompt", "fault"))
    assert len(prompt) == 2
    assert prompt == sorted(prompt)
    assert len(fault) == 3
    assert fault == sorted(fault, reverse=True)


def test_a_confirmed_stop_is_one_long_low_tone() -> None:
    (note,) = sounding("stopped")
    assert len(note) >= tones.RATE_Hz
    assert frequency_Hz(note) < 500


def test_no_two_tones_are_alike() -> None:
    assert len(set(tones.TONES.values())) == len(tones.TONES)


@pytest.mark.parametrize("name", sorted(tones.TONES))
def test_prompts_and_phases_can_be_off_and_alarms_have_a_floor(name: str) -> None:
    alarm = name in tones.ALARMS
    assert tones.is_heard(name, 0) is alarm
    if alarm:
        assert tones.wav(name, 0) == tones.wav(name, tones.FLOOR)
    else:
        assert np.abs(samples(name, 1)).max() < np.abs(samples(name, tones.FLOOR)).max()


def test_louder_is_louder_and_never_clipped() -> None:
    peaks = [np.abs(samples("prompt", volume)).max() for volume in range(1, tones.LOUDEST + 1)]
    assert peaks == sorted(peaks)
    assert len(set(peaks)) == len(peaks)
    assert peaks[-1] < 32767
