"""The code that the clinician reads out: what to say, which lock it is for, the digits."""

from __future__ import annotations

from kiosk.access.codes import CODE_DIGITS
from kiosk.access.unlocking import ToOpen
from kiosk.keys import Key
from kiosk.page import Choice, Page, PinEntry, Words
from kiosk.visit.pages import people
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Code, Moment, Visit
from kiosk.visit.steps.unlock_code import chosen
from kiosk.words import _, ngettext, worded


def unlock_code(visit: Visit, moment: Moment) -> Page:
    code, lock = visit.context.code, chosen(visit)
    title = _("Code from the clinician")
    if lock is None:
        choices = () if code.state is None and not code.sentence else (Choice(Key.ENTER, _("Home")),)
        return build(visit, moment, Words(_without_lock(visit)), choices, title=title, digits=True, back=True)
    assert code.state is not None
    lines = [
        _("Lock {lock}, box {box}").format(lock=lock.name, box=code.state.box),
        people.call_clinician(visit),
    ]
    notice = _notice(code, lock, moment)
    if not notice:
        lines.append(_("Read out the line at the top. Type the 8 digits that you are told."))
    if len(code.state.locks) > 1 and not notice:
        lines.append(_("There are {n} locks. Left and right choose one.").format(n=len(code.state.locks)))
    body = PinEntry(tuple(lines), len(code.typed), notice, _in_two(code.typed))
    choices = ()
    if len(code.typed) == CODE_DIGITS and not code.checking:
        choices = (Choice(Key.ENTER, _("Open the lock")),)
    elif code.opened and not code.typed:
        choices = (Choice(Key.ENTER, _("Home")),)
    return build(visit, moment, body, choices, title=title, digits=True, back=not code.checking)


def _without_lock(visit: Visit) -> tuple[str, ...]:
    code = visit.context.code
    if code.sentence:
        return (_("A code cannot be checked now."), worded(code.sentence))
    if code.state is None:
        return (_("One moment. The box reads your diary."),)
    if code.opened:
        return (_("Lock {lock} is open.").format(lock=code.opened), _("No lock is left."))
    if not code.state.locks:
        return (_("No lock is left."),)
    return (
        _("This box was not set up for codes."),
        _("Call the person who set up this box."),
        people.call_clinician(visit),
    )


def _notice(code: Code, lock: ToOpen, moment: Moment) -> str:
    if code.checking:
        return _("One moment.")
    if code.sentence:
        return worded(code.sentence)
    wait_s = max(0, round(code.wait_until_s - moment.monotonic_s))
    if wait_s:
        return ngettext(
            "That code is not right. Try again in {n} second.",
            "That code is not right. Try again in {n} seconds.",
            wait_s,
        ).format(n=wait_s)
    if code.opened:
        return _("Lock {lock} is open. Lock {next} is still closed.").format(lock=code.opened, next=lock.name)
    if code.result is not None and code.result.refused == "wrong":
        return _("That code is not right. Please compare lock, box and digits.")
    return ""


def _in_two(typed: str) -> str:
    return f"{typed[:4]} {typed[4:]}".strip()
