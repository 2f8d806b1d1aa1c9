"""After the current: what happened, is it dangerous, one thing to do."""

from __future__ import annotations

from kiosk import words
from kiosk.events import SessionOutcome
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages import people
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.stimulation import (
    DAY,
    RESTARTS,
    STOP_INPUT,
    away_long,
    limit_of,
    may_go_on,
)
from kiosk.wording import sides
from kiosk.words import _, content


def not_confirmed(visit: Visit, moment: Moment) -> Page:
    """Never left by time. Help: how to cut the current, and whom to call."""
    lines = (
        _("Switch the stimulator OFF now."),
        people.how_to_cut_output(visit),
        _("It is not known if current still flows."),
        _("Do not touch the pads until it is off. Then press Enter."),
        _("Help: {clinician}, {phone}").format(clinician=people.clinician(visit), phone=people.phone(visit)),
    )
    run = visit.context.run
    code = "" if run.outcome is None else _why_and_how(run.outcome)
    code = run.output_unknown or code
    small = (_("Code: {code}").format(code=code),) if code else ()
    choices = (Choice(Key.ENTER, _("It is switched off")),)
    body = Words(lines, small=small, tone="alarm")
    return build(visit, moment, body, choices, title=_("Switch it OFF"), right=_("output not known"))


def _why_and_how(outcome: SessionOutcome) -> str:
    """What ended it and what the device said then, as they are called; once where they say the same."""
    same = outcome.how.startswith(outcome.why.replace("_", " "))
    return outcome.how if same else f"{outcome.why}, {outcome.how}"


def stop_failed(visit: Visit, moment: Moment) -> Page:
    lines = (
        _("The device did not confirm STOP, so there is no session."),
        _("You can take the pads off now."),
        _("Your answers are saved."),
        people.call_clinician(visit),
    )
    return build(
        visit, moment, Words(lines, tone="warn"), (Choice(Key.ENTER, _("Home")),), title=_("Test STOP")
    )


def stopped(visit: Visit, moment: Moment) -> Page:
    lines = (_("You stopped. That is fine."), _output(visit))
    small = (_("If you did not mean to: a key that means nothing here stops, too."),)
    return build(
        visit, moment, Words(lines, small=small), (Choice(Key.ENTER, _("Next")),), title=_("Stopped")
    )


def _output(visit: Visit) -> str:
    """What is known of the output after an end that was confirmed."""
    outcome = visit.context.run.outcome
    if outcome is not None and outcome.never_armed:
        return _("No current was switched on.")
    return _("The stimulator reports that its output is off.")


def why_stopped(visit: Visit, moment: Moment) -> Page:
    choices = (
        Choice(Key.ONE, _("A pad was loose")),
        Choice(Key.TWO, _("Enough for today")),
        Choice(Key.THREE, _("Burning or sharp pain")),
        Choice(Key.FOUR, _("Faint, heart or breath")),
        Choice(Key.FIVE, _("By mistake")),
        Choice(Key.SIX, _("A short sting")),
    )
    return build(visit, moment, Words((_("Why did you stop?"),)), choices, title=_("Stopped"), back=True)


def go_on(visit: Visit, moment: Moment) -> Page:
    """A choice, never an invitation."""
    if not may_go_on(visit, moment):
        return build(
            visit,
            moment,
            Words((_("The time for going on is over."), _("Take the pads off now."))),
            (Choice(Key.ENTER, _("Next")),),
            title=_("Go on or end"),
            back=True,
        )
    outcome = visit.context.run.outcome
    assert outcome is not None
    lines = (_left(outcome.seconds_left), _("The current starts at zero again."), _("Both are fine."))
    choices = (Choice(Key.ONE, _("Go on")), Choice(Key.TWO, _("End for today")))
    return build(visit, moment, Words(lines), choices, title=_("Go on or end"), back=True)


def _left(seconds: int) -> str:
    minutes = max(1, round(seconds / 60))
    return words.ngettext("{n} minute is left.", "{n} minutes are left.", minutes).format(n=minutes)


def look(visit: Visit, moment: Moment) -> Page:
    """Two minutes into the first session."""
    lines = (
        _("The current is off. This is the first look at your skin."),
        _("Lift one corner of each pad. A little pink is normal."),
        _("Is the skin red, sore or blistered?"),
    )
    choices = (Choice(Key.ONE, _("No, go on")), Choice(Key.TWO, _("Yes, or not sure: end for today")))
    return build(visit, moment, Words(lines), choices, title=_("First look"))


def sting(visit: Visit, moment: Moment) -> Page:
    lines = (
        _("The current is off. A sting can come from a pad that lifts."),
        _("Look at the skin under the pads."),
        _("Is it red, sore or blistered?"),
    )
    choices = (Choice(Key.ONE, _("No")), Choice(Key.TWO, _("Yes, or not sure: end for today")))
    return build(visit, moment, Words(lines), choices, title=_("A short sting"))


def pad_off(visit: Visit, moment: Moment) -> Page:
    lines = (
        _("A pad may be loose. The current is at zero."),
        _("Stay seated."),
        _("Press Enter to see where to look."),
    )
    return build(
        visit, moment, Words(lines, tone="warn"), (Choice(Key.ENTER, _("Where to look")),), title=_("A pad")
    )


def loose_pad(visit: Visit, moment: Moment) -> Page:
    """Which lead, as far as the device can tell: it knows the lead, not which of its two pads."""
    run = visit.context.run
    leads = () if run.plan is None else run.plan.montage.leads
    channel = None if run.outcome is None else run.outcome.channel
    named = [lead for lead in leads if lead.channel == channel]
    if named:
        lead = named[0]
        where = _("Look at the {colour} lead, {side}: pads {first} and {second}.").format(
            colour=sides.colour(lead),
            side=sides.side(lead),
            first=lead.pads[0].number,
            second=lead.pads[1].number,
        )
    else:
        where = _("Look at all pads.")
    spacing = "" if run.plan is None else content(run.plan.montage.spacing)
    lines = (
        where,
        _("Press it flat, from the middle out. Dry, or not sticky? Take a new pad."),
        _output(visit),
        spacing,
    )
    choices = (Choice(Key.ONE, _("Fixed, go on")), Choice(Key.TWO, _("End for today")))
    body = Words(tuple(line for line in lines if line))
    return build(visit, moment, body, choices, title=_("A pad"))


def place_again(visit: Visit, moment: Moment) -> Page:
    """Nothing felt, or felt on the other side."""
    outcome = visit.context.run.outcome
    felt = _("You felt it in another place than planned.")
    if outcome is not None and outcome.why == "nothing_felt":
        felt = _("You felt nothing yet. A pad may not sit right.")
    lines = (
        felt,
        _("The current is at zero. This is not dangerous."),
        _("Look at the pads and at the leads. Then find your level from zero."),
    )
    choices = (Choice(Key.ONE, _("Look at the pads")), Choice(Key.TWO, _("End for today")))
    return build(visit, moment, Words(lines), choices, title=_("Pads"))


def fault(visit: Visit, moment: Moment) -> Page:
    """What happened, is it dangerous, one thing to do, whom to call; the code last."""
    outcome = visit.context.run.outcome
    why, limit = ("", "") if outcome is None else (outcome.why, limit_of(outcome))
    again = may_go_on(visit, moment)
    lines = (fault_sentence(why, limit), _output(visit), *then_lines(visit, limit or why, again=again))
    if why == "not_saved":
        lines = (
            fault_sentence(why),
            _output(visit),
            _("Nothing more can be saved. End here for today."),
            _("Call the person who set up this box."),
        )
    # What the guard or the stimulator does not take is said as they said it: it is for whoever is called.
    code = f"{why}, {outcome.how}" if outcome is not None and why == "refused" else why
    small = (_("Code: {code}").format(code=code),)
    choices = (
        *((Choice(Key.ONE, _("Try again")),) if again else ()),
        Choice(Key.TWO, _("End for today")),
    )
    return build(visit, moment, Words(lines, small=small, tone="warn"), choices, title=_("The session ended"))


def then_lines(visit: Visit, why: str, *, again: bool) -> tuple[str, ...]:
    """One thing to do after a fault, and whom to call; a day that is full needs nobody."""
    if again:
        return (_("You can try again, or end for today."), people.call_if_again(visit))
    return (_("End here for today."), *(() if why == DAY else (people.call_clinician(visit),)))


def fault_sentence(why: str, limit: str = "") -> str:
    """A fault's kind in plain words, or what the guard refused for; first what can be put right at once."""
    no_stop = _("The stop button or the keyboard is not plugged in. Plug it in.")
    silent = _("The part that watches the current did not answer.")
    safety = _("A safety check stopped the current.")
    sentences = {
        "unplugged": _("The cable to the stimulator came loose. Plug it in."),
        "no_answer": _("For a moment the stimulator did not answer."),
        "stale": _("The stimulator did not answer in time."),
        "lapsed": _("The stimulator stopped by itself."),
        "restarted": _("The stimulator started again by itself."),
        RESTARTS: _("The stimulator started again by itself, more than once in 24 hours. So it stays off."),
        "result": _("The stimulator reported a fault."),
        "module": _("The stimulator reported a fault."),
        "switch": _("The stop switch of the stimulator was pressed, or it is not plugged in."),
        "port": _("The stimulator could not be reached."),
        "not_off": _("The stimulator did not say that its output was off."),
        "stop_input_lost": no_stop,
        STOP_INPUT: no_stop,
        DAY: _("The box has given enough current for today."),
        "lease": _("The box was too slow for a moment, so it stopped."),
        "client_gone": _("The screen did not answer in time, so the current was stopped."),
        "limit": safety,
        "malformed": safety,
        "refused": _("The stimulator did not start."),
        "finding_too_long": _("Finding your level took longer than ten minutes."),
        "find_over": _("Finding your level took longer than ten minutes."),
        "not_saved": _("Your diary could not be written, so the session ended."),
        "guard_silent": silent,
        "guard_gone": silent,
        "guard_error": _("The part that watches the current had a fault, so it stopped."),
        "terminated": _("The part that watches the current was ended."),
        "shutdown": _("The box was switched off."),
    }
    return sentences.get(limit) or sentences.get(why) or _("Something went wrong.")


def pad_faults_end(visit: Visit, moment: Moment) -> Page:
    lines = (
        _("The pads came loose three times. That is enough for today."),
        _("The current is off. This is not dangerous."),
        _("Take new pads next time."),
    )
    return build(visit, moment, Words(lines, tone="calm"), (Choice(Key.ENTER, _("Next")),), title=_("A pad"))


def nobody(visit: Visit, moment: Moment) -> Page:
    lines = [_("Nobody answered, so the session ended."), _output(visit), _("It is saved.")]
    again = not away_long(visit, moment) and may_go_on(visit, moment)
    if away_long(visit, moment):
        lines.append(_("Take the pads off when you are ready."))
    choices = (
        *((Choice(Key.ONE, _("Go on")),) if again else ()),
        Choice(Key.TWO, _("End for today") if again else _("Take the pads off")),
    )
    return build(visit, moment, Words(tuple(lines), tone="calm"), choices, title=_("The session ended"))
