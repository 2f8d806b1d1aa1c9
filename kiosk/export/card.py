"""The alerts on a sheet of paper: on a box without network they reach nobody by themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import msgspec

from kiosk import words
from kiosk.diary.store import StoreReader
from kiosk.export.drawing import A4_WIDTH, WARN, Box, Measure, Page, Pen
from kiosk.export.page import day_words
from kiosk.review import series
from kiosk.review.alerts import told_in
from kiosk.review.family import Told, standing
from kiosk.wording.reasons import sentence
from kiosk.words import _

LEFT: Final = 56.0
WIDE: Final = A4_WIDTH - 2 * LEFT
MOST: Final = 5
"""On one card; what is more stands on the screen."""


class CardFacts(msgspec.Struct, frozen=True):
    """What stands on it."""

    alerts: tuple[Told, ...]
    made: dt.datetime
    call: str
    """ "Dr. Demo: 0123"; empty: nobody prescribed yet."""
    emergency: str
    real: bool


def read_card(reader: StoreReader, ids: Sequence[str], emergency: str) -> CardFacts:
    """Of those alerts, as far as they still stand. Raises DiaryDamaged."""
    made = reader.clock.now()
    prescribed = series.in_force(reader, made.date())
    call = ""
    if prescribed is not None:
        clinician = prescribed.prescription.clinician
        call = f"{clinician.name}: {clinician.phone}"
    told = tuple(one for one in standing(told_in(reader)) if one.id in ids)
    return CardFacts(told, made, call, emergency, reader.kind == "real")


def card_page(facts: CardFacts, measure: Measure) -> Page:
    """In large letters, for whoever comes by: what, since when, whom to call. No name stands on it."""
    pen = Pen(measure)
    y = 90.0
    title = _("Please show this to your family today")
    y = pen.paragraph(LEFT, y, title, WIDE, 22, bold=True) - 22
    if not facts.real:
        y += 24
        pen.say(LEFT, y, _("Only a trial. This is about no person."), 14, within=WIDE)
    y += 40
    for one in facts.alerts[:MOST]:
        when = _("RED: today") if one.level == "red" else _("AMBER: by tomorrow evening")
        pen.add(Box(LEFT - 10, y - 22, WIDE + 20, 30, WARN))
        pen.say(LEFT, y, when, 16, bold=True, within=WIDE)
        y = pen.paragraph(LEFT, y + 28, sentence(one.rule), WIDE, 16, most=4)
        pen.say(LEFT, y, _("Since {day}.").format(day=day_words(one.since)), 13, within=WIDE)
        y += 44
    if facts.call:
        pen.say(LEFT, y, _("Call {who}").format(who=facts.call), 18, bold=True, within=WIDE)
        y += 30
    emergency = _("In an emergency: {number}").format(number=facts.emergency)
    pen.say(LEFT, y, emergency, 18, bold=True, within=WIDE)
    y += 40
    made = _("Printed {day} {time}. From own answers, not checked. This is not an emergency service.").format(
        day=day_words(facts.made.date()), time=words.clock(facts.made)
    )
    pen.paragraph(LEFT, y, made, WIDE, 11)
    summary = " ".join(sentence(one.rule) for one in facts.alerts)
    return Page(title, words.language(), summary, tuple(pen.shapes))
