"""From the first step away from home to the step back, nothing is sent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from kiosk.diary.outbox import Outbox
from kiosk.sync.presence import Presence

HOLDER = """
import sys, time
from pathlib import Path
from kiosk.sync.presence import Presence
presence = Presence(Path(sys.argv[1]))
presence.show(True)
print("there", flush=True)
time.sleep(60)
"""


def test_it_is_held_while_somebody_is_there(tmp_path: Path) -> None:
    outbox, presence = Outbox(tmp_path), Presence(tmp_path)
    assert not outbox.somebody_is_there()
    for _ in range(2):
        presence.show(True)
        presence.show(True)
        assert outbox.somebody_is_there()
        presence.show(False)
        assert not outbox.somebody_is_there()


def test_it_is_gone_with_a_kiosk_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as kiosk:
        assert kiosk.stdout is not None
        assert kiosk.stdout.readline() == "there\n"
        assert Outbox(tmp_path).somebody_is_there()
        os.kill(kiosk.pid, signal.SIGKILL)
    assert not Outbox(tmp_path).somebody_is_there()


def test_who_only_looks_never_keeps_the_kiosk_from_it(tmp_path: Path) -> None:
    """Even a sender that was frozen in the middle of looking."""
    outbox = Outbox(tmp_path)
    for _ in range(100):
        assert not outbox.somebody_is_there()
    presence = Presence(tmp_path)
    presence.show(True)
    assert outbox.somebody_is_there()


def test_a_folder_that_cannot_be_locked_holds_up_no_visit(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    Presence(tmp_path / "file").show(True)
