"""The family's charts: pain, level, soreness and skin, pain around sessions, and sessions by the week."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Chart, Choice, Column, Page, Panel
from kiosk.review.family import DAYS, DayView, FamilyView, Level, SideLevel, Stretch
from kiosk.visit.pages import family_pages as family
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import family as steps
from kiosk.wording.stop_words import stop_word
from kiosk.words import _, ngettext
from programs.forms import load_forms

FOUR_WEEKS, TWELVE_WEEKS, EVERYTHING = range(steps.RANGES)
LEAST_LIMIT_MA: Final = 10.0
"""The highest of an axis at least."""
SKIN_HIGHEST: Final = 4.0
DAYS_A_WEEK: Final = 7
LABEL_EVERY: Final = 7
"""Columns of days from one date to the next, …"""
LABEL_STRETCHES: Final = 8
"""… and of stretches."""


def charts(visit: Visit, moment: Moment) -> Page:
    """One chart at a time, over four weeks, twelve weeks or everything."""
    view, reach, chart = steps.view_of(visit), visit.place.index, visit.place.item
    titles, ranges = _titles(), (_("4 weeks"), _("12 weeks"), _("All"))
    body = (_pain, _level, _soreness_and_skin, _around, _weeks)[chart](view, reach)
    choices = (
        Choice(Key.ONE, _("Next: {chart}").format(chart=titles[(chart + 1) % len(titles)])),
        Choice(Key.TWO, ranges[(reach + 1) % len(ranges)]),
    )
    return build(
        visit,
        moment,
        body,
        choices,
        title=titles[chart],
        back=True,
        right=family.closes(visit, moment),
    )


def _titles() -> tuple[str, ...]:
    return (_("Pain"), _("Level"), _("Soreness"), _("Before, after"), _("Each week"))


# ── columns: days, pairs of days, stretches ─────────────────────────────────────────────────────


def _line(view: FamilyView, reach: int) -> str:
    """What a column is."""
    if reach == FOUR_WEEKS:
        return _("Four weeks. A column is a day.")
    if reach == TWELVE_WEEKS:
        return _("Twelve weeks. A column is two days.")
    weeks = view.stretches[0].days // DAYS_A_WEEK if view.stretches else 1
    return ngettext("Everything. A column is {n} week.", "Everything. A column is {n} weeks.", weeks).format(
        n=weeks
    )


def _columns(
    view: FamilyView,
    reach: int,
    of_day: Callable[[DayView], float | None],
    of_stretch: Callable[[Stretch], float | None],
    *,
    worst: bool = False,
) -> tuple[Column, ...]:
    """One value a column, without marks; two days give their mean, or the `worst` of them."""
    if reach == EVERYTHING:
        return tuple(
            Column(_label_of_stretch(one, n), of_stretch(one)) for n, one in enumerate(view.stretches)
        )
    if reach == FOUR_WEEKS:
        return tuple(Column(_label(day, n), of_day(day)) for n, day in enumerate(view.four_weeks))
    columns = []
    for n in range(0, len(view.days), 2):
        said = [value for day in view.days[n : n + 2] if (value := of_day(day)) is not None]
        value = (max(said) if worst else sum(said) / len(said)) if said else None
        columns.append(Column(_label(view.days[n], n // 2), value))
    return tuple(columns)


def _label(day: DayView, n: int) -> str:
    return words.short_date(day.day) if n % LABEL_EVERY == 0 else ""


def _label_of_stretch(one: Stretch, n: int) -> str:
    return f"{one.first.month}/{one.first.year}" if n % LABEL_STRETCHES == 0 else ""


# ── pain ────────────────────────────────────────────────────────────────────────────────────────


def _pain(view: FamilyView, reach: int) -> Chart:
    captions: tuple[str, ...] = (_("sessions"), _("gaps"))
    line = _line(view, reach)
    if reach == FOUR_WEEKS:
        columns = tuple(
            Column(
                _label(day, n),
                day.pain,
                day.mean,
                marks=(day.session, day.begun and day.pain is None, day.medicine, day.flare, day.late),
            )
            for n, day in enumerate(view.four_weeks)
        )
        captions = (*captions, _("medicine"), _("flare"), _("late"))
        line = _("Four weeks. A column is a day; • is the mean of 7 days.")
    elif reach == TWELVE_WEEKS:
        pairs = [view.days[n : n + 2] for n in range(0, len(view.days), 2)]
        columns = tuple(_pair_column(pair, _label(pair[0], n)) for n, pair in enumerate(pairs))
    else:
        columns = tuple(
            Column(_label_of_stretch(one, n), one.pain, marks=(one.sessions > 0, one.rated == 0))
            for n, one in enumerate(view.stretches)
        )
    return Chart((line,), columns, captions, _pain_facts(view), _("pain"))


def _pair_column(pair: Sequence[DayView], label: str) -> Column:
    rated = [day.pain for day in pair if day.pain is not None]
    return Column(
        label,
        sum(rated) / len(rated) if rated else None,
        marks=(any(day.session for day in pair), pair[-1].begun and not rated),
    )


def _pain_facts(view: FamilyView) -> tuple[str, ...]:
    numbers = view.numbers
    facts = []
    if numbers.trend is not None:
        facts.append(
            _("Trend of 12 weeks: {per_week} a week (probably between {low} and {high})").format(
                per_week=_signed(numbers.trend.per_week),
                low=_signed(numbers.trend.low),
                high=_signed(numbers.trend.high),
            )
        )
    if numbers.peg_first is not None and numbers.peg_last is not None:
        facts.append(
            _("Pain in daily life: {first}, now {last}: {change}").format(
                first=words.decimal(numbers.peg_first),
                last=words.decimal(numbers.peg_last),
                change=family.change_word(numbers.peg_change),
            )
        )
    if numbers.pgic is not None:
        item = load_forms()["pgic"].items[0]
        named = [choice.text for choice in item.choices if choice.value == numbers.pgic]
        facts += [
            _("Own judgement: {word}").format(word=text.in_language(words.language())) for text in named
        ]
    return tuple(facts)


def _signed(value: float) -> str:
    rounded = words.decimal(abs(value))
    return rounded if float(f"{abs(value):.1f}") == 0 else f"{'+' if value > 0 else '−'}{rounded}"


# ── level ───────────────────────────────────────────────────────────────────────────────────────


def _level(view: FamilyView, reach: int) -> Chart:
    """A panel for each channel: what it was set to, and the limit of that day."""
    if not view.levels:
        empty = _columns(view, reach, lambda day: None, lambda one: None)
        return Chart((_line(view, reach),), empty, (), (_("No level was found in twelve weeks."),))
    reached = [_levels_of(side, view, reach) for side in view.levels]
    highest = max(
        [LEAST_LIMIT_MA, *(one.limit_mA for levels in reached for one in levels if one is not None)]
    )
    labels = [column.label for column in _columns(view, reach, lambda day: None, lambda one: None)]
    panels = []
    for side, levels in zip(view.levels, reached, strict=True):
        columns = tuple(
            Column(label, None)
            if one is None
            else Column(label, one.current_mA, limit=one.limit_mA, marks=(one.changed,))
            for label, one in zip(labels, levels, strict=True)
        )
        panels.append(Panel(columns, family.side_word(side.side), highest))
    changed = [any(one is not None and one.changed for one in at) for at in zip(*reached, strict=True)]
    first = panels[0]
    marked = tuple(
        Column(one.label, one.value, limit=one.limit, marks=(mark,))
        for one, mark in zip(first.columns, changed, strict=True)
    )
    line = _("{columns}  In mA; ─ is that day's limit.").format(columns=_line(view, reach))
    facts = tuple(map(_level_fact, view.levels))
    return Chart((line,), marked, (_("changed"),), facts, first.word, highest, tuple(panels[1:]))


def _levels_of(side: SideLevel, view: FamilyView, reach: int) -> tuple[Level | None, ...]:
    if reach == EVERYTHING:
        return side.stretches
    if reach == FOUR_WEEKS:
        return side.days[-DAYS:]
    return tuple(second or first for first, second in zip(side.days[::2], side.days[1::2], strict=True))


def _level_fact(side: SideLevel) -> str:
    fact = _("{side}: {level} mA, {percent} % of the limit {limit}").format(
        side=family.side_word(side.side),
        level=words.decimal(side.current_mA),
        percent="–" if side.percent is None else side.percent,
        limit=words.decimal(side.limit_mA),
    )
    if side.before_mA is None:
        return fact
    return _("{fact}; 4 weeks before {level}").format(fact=fact, level=words.decimal(side.before_mA))


# ── soreness and skin, around sessions ──────────────────────────────────────────────────────────


def _soreness_and_skin(view: FamilyView, reach: int) -> Chart:
    sore = _columns(view, reach, lambda day: day.soreness, lambda one: one.soreness, worst=True)
    skin = _columns(view, reach, lambda day: day.skin, lambda one: one.skin, worst=True)
    line = _("{columns}  ┴ is none; empty: not asked.").format(columns=_line(view, reach))
    facts = (
        _("Skin: 1 pink for less than a day, 2 red or itchy for longer,"),
        _("3 a blister or burn, 4 open. From 2 on the place is locked."),
    )
    return Chart((line,), sore, (), facts, _("sore"), more=(Panel(skin, _("skin"), SKIN_HIGHEST),))


def _around(view: FamilyView, reach: int) -> Chart:
    before = _columns(
        view,
        reach,
        lambda day: None if day.around is None else day.around[0],
        lambda one: None if one.around is None else one.around[0],
    )
    after = _columns(
        view,
        reach,
        lambda day: None if day.around is None else day.around[1],
        lambda one: None if one.around is None else one.around[1],
    )
    within = view.numbers.within_session
    fact = _("Pain around a session: not enough data.")
    if within is not None:
        fact = _("In twelve weeks, after a session mostly {change} points.").format(change=_signed(within))
    line = _("{columns}  Pain before and after a session.").format(columns=_line(view, reach))
    return Chart((line,), before, (), (fact,), _("before"), more=(Panel(after, _("after")),))


# ── by the week ─────────────────────────────────────────────────────────────────────────────────


def _weeks(view: FamilyView, reach: int) -> Chart:
    """Days with a session, and what was planned; more weeks than fit are taken together, as days a week."""
    if reach == EVERYTHING:
        columns = tuple(
            Column(_label_of_stretch(one, n), one.sessions * DAYS_A_WEEK / one.days, limit=one.planned)
            for n, one in enumerate(view.stretches)
        )
    else:
        shown = view.weeks[-4:] if reach == FOUR_WEEKS else view.weeks
        columns = tuple(Column(words.short_date(week.first), week.held, limit=week.planned) for week in shown)
    line = _("Days with a session in a week; ─ is what was planned.")
    kept = view.kept
    minutes = _("{n} minutes in 4 weeks").format(n=kept.minutes)
    facts = [f"{family.session_fact(view)}   {minutes}"]
    if kept.early:
        reasons = ", ".join(f"{stop_word(why)} {times}×" for why, times in kept.early.items())
        facts.append(_("Ended early: {reasons}.").format(reasons=reasons))
    return Chart((line,), columns, (), tuple(facts), _("days"), float(DAYS_A_WEEK))
