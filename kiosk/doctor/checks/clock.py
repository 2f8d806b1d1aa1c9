"""The clock, and who keeps it (safety rule 29)."""

from __future__ import annotations

from typing import Final

from kiosk.clock import RTCS, SANE_YEARS, rtc_agrees, rtc_times
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

_NO_ZONE: Final = ("UTC", "Universal", "Zulu", "UCT")


def clock(box: Box) -> Finding:
    """The time of day is one that can be."""
    now = box.machine.now()
    said = _("It is {time} here ({zone}).").format(
        time=f"{now:%Y-%m-%d %H:%M}", zone=_zone(box) or now.tzname()
    )
    if now.year not in SANE_YEARS:
        return fix("clock", said, _("Set the clock: timedatectl set-time 'YYYY-MM-DD HH:MM'"))
    if _zone(box).rpartition("/")[2] in _NO_ZONE:
        return look("clock", said, _("Set the time zone: timedatectl set-timezone Europe/Berlin"))
    return ok("clock", said)


def _zone(box: Box) -> str:
    real = box.machine.real("/etc/localtime") or ""
    return real.partition("/zoneinfo/")[2] or (box.machine.text("/etc/timezone") or "")


def source(box: Box) -> Finding:
    """Rest between sessions counts only by a clock that somebody keeps."""
    machine = box.machine
    rtcs = machine.path(RTCS)
    has_rtc = bool(rtc_times(rtcs))
    agrees = rtc_agrees(machine.now().timestamp(), rtcs)
    synchronised = machine.synchronised()
    if has_rtc and not agrees:
        return look(
            "clock-source",
            _("The clock of the box and its hardware clock differ by more than ten minutes."),
            _("See that the time is right, then: hwclock --systohc"),
        )
    if synchronised and has_rtc:
        return ok("clock-source", _("A time service keeps the clock, and a hardware clock holds it."))
    if has_rtc:
        return ok("clock-source", _("A hardware clock keeps the time; look at it twice a year."))
    if synchronised:
        return look(
            "clock-source",
            _("Only the network keeps the clock: after a power cut the time is not known for a while."),
            _("Put a hardware clock with a battery in."),
        )
    return fix(
        "clock-source",
        _("Nobody keeps the clock: without it rest days are not known, and there is no session after one."),
        _("Connect the network once and wait some minutes, or put a hardware clock with a battery in."),
    )
