"""`homestim check`, `backup` and `restore`: what they print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from kiosk.clock import Clock, SystemClock
from kiosk.diary import folder
from kiosk.diary.check import SENTENCE, Report, examine
from kiosk.diary.records import Lock
from kiosk.diary.settings_file import SETTINGS
from kiosk.diary.store import open_reader
from kiosk.errors import KioskError


def check(data: Path, as_json: bool) -> None:
    """Raises KioskError when the diary is not whole."""
    meta = folder.read_meta(data)
    folder.must_have_journal(data)
    try:
        report = examine(data)
    except OSError as error:
        raise folder.cannot_use(data, error) from error
    restores = _restores(data)
    if as_json:
        found = {"folder": str(data), "kind": meta.kind, "box_id": meta.box_id}
        came_back = [{"copy_of": one.copy_of, "lost": one.lost} for one in restores]
        click.echo(msgspec.json.encode(found | msgspec.to_builtins(report) | {"restores": came_back}))
    elif meta.version < folder.FOLDER_VERSION:
        click.echo(f"{data} was written by an older homestim, before there was a chain.")
    else:
        _tell(report)
        for one in restores:
            click.echo(_what_came_back(one))
    if not report.whole:
        raise KioskError(SENTENCE.format(months=report.damaged_months))


def _restores(data: Path) -> list[Lock]:
    """Of all restores of this diary, as far as it can be read: what they said is missing."""
    locks = open_reader(data, SystemClock(), in_parts=True).facts("locks")
    return [one.record for one in locks if isinstance(one.record, Lock) and one.record.copy_of is not None]


def _what_came_back(lock: Lock) -> str:
    assert lock.copy_of is not None
    months = f" Lost: the diary of {', '.join(lock.lost)}." if lock.lost else ""
    taken = _minute(lock.copy_of.isoformat())
    return f"Restored from a copy of {taken}: what was entered later is not in it.{months}"


def _tell(report: Report) -> None:
    for file in report.files:
        if file.state != "whole":
            place = f"{file.month}, generation {file.generation}" if file.generation else file.month
            click.echo(f"{place}: {file.state}, {file.detail}.")
    if report.whole:
        months = "1 month" if report.months == 1 else f"{report.months} months"
        click.echo(f"The diary is whole: {report.count} lines in {months}.")
        click.echo(f"Head: {report.head}")
    if report.quarantined:
        click.echo(f"{report.quarantined} pieces were put aside after a power cut or damage.")


def back_up(data: Path, to: Path, passphrase: bytes, clock: Clock) -> None:
    """Raises KioskError; also when the diary that was saved is damaged."""
    from kiosk.ops import backup

    done = backup.back_up(data, to, passphrase, clock)
    click.echo(
        f"Saved and read back: {len(done.index.files)} files, {done.written} of them new, in {done.place}."
    )
    if not done.index.whole:
        raise KioskError("The diary that was saved is damaged: `homestim check` says where.")


def restore(directory: Path, into: Path, passphrase: bytes, clock: Clock) -> None:
    """Raises KioskError; also when what was restored is not all that was saved last."""
    from kiosk.ops import backup

    restored = backup.restore(directory, into, passphrase, clock)
    taken = _minute(restored.index.taken)
    if restored.passed_over:
        click.echo(
            f"Damaged, and passed over: newer backups, {len(restored.passed_over)}. This is an older one."
        )
        for newer in restored.passed_over:
            click.echo(f"  {_minute(newer.taken)}: {_wrong_with(newer.lost)}")
    if restored.lost:
        click.echo("Not all of it can be read any more. This is what is left of that backup.")
    click.echo(f"Restored into {into}: the diary as it was on {taken}.")
    if not restored.index.whole:
        click.echo(
            "It was damaged when it was saved, and no backup is older: `homestim check` says where, and "
            "therapy cannot begin with it."
        )
    if restored.locked:
        click.echo("Nobody may look, and nothing is sent, until the person says yes anew.")
    then = "Therapy is locked: what happened since is not known. The clinician opens it."
    if not restored.locked or (restored.lost and not restored.whole):
        then = "Therapy cannot begin with it; the rest can be read and taken along."
    missing = []
    if restored.passed_over:
        missing.append(f"what was entered after {taken}")
    if restored.lost:
        missing.append(_in_words(restored.lost))
    if missing:
        raise KioskError(f"Not all was restored into {into}. Missing: {', '.join(missing)}. {then}")
    if not restored.locked:
        raise KioskError(f"Nothing can be written in {into}, no lock either. {then}")
    click.echo(then)


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def _wrong_with(lost: Sequence[str] | None) -> str:
    """What keeps a backup from being the one that is restored."""
    if lost is None:
        return "it cannot be read."
    from kiosk.ops.backup import has_gaps

    return f"missing: {_in_words(lost)}." if has_gaps(lost) else "its diary is damaged."


def _in_words(paths: Sequence[str]) -> str:
    """Files of a data folder, for whoever has to know what is not in it."""
    named = {folder.META: "the folder's own description (made anew)", SETTINGS: "the settings and PINs"}
    told = []
    for path in paths:
        top, _slash, rest = path.partition("/")
        month = rest.partition("/")[0]
        told.append(f"the diary of {month}" if top == folder.JOURNAL else named.get(path, path))
    return ", ".join(dict.fromkeys(told))
