"""The questions about people: PINs, the clinician, who can help, who may see, practice, the card."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Final

from kiosk.access import commands, enrolment, pins
from kiosk.config import emergency_number
from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.diary.prescriptions import newest_installed
from kiosk.diary.settings_file import load_settings
from kiosk.diary.store import open_reader
from kiosk.errors import KioskError
from kiosk.setup import card
from kiosk.setup.context import Setup, as_owner
from kiosk.words import _

MOST_OF_A_NAME: Final = 60
MOST_OF_A_NUMBER: Final = 30
"""What a line of the card holds."""
NO_PIN: Final = ("none", "keine")
"""What leaves the person's PIN off, in whatever language the question was read; nothing else does."""


def pin_codes(setup: Setup) -> str:
    """On hardware the person has one, unless somebody wants none and says so (safety rule 18)."""
    patient = _pin(
        setup,
        "patient",
        _("A PIN for the person: it is asked before each visit"),
        is_expected=setup.kind == "real",
    )
    family = _pin(setup, "family", _("A PIN for the family"), is_expected=False)
    return f"{patient}, {family}"


def _pin(setup: Setup, role: pins.Role, question: str, *, is_expected: bool) -> str:
    how = _("4 to 12 digits; it is not shown; empty: none")
    if is_expected:
        how = _("4 to 12 digits; it is not shown; the word “none”: without one")
    while True:
        typed = setup.talk.ask_hidden(f"{question} ({how})")
        if is_expected and not typed:
            setup.talk.say(
                _("Whoever sits down at a box without one is taken for the person."),
                _("Choose a PIN together with her, or type “none” if that is wanted."),
            )
            continue
        if not typed or (is_expected and typed.casefold() in NO_PIN):
            if role in load_settings(setup.folder).pins:
                with as_owner(setup.folder):
                    pins.take_away(setup.folder, role)
            return _("{role}: none").format(role=role)
        if typed != setup.talk.ask_hidden(_("The same once more")):
            setup.talk.say(_("These are two different ones."))
            continue
        try:
            with as_owner(setup.folder):
                asyncio.run(pins.set_pin(setup.folder, role, typed))
        except pins.AccessError as error:
            setup.talk.say(error.sentence)
            continue
        return _("{role}: set").format(role=role)


def prescription(setup: Setup) -> str:
    """The clinician's file: plan, limits, name and telephone."""
    while True:
        typed = setup.talk.ask(_("The clinician's prescription: path of the file (empty: later)"))
        if not typed:
            setup.talk.say(_("Without one there is no therapy. Later: homestim prescribe FILE"))
            return _("later")
        try:
            content = Path(typed).expanduser()
            with as_owner(setup.folder):
                commands.prescribe(content, setup.folder, setup.clock, setup.talk.say)
        except KioskError as error:
            setup.talk.say(error.sentence)
            continue
        found = _prescribed(setup)
        if found is None:
            return _("handed in")
        name, phone = found
        setup.talk.say(_("Clinician: {name}, {phone}").format(name=name, phone=phone))
        called = setup.talk.yes(_("Call this number once. Did somebody answer?"))
        reached = _("reached") if called else _("not reached")
        return f"{name}, {phone}, {reached}"


def _prescribed(setup: Setup) -> tuple[str, str] | None:
    installed = newest_installed(open_reader(setup.folder, setup.clock))
    if installed is None:
        return None
    clinician = installed.prescription.clinician
    return clinician.name, clinician.phone


def enrolled(setup: Setup) -> str:
    """The secret for the clinician's one-time codes, shown once."""
    if enrolment.load(setup.folder) is None:
        if not setup.talk.yes(_("Is the clinician here to take the box's secret? It is shown once.")):
            setup.talk.say(_("Later: homestim enrol"))
            return _("later")
        commands.enrol(setup.folder, setup.clock, setup.talk.say, None, again=False)
        setup.talk.ask(_("Written down? Then press Enter."))
    found = enrolment.load(setup.folder)
    return "" if found is None else found.box


def phones(setup: Setup) -> str:
    """Each number is called once while somebody is there who can."""
    for who, name, number in (
        ("installer", _("Your name, who set this box up"), _("Your telephone")),
        ("family", _("Name of the family member who helps"), _("Their telephone")),
    ):
        known = setup.progress.people
        setup.note(**{who: setup.talk.ask(name, known.get(who, ""), MOST_OF_A_NAME)})
        phone = setup.talk.ask(number, known.get(f"{who}_phone", ""), MOST_OF_A_NUMBER)
        setup.note(**{f"{who}_phone": phone})
    return _("on the card")


def consent(setup: Setup) -> str:
    setup.talk.say(
        _("Sharing is off: nobody but the person sees the diary, and nothing is sent anywhere."),
        _("She can change that herself at the box: Help, Who may see."),
    )
    setup.talk.ask(_("Say this to the person, then press Enter."))
    return _("off")


def practice(setup: Setup) -> str:
    setup.talk.say(
        _("Start the box and practise a whole visit with the person (Help, Practice a visit): no current."),
        _("See that she reaches STOP with the hand that she will use, and reads every line."),
    )
    done = setup.talk.yes(_("Is it done?"))
    return _("done") if done else _("later")


def make_card(setup: Setup) -> str:
    config, people = setup.config, setup.progress.people
    name, phone = _prescribed(setup) or ("", "")
    box = enrolment.load(setup.folder)
    made = card.Card(
        emergency=emergency_number(config.kiosk.country),
        clinician=name,
        clinician_phone=phone,
        installer=people.get("installer", ""),
        installer_phone=people.get("installer_phone", ""),
        family=people.get("family", ""),
        family_phone=people.get("family_phone", ""),
        box="" if box is None else box.box,
        device_kind=config.device.kind if config.device is not None else "",
    )
    text = "\n".join([*card.lines(made), ""])
    try:
        with as_owner(setup.folder) if setup.card_file.parent == setup.folder else contextlib.nullcontext():
            durable.write_file(setup.card_file, text.encode())
    except OSError as error:
        raise KioskError(f"{setup.card_file}: {reason_of(error)}", detail=str(error)) from error
    setup.talk.say(
        text, _("The card is {file}. Print it large and put it beside the box.").format(file=setup.card_file)
    )
    return str(setup.card_file)
