"""`homestim review`: the family's overview as text or JSON, beside a running kiosk."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import replace

from kiosk import today, words
from kiosk.clock import Clock
from kiosk.diary.outbox import place
from kiosk.diary.settings_file import load_settings
from kiosk.diary.store import must_be_whole, open_reader
from kiosk.errors import KioskError
from kiosk.plain import body_lines
from kiosk.review.alerts import AlertsNow, read_alerts
from kiosk.review.beside import with_what_lies_beside
from kiosk.review.family import FamilyView, Told, standing
from kiosk.review.reading import family_view
from kiosk.visit.pages import family_pages
from kiosk.visit.state import Context, Moment, Place, Setting, Visit


def review(data: Path, as_json: bool, clock: Clock, outbox: str = "") -> None:
    """`outbox` is the configured one; without it that of the data folder.

    Raises KioskError: there is no diary, a part of it cannot be read (the others are told first), or the
    family may not see it.
    """
    reader, now = open_reader(data, clock, in_parts=True), clock.now()
    found = today.read(reader, clock)
    view = family_view(reader, now)
    if reader.kind == "real" and not view.allowed:
        raise KioskError(
            "The person has not said that the family may see this. It is said at the box: Family."
        )
    view = with_what_lies_beside(view, data, place(outbox, data))
    view = _with_what_the_kiosk_will_tell(view, read_alerts(reader, found), clock)
    if as_json:
        click.echo(msgspec.json.encode(_document(view, data, reader.kind, reader.box_id)))
    else:
        _show(view, found, data, now)
    must_be_whole(view.unreadable)


def _show(view: FamilyView, found: today.Today, data: Path, now: dt.datetime) -> None:
    words.set_language(load_settings(data).language or "en")
    context = Context(Setting(), today=found, family=replace(view, allowed=True), damaged=view.unreadable)
    page = family_pages.family(Visit(Place("family"), context), Moment(now, 0.0))
    click.echo(page.header.left)
    for line in body_lines(page):
        if line:
            click.echo(line)


def _with_what_the_kiosk_will_tell(view: FamilyView, alerts: AlertsNow, clock: Clock) -> FamilyView:
    """What is journalled only when the kiosk reads its diary again is told here already."""
    new = tuple(
        Told(id="", at=clock.now(), level=one.level, rule=one.rule, since=one.since, records=one.records)
        for one in alerts.new
    )
    return replace(view, alerts=(*new, *view.alerts))


def _document(view: FamilyView, data: Path, kind: str, box_id: str) -> dict[str, Any]:
    told = standing(view.alerts)
    well = not (view.locks or view.unreadable or any(one.level != "info" for one in told))
    about = {"folder": str(data), "kind": kind, "box_id": box_id, "well": well}
    return {**about, **msgspec.to_builtins(view)}
