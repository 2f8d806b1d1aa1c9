"""Sides, leads and STOP, in the words that all screens share."""

from __future__ import annotations

from kiosk.words import _
from programs.montage import Lead


def colour(lead: Lead) -> str:
    """ "RED": the lead's colour as printed."""
    return {"red": _("RED"), "blue": _("BLUE"), "black": _("BLACK"), "white": _("WHITE")}[lead.colour]


def side(lead: Lead) -> str:
    """ "LEFT side"."""
    return {"left": _("LEFT side"), "right": _("RIGHT side"), "both": _("both sides")}[lead.side]


def back_name(lead: Lead) -> str:
    """ "left back": beside its level in the session."""
    return {"left": _("left back"), "right": _("right back"), "both": _("both sides")}[lead.side]


def stop_text() -> str:
    """What stands in the STOP row."""
    return _("S T O P    Space, or the stop button")
