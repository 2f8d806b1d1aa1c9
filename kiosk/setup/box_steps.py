"""The questions about the box itself: language, country, clock, letters, sound, stick."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from kiosk import words
from kiosk.config import emergency_number
from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.errors import KioskError
from kiosk.setup import ruler
from kiosk.setup.context import Setup
from kiosk.setup.conversation import is_plain
from kiosk.sound import tones
from kiosk.sound.player import USUAL_VOLUME
from kiosk.words import _

ZONE: Final = Path("/etc/localtime")
TERMINAL: Final = "foot"
FOOT_INI: Final = Path("/etc/homestim/foot.ini")


def language(setup: Setup) -> str:
    chosen = ("en", "de")[setup.talk.choose("Language / Sprache", ["English", "Deutsch"]) - 1]
    words.set_language(chosen)
    setup.set({("kiosk", "lang"): chosen})
    return chosen


def country(setup: Setup) -> str:
    while True:
        asked = _("Country of the box, two letters (ISO 3166): it says which emergency number is shown")
        typed = setup.talk.ask(asked, setup.config.kiosk.country).upper()
        if not re.fullmatch("[A-Z]{2}", typed):
            setup.talk.say(_("That is no country's two letters, like DE."))
        elif setup.talk.yes(
            _("The emergency number is {number}. Is that right?").format(number=emergency_number(typed))
        ):
            setup.set({("kiosk", "country"): typed})
            return f"{typed}, {emergency_number(typed)}"


def clock(setup: Setup) -> str:
    now = setup.clock.now()
    zone = os.path.realpath(ZONE).partition("/zoneinfo/")[2] or str(now.tzname())
    setup.talk.say(_("It is {time} here ({zone}).").format(time=f"{now:%Y-%m-%d %H:%M}", zone=zone))
    if not setup.clock.trusted():
        unkept = _("Nobody keeps the clock: rest days are not known, and there is no session after one.")
        setup.talk.say(
            unkept,
            _("Connect the network once and wait some minutes, or put a hardware clock with a battery in."),
        )
    if not setup.talk.yes(_("Are day, time and time zone right?")):
        raise KioskError(
            _("Set the clock (timedatectl set-timezone, timedatectl set-time), then: homestim setup")
        )
    kept = _("kept") if setup.clock.trusted() else _("kept by nobody")
    return f"{now:%Y-%m-%d %H:%M} {zone}, {kept}"


def letters(setup: Setup) -> str:
    if (file := _included_by_the_terminal()) is not None:
        setup.set({("kiosk", "letters"): file})
    setup.talk.say(
        _("Hold a ruler to the screen that the person will use. How long is this line, from end to end?"),
        "",
        "█" * ruler.LINE_CELLS,
        "",
    )
    while True:
        line_mm = ruler.number(setup.talk.ask(_("Millimetres")))
        found = None if line_mm is None else ruler.measured(line_mm)
        if found is not None:
            break
        setup.talk.say(_("That cannot be. Please measure the line on the screen, in millimetres."))
    height = words.decimal(found.x_height_mm)
    if found.large_enough:
        setup.talk.say(_("Small letters are {mm} mm high: large enough.").format(mm=height))
    else:
        setup.talk.say(
            _("Small letters are {mm} mm high. They have to be 4.5 mm or more.").format(mm=height),
            _("Take a larger screen, or larger letters: at the box under Help, Language and sound."),
        )
    return f"{height} mm"


def _included_by_the_terminal() -> str | None:
    """The file in which a box's terminal finds the size of its letters; none where there is no such one."""
    if shutil.which(TERMINAL) is None or not FOOT_INI.is_file():
        return None
    found = re.search(r"^include=(.+)$", FOOT_INI.read_text(encoding="utf-8"), re.MULTILINE)
    return None if found is None else found[1]


def sound(setup: Setup) -> str:
    player = setup.config.sound.player
    if player and not _plays(player):
        missing = _("The program that plays tones is missing: {program}.").format(program=player[0])
        setup.talk.say(missing)
        if not setup.talk.yes(_("Shall the box stay without a loudspeaker?")):
            again = _("Then: homestim setup")
            raise KioskError(f"{missing} apt install alsa-utils. {again}")
        player = ()
    while player:
        _play(player)
        heard = setup.talk.choose(
            _("A tone was played. Did you hear it?"),
            [_("Yes"), _("No, play it again"), _("There is no loudspeaker")],
        )
        if heard == 1:
            return _("heard")
        if heard == 3:
            break
    setup.set({("sound", "player"): ()})
    setup.talk.say(_("The box is silent: every tone has its words on the screen."))
    return _("no loudspeaker")


def _plays(player: tuple[str, ...]) -> bool:

    return shutil.which(player[0]) is not None


def _play(player: tuple[str, ...]) -> None:
    if _plays(player):
        wave = tones.wav("prompt", USUAL_VOLUME)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(player, input=wave, capture_output=True, timeout=10, check=False)  # noqa: S603


def stick(setup: Setup) -> str:
    """Whether a stick can be written, before the day on which somebody needs it."""
    from kiosk.export import stick as usb

    if not setup.talk.yes(_("Is a USB stick plugged in? It is written on for a test.")):
        return _("left out")
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    found = usb.sticks(mounts)
    if not found:
        setup.talk.say(
            _("No stick is found that can be used (vfat or exfat, mounted nosuid, nodev, noexec).")
        )
        return _("none found")
    try:
        usb.put(found[0].place, {"test.txt": io.BytesIO(b"homestim\n")}, setup.clock.now())
    except KioskError as error:
        setup.talk.say(error.sentence)
        return _("not usable")
    setup.talk.say(_("It was written and read back. You can take it out."))
    return _("works")


def backup(setup: Setup) -> str:
    """The passphrase of the nightly backup. One that is there stays: no other opens the backups there are."""
    from kiosk.ops.backup import MIN_PASSPHRASE

    if setup.kind != "real" or not setup.guard_socket:
        return _("not for this box")
    if setup.passphrase.exists():
        return _("has its passphrase")
    setup.talk.say(
        _("Every night a backup is made that nobody can read without its passphrase."),
        _("Write it on paper first, and keep the paper not with the box."),
    )
    asked = _("A passphrase, at least {n} characters; it is not shown; empty: no backup")
    while typed := setup.talk.ask_hidden(asked.format(n=MIN_PASSPHRASE)):
        if len(typed.encode()) < MIN_PASSPHRASE:
            setup.talk.say(_("That is too short."))
        elif not is_plain(typed):
            setup.talk.say(_("There are signs in it that cannot be printed. Please type it again."))
        elif typed != setup.talk.ask_hidden(_("The same once more")):
            setup.talk.say(_("These are two different ones."))
        else:
            try:
                durable.write_file(setup.passphrase, f"{typed}\n".encode())
            except OSError as error:
                raise KioskError(f"{setup.passphrase}: {reason_of(error)}", detail=str(error)) from error
            setup.talk.say(_("Make the first one: systemctl start homestim-backup"))
            return _("has its passphrase")
    setup.talk.say(_("Then nothing is backed up at night. Later: homestim setup --again backup"))
    return _("left out")
