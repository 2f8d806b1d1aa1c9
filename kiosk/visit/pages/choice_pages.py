"""Language, loudness, letters and reminders."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.sound.tones import FLOOR, LOUDEST
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.words import _, worded


def choices(visit: Visit, moment: Moment) -> Page:
    """What stands now, then what can be pressed. Each language in its own words."""
    chosen, has_tones = visit.context.chosen, visit.context.setting.plays_tones
    lines: tuple[str, ...] = (loudness(visit), reminders(visit))
    small = letters(visit)
    if visit.context.not_kept:
        # Why is for whoever set up the box.
        lines, small = (_("This could not be saved."), *lines), worded(visit.context.not_kept)
    keys = [
        Choice(Key.ONE, "English"),
        Choice(Key.TWO, "Deutsch"),
        Choice(Key.THREE, _("Reminders off") if chosen.reminders.on else _("Reminders on")),
    ]
    if has_tones:
        keys += [Choice(Key.UP, _("Louder")), Choice(Key.DOWN, _("Softer"))]
    if visit.context.setting.sets_letters:
        keys.append(
            Choice(Key.FOUR, _("Smaller letters") if chosen.letters == "large" else _("Larger letters"))
        )
    tone = "warn" if visit.context.not_kept else "plain"
    body = Words(lines, small=(small,), tone="warn" if tone == "warn" else "plain")
    return build(visit, moment, body, tuple(keys), title=_("Language and sound"), pauses=True, back=True)


def letters(visit: Visit) -> str:
    """What becomes of a choice of letters, or who makes it."""
    if visit.context.setting.sets_letters:
        return _("For other letters the screen goes dark for a moment.")
    if visit.context.setting.locked_down:
        return _("How large the letters are is set when the box is set up.")
    return _("In a window, Ctrl and + makes the letters larger.")


def loudness(visit: Visit) -> str:
    """How loud it is now, and what cannot be softer."""
    volume = visit.context.chosen.volume
    if not visit.context.setting.plays_tones:
        return _("This box has no loudspeaker.")
    if not volume:
        return _("Sounds are off. Alarms are still heard.")
    said = _("Sounds: {volume} of {loudest}.").format(volume=volume, loudest=LOUDEST)
    return said if volume > FLOOR else said + " " + _("Alarms are a little louder.")


def reminders(visit: Visit) -> str:
    """When a tone reminds, or words alone where the box has no loudspeaker; and when nothing does."""
    wanted = visit.context.chosen.reminders
    if not (wanted.on and wanted.hours):
        return _("Reminders are off.")
    if not visit.context.setting.plays_tones:
        return _("Home says so in words while something of today is open.")
    hours = ", ".join(f"{hour}:00" for hour in wanted.hours)
    said = _("A soft tone reminds at {hours}, while something of today is open.").format(hours=hours)
    if wanted.quiet_from == wanted.quiet_until:
        return said
    quiet = _("Never between {start}:00 and {end}:00.").format(
        start=wanted.quiet_from, end=wanted.quiet_until
    )
    return f"{said} {quiet}"
