"""Names and numbers that stand in sentences: who to call, and how the current is cut."""

from __future__ import annotations

from kiosk.visit.state import Visit
from kiosk.words import _, content
from programs.text import Text


def patient(visit: Visit) -> str:
    """The one person of this box."""
    today = visit.context.today
    return "" if today is None or today.prescription is None else today.prescription.patient.name


def clinician(visit: Visit) -> str:
    """Who prescribed, or a word for it."""
    today = visit.context.today
    if today is None or today.prescription is None:
        return _("your clinician")
    return today.prescription.clinician.name


def phone(visit: Visit) -> str:
    """The clinician's number, or nothing."""
    today = visit.context.today
    return "" if today is None or today.prescription is None else today.prescription.clinician.phone


def call_clinician(visit: Visit) -> str:
    """ "Call Dr. Demo: 0123."."""
    if not phone(visit):
        return _("Call your clinician.")
    return _("Call {clinician}: {phone}.").format(clinician=clinician(visit), phone=phone(visit))


def call_if_again(visit: Visit) -> str:
    """ "If it happens again, call Dr. Demo: 0123.": once is no reason to call."""
    if not phone(visit):
        return _("If it happens again, call your clinician.")
    return _("If it happens again, call {clinician}: {phone}.").format(
        clinician=clinician(visit), phone=phone(visit)
    )


def emergency(visit: Visit) -> str:
    """The number of the box's country."""
    return visit.context.setting.emergency_number


def how_to_cut_output(visit: Visit) -> str:
    """How a person cuts the current of this device, by hand."""
    device = visit.context.device
    sentences = {
        "p24_unplug_supply": _("Pull the plug of the stimulator out of the wall."),
        "rehastim2_switch": _("Press the stop switch of the stimulator."),
    }
    rule = "" if device is None else device.how_to_cut_output
    return sentences.get(rule, _("Switch the stimulator off, or pull its plug out of the wall."))


def told(visit: Visit, text: Text) -> str:
    """A text of the content with names and numbers in the place of its braces."""
    return content(text).format(
        clinician=clinician(visit), phone=phone(visit), emergency=emergency(visit), patient=patient(visit)
    )
