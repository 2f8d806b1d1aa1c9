"""The card beside the box: whom to call, and how to stop. Plain text, to be printed large."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kiosk.words import _

WIDTH = 48


class Card(msgspec.Struct, frozen=True):
    """What stands on it; empty where it is not known."""

    emergency: str
    clinician: str = ""
    clinician_phone: str = ""
    installer: str = ""
    installer_phone: str = ""
    family: str = ""
    family_phone: str = ""
    box: str = ""
    device_kind: str = "p24"


def lines(card: Card) -> Iterator[str]:
    """The card, line by line."""
    yield "═" * WIDTH
    yield "homestim"
    yield "═" * WIDTH
    yield ""
    yield _("TO STOP: press Space, 0 on the keypad, or the stop button.")
    yield how_to_cut_output(card.device_kind)
    yield _("Do not touch the pads until the current is off.")
    yield ""
    yield _("EMERGENCY: {number}").format(number=card.emergency)
    people = (
        (_("Clinician"), card.clinician, card.clinician_phone),
        (_("Family"), card.family, card.family_phone),
        (_("The box"), card.installer, card.installer_phone),
    )
    for role, name, phone in people:
        if name or phone:
            yield f"{role}: {name}, {phone}" if name and phone else f"{role}: {name or phone}"
    if card.box:
        yield ""
        yield _("Name of the box, for the clinician: {box}").format(box=card.box)
    yield ""
    yield _("This box is for one person. Never with a pacemaker or implant,")
    yield _("in pregnancy, asleep, driving or in water.")
    yield _("It is not an approved medical device. Nobody watches it.")


def how_to_cut_output(device_kind: str) -> str:
    """In words for the card, as on the screens."""
    sentences = {
        "p24": _("Pull the plug of the stimulator out of the wall."),
        "rehastim2": _("Press the stop switch of the stimulator."),
    }
    return sentences.get(device_kind, _("Switch the stimulator off, or pull its plug out of the wall."))
