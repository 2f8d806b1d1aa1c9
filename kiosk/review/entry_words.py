"""One entry of the diary in words, as it is read in full and as words are looked for in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kiosk import words
from kiosk.diary.records import Entry
from kiosk.review.family import EntryView, NoteView, Written
from kiosk.words import _, content
from programs.diary_words import Pick, load_diary_words


def moment_word(moment: str) -> str:
    """When it was said: "before" a session, "daily" …"""
    return {
        "before": _("before"),
        "after": _("after"),
        "next_day": _("next day"),
        "daily": _("daily"),
    }[moment]


def yes_word(value: bool | None) -> str:
    """Of a question of yes and no; a dash where it was not asked."""
    return "–" if value is None else _("yes") if value else _("no")


def scale_words(entry: Entry) -> tuple[tuple[str, int | None], ...]:
    """(what is rated, how), in the order of the questions; None: not asked."""
    return (
        (_("pain at rest"), entry.pain_rest),
        (_("pain when moving"), entry.pain_moving),
        (_("soreness"), entry.soreness),
        (_("skin"), entry.skin),
        (_("sleep"), entry.sleep),
    )


def picked(entry: Entry) -> tuple[str, ...]:
    """What was chosen by a key: how much was done, then the notes. What this version does not know stays an
    id."""
    known = load_diary_words()
    activity = (_picked(entry.activity, known.activities),) if entry.activity else ()
    return (*activity, *(_picked(id_, known.phrases) for id_ in entry.phrases))


def _picked(id_: str, picks: tuple[Pick, ...]) -> str:
    return next((content(pick.text) for pick in picks if pick.id == id_), id_)


def author_word(author: str) -> str:
    """Who wrote a note."""
    return {"patient": _("Own note"), "family": _("Family"), "clinician": _("Clinician")}.get(author, author)


def mark_words(late: bool, corrected: bool, noted: bool, by_keys: bool = False) -> Iterator[str]:
    """What is to know of an entry besides its answers."""
    marks = ((late, _("late")), (corrected, _("corrected")), (noted, _("note")), (by_keys, _("picked")))
    return (word for is_so, word in marks if is_so)


# ── in full ─────────────────────────────────────────────────────────────────────────────────────


def in_full(one: EntryView, notes: Iterable[NoteView]) -> tuple[str, ...]:
    """All that was said, what it said before, and what was noted about it."""
    said = one.entry
    rest, moving, soreness, skin, sleep = (_scale(value) for _, value in scale_words(said))
    items = [
        _("Pain at rest: {rest}     Pain when moving: {moving}").format(rest=rest, moving=moving),
        _("Soreness: {soreness}     Skin: {skin}     Sleep: {sleep}     Pain medicine: {medicine}").format(
            soreness=soreness, skin=skin, sleep=sleep, medicine=yes_word(said.medicine)
        ),
    ]
    if chosen := picked(said):
        items.append(", ".join(chosen))
    if said.note:
        items.append(_("Own note: “{note}”").format(note=said.note))
    if one.entered_late:
        items.append(_("Entered on a later day."))
    items += [_was(earlier, said) for earlier in reversed(one.earlier)]
    items += [note_words(note) for note in notes]
    return tuple(items)


def note_words(note: NoteView) -> str:
    """Who, when, and the note."""
    return _("{who}, {day}: “{text}”").format(
        who=author_word(note.author), day=words.short_date(note.at.date()), text=note.text
    )


def _scale(value: int | None) -> str:
    return "–" if value is None else str(value)


def _was(earlier: Written, now: Entry) -> str:
    """What an answer said before it was corrected: it is kept."""
    was = [
        f"{name} {old}"
        for (name, old), (_name, new) in zip(scale_words(earlier.entry), scale_words(now), strict=True)
        if old is not None and old != new
    ]
    if earlier.entry.medicine is not None and earlier.entry.medicine != now.medicine:
        was.append(_("medicine {answer}").format(answer=yes_word(earlier.entry.medicine)))
    if earlier.entry.note and earlier.entry.note != now.note:
        was.append(_("note “{note}”").format(note=earlier.entry.note))
    when = f"{words.short_date(earlier.at.date())} {words.clock(earlier.at)}"
    return _("Corrected. On {when} it said: {was}.").format(when=when, was=", ".join(was))
