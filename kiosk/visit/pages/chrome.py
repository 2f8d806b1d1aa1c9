"""What every page has: the first line, the key line, and the words to read aloud."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiosk import words
from kiosk.keys import Key
from kiosk.page import (
    Body,
    Chart,
    Choice,
    Header,
    LevelFinding,
    NumberLine,
    Overview,
    Page,
    Pictured,
    PinEntry,
    Placement,
    Running,
    Table,
    TextEntry,
    Words,
)
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.device import other_build
from kiosk.visit.steps.unanswered import reads_aloud
from kiosk.words import _

LEAVE_HINT_S: Final = 2.0
SCREENS_OF_A_STEP: Final = 64
LEAST_TO_HINT_AT: Final = 2
"""Big buttons with a number, from which on the key line says that numbers choose."""


def build(
    visit: Visit,
    moment: Moment,
    body: Body,
    choices: tuple[Choice, ...] = (),
    *,
    title: str = "",
    pauses: bool = False,
    digits: bool = False,
    back: bool = False,
    stop_text: str = "",
    current_on: bool = False,
    right: str = "",
    screen: int = 0,
    short: str = "",
) -> Page:
    """A page with its header, its key line and its spoken words.

    `pauses`: Space pauses here. `digits`: 8 is a number, so only * reads aloud. `back`: the key line says so.
    `stop_text`: the whole bottom is STOP. `right`: what the header says in place of the device's state.
    `screen`: which of the step's own screens it is, 0…63; a key meant for another does not act on it.
    `short`: the title where there is no room for it beside the device's state.
    """
    line = list(choices)
    if back:
        line.append(Choice(Key.BACK if digits else Key.ZERO, _("Back"), prominent=False))
    if reads_aloud(visit):
        line.append(Choice(Key.READ if digits else Key.EIGHT, _("Read it to me"), prominent=False))
    if pauses:
        line.append(Choice(Key.STOP, _("Pause"), prominent=False))
    return Page(
        id=visit.step,
        header=header(visit, moment, title, current_on=current_on, right=right, short=short),
        body=body,
        choices=tuple(line),
        stop_row=bool(stop_text),
        stop_text=stop_text,
        hint=choose(choices),
        notice=notice(visit),
        spoken=spoken(title, body, choices),
        serial=visit.serial * SCREENS_OF_A_STEP + screen,
    )


def let_go() -> str:
    """Enter is held down, or came twice, where that is no answer."""
    return _("Let go of the key, then press Enter once.")


def notice(visit: Visit) -> str:
    """What is said of the last key, where the screen had no use for it."""
    unanswered = visit.context.unanswered
    if unanswered.serial != visit.serial:
        return ""
    return {
        "": "",
        "key": _("That key does nothing here."),
        "stop": _("STOP was heard."),
        "voice": _("This box cannot read aloud."),
        "sounds_off": _("The sounds are off."),
        "let_go": let_go(),
    }[unanswered.why]


def choose(choices: tuple[Choice, ...]) -> str:
    """ "1–4, 9  choose": which numbers the big buttons have."""
    digits = sorted(choice.key.digit for choice in choices if choice.prominent and choice.key.digit)
    if len(digits) < LEAST_TO_HINT_AT or digits[0] > LEAST_TO_HINT_AT:
        return ""
    runs: list[list[int]] = []
    for digit in digits:
        if runs and digit == runs[-1][-1] + 1:
            runs[-1].append(digit)
        else:
            runs.append([digit])
    numbers = ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return _("{numbers}  choose").format(numbers=numbers)


def header(
    visit: Visit, moment: Moment, title: str, *, current_on: bool, right: str = "", short: str = ""
) -> Header:
    """Title or date on the left; on the right what the guard reports."""
    device = visit.context.device
    if leaving(visit, moment):
        right = _("Ctrl+C once more leaves")
    elif not right and current_on:
        right = _("CURRENT IS ON")
    elif not right and other_build(visit):
        right = _("restart the box")
    elif not right and device is None:
        right = _("one moment")
    elif not right:
        right = _("device ready") if device is not None and device.present else _("device not found")
    date = f"{words.date(moment.now.date())}  {words.clock(moment.now)}"
    left = title or f"homestim   {date}"
    simulated = device is not None and device.simulated
    return Header(left, simulated, right, current_on, short or ("" if title else date))


def leaving(visit: Visit, moment: Moment) -> bool:
    """Ctrl+C was pressed once, just now."""
    pressed_s = visit.context.leave_s
    return pressed_s is not None and moment.monotonic_s - pressed_s <= LEAVE_HINT_S


def spoken(title: str, body: Body, choices: tuple[Choice, ...]) -> str:
    """The page's words in the order in which they are read."""
    parts = [title, *_body_words(body)]
    parts += [f"{_key_word(choice.key)}: {choice.label}." for choice in choices]
    return " ".join(_sentence(part) for part in parts if part)


def _sentence(part: str) -> str:
    part = " ".join(part.split())
    return part if part.endswith((".", "?", "!", ":", "…")) else f"{part}."


def _key_word(key: Key) -> str:
    names = {
        Key.ENTER: _("Enter"),
        Key.BACK: _("Back key"),
        Key.STOP: _("Space"),
        Key.UP: _("Up"),
        Key.DOWN: _("Down"),
        Key.LEFT: _("Left key"),
        Key.RIGHT: _("Right key"),
        Key.READ: "*",
    }
    return names.get(key, key.value)


def _body_words(body: Body) -> Iterator[str]:
    match body:
        case Words():
            yield from (*body.lines, *body.items, *body.small)
        case NumberLine():
            yield body.question
            yield f"0: {body.low}. 10: {body.high}."
            if body.value is not None:
                yield str(body.value)
            yield from body.lines
        case Placement():
            yield from (*body.lines, body.below, *body.box)
        case LevelFinding():
            yield from (*body.lines, f"{body.big} {body.unit}", body.bar.limit_text, body.notice)
        case Running():
            yield f"{body.big} {body.big_label}"
            for side in body.sides:
                yield f"{side.name} {side.level_text}, {side.bar.limit_text}"
            yield from (body.strip.now, body.strip.next_cue, body.notice)
        case PinEntry():
            yield from (*body.lines, body.notice)
        case TextEntry():
            yield from (*body.lines, body.text, body.notice)
        case Pictured():
            yield from (*body.lines, *body.after, *body.small)
        case Chart():
            yield from (*body.lines, *body.facts)
        case Table():
            yield from body.lines
            if body.chosen is not None:
                yield ", ".join(cell for cell in body.rows[body.chosen] if cell)
            yield from body.small
        case Overview():
            yield from (body.headline, *body.lines, *body.facts, body.small)
