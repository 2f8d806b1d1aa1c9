"""What `homestim prescribe`, `prescription show`, `take`, `enrol`, `unlock-code` and `sign` do."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import msgspec

from kiosk.access import codes, enrolment, handed_in, pins, signed
from kiosk.access.pins import Role
from kiosk.clock import Clock
from kiosk.diary import durable
from kiosk.diary.folder import META, must_have_journal, read_meta, reason_of
from kiosk.diary.inbox import MAX_BYTES
from kiosk.diary.prescriptions import Installed, newest_installed
from kiosk.diary.records import FolderKind
from kiosk.diary.settings_file import load_settings
from kiosk.diary.store import open_reader, open_store
from kiosk.errors import KioskError
from programs.prescription import Prescription

Say = Callable[[str], None]


def kind_of(folder: Path) -> FolderKind:
    """Of a folder that is there; a new one is for real data."""
    return read_meta(folder).kind if (folder / META).exists() else "real"


# ── at the box ──


def set_pin(role: Role, folder: Path, say: Say) -> None:
    """Asks for a PIN, twice, and sets it; a kiosk may be running. Never from the command line, which others
    can see: where nobody types, it is a line of the standard input (before it the clinician's old one).

    Raises KioskError for a folder that is none or somebody else's, AccessError, SettingsError.
    """
    read_meta(folder)
    owner = folder.stat().st_uid
    if os.geteuid() != owner:
        raise KioskError(
            f"{folder} belongs to user {owner}: run this as that user, so that the kiosk can read the PIN."
        )
    old = None
    if role == "clinician" and role in load_settings(folder).pins:
        old = _typed_pin("The clinician's old PIN", again=False)
    asyncio.run(pins.set_pin(folder, role, _typed_pin("PIN", again=True), old=old))
    say(f"The PIN of the {role} is set in {folder}. A kiosk that runs asks for it from its next home on.")


def _typed_pin(name: str, *, again: bool) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(name, hide_input=True, confirmation_prompt=again, err=True))
    return sys.stdin.readline().strip()


def prescribe(file: Path, folder: Path, clock: Clock, say: Say) -> None:
    """Checks a prescription, signed or not, and installs it or hands it to the kiosk that runs."""
    _hand_in(file, _read(file), folder, clock, say)


def take(file: Path, folder: Path, clock: Clock, say: Say) -> None:
    """Hands in what the clinic signed."""
    content = _read(file)
    if not signed.looks_signed(content):
        raise KioskError(f"{file} is not signed. A prescription: homestim prescribe {file}", exit_code=2)
    _hand_in(file, content, folder, clock, say)


def _hand_in(file: Path, content: bytes, folder: Path, clock: Clock, say: Say) -> None:
    order, at_once = handed_in.hand_in(folder, kind_of(folder), content, str(file), clock)
    if isinstance(order, handed_in.Opens):
        done = "Opened" if at_once else "Handed to the kiosk that runs, which opens it when home is shown"
        say(f"{done}: lock {order.number}, by {printable(order.by)} ({folder}).")
        return
    new = order.prescription
    if at_once:
        say(f"Installed in {folder}: prescription {new.serial}.")
    else:
        say(f"Handed to the kiosk that runs with {folder}: prescription {new.serial}.")
        say("It takes it in when home is shown, never within a visit.")
    if not new.valid_on(clock.now().date()):
        say(
            "It is not valid today, so there is no therapy today: "
            f"it holds from {new.valid_from} to {new.valid_until}."
        )


def show(folder: Path, clock: Clock, say: Say, *, as_json: bool) -> None:
    """The prescription that governs. Raises KioskError when there is none, or it is not valid today."""
    installed = newest_installed(open_reader(folder, clock))
    if installed is None:
        raise KioskError("No prescription is installed.")
    found, today = installed.prescription, clock.now().date()
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(_described(installed, today))).decode())
    else:
        say(f"Prescription {found.serial}, installed {installed.stored.envelope.entry_time:%Y-%m-%d %H:%M}.")
        say(f"Valid from {found.valid_from} to {found.valid_until}.")
        say(f"Set by {printable(found.clinician.name)} (as written in it; not verified).")
        for of, limit_mA in found.limits.items():
            say(f"{_limited(of)}: limit {limit_mA:.1f} mA, set by {printable(found.clinician.name)}.")
        say("")
        say(installed.toml.rstrip())
    if not found.valid_on(today):
        raise KioskError(f"Prescription {found.serial} is not valid today: no therapy.")


def _described(installed: Installed, today: dt.date) -> dict[str, Any]:
    found: Prescription = installed.prescription
    return {
        "serial": found.serial,
        "installed_at": installed.stored.envelope.entry_time,
        "in_force": found.valid_on(today),
        "set_by": found.clinician.name,
        "prescription": found,
        "sha256": getattr(installed.stored.record, "sha256", ""),
    }


def _limited(of: str) -> str:
    return f"Channel {of}" if of.isdigit() else f"Programme {of}"


def enrol(folder: Path, clock: Clock, say: Say, clinic_key: Path | None, *, again: bool) -> None:
    """Gives the box its secret and shows it, once."""
    key = None if clinic_key is None else signed.public_key(clinic_key)
    kind = kind_of(folder)
    if not (folder / META).exists():
        open_store(folder, kind, clock).close()
    must_have_journal(folder)
    made = enrolment.enrol(folder, read_meta(folder).box_id, clock, key, again=again)
    if again:
        pins.take_away(folder, "clinician")
    say(f"Box {made.box} is enrolled ({folder}).")
    say("")
    say("The secret, for the clinician alone. It is shown now and never again:")
    say("")
    say(f"    {codes.secret_to_type(bytes.fromhex(made.secret))}")
    say("")
    say("Whoever has it can open the locks of this box. Write it down and keep it where only the")
    say("clinician comes to it. Lost or seen by others: homestim enrol --again")
    if key is None:
        say("No clinic key was given (--clinic-key), so this box takes no signed files.")


# ── at the clinician's ──


def unlock_code(typed_box: str, typed_lock: str, secret_file: Path | None, say: Say) -> None:
    """Computes the one-time code for a lock from the box's secret."""
    box, (lock, counter) = codes.parse_box(typed_box), codes.parse_lock(typed_lock)
    code = codes.one_time_code(_secret(secret_file), box, lock, counter)
    say(f"{code[:4]} {code[4:]}")
    say(f"It opens lock {typed_lock.strip()} of box {box}, once, and nothing else.")


def _secret(file: Path | None) -> bytes:
    """From a file, from what is piped in, or typed and not shown: never from the command line, which every
    user of the machine can read."""
    if file is not None:
        return codes.secret_from_typed(_text(file))
    if not sys.stdin.isatty():
        return codes.secret_from_typed(sys.stdin.readline())
    return codes.secret_from_typed(click.prompt("Secret of the box", hide_input=True, err=True))


def sign_unlock(
    box: str, lock: str, key: Path, by: str, note: str, out: Path, clock: Clock, say: Say
) -> None:
    """Writes a signed file that opens one lock."""
    if not by.strip():
        raise KioskError("--by: found nothing, expected who opens the lock.", exit_code=2)
    number, _ = codes.parse_lock(lock)
    body = signed.Unlocks(codes.parse_box(box), number, by.strip(), clock.now().date(), note.strip())
    _write(out, signed.sign(body, key), say)


def sign_prescription(box: str, file: Path, key: Path, out: Path, say: Say) -> None:
    """Writes a signed file that installs a prescription in one box."""
    from programs import prescription

    text = _text(file)
    prescription.parse(text, str(file))
    _write(out, signed.sign(signed.Prescribes(codes.parse_box(box), text), key), say)


def _write(out: Path, content: bytes, say: Say) -> None:
    if out.exists():
        raise KioskError(f"{out} is there already. Choose another name; nothing was changed.", exit_code=2)
    if len(content) > MAX_BYTES:
        raise KioskError(f"It is too large: {len(content)} bytes, a box takes at most {MAX_BYTES}.")
    try:
        durable.write_file(out, content)
    except OSError as error:
        raise KioskError(f"{out} cannot be written: {reason_of(error)}.", detail=str(error)) from error
    say(f"Written: {out}. At the box: homestim take FILE")


def printable(text: str) -> str:
    """Without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise KioskError(
            f"{file} cannot be read: {error.strerror}.", exit_code=2, detail=str(error)
        ) from error
    if len(content) > MAX_BYTES:
        raise KioskError(f"{file} is too large: at most {MAX_BYTES} bytes are taken.", exit_code=2)
    return content


def _text(file: Path) -> str:
    try:
        return _read(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise KioskError(f"{file} cannot be read: it is not text.", exit_code=2, detail=str(error)) from error
