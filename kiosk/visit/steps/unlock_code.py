"""The code that the clinician reads out, for one lock at a time."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.access.codes import CODE_DIGITS
from kiosk.access.unlocking import OPENED_BY_CLINICIAN, CodeResult, ToOpen
from kiosk.events import CodeStateLoaded, CodeTried, LoadCodeState, TryCode
from kiosk.keys import Key
from kiosk.visit.state import Code, Moment, Result, Visit
from kiosk.visit.steps.moves import go, home, update


def offered(visit: Visit) -> bool:
    """There is a lock that a clinician can open."""
    today = visit.context.today
    if today is None:
        return False
    return any(lock.class_ in OPENED_BY_CLINICIAN for lock in (*today.locks, *today.muscle_locks))


def begin(visit: Visit, moment: Moment) -> Result:
    """To the screen for the code, with the worst lock first."""
    return go(update(visit, code=Code()), moment, "unlock_code"), (LoadCodeState(),)


def chosen(visit: Visit) -> ToOpen | None:
    """The lock that the code is for; None while it is not known, or when none is left."""
    state = visit.context.code.state
    if state is None or not state.box or not state.locks:
        return None
    return state.locks[visit.place.index % len(state.locks)]


def press_unlock_code(visit: Visit, key: Key, moment: Moment) -> Result:
    """Digits, Back deletes or leaves, Left and Right choose another lock, Enter asks."""
    code = visit.context.code
    if code.checking:
        return visit, ()
    lock = chosen(visit)
    if key is Key.BACK:
        return (_with(visit, typed=code.typed[:-1]), ()) if code.typed else home(visit, moment)
    if lock is None:
        return home(visit, moment) if key is Key.ENTER else (visit, ())
    if key.digit is not None:
        typed = (code.typed + str(key.digit))[:CODE_DIGITS]
        return _with(visit, typed=typed, result=None, opened=""), ()
    if key in (Key.LEFT, Key.RIGHT):
        return _other_lock(visit, 1 if key is Key.RIGHT else -1), ()
    if key is not Key.ENTER:
        return visit, ()
    if not code.typed and code.opened:
        return home(visit, moment)
    if len(code.typed) < CODE_DIGITS or moment.monotonic_s < code.wait_until_s:
        return visit, ()
    return _with(visit, checking=True), (TryCode(lock.lock.number, code.typed),)


def hear(visit: Visit, event: CodeStateLoaded | CodeTried, moment: Moment) -> Result:
    """Opened: what is left is read anew. Wrong: it says so, and how long to wait."""
    code, lock = visit.context.code, chosen(visit)
    if isinstance(event, CodeStateLoaded):
        return _with(visit, state=event.state, sentence=event.sentence), ()
    if not code.checking:
        return visit, ()
    result = event.result
    visit = _with(visit, checking=False, result=result, sentence=event.sentence)
    if result is None:
        return visit, ()
    if result.refused == "wait":
        return _waiting(visit, result, moment), ()  # it was not looked at: what was typed stays
    visit = _waiting(_with(visit, typed=""), result, moment)
    if not result.refused and lock is not None:
        visit = _with(visit, opened=lock.name)
    # Opened, or known to be open: else the lock's name may have changed with a wrong code.
    return visit, (LoadCodeState(),)


def _waiting(visit: Visit, result: CodeResult, moment: Moment) -> Visit:
    return _with(visit, wait_until_s=moment.monotonic_s + result.wait_s)


def _other_lock(visit: Visit, step: int) -> Visit:
    state = visit.context.code.state
    assert state is not None
    index = (visit.place.index + step) % len(state.locks)
    visit = replace(visit, place=replace(visit.place, index=index), serial=visit.serial + 1)
    return _with(visit, typed="", result=None, opened="")


def _with(visit: Visit, **changes: object) -> Visit:
    return update(visit, code=replace(visit.context.code, **changes))
