"""What a person does on each screen of a visit, by the words that stand there."""

from __future__ import annotations

import time

from tests.whole_visits.device_log import DeviceLog
from tests.whole_visits.terminal import Terminal

UP_COUNTS_AFTER_S = 1.05
"""A press sooner than a second after the one before does not count (safety rule 2)."""
STARTS_CURRENT_AFTER_S = 1.05
"""An Enter that starts a current is one of its own: not sooner after the one before."""


def first_questions(kiosk: Terminal) -> None:
    """From home through the baseline, everything No, back to home."""
    kiosk.wait_for("First questions")
    kiosk.wait_for("device ready")
    kiosk.press("1")
    kiosk.wait_for("Is it you?")
    kiosk.press("1")
    kiosk.wait_for("Get ready")
    kiosk.press("enter")
    for number in range(1, 23):
        kiosk.wait_for(f"{number} of 22")
        kiosk.press("1")
    kiosk.wait_for("Your answers are saved.")
    kiosk.press("enter")
    kiosk.wait_for("Today: session")


def questions_of_the_day(kiosk: Terminal) -> None:
    """From home to "check your answers" and on to the skin."""
    kiosk.press("1")
    kiosk.wait_for("Is it you?")
    kiosk.press("1")
    kiosk.wait_for("Before you start")
    kiosk.press("enter")
    for number in range(1, 5):
        kiosk.wait_for(f"{number} of 4")
        kiosk.press("1")
    for title, value in (("Pain at rest", "4"), ("Pain when moving", "5"), ("Sore muscles", "2")):
        kiosk.wait_for(title)
        kiosk.press(value, "enter")
    kiosk.wait_for("Check your answers")
    kiosk.press("enter")


def back_to_the_pads(kiosk: Terminal) -> None:
    """After a restart within the hour: nothing that was answered is asked again."""
    kiosk.wait_for("device ready")
    kiosk.press("1")
    kiosk.wait_for("Is it you?")
    kiosk.press("1")
    kiosk.wait_for("Before you start")
    kiosk.press("enter")
    kiosk.wait_for("Check your answers")
    kiosk.press("enter")


def pads_and_stop_test(kiosk: Terminal) -> None:
    """From the skin to the contact question; STOP is really pressed."""
    kiosk.wait_for("Is the skin under the pads")
    kiosk.press("1")
    kiosk.wait_for("Do the pads belong to someone else")
    kiosk.press("1")
    kiosk.wait_for("RED, LEFT side")
    kiosk.press("enter")
    kiosk.wait_for("BLUE, RIGHT side")
    kiosk.press("enter")
    kiosk.wait_for("Now sit or lie")
    kiosk.press("enter")
    kiosk.wait_for("Your place")
    kiosk.press("1")
    kiosk.wait_for("Press STOP now")
    kiosk.press("stop")
    kiosk.wait_for("STOP works.")
    kiosk.press("enter")
    kiosk.wait_for("How the pads lie")
    time.sleep(STARTS_CURRENT_AFTER_S)
    kiosk.press("enter")
    kiosk.wait_for("All pads lie well.")
    kiosk.press("enter")


def feel(kiosk: Terminal, log: DeviceLog, channel: int) -> None:
    """Raise until the device puts something out on `channel`, say that it is felt, and where."""
    kiosk.wait_for("until you feel something")
    for _ in range(40):
        kiosk.press("up")
        time.sleep(UP_COUNTS_AFTER_S)
        if channel in log.output_now():
            break
    kiosk.press("enter")
    kiosk.wait_for("Where do you feel it?")
    kiosk.press(str(channel))
    kiosk.wait_for("The muscle tightens")
    kiosk.press("enter")
    kiosk.wait_for("Strong, still pleasant")


def both_levels(kiosk: Terminal, log: DeviceLog) -> None:
    """Both sides found, the session begun."""
    for channel in (1, 2):
        feel(kiosk, log, channel)
        kiosk.press("enter")
    kiosk.wait_for("Your level is found")
    time.sleep(STARTS_CURRENT_AFTER_S)
    kiosk.press("enter")
    kiosk.wait_for("minutes left")


def whole_visit(kiosk: Terminal, log: DeviceLog) -> None:
    """From the first question on an empty box to home: all No, both levels, enough in the warm-up."""
    first_questions(kiosk)
    questions_of_the_day(kiosk)
    pads_and_stop_test(kiosk)
    both_levels(kiosk, log)
    kiosk.press("stop")
    kiosk.wait_for("The stimulator reports that its output is off.")
    kiosk.press("enter")
    kiosk.wait_for("Why did you stop?")
    kiosk.press("2")
    kiosk.wait_for("Take the pads off now.")
    kiosk.press("enter")
    kiosk.wait_for("How is your back now?")
    kiosk.press("3", "enter")
    kiosk.wait_for("How is it?")
    kiosk.press("1")
    kiosk.wait_for("Saved.")
    kiosk.press("enter")
    kiosk.wait_for("Write in my diary")
