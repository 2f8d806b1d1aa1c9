"""What is said under a PIN that is being typed."""

from __future__ import annotations

from kiosk.visit.state import Pin
from kiosk.words import _, ngettext, worded


def pin_notice(entry: Pin) -> str:
    """That it is looked at, that it was wrong, and how long to wait."""
    if entry.checking:
        return _("One moment.")
    if not entry.wrong:
        return ""
    if entry.wait_s:
        return ngettext(
            "That PIN is not right. Try again in {n} second.",
            "That PIN is not right. Try again in {n} seconds.",
            entry.wait_s,
        ).format(n=entry.wait_s)
    return worded(entry.sentence) or _("That PIN is not right. Please try again.")
