"""What goes on a stick or on paper, and when the stick may be taken out."""

from __future__ import annotations

from kiosk.export.outgoing import NotSent, Sent
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.family_pages import closes
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import stick as steps
from kiosk.wording.unreadable import left_out
from kiosk.words import _
from programs.text import Reason


def stick(visit: Visit, moment: Moment) -> Page:
    outgoing = visit.context.outgoing
    lines = (_found(visit), _who_can_read(visit))
    choices = [
        Choice(Key.ONE, _chosen(_("Report, one page"), outgoing.report)),
        Choice(Key.TWO, _chosen(_("Diary as a table"), outgoing.table)),
        Choice(Key.THREE, _chosen(_("For a clinic's computer"), outgoing.fhir)),
        Choice(Key.FOUR, _chosen(_("With a password"), outgoing.locked)),
    ]
    if steps.printer(visit):
        choices.append(Choice(Key.FIVE, _("Print the report")))
    if steps.one_stick(visit):
        choices.append(Choice(Key.SIX, _("Take a file of the clinic"), prominent=False))
    if steps.can_write(visit):
        choices.append(Choice(Key.ENTER, _("Write on the stick")))
    return build(
        visit,
        moment,
        Words(lines),
        tuple(choices),
        title=_("Report, stick"),
        back=True,
        right=closes(visit, moment),
    )


def _found(visit: Visit) -> str:
    places = visit.context.outgoing.places
    if places is None:
        return _("One moment. The box looks for a stick.")
    if len(places.sticks) > 1:
        return _("There is more than one stick. Please take the others out.")
    if places.sticks:
        return _("The stick is there. What is to be on it?")
    if places.finished:
        return _("This stick is written, and closed. To write on it again, take it out and put it in anew.")
    if places.plugged_in:
        return _("The box cannot use this stick. It has to be one with FAT32 or exFAT.")
    return _("Please put a USB stick into the box.")


def _who_can_read(visit: Visit) -> str:
    if visit.context.outgoing.locked:
        return _("All of it goes into one PDF, which opens with the password alone.")
    return _("Whoever finds the stick can read it.")


def _chosen(what: str, yes: bool) -> str:
    return f"{what}: {_('yes') if yes else _('no')}"


def password(visit: Visit, moment: Moment) -> Page:
    made = visit.context.outgoing.password
    title = _("Password")
    if not made:
        body = Words((_("One moment."),))
        return build(visit, moment, body, title=title, back=True, right=closes(visit, moment))
    lines = (
        _("Write this password down now:"),
        made,
        _("It is not shown again, and nobody can find it out."),
    )
    choices = (Choice(Key.ENTER, _("It is written down")),)
    return build(visit, moment, Words(lines), choices, title=title, back=True, right=closes(visit, moment))


def taken(visit: Visit, moment: Moment) -> Page:
    news = visit.context.outgoing.taken
    title, right = _("File of the clinic"), closes(visit, moment)
    if news is None:
        return build(visit, moment, Words((_("One moment."),)), title=title, right=right)
    if news:
        lines = (*map(_news, news), _("It holds as soon as home is shown."))
        choices = (Choice(Key.ENTER, _("Home")),)
        return build(visit, moment, Words(lines, tone="calm"), choices, title=title, right=right)
    lines = (
        _("There is no file on the stick that this box takes."),
        _("It has to be signed by the clinic for this box, and not used yet."),
    )
    choices = (Choice(Key.ENTER, _("Back")),)
    return build(visit, moment, Words(lines), choices, title=title, right=right)


def _news(news: Reason) -> str:
    by = str(news.parameters.get("by", ""))
    if news.rule == "prescription_installed":
        return _("A new prescription by {clinician}.").format(clinician=by)
    return _("A lock is opened by {clinician}.").format(clinician=by)


def writing(visit: Visit, moment: Moment) -> Page:
    lines: tuple[str, ...]
    if visit.context.outgoing.printing:
        lines = (_("One moment. The report goes to the printer."),)
    else:
        lines = (_("The box writes on the stick."), _("Leave it in until the box says so."))
    return build(visit, moment, Words(lines), title=_("Report, stick"))


def written(visit: Visit, moment: Moment) -> Page:
    result, printing = visit.context.outgoing.result, visit.context.outgoing.printing
    title, right = _("Report, stick"), closes(visit, moment)
    lines: tuple[str, ...]
    if isinstance(result, Sent):
        if printing:
            lines = (_("The report is with the printer {name}.").format(name=result.where),)
            items: tuple[str, ...] = ()
        else:
            lines = (
                _("You can take the stick out now."),
                _("It was read back: all of it is there. Folder {name}:").format(name=result.where),
            )
            items = result.names
        if result.unreadable:
            lines = (*lines, left_out(result.unreadable))
        choices = (Choice(Key.ENTER, _("Done")),)
        return build(visit, moment, Words(lines, items, tone="calm"), choices, title=title, right=right)
    assert isinstance(result, NotSent)
    lines = (_why(result), _("The diary in the box is as it was."))
    choices = (Choice(Key.ENTER, _("Try again")),)
    return build(visit, moment, Words(lines, tone="warn"), choices, title=title, back=True, right=right)


def _why(result: NotSent) -> str:
    known = {
        "busy": _("Not while current can flow."),
        "gone": _("The stick was taken out, or it is broken. Nothing on it counts."),
        "full": _("The stick is full. Nothing was written. Please take another one."),
        "forgets": _("The stick does not keep what is written on it. Please take another one."),
        "refused": _("The stick cannot be written on. Please take another one."),
        "printer": _("The printer did not take it. Is it switched on, with paper in it?"),
        "diary": _("The diary cannot be read whole. Call the person who set up this box."),
    }
    return known.get(result.why) or _("It did not work. Please try again.")
