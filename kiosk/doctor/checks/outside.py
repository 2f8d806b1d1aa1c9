"""What stands around the box: its power, its loudspeaker, its printer."""

from __future__ import annotations

from typing import Final

from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

THROTTLED: Final = "/sys/devices/platform/soc/soc:firmware/get_throttled"
"""Raspberry Pi: bit 0 under-voltage now, bit 16 since it was switched on."""
UNDER_VOLTAGE_NOW: Final = 1 << 0
UNDER_VOLTAGE_SINCE: Final = 1 << 16
HWMON: Final = "/sys/class/hwmon"


def power(box: Box) -> Finding:
    """A supply that is too weak ends the box in mid-session and damages its card."""
    remedy = _("Use the board's own power supply and a short, thick cable.")
    now, since = _under_voltage(box)
    if now:
        return fix("power", _("The power supply is too weak now."), remedy)
    if since:
        return look("power", _("The power supply was too weak since the box was switched on."), remedy)
    return ok("power", _("The power supply is strong enough, as far as the board tells."))


def _under_voltage(box: Box) -> tuple[bool, bool]:
    """Now, and since the start."""
    said = box.machine.text(THROTTLED)
    if said is not None:
        try:
            bits = int(said, 16)
        except ValueError:
            bits = 0
        return bool(bits & UNDER_VOLTAGE_NOW), bool(bits & UNDER_VOLTAGE_SINCE)
    for name in box.machine.names(HWMON):
        if box.machine.text(f"{HWMON}/{name}/name") == "rpi_volt":
            return box.machine.text(f"{HWMON}/{name}/in0_lcrit_alarm") == "1", False
    return False, False


def sound(box: Box) -> Finding:
    """Tones call the person, and say that a stop is not confirmed."""
    player = box.texts("sound", "player", ("aplay",))
    if not player:
        return look(
            "sound",
            _("The box is set up without a loudspeaker: every tone has its words on the screen."),
            _("With one, calls and alarms are heard: homestim setup"),
        )
    if box.machine.which(player[0]) is None:
        return fix(
            "sound",
            _("The program that plays tones is missing: {program}.").format(program=player[0]),
            _("Install it (apt install alsa-utils), or say that there is no loudspeaker: homestim setup"),
        )
    cards = box.machine.text("/proc/asound/cards") or ""
    if not cards or "no soundcards" in cards:
        return fix(
            "sound",
            _("The system finds no sound card."),
            _("Plug a loudspeaker in and start the box again, or say that there is none: homestim setup"),
        )
    voice = box.texts("sound", "voice", ("espeak-ng",))
    if voice and box.machine.which(voice[0]) is None:
        return look(
            "sound",
            _("Tones play, but nothing reads aloud: {program} is missing.").format(program=voice[0]),
            _("Install it: apt install espeak-ng"),
        )
    return ok("sound", _("Tones and reading aloud have what they need."))


def printer(box: Box) -> Finding:
    """There need not be one."""
    ran = box.machine.run(["lpstat", "-p"])
    lines = [] if ran is None else [line for line in ran.output.splitlines() if line.startswith("printer ")]
    if not lines:
        return ok("printer", _("There is no printer; reports go to a stick."))
    names = [line.split()[1] for line in lines]
    disabled = [name for name, line in zip(names, lines, strict=True) if "disabled" in line]
    if disabled:
        return look(
            "printer",
            _("The printer {printer} is switched off in the system.").format(printer=disabled[0]),
            _("See to its paper and ink, then: cupsenable {printer}").format(printer=disabled[0]),
        )
    return ok("printer", _("The printer is ready: {printer}.").format(printer=names[0]))
