"""Whoever sits before the emulated box: reads the console and presses what belongs to the page."""

from __future__ import annotations

from typing import Final

from tests.vm.machine import P24, Failed, Machine

PAGES: Final = (
    ("Switch the stimulator OFF now", "enter"),
    ("Paused. Take your time.", "1"),
    ("Nothing starts by itself", "enter"),
    ("Is it you?", "1"),
    ("Before you start", "enter"),
    ("None of these", "1"),
    ("is there a new illness", "1"),
    ("10 Enter Next", "enter"),
    ("10 = ", "2"),
    ("Check your answers", "enter"),
    ("Is the skin under the pads", "1"),
    ("Do the pads belong to someone else", "1"),
    ("RED, LEFT side", "enter"),
    ("BLUE, RIGHT side", "enter"),
    ("Now sit or lie", "enter"),
    ("Your place", "1"),
    ("Press STOP now", "stop"),
    ("STOP works.", "enter"),
    ("How the pads lie", "enter"),
    ("All pads lie well.", "enter"),
    ("until you feel something", "up"),
    ("You stopped. That is fine.", "enter"),
    ("Why did you stop?", "5"),
    ("Both are fine.", "1"),
    ("Try again", "1"),
    ("Fixed, go on", "1"),
    ("Today: session", "1"),
)
"""What stands on a page → the key of a person who wants to get on; the first that fits."""
DAY_IS_OVER: Final = ("End here for today", "Not today", "Take the pads off now")
KNOWS_NO_PAGE: Final = 30
"""So many looks at the console on which nothing above stands: pads are measured for less long."""
ANOTHER_DIARY_AT_MOST: Final = 3
WITHIN_S: Final = 1200.0
READS_S: Final = 0.7
"""By the box's clock: longer than the kiosk ignores keys after another screen came. With the 0.5 s
after a key, also longer than the next mA waits for."""


def until_current(machine: Machine, p24: P24) -> None:
    """From wherever the kiosk stands to the first side's level being found. Raises Failed."""
    end_s = p24.box_time.now_s() + WITHIN_S
    unknown = diaries = 0
    while not p24.flows:
        lines = machine.lines
        flat = " ".join(" ".join(lines).split())
        key = next((key for words, key in PAGES if words in flat), None)
        unknown = unknown + 1 if key is None else 0
        is_over = any(words in flat for words in DAY_IS_OVER) or unknown > KNOWS_NO_PAGE
        if is_over and diaries < ANOTHER_DIARY_AT_MOST:
            # An emulated box may be too slow twice; a box that is closed for today shows nothing of current.
            machine.begin_another_diary()
            unknown, diaries = 0, diaries + 1
            continue
        if p24.box_time.now_s() > end_s:
            raise Failed("it did not come to current; the screen:\n" + "\n".join(lines))
        if key is not None and not p24.flows:
            machine.asked(f"sleep {READS_S}")
            machine.strike(key)
        machine.asked("sleep 0.5")
