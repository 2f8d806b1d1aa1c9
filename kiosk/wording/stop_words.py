"""Why a session ended before its time, in a few words: for the family's screens and the report."""

from __future__ import annotations

from kiosk.words import _


def stop_word(reason: str) -> str:
    """Of a `Session.stop_reason`, or of its state where there is none. What it does not know it names."""
    return {
        "enough": _("enough for today"),
        "pad_loose": _("a loose pad"),
        "electrode": _("a loose pad"),
        "burning": _("burning or sharp pain"),
        "faint": _("faint, heart or breath"),
        "mistake": _("by mistake"),
        "sting": _("a brief sting"),
        "person": _("the person"),
        "look": _("a look at the skin"),
        "still_ok": _("nobody answered"),
        "rest_idle": _("a long rest"),
        "where_mismatch": _("felt in another place"),
        "nothing_felt": _("nothing was felt"),
        "restart": _("a power cut or restart"),
        "shutdown": _("a power cut or restart"),
        "interrupted": _("a power cut or restart"),
        "begun": _("a power cut or restart"),
        "ended_early": _("no reason given"),
    }.get(reason) or _("the device or the box ({code})").format(code=reason)
