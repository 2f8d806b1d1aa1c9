"""The screens of what there is to read. Words and sources are content: a clinician signs them."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages import people
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.leaflets import AFTER_CURRENT, PAGES
from kiosk.words import _, content
from programs.evidence import load_evidence


def leaflet(visit: Visit, moment: Moment) -> Page:
    """One screen of the leaflet that the step names."""
    pages, index = PAGES[visit.step](), visit.place.index
    title = content(pages[index].title)
    lines = tuple(people.told(visit, line.text) for line in pages[index].lines)
    summary = content(load_evidence().summary.text)
    small = (summary,) if visit.step == "evidence" and summary not in lines else ()
    choices = (Choice(Key.ENTER, _("Next") if index + 1 < len(pages) else _("Close")),)
    if len(pages) > 1:
        title += "  " + _("{number} of {count}").format(number=index + 1, count=len(pages))
    return build(
        visit,
        moment,
        Words(lines, small=small),
        choices,
        title=title,
        pauses=visit.step not in AFTER_CURRENT,
        back=True,
    )
