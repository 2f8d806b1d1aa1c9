"""How it has been going, for the person herself: four weeks, one mean, one comparison. No goal, no praise."""

from __future__ import annotations

from typing import Final

from kiosk import words
from kiosk.page import Chart, Column, Page, Words
from kiosk.review.family import FamilyView
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.wording.unreadable import left_out
from kiosk.words import _, ngettext

WEEK: Final = 7


def look_back(visit: Visit, moment: Moment) -> Page:
    """Pain of the last four weeks; a day without an entry is a gap."""
    view: FamilyView | None = visit.context.family
    title = _("How it has been going")
    if view is None:
        body = Words((_("One moment. The box reads your diary."),))
        if visit.context.family_unread:
            lines = (_("Your diary cannot be read."), _("Call the person who set up this box."))
            body = Words(lines, small=(words.worded(visit.context.family_unread),), tone="warn")
        return build(visit, moment, body, title=title, pauses=True, back=True)
    days = view.four_weeks
    columns = tuple(
        Column(
            words.short_date(day.day) if n % WEEK == 0 else "",
            day.pain,
            day.mean,
            (day.session, day.begun and day.pain is None),
        )
        for n, day in enumerate(days)
    )
    lines = (
        _("A column is a day, • is the mean of 7 days. A gap: no entry."),
        *((left_out(view.missing),) if view.missing else ()),
    )
    facts = (_week(view), _compared(view), _("From your own answers. They do not say why."))
    chart = Chart(lines, columns, (_("sessions"), _("gaps")), facts, _("pain"))
    return build(visit, moment, chart, title=title, pauses=True, back=True)


def _week(view: FamilyView) -> str:
    """The mean of the last seven days, where they are enough for one (clinical reference 5, HEA14)."""
    days = view.days[-WEEK:]
    rated = sum(day.pain is not None for day in days)
    mean = days[-1].mean if days else None
    if mean is None:
        return ngettext(
            "Last 7 days: {n} entry. That is too few for a mean.",
            "Last 7 days: {n} entries. That is too few for a mean.",
            rated,
        ).format(n=rated)
    return _("Last 7 days: mean pain {mean} of 10, from {n} days.").format(mean=words.decimal(mean), n=rated)


def _compared(view: FamilyView) -> str:
    """The last four weeks against the first four, in the words of `kiosk.review.statistics`."""
    numbers = view.numbers
    if numbers.change == "not_enough_data" or numbers.first is None or numbers.last is None:
        return _("There are too few entries yet to compare with the first weeks.")
    said = {
        "less": _("clearly less pain"),
        "more": _("clearly more pain"),
        "no_clear_change": _("no clear change"),
    }[numbers.change]
    return _("First 4 weeks {first}, last 4 weeks {last}: {change}.").format(
        first=words.decimal(numbers.first), last=words.decimal(numbers.last), change=said
    )
