"""The visit's order: what comes next, by what is still missing. The one place that decides it.

Going back, a restart, or answers that grew older than an hour all end here: whatever is missing then is
asked, and nothing is asked twice.
"""

from __future__ import annotations

from kiosk.events import StartStopTest
from kiosk.visit.state import Moment, Number, Result, Visit
from kiosk.visit.steps import answers, device
from kiosk.visit.steps.conclusion import save_cleared, save_verdict
from kiosk.visit.steps.moves import forget_document, go, update, update_run, wait_for_saves
from programs.screening import Class


def onward(visit: Visit, moment: Moment) -> Result:
    """The next screen of a visit or of the baseline."""
    run = visit.context.run
    if any(finding.class_ is Class.E for finding in answers.standing(visit)):
        return to_verdict(visit, moment)  # an emergency waits for no other question

    missing = answers.first_missing(visit, moment, answers.round_groups(visit))
    if missing is not None:
        return ask(_again(visit), moment, missing), ()
    if visit.context.activity == "baseline":
        return to_verdict(visit, moment)
    feeling = answers.feeling_missing(visit, moment)
    if feeling is not None:
        return ask_number(_again(_without_old_entry(visit, feeling)), moment, feeling), ()
    if not run.judged:
        return go(visit, moment, "check"), ()
    if _another_day(visit, moment):
        return to_verdict(visit, moment)

    missing = _own_screen_missing(visit, moment, answers.SKIN_GROUPS)
    if missing is not None:
        return ask(visit, moment, missing), ()
    if not run.placed:
        if answers.standing(visit):
            return to_verdict(visit, moment)  # sore skin: no pad is put on it first
        return go(visit, moment, "placement"), ()
    if not run.settled:
        return go(visit, moment, "settle"), ()
    missing = _own_screen_missing(visit, moment, answers.POSITION_GROUPS)
    if missing is not None:
        return ask(visit, moment, missing), ()

    if not device.usable(visit):
        return go(visit, moment, "no_device"), ()
    if not run.stop_tested:
        return to_stop_test(visit, moment)
    if not run.contact_good:
        step = "contact_check" if device.measures_contact(visit) else "contact"
        return go(visit, moment, step), ()
    return to_begin(visit, moment)


def to_stop_test(visit: Visit, moment: Moment, *, remember: bool = True) -> Result:
    """The device is switched on without a pulse; she is called to press once that has happened."""
    visit = go(update_run(visit, stop_ready=False), moment, "stop_test", remember=remember)
    return visit, (StartStopTest(),)


def ask(visit: Visit, moment: Moment, index: int) -> Visit:
    """To a group of questions: together, or one by one."""
    group = answers.groups(visit)[index]
    alone = len(group.questions) == 1 or group.id in visit.context.one_by_one
    return go(visit, moment, "single" if alone else "group", index)


def ask_number(visit: Visit, moment: Moment, step: str) -> Visit:
    """To a number line."""
    return go(update(visit, number=Number()), moment, step)


def to_verdict(visit: Visit, moment: Moment, *, mendable: bool = False) -> Result:
    """Save what the answers mean, every lock included, and only then show it (safety rule 26).

    `mendable`: what could have been put right was not.
    """
    visit, effects = save_verdict(visit, moment, mendable=mendable)
    return wait_for_saves(visit, moment, "verdict"), effects


def to_begin(visit: Visit, moment: Moment) -> Result:
    """Everything is answered and tested: save that, then begin."""
    if not complete(visit, moment):
        return to_verdict(visit, moment, mendable=True)
    visit, effects = save_cleared(visit, moment)
    return wait_for_saves(visit, moment, "begin"), effects


def complete(visit: Visit, moment: Moment) -> bool:
    """Nothing is missing, nothing stands against it, the pads lie well: the current may be asked for."""
    return cleared(visit, moment) and visit.context.run.contact_good


def cleared(visit: Visit, moment: Moment) -> bool:
    """… but for the pads: how they lie may be measured (safety rule 22)."""
    run = visit.context.run
    asked = answers.first_missing(visit, moment, answers.groups(visit)) is None
    asked = asked and answers.feeling_missing(visit, moment) is None
    clear = not answers.standing(visit) and not answers.locks_that_end(visit)
    prepared = run.placed and run.settled and run.stop_tested
    judged = run.judged and not _another_day(visit, moment)
    return asked and clear and prepared and judged and device.usable(visit)


def _another_day(visit: Visit, moment: Moment) -> bool:
    """The verdict was for another date: a prescription, the days of a week and rest go by dates."""
    return visit.context.run.judged_on != moment.now.date()


def _without_old_entry(visit: Visit, feeling: str) -> Visit:
    """The first of the feelings is missing: what was said over an hour ago stays in the diary as it is."""
    if feeling != answers.FEELINGS[0]:
        return visit
    return update(forget_document(visit, "entry"), entry=None, entry_at=None, entry_s=None)


def _own_screen_missing(visit: Visit, moment: Moment, ids: tuple[str, ...]) -> int | None:
    which = tuple(group for group in answers.groups(visit) if group.id in ids)
    return answers.first_missing(visit, moment, which)


def _again(visit: Visit) -> Visit:
    """Answers ran out after the verdict: it has to be given anew."""
    if not visit.context.run.judged:
        return visit
    return update(update_run(visit, judged=False), re_asked=True)
