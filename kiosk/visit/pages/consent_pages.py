"""The person's own PIN, and who may see."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.page import Choice, Page, PinEntry, Words
from kiosk.visit.pages import people
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.pin_words import pin_notice
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.consent import clinic_may_receive, family_may_look
from kiosk.words import _


def patient_pin(visit: Visit, moment: Moment) -> Page:
    entry = visit.context.pin
    lines = (
        _("{name}, please type your own PIN.").format(name=people.patient(visit)),
        _("Forgotten? Call the person who set up this box."),
    )
    body = PinEntry(lines, len(entry.typed), pin_notice(entry))
    choices = (Choice(Key.ENTER, _("Next")),) if entry.typed and not entry.checking else ()
    return build(visit, moment, body, choices, title=_("Your PIN"), digits=True, back=not entry.checking)


def consent(visit: Visit, moment: Moment) -> Page:
    """What they would see, and that either answer is right."""
    now = {
        True: _("Now your family may look."),
        False: _("Now your family may not look."),
        None: _("You were not asked yet. So nobody may look."),
    }[family_may_look(visit)]
    lines = (
        _("This is for {name} alone to say.").format(name=people.patient(visit)),
        _("With its own PIN your family can see your diary, your sessions and the alerts."),
        now,
        _("You can say yes or no, and change it at any time."),
    )
    clinic = (Choice(Key.THREE, _("My clinic")),) if visit.context.setting.recipient else ()
    choices = (
        Choice(Key.ONE, _("My family may look")),
        Choice(Key.TWO, _("My family may not look")),
        *clinic,
    )
    return build(visit, moment, Words(lines), choices, title=_("Who may see"), pauses=True, back=True)


def consent_clinic(visit: Visit, moment: Moment) -> Page:
    """What is sent, to whom, and that either answer is right."""
    recipient = visit.context.setting.recipient
    now = {
        True: _("Now your diary is sent."),
        False: _("Now nothing is sent."),
        None: _("You were not asked yet. So nothing is sent."),
    }[clinic_may_receive(visit)]
    lines = (
        _("Shall this box send your diary to {recipient}?").format(recipient=recipient),
        _("Your answers, your sessions and the alerts go there, under another name than yours."),
        now,
        _("You can say yes or no, and change it at any time."),
    )
    choices = (Choice(Key.ONE, _("Send my diary")), Choice(Key.TWO, _("Do not send it")))
    return build(visit, moment, Words(lines), choices, title=_("Who may see"), pauses=True, back=True)
