"""The one-page report as a drawing: pictures before words, flags only where something must be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from kiosk import words
from kiosk.access.unlocking import OPENED_BY_CLINICIAN
from kiosk.diary.records import Lock, LockClass
from kiosk.export.drawing import (
    A4_HEIGHT,
    A4_WIDTH,
    BLACK,
    BLUE,
    CALM,
    GREY,
    RED,
    RULE,
    WARN,
    Box,
    Curve,
    Dot,
    Measure,
    Page,
    Pen,
    Rule,
)
from kiosk.export.facts import ReportFacts
from kiosk.review.family import LEVELS
from kiosk.review.statistics import PGIC_IMPROVED, Change
from kiosk.wording.reasons import sentence
from kiosk.wording.stop_words import stop_word
from kiosk.wording.unreadable import left_out
from kiosk.words import _, decimal
from programs.forms import load_forms

LEFT: Final = 40.0
RIGHT: Final = A4_WIDTH - 40
WIDE: Final = RIGHT - LEFT
MIDDLE: Final = LEFT + WIDE / 2
AXIS: Final = 46.0
"""Room for the numbers left of a chart."""
MOST_FLAGS: Final = 10
_WORST_FIRST: Final[tuple[LockClass, ...]] = (*OPENED_BY_CLINICIAN, "P")
MOST_TICKS: Final = 7
"""Dates below a chart."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SMALL_DOTS_FROM: Final = 200
"""Days from which on dots are drawn small."""


def report_page(facts: ReportFacts, measure: Measure) -> Page:
    """The page in the language of `words`."""
    pen = Pen(measure)
    y = _header(pen, facts)
    y = _result(pen, facts, y)
    y = _pain_chart(pen, facts, y)
    y = _level_chart(pen, facts, y)
    y = _adherence_and_scores(pen, facts, y)
    _flags(pen, facts, y)
    _footer(pen, facts)
    title = _("Back pain and therapy: {who}, {first} to {last}").format(
        who=_pseudonym(facts), first=day_words(facts.first), last=day_words(facts.last)
    )
    summary = " ".join((_change_line(facts), _rated_line(facts), _sessions_line(facts)))
    return Page(title, words.language(), summary, tuple(pen.shapes))


def day_words(day: dt.date) -> str:
    """ "20 Nov 2026", "20.11.2026"."""
    if words.language() == "de":
        return f"{day:%d.%m.%Y}"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


# ── header and result ───────────────────────────────────────────────────────────────────────────


def _header(pen: Pen, facts: ReportFacts) -> float:
    y = 46.0
    pen.say(LEFT, y, _("Back pain and therapy at home"), 15, bold=True)
    if facts.kind != "real":
        label = {"simulated": _("SIMULATED: no person"), "rehearsal": _("REHEARSAL: an invented person")}
        text = label[facts.kind]
        width = pen.measure.width(text, 9, bold=True) + 12
        pen.add(Box(RIGHT - width, y - 12, width, 17, WARN, BLACK))
        pen.say(RIGHT - 6, y, text, 9, bold=True, anchor="end")
    y += 18
    prescribed = facts.prescribed
    devices = ", ".join(facts.devices) or _("none used")
    set_by = _("nobody (no prescription)")
    if prescribed is not None:
        set_by = _("{clinician}, prescription {serial}").format(
            clinician=prescribed.clinician, serial=prescribed.serial
        )
        if prescribed.since is not None:
            set_by += " · " + day_words(prescribed.since)
    period = _("{first} to {last}").format(first=day_words(facts.first), last=day_words(facts.last))
    columns = (
        ((_("Person"), _pseudonym(facts)), (_("Period"), period)),
        ((_("Limits set by"), set_by), (_("Stimulator"), f"{devices} · homestim {facts.version}")),
    )
    for column, lines in enumerate(columns):
        x = LEFT + column * (WIDE * 0.4)
        for row, (label_text, value) in enumerate(lines):
            pen.say(x, y + row * 12, label_text, 8, ink=GREY)
            pen.say(x + 68, y + row * 12, value, 8, bold=True, within=(WIDE * (0.4, 0.6)[column]) - 74)
    return y + 20


def _result(pen: Pen, facts: ReportFacts, y: float) -> float:
    pen.add(Box(LEFT, y, WIDE, 47, CALM))
    y += 15
    pen.say(LEFT + 8, y, _change_line(facts), 10.5, bold=True, within=WIDE - 16)
    pen.say(LEFT + 8, y + 13, _rated_line(facts), 8, within=WIDE - 16)
    pen.say(LEFT + 8, y + 25, _sessions_line(facts), 8, within=WIDE - 16)
    return y + 46


def _change_line(facts: ReportFacts) -> str:
    compared = facts.comparison
    what = {
        "less": _("clearly less pain"),
        "more": _("more pain"),
        "no_clear_change": _("no clear change"),
        "not_enough_data": _("not enough data"),
    }[compared.change]
    return _("Pain, median: first 4 weeks {first}, last 4 weeks {last}: {what}").format(
        first=_number(compared.first), last=_number(compared.last), what=what
    )


def _rated_line(facts: ReportFacts) -> str:
    line = _("Pain was rated on {done} of the last {of} days.").format(
        done=facts.rated.done, of=facts.rated.of
    )
    if facts.late:
        line += " " + words.ngettext(
            "{late} entry was entered late.", "{late} entries were entered late.", facts.late
        ).format(late=facts.late)
    if facts.slope is not None:
        line += " " + _("Trend: {slope} points a week ({low} to {high}).").format(
            slope=_signed(facts.slope.per_week), low=_signed(facts.slope.low), high=_signed(facts.slope.high)
        )
    return line


def _sessions_line(facts: ReportFacts) -> str:
    planned = sum(week.of for week in facts.kept)
    held = sum(week.done for week in facts.kept)
    line = _("Days with a session: {held} of {planned} planned, {minutes} minutes in all.").format(
        held=held, planned=planned, minutes=round(facts.minutes)
    )
    if facts.stop_reasons:
        reasons = ", ".join(f"{stop_word(why)} {times}×" for why, times in facts.stop_reasons.items())
        line += " " + _("Ended early: {reasons}.").format(reasons=reasons)
    return line


# ── charts ──────────────────────────────────────────────────────────────────────────────────────


class _Days:
    """Where a day lies in a chart."""

    def __init__(self, facts: ReportFacts, left: float, right: float) -> None:
        self.first, self.last = facts.first, facts.last
        self.count = (facts.last - facts.first).days + 1
        self.left, self.step = left, (right - left) / max(1, self.count)

    def x(self, day: dt.date) -> float:
        """The middle of the day."""
        return self.left + ((day - self.first).days + 0.5) * self.step

    def ticks(self) -> list[dt.date]:
        every = max(7, -(-self.count // MOST_TICKS))
        every = -(-every // 7) * 7
        return [self.first + dt.timedelta(days=days) for days in range(0, self.count, every)]


def _pain_chart(pen: Pen, facts: ReportFacts, y: float) -> float:
    height = 165.0
    pen.say(LEFT, y, _("Pain at rest, 0 to 10"), 9, bold=True)
    _pain_legend(pen, y)
    top, bottom = y + 10, y + 10 + height
    days = _Days(facts, LEFT + AXIS, RIGHT)

    def level(pain: float) -> float:
        return bottom - pain * height / 10

    for pain in range(0, 11, 2):
        pen.add(Rule(LEFT + AXIS, level(pain), RIGHT, level(pain), RULE, 0.4))
        pen.say(LEFT + AXIS - 4, level(pain) + 2.5, str(pain), 7, anchor="end")
    for day in days.ticks():
        pen.add(Rule(days.x(day), top, days.x(day), bottom, RULE, 0.4, dashed=True))
    radius = 2.0 if days.count < SMALL_DOTS_FROM else 0.9
    for one in facts.pain:
        pen.add(Dot(days.x(one.day), level(one.pain), radius, GREY, filled=not one.late))
    for run in _runs(facts.mean):
        points = [(days.x(facts.first + dt.timedelta(days=index)), level(value)) for index, value in run]
        if len(points) == 1:
            points.append((points[0][0] + days.step, points[0][1]))
        pen.add(Curve(tuple(points), BLUE, 1.8))
    if not facts.pain:
        pen.say((LEFT + RIGHT) / 2, (top + bottom) / 2, _("no ratings in this period"), 10, anchor="middle")
    y = bottom + 3
    ticks = [(days.x(session.day), BLUE) for session in facts.sessions]
    y = _tick_row(pen, y, _("session"), ticks, days)
    y = _tick_row(pen, y, _("medicine"), [(days.x(day), BLACK) for day in facts.medicine], days)
    if facts.flares:
        y = _tick_row(pen, y, _("flare"), [(days.x(day), RED) for day in facts.flares], days)
    gaps = [(days.x(day), GREY) for day in _gaps(facts)]
    y = _tick_row(pen, y, _("no rating"), gaps, days, small=True)
    for day in days.ticks():
        pen.say(days.x(day), y + 7, day_words(day), 6.5, anchor="start")
    return y + 22


def _pain_legend(pen: Pen, y: float) -> None:
    x = RIGHT
    for text, mark in (
        (_("7-day mean"), "line"),
        (_("entered late"), "ring"),
        (_("one day"), "dot"),
    ):
        x -= pen.measure.width(text, 7)
        pen.say(x, y, text, 7)
        x -= 5
        if mark == "line":
            pen.add(Curve(((x - 12, y - 2.5), (x, y - 2.5)), BLUE, 1.8))
            x -= 12
        else:
            pen.add(Dot(x - 2, y - 2.5, 2, GREY, filled=mark == "dot"))
            x -= 4
        x -= 9


def _tick_row(
    pen: Pen, y: float, label: str, ticks: Sequence[tuple[float, str]], days: _Days, *, small: bool = False
) -> float:
    """Marks below the chart, their name at the right end of the axis; the next row's y."""
    pen.say(LEFT + AXIS - 4, y + 7, label, 6, anchor="end", within=AXIS - 2)
    width = max(0.5, min(2.2, days.step * 0.7))
    for x, ink in ticks:
        if small:
            pen.add(Box(x - width / 2, y + 4, width, 1.4, ink))
        else:
            pen.add(Box(x - width / 2, y + 1.5, width, 6, ink))
    return y + 9


def _level_chart(pen: Pen, facts: ReportFacts, y: float) -> float:
    height = 90.0
    last = {point.channel: point for point in facts.levels}
    now = "    ".join(
        _("channel {channel} ({side}): last {level} mA, {percent} % of its limit").format(
            channel=channel,
            side=side_words(point.side),
            level=decimal(point.level_mA),
            percent=round(100 * point.level_mA / point.limit_mA) if point.limit_mA else "–",
        )
        for channel, point in sorted(last.items())
    )
    pen.say(LEFT, y, _("Level, mA"), 9, bold=True)
    pen.say(RIGHT, y, now, 7, anchor="end", within=WIDE - 70)
    top, bottom = y + 8, y + 8 + height
    highest = max((max(point.level_mA, point.limit_mA) for point in facts.levels), default=10)
    step = next(step for step in (2, 5, 10, 20, 50) if highest / step <= 5)
    most = step * (int(highest / step) + 1)

    def at(current_mA: float) -> float:
        return bottom - current_mA * height / most

    for current_mA in range(0, most + 1, step):
        pen.add(Rule(LEFT + AXIS, at(current_mA), RIGHT, at(current_mA), RULE, 0.4))
        pen.say(LEFT + AXIS - 4, at(current_mA) + 2.5, str(current_mA), 7, anchor="end")
    days = _Days(facts, LEFT + AXIS, RIGHT)
    many = len(facts.levels) > SMALL_DOTS_FROM
    inks = (RED, BLUE, BLACK, GREY)
    for index, channel in enumerate(sorted(last)):
        for point in facts.levels:
            if point.channel == channel:
                x = days.x(point.day) + (index - 0.5) * min(2.0, days.step / 3)
                pen.add(Rule(x - 1.5, at(point.limit_mA), x + 1.5, at(point.limit_mA), BLACK, 0.5))
                pen.add(Dot(x, at(point.level_mA), 0.9 if many else 1.9, inks[index % 4], index % 2 == 0))
    if not facts.levels:
        pen.say((LEFT + RIGHT) / 2, (top + bottom) / 2, _("no level in this period"), 10, anchor="middle")
    _level_key(pen, bottom + 9, sorted(last), inks)
    return bottom + 26


def _level_key(pen: Pen, y: float, channels: Sequence[int], inks: Sequence[str]) -> None:
    x = LEFT + AXIS
    for index, channel in enumerate(channels):
        pen.add(Dot(x + 2, y - 2.5, 2, inks[index % 4], index % 2 == 0))
        text = _("channel {channel}").format(channel=channel)
        pen.say(x + 7, y, text, 7)
        x += pen.measure.width(text, 7) + 18
    if channels:
        pen.add(Rule(x, y - 2.5, x + 4, y - 2.5, BLACK, 0.8))
        pen.say(x + 7, y, _("limit of that day"), 7)


# ── the rest ────────────────────────────────────────────────────────────────────────────────────


def _adherence_and_scores(pen: Pen, facts: ReportFacts, y: float) -> float:
    pen.say(LEFT, y, _("Days with a session each week"), 9, bold=True)
    _week_bars(pen, facts, y)
    x = MIDDLE + 14
    pen.say(x, y, _("What else was said"), 9, bold=True)
    row = y + 13
    for label, value in _other_scores(facts):
        pen.say(x, row, label, 7.5, ink=GREY, within=104)
        pen.say(x + 108, row, value, 7.5, within=RIGHT - x - 108)
        row += 11
    return y + 92


def _week_bars(pen: Pen, facts: ReportFacts, y: float) -> None:
    height, bottom = 52.0, y + 66
    left, right = LEFT + AXIS, MIDDLE - 10
    planned = max((week.of for week in facts.kept), default=0)
    most = max([planned, *(week.done for week in facts.kept), 1])
    pen.add(Rule(left, bottom, right, bottom, BLACK, 0.6))
    for number in sorted({0, planned, most}):
        pen.say(left - 4, bottom - number * height / most + 2.5, str(number), 7, anchor="end")
    step = (right - left) / max(1, len(facts.kept))
    for of, weeks in groupby(range(len(facts.kept)), lambda index: facts.kept[index].of):
        if of:  # a week for which nothing was planned is no missed one
            here, line = [*weeks], bottom - of * height / most
            begin, end = left + here[0] * step, left + (here[-1] + 1) * step
            pen.add(Rule(begin, line, end, line, BLACK, 0.6, dashed=True))
    for index, week in enumerate(facts.kept):
        if week.done:
            bar = week.done * height / most
            pen.add(Box(left + (index + 0.12) * step, bottom - bar, step * 0.76, bar, BLUE))
    if not facts.kept:
        pen.say((left + right) / 2, bottom - height / 2, _("no whole week"), 8, anchor="middle")
    pen.say(left, bottom + 9, _("week 1"), 6.5)
    pen.say(right, bottom + 9, _("week {number}").format(number=len(facts.kept)), 6.5, anchor="end")
    if planned:
        pen.say(
            (left + right) / 2,
            bottom + 9,
            _("- - planned a week: {days}").format(days=planned),
            6.5,
            anchor="middle",
        )


def _other_scores(facts: ReportFacts) -> list[tuple[str, str]]:
    none = _("not asked")
    peg = none
    if facts.peg_first is not None:
        peg = decimal(facts.peg_first)
        if facts.peg_last is not None:
            peg = _("{first}, now {last}: {what}").format(
                first=decimal(facts.peg_first),
                last=decimal(facts.peg_last),
                what=_score_words(facts.peg_change),
            )
    pgic = none
    if facts.pgic is not None:
        choices = {choice.value: choice.text for choice in load_forms()["pgic"].items[0].choices}
        pgic = choices[facts.pgic].in_language(words.language())
        if facts.pgic <= PGIC_IMPROVED:
            pgic += " " + _("(counts as better)")
    before_after = _("not enough data")
    if facts.before_after is not None:
        before_after = _("{points} points, median").format(points=_signed(facts.before_after))
    medicine = none
    if facts.asked_medicine:
        medicine = _("on {days} of {asked} days asked").format(
            days=len(facts.medicine), asked=facts.asked_medicine
        )
    return [
        (_("Within a session"), before_after),
        (_("Week in 3 numbers"), peg),
        (_("Since the beginning"), pgic),
        (_("Pain medicine"), medicine),
        (_("Worst soreness"), none if facts.sore_worst is None else f"{facts.sore_worst} / 10"),
        (_("Worst skin grade"), none if facts.skin_worst is None else f"{facts.skin_worst} / 4"),
    ]


def _score_words(change: Change) -> str:
    return {
        "less": _("clearly better"),
        "more": _("worse"),
        "no_clear_change": _("no clear change"),
        "not_enough_data": _("not enough data"),
    }[change]


def _flags(pen: Pen, facts: ReportFacts, y: float) -> None:
    """What stands, then what was seen to: only as much as there is room for."""
    pen.say(LEFT, y, _("To be seen to"), 9, bold=True)
    y += 13
    lines = [(_("Locked now: {cause}").format(cause=cause), True) for cause in _causes(facts.locks)]
    for told in sorted(facts.alerts, key=lambda one: (not one.stands, LEVELS.index(one.level))):
        if told.level == "info" and not told.stands:
            continue
        state = _("open") if told.stands else _("seen to: {note}").format(note=told.note or "–")
        lines.append((f"{day_words(told.since)}  {sentence(told.rule)}  [{state}]", told.stands))
    if not lines:
        pen.say(LEFT, y, _("Nothing."), 8)
        return
    for text, stands in lines[:MOST_FLAGS]:
        if stands:
            pen.add(Box(LEFT, y - 8, WIDE, 11, WARN))
        pen.say(LEFT + 4, y, text, 7.5, bold=stands, within=WIDE - 8)
        y += 12
    if len(lines) > MOST_FLAGS:
        pen.say(LEFT + 4, y, _("and {more} more").format(more=len(lines) - MOST_FLAGS), 7.5, ink=GREY)


def _causes(locks: Sequence[Lock]) -> list[str]:
    """Each once, the worst first."""
    worst_first = sorted(locks, key=lambda lock: _WORST_FIRST.index(lock.class_))
    return list(dict.fromkeys(lock_words(lock.class_) for lock in worst_first))


def _footer(pen: Pen, facts: ReportFacts) -> None:
    y = A4_HEIGHT - 62
    pen.add(Rule(LEFT, y - 12, RIGHT, y - 12, RULE))
    pen.say(
        LEFT, y, _("From the person's own answers, not verified. Not an emergency service."), 8, bold=True
    )
    notes = []
    if facts.untrusted:
        notes.append(_("for {count} entries the clock was not certain").format(count=facts.untrusted))
    pen.say(RIGHT, y, " · ".join(notes), 7, anchor="end", within=WIDE - 330)
    limits = _(
        "Clear: 30 % less, and 1, 2 or 3 points from a median of 1–4, 5–7 or 8–10. No approved device."
    )
    pen.say(LEFT, y + 11, limits, 7, within=WIDE)
    made = _("Made {date} {time} by homestim {version} · box {box}").format(
        date=day_words(facts.made.date()),
        time=words.clock(facts.made),
        version=facts.version,
        box=facts.box_id,
    )
    pen.say(LEFT, y + 22, made, 7, within=WIDE)
    if facts.unreadable:
        pen.say(LEFT, y - 15, left_out(facts.unreadable), 8, bold=True, within=WIDE)
    if facts.head:
        head = _("Head of the diary's chain, {lines} lines: {head}")
        pen.say(LEFT, y + 33, head.format(lines=facts.lines, head=facts.head), 7, within=WIDE)


# ── words ───────────────────────────────────────────────────────────────────────────────────────


def side_words(side: str) -> str:
    return {"left": _("left"), "right": _("right")}.get(side, _("both sides"))


def lock_words(class_: str) -> str:
    """What a lock is about."""
    known = {
        "E": _("an answer that means an emergency"),
        "U": _("an answer that means a doctor the same day"),
        "X": _("something that speaks against it"),
        "C": _("an answer that a clinician has to clear"),
        "P": _("not today"),
        "skin": _("the skin"),
        "soreness": _("sore muscles"),
        "pain": _("muscle programmes, because of pain"),
        "restore": _("the diary was restored from a backup"),
    }
    return known.get(class_, _("a red alert"))


def _pseudonym(facts: ReportFacts) -> str:
    return facts.prescribed.pseudonym if facts.prescribed is not None else "–"


def _number(value: float | None) -> str:
    return "–" if value is None else decimal(value)


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + decimal(round(value, 1) + 0.0).replace("-", "−")


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches without a gap: index and value."""
    runs = []
    for known, stretch in groupby(enumerate(values), key=lambda one: one[1] is not None):
        if known:
            runs.append([(index, value) for index, value in stretch if value is not None])
    return runs


def _gaps(facts: ReportFacts) -> list[dt.date]:
    rated = {one.day for one in facts.pain}
    # A day before the diary was begun is no gap.
    first = max(facts.first, facts.begun) if facts.begun else facts.last
    days = (first + dt.timedelta(days=n) for n in range((facts.last - first).days + 1))
    return [day for day in days if day not in rated]
