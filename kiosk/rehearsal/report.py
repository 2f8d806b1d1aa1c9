"""What a rehearsal says: a line for each thing that happened, in the kiosk's own words, and the course in
short. Or one JSON document.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from kiosk.rehearsal.course import Course
from kiosk.rehearsal.life import ChannelToday, Event
from kiosk.wording.reasons import limit_set_by, sentence
from programs import library
from programs.text import Reason

DISCLAIMER: Final = (
    "This plays the rules of the kiosk with an invented patient. It predicts no person and treats nobody."
)
SAID: Final[dict[str, str]] = {
    "no_session": "no session.",
    "baseline": "all questions are asked.",
    "locked": "locked: {lock}.",
    "opened": "the clinician opens the lock {lock}.",
    "prescribed": "the clinician's prescription is installed.",
}
STOPPED: Final = {
    "enough": "stopped: enough",
    "pad_loose": "stopped: a loose pad",
    "sting": "stopped: it stung",
    "mistake": "stopped by a wrong key",
    "burning": "stopped: burning",
    "faint": "stopped: faint",
    "still_ok": "stopped: nobody answered",
    "nothing_felt": "stopped: nothing felt",
    "where_mismatch": "stopped: felt elsewhere",
    "finding_too_long": "stopped: finding took too long",
    "find_over": "stopped: finding took too long",
    "restart": "cut off by the power",
}


class Tally:
    """The course in short, gathered on the way: it does not grow with the weeks."""

    def __init__(self) -> None:
        self.days = self.sessions = self.whole = self.days_without = self.absent = 0
        self.unfelt = 0
        self.rules: Counter[str] = Counter()
        self.stops: Counter[str] = Counter()
        self.locks: Counter[str] = Counter()
        self.by_programme: Counter[str] = Counter()
        self.first: dict[tuple[str, int], tuple[dt.date, float]] = {}
        self.last: dict[tuple[str, int], tuple[dt.date, float]] = {}
        self.highest: dict[tuple[str, int], float] = {}

    def count(self, day: Iterable[Event]) -> None:
        """One day of the course."""
        self.days += 1
        events = list(day)
        self.absent += not events
        self.days_without += bool(events) and not any(event.what == "session" for event in events)
        for event in events:
            for rule in sorted({reason.rule for reason in event.reasons}):
                self.rules[rule] += 1
            if event.what == "locked":
                self.locks[event.lock.partition(" ")[0]] += 1
            if event.what == "session":
                self._count_session(event)

    def _count_session(self, event: Event) -> None:
        self.sessions += 1
        self.whole += event.state == "done"
        self.unfelt += event.unfelt
        self.by_programme[event.programme] += 1
        if event.state != "done":
            self.stops[event.stop_reason or "?"] += 1
        for set_by in sorted({channel.set_by.rule for channel in event.channels}):
            self.rules[f"limit: {set_by}"] += 1
        for channel in event.channels:
            if channel.comfortable_mA is None:
                continue
            key, level = (event.programme, channel.channel), (event.at.date(), channel.comfortable_mA)
            self.first.setdefault(key, level)
            self.last[key] = level
            self.highest[key] = max(self.highest.get(key, 0.0), channel.comfortable_mA)


# ── in words ────────────────────────────────────────────────────────────────────────────────────


def head(course: Course, seed: int, weeks: int) -> list[str]:
    """What is played."""
    return [
        DISCLAIMER,
        f"Plan: {course.course.name.en} ({course.course.id}). Weeks: {weeks}. Seed: {seed}.",
        "",
    ]


def line(event: Event) -> str:
    """One line, with every rule that fired."""
    said = _session(event) if event.what == "session" else SAID[event.what].format(lock=event.lock)
    return " ".join([f"{event.at:%a %Y-%m-%d %H:%M}", said, *(sentence(reason) for reason in event.reasons)])


def _session(event: Event) -> str:
    name = library.load_programme(event.programme).name.en
    channels = ", ".join(map(_channel, event.channels))
    end = "done" if event.state == "done" else STOPPED.get(event.stop_reason or "", "ended by a fault")
    end = f"nothing felt at the limit; {end}" if event.unfelt else end
    return f"{name}, {event.minutes} min; {channels}; {end} after {_minutes(event.seconds_done)}."


def _channel(channel: ChannelToday) -> str:
    level = "not found" if channel.comfortable_mA is None else f"{channel.comfortable_mA:.1f} mA"
    set_by = limit_set_by(channel.set_by, "the prescription") or channel.set_by.rule
    return f"channel {channel.channel} {level} (limit {channel.limit_mA:.1f}, {set_by})"


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def in_short(tally: Tally) -> list[str]:
    """The course, for people."""
    lines = [
        "",
        f"{tally.days} days: {tally.sessions} sessions, {tally.whole} of them whole; "
        f"on {tally.days_without} days the kiosk had none, on {tally.absent} nobody came.",
    ]
    for (programme, channel), (day, first_mA) in sorted(tally.first.items()):
        last_day, last_mA = tally.last[programme, channel]
        lines.append(
            f"{library.load_programme(programme).name.en}, channel {channel}: {first_mA:.1f} mA on {day}, "
            f"{last_mA:.1f} mA on {last_day}, at most {tally.highest[programme, channel]:.1f} mA."
        )
    if tally.unfelt:
        lines.append(
            f"In {tally.unfelt} sessions a limit lay below what this person feels: she took it as it was."
        )
    for what, counter in (("Stopped", tally.stops), ("Locks", tally.locks), ("Rules", tally.rules)):
        if counter:
            counts = ", ".join(f"{name} {count}" for name, count in counter.most_common())
            lines.append(f"{what}: {counts}.")
    return [*lines, "No rule of dose, rest or lock was broken.", DISCLAIMER]


# ── as JSON ─────────────────────────────────────────────────────────────────────────────────────


def write_json(
    course: Course,
    seed: int,
    weeks: int,
    days: Iterable[list[Event]],
    tally: Tally,
    out: Callable[[str], None],
) -> None:
    """One document, written as it grows: a long course does not stand in memory."""
    first = {"note": DISCLAIMER, "plan": course.course.id, "seed": seed, "weeks": weeks}
    out(_json(first)[:-1] + ',"events":[')
    separator = ""
    for day in days:
        tally.count(day)
        for event in day:
            out(f"{separator}\n{_json(_plain(event))}")
            separator = ","
    out(f'],\n"summary":{_json(_summary(tally))}}}\n')


def _plain(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "at": event.at,
        "what": event.what,
        "reasons": [_reason(r) for r in event.reasons],
    }
    if event.what == "session":
        fields |= {
            "programme": event.programme,
            "kind": event.kind,
            "minutes": event.minutes,
            "channels": [
                {
                    "channel": channel.channel,
                    "limit_mA": channel.limit_mA,
                    "set_by": channel.set_by.rule,
                    "comfortable_mA": channel.comfortable_mA,
                }
                for channel in event.channels
            ],
            "state": event.state,
            "seconds_done": event.seconds_done,
            "stop_reason": event.stop_reason,
            "unfelt": event.unfelt,
        }
    if event.lock:
        fields["lock"] = event.lock
    return fields


def _reason(reason: Reason) -> dict[str, Any]:
    return {"rule": reason.rule, "parameters": dict(reason.parameters), "words": sentence(reason)}


def _summary(tally: Tally) -> dict[str, Any]:
    return {
        "days": tally.days,
        "sessions": tally.sessions,
        "whole_sessions": tally.whole,
        "days_without_session": tally.days_without,
        "days_absent": tally.absent,
        "unfelt_sessions": tally.unfelt,
        "rules": dict(tally.rules),
        "stops": dict(tally.stops),
        "locks": dict(tally.locks),
        "levels": [
            {
                "programme": programme,
                "channel": channel,
                "first_mA": first_mA,
                "last_mA": tally.last[programme, channel][1],
                "highest_mA": tally.highest[programme, channel],
            }
            for (programme, channel), (_, first_mA) in sorted(tally.first.items())
        ],
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
