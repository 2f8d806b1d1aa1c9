"""Pads on the back, drawn to scale; the place to stay; the STOP test; how the pads lie."""

from __future__ import annotations

from typing import Final

from kiosk.keys import Key
from kiosk.page import Choice, PadDrawn, Page, Placement, Words
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.home_pages import device_lines, device_port, output_unknown
from kiosk.visit.pages.stops import fault_sentence
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import device
from kiosk.visit.steps.pads import BOTH_PADS, montage, worn
from kiosk.wording import reasons, sides
from kiosk.words import _, content
from programs.montage import Montage

TEST_FAULTS: Final = (
    *("unplugged", "no_answer", "stale", "lapsed", "restarted", "result", "module", "switch", "port"),
    *("refused", "stop_input_lost"),
)
"""Ends of a STOP test for which there is a sentence."""


def placement(visit: Visit, moment: Moment) -> Page:
    """One lead, or one of its pads."""
    where, place = montage(visit), visit.place
    lead = where.leads[place.index]
    shown = lead.pads if place.item == BOTH_PADS else (lead.pads[place.item - 1],)
    colour = sides.colour(lead)
    # Title and box name the lead too: the reason to come back takes the place of its first line.
    lines = [_note(visit) or _("Take the {colour} lead. It has two pads.").format(colour=colour)]
    lines += [
        _("▶ Pad {number}: {where}").format(number=pad.number, where=content(pad.where)) for pad in shown
    ]
    lines.append(content(where.spacing))
    if worn(visit):
        lines = [_("These pads are worn out."), _("Open new ones, then press 7.")]
    run = visit.context.run
    pads = _("new pads {first} and {second}") if run.new_pads else _("pads {first} and {second}")
    box = (
        _("{colour} lead").format(colour=colour),
        pads.format(first=lead.pads[0].number, second=lead.pads[1].number),
    )
    body = back_drawn(
        where,
        tuple(pad.number for pad in shown),
        lines=tuple(lines),
        box=box,
        below=_("No current flows yet. Press each pad flat, from the middle out."),
    )
    done = _("Both are on") if place.item == BOTH_PADS else _("It is on, next")
    choices = [] if worn(visit) else [Choice(Key.ENTER, done)]
    if place.item == BOTH_PADS:
        choices.append(Choice(Key.FIVE, _("One pad at a time")))
    if not run.new_pads_saved:
        choices.append(Choice(Key.SEVEN, _("No new pads") if run.new_pads else _("New pads today")))
    choices.append(Choice(Key.SIX, _("How it is done"), prominent=False))
    short = _("Lead {number} of {count}: {colour}, {side}").format(
        number=place.index + 1, count=len(where.leads), colour=colour, side=sides.side(lead)
    )
    title = _("Pads on   {lead}").format(lead=short)
    return build(visit, moment, body, tuple(choices), title=title, short=short, pauses=True, back=True)


def _note(visit: Visit) -> str:
    """Why she is here once more."""
    match visit.context.run.pads_note:
        case "said":
            return _("A pad may not lie well. Look at each one.")
        case "measured":
            bad = {lead.channel for lead in visit.context.run.contact_leads if lead.contact != "good"}
            leads = ", ".join(sides.colour(lead) for lead in montage(visit).leads if lead.channel in bad)
            return _("The check found: look at {leads}.").format(leads=leads)
        case _:
            plan = visit.context.run.plan
            reasons_of_today = () if plan is None else plan.reasons
            moved = next((reason for reason in reasons_of_today if reason.rule == "shift_pads"), None)
            return "" if moved is None else reasons.sentence(moved)


def back_drawn(
    where: Montage,
    lit: tuple[int, ...],
    *,
    lines: tuple[str, ...],
    box: tuple[str, ...],
    below: str,
    box_strong: tuple[int, ...] = (0,),
) -> Placement:
    """The back with every pad of the montage; those with the numbers `lit` stand out."""
    pads = tuple(
        PadDrawn(
            number=pad.number,
            x_cm=pad.x_cm,
            y_cm=pad.y_cm,
            width_cm=where.pad_width_cm,
            height_cm=where.pad_height_cm,
            lead=lead.colour,
            lit=pad.number in lit,
        )
        for lead in where.leads
        for pad in lead.pads
    )
    return Placement(
        pads=pads,
        left_label=_("LEFT"),
        right_label=_("RIGHT"),
        from_behind=_("from behind"),
        lowest_rib=_("lowest rib"),
        hip=_("hip"),
        lines=lines,
        box=box,
        below=below,
        box_strong=box_strong,
    )


def settle(visit: Visit, moment: Moment) -> Page:
    """She stays as she is now: STOP is tested in that position, with that hand."""
    posture = montage(visit).posture
    body = Words(
        (
            _("Now sit or lie the way you will stay."),
            *(() if posture is None else (content(posture),)),
            _("Can your hand reach STOP without looking? Put it there now."),
        )
    )
    choices = (Choice(Key.ENTER, _("I am ready, next")),)
    return build(visit, moment, body, choices, title=_("Sit or lie ready"), pauses=True, back=True)


def no_device(visit: Visit, moment: Moment) -> Page:
    ready = device.usable(visit)
    lines = (_("The stimulator is there."),) if ready else device_lines(visit)
    choices = (*((Choice(Key.ENTER, _("Next")),) if ready else ()), Choice(Key.TWO, _("Home")))
    unknown = output_unknown(visit)
    small = () if ready else device_port(visit)
    body = Words(lines, small=small, tone="plain" if ready else "alarm" if unknown else "warn")
    right = _("output not known") if unknown else ""
    return build(visit, moment, body, choices, title=_("The stimulator"), right=right, pauses=True, back=True)


def stop_test(visit: Visit, moment: Moment) -> Page:
    """The call to press comes once a press counts: nobody is asked twice for having been quick."""
    ready = visit.context.run.stop_ready
    button_alone = visit.context.setting.stop_button_alone
    asked = _("Press the stop button now.") if button_alone else _("Press STOP now.")
    call = asked if ready else _("One moment.")
    lines = (_("Test STOP. No current flows yet."), _("Sit or lie the way you will stay."), call)
    body = Words(lines, call=len(lines) - 1 if ready else None)
    return build(visit, moment, body, title=_("Test STOP"), stop_text=sides.stop_text())


def _call_to_press(visit: Visit) -> str:
    return (
        _("Press the stop button now.") if visit.context.setting.stop_button_alone else _("Press STOP now.")
    )


def stop_works(visit: Visit, moment: Moment) -> Page:
    body = Words((_("STOP works."), _("The device has confirmed it.")))
    return build(
        visit, moment, body, (Choice(Key.ENTER, _("Next")),), title=_("Test STOP"), pauses=True, back=True
    )


def stop_not_pressed(visit: Visit, moment: Moment) -> Page:
    body = Words((_why_not_passed(visit), _("Without this test there is no session.")))
    choices = (Choice(Key.ENTER, _("Test again")),)
    return build(visit, moment, body, choices, title=_("Test STOP"), pauses=True, back=True)


def _why_not_passed(visit: Visit) -> str:
    why = visit.context.run.stop_test_end
    if why in ("", "test_over"):
        return _("STOP was not pressed.")
    if why == "test_too_early":
        wait = _("STOP came a moment too early. Wait for the words: {words}")
        return wait.format(words=_call_to_press(visit))
    if why == "no_button":
        return _("That was a key. The stop button has to be tested.")
    if why == "stop_input":
        return _("The stop button is not plugged in. Plug it in, then test again.")
    if why in TEST_FAULTS:
        return fault_sentence(why)
    return _("The test ended before STOP was pressed.")


def contact(visit: Visit, moment: Moment) -> Page:
    """Asked, not measured; worded so that No is safe."""
    body = Words(
        (
            _("Feel all pads with your hand, or ask your helper."),
            _("Is a pad loose, folded or dry? Does one feel different from the others?"),
        )
    )
    choices = (
        Choice(Key.ONE, _("No, all lie flat and feel the same")),
        Choice(Key.TWO, _("Yes, or not sure")),
    )
    return build(visit, moment, body, choices, title=_("How the pads lie"), pauses=True, back=True)
