"""Who may see: given and withdrawn by the person alone, on the screen. Without a yes nobody looks."""

from __future__ import annotations

from kiosk.diary.records import CLINIC, FAMILY, Consent
from kiosk.keys import Key
from kiosk.visit.state import Moment, Pin, Result, Visit
from kiosk.visit.steps.moves import back, go, save, update, wait_for_saves
from kiosk.visit.steps.patient_pin import ask_first


def family_may_look(visit: Visit) -> bool | None:
    """What she said last; None: she was never asked."""
    today = visit.context.today
    return None if today is None else today.family_may_look


def to_family(visit: Visit, moment: Moment) -> Result:
    """The family's key: its PIN, where she allowed it; else she is asked. Where the diary cannot be read
    whole it is not known yet what she said: the view has it, as far as it can be read."""
    if family_may_look(visit) or visit.context.unreadable:
        return go(update(visit, pin=Pin()), moment, "pin"), ()
    return ask_first(visit, moment, "consent")


def press_consent(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 They may look. 2 They may not. 3 The clinic, where this box can send to one."""
    if key is Key.BACK:
        return back(visit, moment)
    if key is Key.THREE and visit.context.setting.recipient:
        return go(visit, moment, "consent_clinic"), ()
    if key not in (Key.ONE, Key.TWO):
        return visit, ()
    visit, effects = save(visit, "consent", Consent(topic=FAMILY, given=key is Key.ONE, who="patient"))
    return wait_for_saves(visit, moment, "home"), effects


def clinic_may_receive(visit: Visit) -> bool | None:
    """What she said last; None: she was never asked, or this box sends nothing."""
    today = visit.context.today
    return None if today is None or not visit.context.setting.recipient else today.clinic_may_receive


def press_consent_clinic(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Send it. 2 Do not."""
    if key is Key.BACK:
        return back(visit, moment)
    if key not in (Key.ONE, Key.TWO):
        return visit, ()
    said = Consent(topic=CLINIC, given=key is Key.ONE, who="patient", to=visit.context.setting.recipient)
    visit, effects = save(visit, "consent", said)
    return wait_for_saves(visit, moment, "home"), effects
