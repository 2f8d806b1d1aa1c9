"""Installing that is cut short anywhere: no power, no connection, no room. Nothing is lost, the box runs."""

from __future__ import annotations

import datetime as dt
import json
import os
import runpy
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import FixedClock
from kiosk.diary import folder
from kiosk.errors import KioskError
from tests.install.plain_box import HOME_DATA, SYSTEMD, Installed, PlainBox, in_root, needs_root, used_box

CLOCK = FixedClock(dt.datetime(2025, 11, 3, 9, tzinfo=dt.UTC))
CHANGES = ("rename", "replace", "symlink", "unlink", "mkdir", "rmdir", "chown")
"""What changes a file system, of `os`."""
CUT = """
import errno, os, runpy, signal, subprocess, sys
how, within, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
begins_at, _, ends_at = within.partition("..")
counts = False
def cutting(function):
    def cut(*arguments, **named):
        global begins_at, counts, left
        counts = counts or begins_at in str(arguments)
        if ends_at and ends_at in str(arguments):
            counts, begins_at = False, "nothing any more"
        left -= counts
        if how == "signals" and left <= 0:
            for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                os.kill(os.getpid(), one)
        elif how == "signal" and counts and left == 0:
            os.kill(os.getpid(), signal.SIGHUP)
        elif how == "power" and left == 0:
            os._exit(9)
        elif how == "full" and left <= 0 and function is not subprocess_run:
            raise OSError(errno.ENOSPC, "No space left on device")
        elif how == "mistake" and left == 0:
            raise ValueError
        return function(*arguments, **named)
    return cut
subprocess_run = subprocess.run
subprocess.run = cutting(subprocess.run)
for name in {changes}:
    setattr(os, name, cutting(getattr(os, name)))
sys.argv = ["/media/2.0/install"]
try:
    runpy.run_path("/media/2.0/install", run_name="__main__")
finally:
    print("left", left)
"""
"""Runs the installer of 2.0 and cuts it short at the n-th step since one had to do with the one text, before
one has to do with the other."""


def about_to_upgrade(root: Path) -> PlainBox:
    """2.0 brings the diary to a newer form."""
    box = used_box(root)
    box.behaves("2.0", folder_version=2)
    (box.root / "media/cut.py").write_text(CUT.replace("{changes}", repr(CHANGES)))
    return box


def cut_short(box: PlainBox, how: str, within: str, count: int) -> tuple[Installed, bool]:
    """How it ended, and whether it ended before that step. `within` is FROM, or FROM..TO."""
    done = box.run("/usr/bin/python3", "-I", "/media/cut.py", how, within, str(count))
    left = [int(line.split()[1]) for line in done.out.splitlines() if line.startswith("left ")]
    return done, bool(left) and left[0] > 0


def runs(box: PlainBox) -> bool:
    """Guard and kiosk were started since they were last stopped."""
    calls = box.calls
    stopped = max(count for count, call in enumerate(calls) if call.startswith("stop homestim"))
    return {"start homestim-guard.service", "start homestim-console.service"} <= set(calls[stopped:])


def throw_away(box: PlainBox) -> None:
    subprocess.run(["rm", "-rf", str(box.root)], check=True)


def lasting(box: PlainBox) -> dict[str, tuple[Any, ...]]:
    return {place: what for place, what in box.tree().items() if not place.startswith("run")}


@pytest.mark.parametrize(("within", "samples"), [("..kiosk.ops.take_over", (12,)), ("-trial", (4, 46))])
def test_cut_short_anywhere_the_next_run_ends_as_if_nothing_had_been(
    tmp_path: Path, soak: bool, within: str, samples: tuple[int, ...]
) -> None:
    """The plug is pulled at each step, while the new version is laid beside the old one and while it takes
    over; every time the old version or the new one is whole."""
    whole = about_to_upgrade(tmp_path / "whole")
    assert whole.install(of="2.0").code == 0
    wanted = lasting(whole)
    cuts = 0
    for count in range(1, 1000) if soak else samples:
        box = about_to_upgrade(tmp_path / f"cut-{count}")
        if within == "..kiosk.ops.take_over":
            shutil.rmtree(box.root / "opt/homestim/2.0")
        _, ended = cut_short(box, "power", within, count)
        if ended:
            break
        cuts += 1
        assert box.run("/opt/homestim/current/bin/homestim").code == 0
        done = box.install(of="2.0")
        assert done.code == 0, (count, done)
        assert lasting(box) == wanted, count
        throw_away(box)
    assert cuts
    print(f"{cuts} cuts")


def test_cut_short_while_it_is_undone_the_next_run_finds_the_diary(tmp_path: Path, soak: bool) -> None:
    """A version that is not well; the plug is pulled from the moment on at which the diary is put back."""
    cuts = 0
    for count in range(1, 1000) if soak else (6,):
        box = about_to_upgrade(tmp_path / f"cut-{count}")
        (box.root / "run/unwell").write_text("2.0")
        _, ended = cut_short(box, "power", "-put-back", count)
        if ended:
            break
        cuts += 1
        a_kiosk_starts(box.root / HOME_DATA)
        (box.root / "run/unwell").unlink()
        done = box.install(of="2.0")
        assert done.code == 0, (count, done)
        assert (box.root / HOME_DATA / "diary").read_text() == "entry\n", count
        names = {path.name for path in (box.root / "var/lib").iterdir()}
        assert names == {"homestim", "homestim-guard", "homestim-outbox"}, count
        throw_away(box)
    assert cuts
    print(f"{cuts} cuts")


def test_a_connection_that_breaks_after_the_stop_leaves_no_box_stopped(tmp_path: Path) -> None:
    """Every signal that such an end can send, at every step since the kiosk was told to stop."""
    box = about_to_upgrade(tmp_path / "box")
    done, _ = cut_short(box, "signals", "'stop'", 1)
    assert done.code == 0, done
    assert "homestim 2.0 is installed" in done.out
    assert runs(box)


def test_interrupted_before_the_stop_nothing_has_changed(tmp_path: Path) -> None:
    box = about_to_upgrade(tmp_path / "box")
    before = lasting(box)
    done, _ = cut_short(box, "signal", "kiosk.ops.take_over", 1)
    assert done.code == 1
    assert done.error == "install: It was broken off before anything that is in use was changed.\n"
    assert box.calls == []
    assert lasting(box) == before, "not even a copy of the diary is left"


@pytest.mark.parametrize("how", ["full", "mistake"])
def test_whatever_goes_wrong_after_the_stop_the_box_runs_again(tmp_path: Path, soak: bool, how: str) -> None:
    """A full disk from some step on; a mistake of the program's own at one."""
    tried = 0
    for count in range(1, 1000) if soak else (4 if how == "full" else 1,):
        box = about_to_upgrade(tmp_path / f"wrong-{count}")
        done, ended = cut_short(box, how, "'stop'", count)
        if ended:
            break
        tried += 1
        assert runs(box), (count, done)
        box.behaves("2.0", folder_version=2)
        again = box.install(of="2.0")
        assert again.code == 0, (count, again)
        assert (box.root / HOME_DATA / "diary").read_text() == "entry\n", count
        throw_away(box)
    assert tried
    print(f"{tried} steps")


def test_a_diary_on_a_partition_of_its_own_is_put_back_too(tmp_path: Path) -> None:
    """Its folder cannot be renamed then, and what lies beside it is on another disk."""
    box = about_to_upgrade(tmp_path / "box")
    (box.root / "run/unwell").write_text("2.0")
    data = box.root / HOME_DATA
    before = lasting(box)
    mounted = ["unshare", "--mount", "/bin/sh", "-c", 'mount --bind "$0" "$0" && exec "$@"', str(data)]
    inside = in_root(box.root, "/media/2.0/install")
    done = subprocess.run([*mounted, *inside], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "The box is back on 1.0 and runs; nothing is lost." in done.stderr
    assert runs(box)
    after = lasting(box)
    assert {place: after[place] for place in after if place.startswith("var/lib")} == {
        place: before[place] for place in before if place.startswith("var/lib")
    }


OLD, NEW = json.dumps({"version": 1}), json.dumps({"version": 2})


def test_no_step_of_putting_a_diary_back_is_one_at_which_a_cut_loses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_root()
    script = runpy.run_path(str(SYSTEMD / "install"))
    cuts = 0
    for count in range(1, 1000):
        root = tmp_path / str(count)
        data, kept = root / "var/lib/homestim", root / "var/lib/homestim-before-upgrade-put-back"
        for place, form in ((data, NEW), (kept, OLD)):
            (place / "journal").mkdir(parents=True)
            (place / "journal/2025-01").write_text(form + "entry")
            (place / "meta.json").write_text(form)
        (data / "lost+found").mkdir(mode=0o700)  # a partition of its own
        box = script["Box"](root, dry_run=False)
        with monkeypatch.context() as cutting:
            left = iter(range(count - 1, -2, -1))
            for name in (*CHANGES, "fsync"):
                cutting.setattr(os, name, _cutting(getattr(os, name), left))
            try:
                script["exchange"](box)
                break
            except _CutError:
                cuts += 1
        a_kiosk_starts(data)
        form = data / "meta.json"
        assert not form.exists() or (data / "journal/2025-01").read_text() == form.read_text() + "entry", (
            count
        )
        script["recover"](box)
        assert (data / "journal/2025-01").read_text() == form.read_text() + "entry", count
        assert {path.name for path in data.iterdir()} - {"lock"} == {
            "journal",
            "lost+found",
            "meta.json",
        }, count
        assert [path.name for path in data.parent.iterdir()] == ["homestim"], count
    assert cuts > 10


class _CutError(BaseException):
    """The power went."""


def _cutting(function: Callable[..., Any], left: Any) -> Callable[..., Any]:
    def cut(*arguments: Any, **named: Any) -> Any:
        if next(left) == 0:
            raise _CutError
        return function(*arguments, **named)

    return cut


def a_kiosk_starts(data: Path) -> None:
    """As the box's next start would begin a diary where there is none."""
    data.mkdir(exist_ok=True)
    with suppress(KioskError):
        _, lock = folder.claim(data, "real", CLOCK)
        lock.release()
