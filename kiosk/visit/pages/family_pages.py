"""The family's pages behind the PIN. Facts, no praise, no goals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from kiosk import words
from kiosk.diary.records import Lock, Session
from kiosk.keys import Key
from kiosk.page import Choice, Overview, Page, PinEntry, Table, TextEntry, Words
from kiosk.review.entry_words import author_word, mark_words, moment_word, yes_word
from kiosk.review.family import LISTED_DAYS, EntryView, FamilyView, NoteView, SessionView, SideLevel, Told
from kiosk.review.listing import Looking, entries_shown, notes_about, notes_shown
from kiosk.visit.pages import damage_words, people, verdicts
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.pin_words import pin_notice
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import answers, family_notes
from kiosk.visit.steps import family as steps
from kiosk.wording import reasons
from kiosk.wording.stop_words import stop_word
from kiosk.wording.unreadable import left_out
from kiosk.words import _, content, ngettext
from programs.library import load_montage, load_programme
from programs.text import Reason

T = TypeVar("T")

CLOSES_S: Final = 300.0
MOST_WORDS: Final = 60
"""Of what a server said: the doctor has it whole."""
NEARLY_FULL: Final = 80
"""Characters that are left of a text, from which on it says so."""
SAME_MA: Final = 0.5
"""A level that differs by a step of the device is the same."""


def pin(visit: Visit, moment: Moment) -> Page:
    entry = visit.context.pin
    lines = [_("This page is for the family. Please type the PIN.")]
    if visit.context.setting.shown_pin:
        lines.append(
            _("This is a demonstration. The PIN is {pin}.").format(pin=visit.context.setting.shown_pin)
        )
    body = PinEntry(tuple(lines), len(entry.typed), pin_notice(entry))
    choices = (Choice(Key.ENTER, _("Open")),) if entry.typed and not entry.checking else ()
    return build(
        visit, moment, body, choices, title=_("For the family"), digits=True, back=not entry.checking
    )


# ── the overview ────────────────────────────────────────────────────────────────────────────────


def family(visit: Visit, moment: Moment) -> Page:
    """One line first, with the one thing to do; then four weeks of pain, then facts."""
    view = steps.view_of(visit)
    title = _("For the family   {name}").format(name=people.patient(visit))
    leave = Choice(Key.ZERO, _("Leave"), prominent=False)
    if not view.allowed:
        refused = (
            _("{name} does not want these pages to be shown.").format(name=people.patient(visit)),
            _("Ask her or him. It can be changed on the box."),
        )
        return build(visit, moment, Words(refused), (leave,), title=title, right=closes(visit, moment))
    headline, lines, done = _first_line(visit)
    days = view.four_weeks
    body = Overview(
        headline=headline,
        lines=lines,
        days=tuple((words.short_date(day.day), day.pain, day.session) for day in days),
        facts=(
            *_beside_facts(view),
            *_unkept_facts(visit),
            _pain_fact(view),
            session_fact(view),
            *_level_facts(view.levels),
            _news_fact(view),
        ),
        small=_("From the person's own answers, not checked. This is not an emergency service."),
        sessions_word=_("sessions"),
        no_entry_word=_("gaps"),
        pain_word=_("pain"),
        unbegun=sum(not day.begun for day in days),
    )
    choices = (
        *((Choice(Key.ENTER, done),) if done else ()),
        Choice(Key.ONE, _("Alerts")),
        Choice(Key.TWO, _("Charts")),
        Choice(Key.THREE, _("Diary")),
        Choice(Key.FOUR, _("Sessions")),
        Choice(Key.FIVE, _("Report")),
        Choice(Key.SIX, _("Notes")),
        *((Choice(steps.TYPES, _("Go on with the note")),) if visit.context.writing else ()),
        leave,
    )
    return build(visit, moment, body, choices, title=title, right=closes(visit, moment))


def _unkept_facts(visit: Visit) -> tuple[str, ...]:
    """A note that was left, or that the time closed, before anybody kept it."""
    count = len(visit.context.writing)
    if not count:
        return ()
    return (
        ngettext("A note is begun and not kept yet.", "{n} notes are begun and not kept yet.", count).format(
            n=count
        ),
    )


def closes(visit: Visit, moment: Moment) -> str:
    """The time of day at which it closes if nobody presses a key."""
    left = dt.timedelta(seconds=max(0.0, CLOSES_S - (moment.monotonic_s - visit.shown_s)))
    return _("closes {time}").format(time=words.clock(moment.now + left))


def _first_line(visit: Visit) -> tuple[str, tuple[str, ...], str]:
    """Headline, what is behind it, and what Enter does; "look here" only where something has to be done."""
    told = steps.standing(visit)
    weighty = [one for one in told if one.level != "info"]
    locks = answers.locks_open(visit)
    shut = [lock for lock in locks if lock.class_ != "P"]
    if weighty:
        first = weighty[0]
        count = ngettext("one thing", "{n} things", len(weighty)).format(n=len(weighty))
        when = _("today") if first.level == "red" else _("by tomorrow evening")
        headline = _("▲ LOOK HERE: {count}, {when}").format(count=count, when=when)
        said = " ".join((reasons.sentence(first.rule), *_locked_too(visit, shut)))
        return headline, (said, _todo(visit, first)), _("Seen to")
    if shut:
        return _("▲ LOOK HERE: the device is locked."), _of_a_lock(visit, shut[0]), ""
    if visit.context.damaged:
        return *damage_words.for_family(visit), ""
    if told:
        first = told[0]
        return (
            _("All fine: nothing urgent."),
            (_("To know: {what}").format(what=reasons.sentence(first.rule)),),
            _("Seen to"),
        )
    if locks:
        return _("All fine."), (_("Not today: the box asks again tomorrow."),), ""
    if not any(day.pain is not None for day in steps.view_of(visit).four_weeks):
        return _("Nothing to do. There is no entry in these four weeks."), (), ""
    return _("All fine. Nothing to do today."), (), ""


def _locked_too(visit: Visit, shut: list[Lock]) -> tuple[str, ...]:
    """After an alert: a lock that no alert is about says what it is of."""
    if not shut:
        return ()
    return (verdicts.cause_of(visit, shut[0]) if shut[0].class_ == "restore" else _("The device is locked."),)


def _of_a_lock(visit: Visit, lock: Lock) -> tuple[str, ...]:
    """What to do about it: said to who looks in, where the patient's own words would send herself."""
    answer = reasons.sentence(Reason("red_answer", {"class": lock.class_}))
    if lock.class_ == "E":
        return answer, _emergency(visit)
    if lock.class_ == "U":
        return answer, _("See that {patient} calls one today.").format(patient=people.patient(visit))
    return (*verdicts.lock_lines(visit, lock)[:2], _("Ask how it is."))


def _emergency(visit: Visit) -> str:
    return _("Call {number} now, or see that {patient} gets to an emergency department.").format(
        number=people.emergency(visit), patient=people.patient(visit)
    )


def _todo(visit: Visit, told: Told) -> str:
    """The one thing to do, and whom to call."""
    if told.rule.rule == "red_answer" and told.rule.parameters.get("class") == "E":
        return _emergency(visit)
    if told.level == "red":
        return _("See how {name} is, now. {call}").format(
            name=people.patient(visit), call=people.call_clinician(visit)
        )
    if told.rule.rule in ("pad_faults", "pad_contact", "level_fell"):
        return _("Look at pads, skin and leads together. {call}").format(call=people.call_clinician(visit))
    return _("Ask how it is. {call}").format(call=people.call_clinician(visit))


def _pain_fact(view: FamilyView) -> str:
    numbers = view.numbers
    count = ngettext("{n} of {days} day", "{n} of {days} days", numbers.days).format(
        n=numbers.days_rated, days=numbers.days
    )
    if numbers.last is None:
        return _("Pain: not enough data, {count}").format(count=count)
    last = _("Pain (0–10): last 4 weeks {value}").format(value=_number(numbers.last))
    if numbers.first is None or numbers.change == "not_enough_data":
        return _("{pain}, too early to compare, {count}").format(pain=last, count=count)
    return _("{pain}, first 4 weeks {first}: {change}, {count}").format(
        pain=last, first=_number(numbers.first), change=change_word(numbers.change), count=count
    )


def change_word(change: str) -> str:
    """Of two blocks of weeks, or of two questionnaires."""
    return {
        "less": _("clearly less"),
        "more": _("clearly more"),
        "no_clear_change": _("no clear change"),
    }.get(change, _("not enough data"))


def _number(value: float) -> str:
    """Whole where it is whole: a median of whole numbers mostly is."""
    return f"{value:.0f}" if value == int(value) else words.decimal(value)


def session_fact(view: FamilyView) -> str:
    """Of those planned in the last weeks, or how many were begun."""
    kept = view.kept
    if kept.planned is None:
        return _("Sessions: {begun} begun, {done} done to the end").format(begun=kept.held, done=kept.done)
    return _("Sessions: {held} of {planned} planned").format(held=kept.held_of_planned, planned=kept.planned)


def _level_facts(levels: Sequence[SideLevel]) -> tuple[str, ...]:
    if not levels:
        return ()
    sides = ", ".join(f"{side_word(one.side)} {words.decimal(one.current_mA)}" for one in levels)
    known = [one for one in levels if one.before_mA is not None]
    changes = {_level_change(one) for one in known}
    change = f", {changes.pop()}" if len(changes) == 1 and len(known) == len(levels) else ""
    return (_("Level: {sides} mA{change}").format(sides=sides, change=change),)


def _level_change(level: SideLevel) -> str:
    before = level.before_mA or 0.0
    if abs(level.current_mA - before) <= SAME_MA:
        return _("as before")
    return _("higher") if level.current_mA > before else _("lower")


def side_word(side: str) -> str:
    """Where a channel's pads lie."""
    return {"left": _("left"), "right": _("right")}.get(side, _("both sides"))


def _beside_facts(view: FamilyView) -> tuple[str, ...]:
    """What somebody has to tell the clinician or the clinic."""
    facts = []
    if view.waiting:
        facts.append(
            ngettext(
                "● The clinic sent something. It waits for the clinician here: Help, prescription, 7.",
                "● The clinic sent {n} things. They wait for the clinician here: Help, prescription, 7.",
                view.waiting,
            ).format(n=view.waiting)
        )
    if view.refused:
        facts.append(
            ngettext(
                "● The clinic's server refused {n} record: “{words}”. Tell the clinic.",
                "● The clinic's server refused {n} records: “{words}”. Tell the clinic.",
                view.refused,
            ).format(n=view.refused, words=view.refused_words[:MOST_WORDS].strip())
        )
    return tuple(facts)


def _news_fact(view: FamilyView) -> str:
    news = view.news
    if news.since is None:
        return _("You look at this for the first time.")
    notes = ngettext("{n} note", "{n} notes", news.notes).format(n=news.notes)
    told = ngettext("{n} alert", "{n} alerts", news.alerts).format(n=news.alerts)
    limits = _("a new prescription") if news.limits_changed else _("limits not changed")
    return _("New since {day}: {notes}, {alerts}, {limits}").format(
        day=words.short_date(news.since.date()), notes=notes, alerts=told, limits=limits
    )


# ── alerts ──────────────────────────────────────────────────────────────────────────────────────


def alerts(visit: Visit, moment: Moment) -> Page:
    """One at a time: what, since when, by what, and what was done."""
    shown, row = steps.alerts_shown(visit), visit.context.looking.row
    title = _("Alerts")
    if not shown:
        body = Words((_("There is no alert."),))
        return build(visit, moment, body, title=title, back=True, right=closes(visit, moment))
    one = shown[row]
    lines = [f"{_level(one.level)}  {reasons.sentence(one.rule)}"]
    lines.append(_("Since {day}.").format(day=words.date(one.since)))
    if one.stands:
        lines.append(_todo(visit, one) if one.level != "info" else _("Nothing urgent."))
    elif one.done_at is not None:
        lines.append(_("Done on {day}: “{note}”").format(day=words.date(one.done_at.date()), note=one.note))
    small = [_("Code: {code}").format(code=one.rule.rule)]
    if one.records:
        small.append(
            ngettext("{n} record is behind it.", "{n} records are behind it.", len(one.records)).format(
                n=len(one.records)
            )
        )
    choices = [Choice(Key.ENTER, _("Done, add a note"))] if one.stands else []
    choices += leafing(row, len(shown))
    body = Words(
        tuple(lines), small=tuple(small), tone="warn" if one.stands and one.level != "info" else "plain"
    )
    title = _("Alerts   {n} of {count}").format(n=row + 1, count=len(shown))
    return build(visit, moment, body, tuple(choices), title=title, back=True, right=closes(visit, moment))


def _level(level: str) -> str:
    return {"red": _("▲ RED"), "amber": _("▲ AMBER")}.get(level, _("● TO KNOW"))


def leafing(row: int, count: int) -> list[Choice]:
    """The keys that lead through a pile."""
    choices = []
    if row > 0:
        choices.append(Choice(Key.UP, _("before"), prominent=False))
    if row + 1 < count:
        choices.append(Choice(Key.DOWN, _("after"), prominent=False))
    return choices


def note(visit: Visit, moment: Moment) -> Page:
    """Ready notes: a box may have nothing but a keypad."""
    body = Words((_("What was done? The note is kept."),))
    ready = zip(family_notes.NOTE_KEYS, family_notes.ready_notes(), strict=True)
    choices = (*(Choice(key, text) for key, text in ready), Choice(steps.TYPES, _("Type a note")))
    return build(visit, moment, body, choices, title=_("Add a note"), back=True, right=closes(visit, moment))


def write(visit: Visit, moment: Moment) -> Page:
    """For whoever has a keyboard."""
    text = family_notes.text_of(visit)
    body = TextEntry((_("Type the note on the keyboard, then press Enter."),), text, _room(text))
    return _typing(visit, moment, body, _("Keep the note") if text.strip() else "", _("Add a note"))


def _room(text: str) -> str:
    left = family_notes.MOST_WRITTEN - len(text)
    if left == 0:
        return _("There is no room for more. What stands here can be kept.")
    return (
        ngettext("{n} more character", "{n} more characters", left).format(n=left)
        if left < NEARLY_FULL
        else ""
    )


def search(visit: Visit, moment: Moment) -> Page:
    """What is looked for in the whole diary."""
    text, looking = visit.context.search, visit.context.looking
    lines = [
        _("Type one or more words, then press Enter."),
        _("All years are looked through, notes and answers. For an answer type its number too: sleep 3."),
    ]
    if looking.looked_for:
        lines.append(_("Enter without a word shows everything again."))
    does = _("Find") if text.strip() else _("Show everything") if looking.looked_for else ""
    return _typing(visit, moment, TextEntry(tuple(lines), text), does, _("Find words"))


def _typing(visit: Visit, moment: Moment, body: TextEntry, does: str, title: str) -> Page:
    choices = (Choice(Key.ENTER, does),) if does else ()
    right = closes(visit, moment)
    return build(visit, moment, body, choices, title=title, digits=True, back=True, right=right)


# ── lists ───────────────────────────────────────────────────────────────────────────────────────


def diary(visit: Visit, moment: Moment) -> Page:
    """The entries of a year, filtered and sorted; the chosen one's note below."""
    view, looking = steps.view_of(visit), visit.context.looking
    entries = entries_shown(view, looking)

    def cells(one: EntryView) -> tuple[str, ...]:
        return (
            _day(one.at.date(), view.last_day),
            moment_word(one.entry.moment),
            _scale(one.entry.pain_rest),
            _scale(one.entry.pain_moving),
            _scale(one.entry.soreness),
            _scale(one.entry.sleep),
            yes_word(one.entry.medicine),
            ", ".join(
                mark_words(
                    one.entered_late, one.corrected, noted(one, view, looking), bool(one.entry.phrases)
                )
            ),
        )

    heads = (_("day"), _("when"), _("rest"), _("moving"), _("sore"), _("sleep"), _("med."), "")
    how = {"which": _filter(looking.filter), "order": _order(looking.sort)}
    line = _("{n} of {count} entries of a year   {which}, {order}").format(
        n=len(entries), count=len(view.entries), **how
    )
    if looking.looked_for:
        line = _looked_for(looking) or ngettext(
            "{n} entry with “{words}”   {which}, {order}",
            "{n} entries with “{words}”   {which}, {order}",
            len(entries),
        ).format(n=len(entries), words=looking.looked_for, **how)
    body = _rows((line, *_left_out(looking)), heads, entries, looking.row, cells)
    choices = (
        Choice(Key.ONE, _("Which ones")),
        Choice(Key.TWO, _("Order")),
        Choice(Key.THREE, _("Find a day")),
        Choice(Key.FOUR, _("Find words")),
    )
    return _list(visit, moment, body, len(entries), choices, _("Diary"))


def _rows(
    lines: tuple[str, ...],
    heads: tuple[str, ...],
    shown: Sequence[T],
    row: int,
    cells: Callable[[T], tuple[str, ...]],
) -> Table:
    """The screen of a list on which `row` stands: it is shown by whole screens."""
    first = row // steps.ROWS * steps.ROWS
    rows = tuple(cells(one) for one in shown[first : first + steps.ROWS])
    return Table(lines, heads, rows, row - first if rows else None, _position(row, len(shown)))


def _list(
    visit: Visit, moment: Moment, body: Table, count: int, choices: tuple[Choice, ...], title: str
) -> Page:
    """A list of so many, of which the chosen one can be read in full."""
    read = (Choice(Key.ENTER, _("Read in full")),) if count else ()
    choices = (*read, *choices, *_moving(visit.context.looking.row, count))
    return build(visit, moment, body, choices, title=title, back=True, right=closes(visit, moment))


def _position(row: int, count: int) -> tuple[str, ...]:
    if not count:
        return (_("Nothing to show."),)
    position = _("Row {n} of {count}").format(n=row + 1, count=count)
    return (_("{row}   ◀ ▶  a screen back or on").format(row=position) if count > steps.ROWS else position,)


def _moving(row: int, count: int) -> tuple[Choice, ...]:
    """The keys that move the chosen row."""
    choices = []
    if row > 0:
        choices.append(Choice(Key.UP, _("up"), prominent=False))
    if row + 1 < count:
        choices.append(Choice(Key.DOWN, _("down"), prominent=False))
    return tuple(choices)


def _filter(name: str) -> str:
    return {
        "all": _("all"),
        "notes": _("with a note"),
        "pain": _("pain 7 or more"),
        "medicine": _("with medicine"),
        "skin": _("skin or soreness"),
        "late": _("late or corrected"),
    }[name]


def _order(name: str) -> str:
    return {"newest": _("newest first"), "oldest": _("oldest first"), "worst": _("most pain first")}[name]


def _scale(value: int | None) -> str:
    return "–" if value is None else str(value)


def _day(day: dt.date, today: dt.date) -> str:
    """With its year where that is another one."""
    return (
        words.short_date(day) if (today - day).days < LISTED_DAYS else f"{words.short_date(day)} {day.year}"
    )


def noted(one: EntryView, view: FamilyView, looking: Looking) -> bool:
    """There are words to be read that somebody wrote; what was picked by keys is none of the notes."""
    return bool(one.entry.note or notes_about(view, looking, one.id))


def _looked_for(looking: Looking) -> str:
    """What is said instead of a count while words are looked for, or when that is not possible."""
    if looking.not_found_out:
        return words.worded(looking.not_found_out)
    if looking.found is None:
        return _("One moment. The box looks for “{words}”.").format(words=looking.looked_for)
    return ""


def _left_out(looking: Looking) -> tuple[str, ...]:
    """Nobody is to take the newest ones for all."""
    if looking.found is None:
        return ()
    count, unreadable = looking.found.left_out, looking.found.unreadable
    older = ngettext("{n} older one is left out.", "{n} older ones are left out.", count).format(n=count)
    return (*((older,) if count else ()), *((left_out(unreadable),) if unreadable else ()))


def find(visit: Visit, moment: Moment) -> Page:
    typed = visit.context.looking.typed
    lines = (
        _("Type day and month, four digits. For 9 November: 0911."),
        _("The entry nearest to that day is shown."),
    )
    shown = f"{typed[:2]} {typed[2:]}".strip()
    choices = (Choice(Key.ENTER, _("Find")),) if len(typed) == steps.DAY_DIGITS else ()
    return build(
        visit,
        moment,
        PinEntry(lines, len(typed), "", shown),
        choices,
        title=_("Find a day"),
        digits=True,
        back=True,
        right=closes(visit, moment),
    )


def entry(visit: Visit, moment: Moment) -> Page:
    """One entry in full, with the notes about it."""
    one = steps.chosen_entry(visit)
    shared = steps.entry_sheets(visit)
    at = min(visit.place.item, len(shared) - 1)
    day = f"{words.date(one.at.date())} {one.at.year}"
    body = Words((f"{day}  {words.clock(one.at)}   {moment_word(one.entry.moment)}",), shared[at])
    choices = (Choice(Key.ONE, _("Add a note")), *leafing(at, len(shared)))
    title = _("Diary") if len(shared) == 1 else f"{_('Diary')}   {at + 1} / {len(shared)}"
    return build(visit, moment, body, choices, title=title, back=True, right=closes(visit, moment), screen=at)


def read_note(visit: Visit, moment: Moment) -> Page:
    """One note in full."""
    one = notes_shown(steps.view_of(visit), visit.context.looking)[visit.context.looking.row]
    lines = (f"{words.date(one.at.date())} {one.at.year}   {author_word(one.author)}",)
    body = Words(lines, (one.text,))
    return build(visit, moment, body, title=_("Notes"), back=True, right=closes(visit, moment))


def sessions(visit: Visit, moment: Moment) -> Page:
    """What was planned and what came of it; of the chosen one why it ended, and the pain before and after."""
    view, row = steps.view_of(visit), visit.context.looking.row

    def cells(one: SessionView) -> tuple[str, ...]:
        return (
            words.short_date(one.at.date()),
            words.clock(one.at),
            _programme(one.session.programme),
            _("{done} of {planned} min").format(
                done=one.session.seconds_done // 60, planned=one.session.planned_seconds // 60
            ),
            _state(one.session.state),
        )

    heads = (_("day"), _("time"), _("programme"), _("length"), _("end"))
    lines = (session_fact(view), *_level_facts(view.levels))
    body = _rows(lines, heads, view.sessions, row, cells)
    if view.sessions:
        body = replace(body, small=(_session_detail(view.sessions[row]), *body.small))
    choices = _moving(row, len(view.sessions))
    return build(visit, moment, body, choices, title=_("Sessions"), back=True, right=closes(visit, moment))


def _programme(id_: str) -> str:
    try:
        return content(load_programme(id_).name)
    except KeyError:
        return id_


def _state(state: str) -> str:
    return {
        "done": _("done"),
        "ended_early": _("ended early"),
        "interrupted": _("cut off"),
        "begun": _("not closed"),
    }[state]


def _session_detail(one: SessionView) -> str:
    parts = []
    if one.pain_before is not None and one.pain_after is not None:
        parts.append(
            _("Pain {before} before, {after} after.").format(before=one.pain_before, after=one.pain_after)
        )
    peaks = ", ".join(_peaks(one.session))
    if peaks:
        parts.append(_("Highest: {currents} mA.").format(currents=peaks))
    if one.session.stop_reason:
        parts.append(_("Ended by: {reason}.").format(reason=stop_word(one.session.stop_reason)))
    return " ".join(parts)


def _peaks(session: Session) -> Iterator[str]:
    """ "left 14.0": the highest current of each channel, by the side on which its pads lay."""
    try:
        sides = {lead.channel: lead.side for lead in load_montage(session.montage).leads}
    except KeyError:
        sides = {}
    for channel, current_mA in session.peak_mA.items():
        side = sides.get(int(channel))
        yield f"{side_word(side) if side else channel} {words.decimal(current_mA)}"


def notes(visit: Visit, moment: Moment) -> Page:
    """All notes of a year, or what was found in all of them; a long one is read in full on its own."""
    view, looking = steps.view_of(visit), visit.context.looking
    shown = notes_shown(view, looking)

    def cells(one: NoteView) -> tuple[str, ...]:
        return _day(one.at.date(), view.last_day), author_word(one.author), one.text

    line = _("Notes of a year")
    if looking.looked_for:
        line = _looked_for(looking) or ngettext(
            "{n} note with “{words}”", "{n} notes with “{words}”", len(shown)
        ).format(n=len(shown), words=looking.looked_for)
    heads = (_("day"), _("from"), _("note"))
    body = _rows((line, *_left_out(looking)), heads, shown, looking.row, cells)
    choices = (Choice(Key.ONE, _("Add a note")), Choice(Key.FOUR, _("Find words")))
    return _list(visit, moment, body, len(shown), choices, _("Notes"))
