"""`homestim rehearse`: what it says, what it writes, and what it refuses."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from kiosk import cli
from kiosk.clock import FixedClock
from kiosk.diary.folder import read_meta
from kiosk.diary.history import course_history
from kiosk.diary.records import TABLES, Session
from kiosk.diary.store import open_reader
from kiosk.export.facts import read_facts
from kiosk.rehearsal import command
from kiosk.rehearsal.life import ChannelToday, Event
from kiosk.rehearsal.report import Tally
from kiosk.review.alerts import read_alerts
from kiosk.today import read
from programs import progression
from programs.history import DayScore
from programs.text import Reason
from tests.kiosk.rehearsal.folders import ENDS, rehearsed, rehearsed_course


def test_it_says_what_each_session_would_do_and_that_it_predicts_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["rehearse", "--weeks", "4"]) == 0
    said = capsys.readouterr().out
    assert said.count("It predicts no person") == 2
    assert "Gentle muscle learning, 25 min; channel 1" in said
    assert "The first 3 sessions are short. This is number 1." in said
    assert "Your muscles rest until" in said
    assert "No rule of dose, rest or lock was broken." in said


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rehearse", "--weeks", "3", "--json", "--plan", "older-stiff"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "predicts no person" in document["note"]
    assert document["plan"] == "older-stiff"
    sessions = [event for event in document["events"] if event["what"] == "session"]
    assert len(sessions) == document["summary"]["sessions"] > 5
    assert all(channel["limit_mA"] >= 0.5 for session in sessions for channel in session["channels"])
    reasons = [reason for event in document["events"] for reason in event["reasons"]]
    assert all(reason["words"] and not reason["words"].startswith("Rule ") for reason in reasons)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--plan", "marathon"], "There is no plan 'marathon'. There are: after-"),
        (["--weeks", "0"], "--weeks is 0; expected 1 to 2600."),
        (["--weeks", "many"], "is not a valid integer"),
    ],
)
def test_what_cannot_be_played_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["rehearse", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_it_writes_into_a_new_folder_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert cli.main(["rehearse", "--weeks", "1", "--data", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    folder = tmp_path / "new"
    assert cli.main(["rehearse", "--weeks", "1", "--data", str(folder)]) == 0
    assert cli.main(["rehearse", "--weeks", "1", "--data", str(folder)]) == 2, "not twice into the same"


def test_a_broken_rule_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progression, "FIRST_SESSIONS", 0)
    assert cli.main(["rehearse", "--weeks", "4"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("homestim: The rehearsal broke a rule: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("there", [False, True], ids=["a new folder", "an empty one"])
def test_a_rehearsal_that_fails_leaves_a_place_that_the_next_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    folder = tmp_path / "above/history"
    if there:
        folder.mkdir(parents=True)
    with monkeypatch.context() as broken:
        broken.setattr(progression, "FIRST_SESSIONS", 0)
        assert cli.main(["rehearse", "--weeks", "4", "--data", str(folder)]) == 1
    assert list(tmp_path.rglob("*")) == ([folder.parent, folder] if there else [])
    assert cli.main(["rehearse", "--weeks", "1", "--data", str(folder)]) == 0


@pytest.mark.parametrize("room", ["size=4k", "size=200k", "nr_inodes=3", "nr_inodes=4", "nr_inodes=5"])
def test_on_a_full_disk_it_takes_back_what_it_began_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], room: str
) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", f"{room},mode=0700", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        (tmp_path / "mine").touch()
        assert cli.main(["rehearse", "--weeks", "9", "--data", str(tmp_path / "history")]) == 1
        assert "the disk is full" in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_the_summary_counts_in_an_order_that_no_run_changes() -> None:
    rules = [f"rule_{letter}" for letter in "hgfedcba"]
    tally = Tally()
    channels = tuple(
        ChannelToday(channel=n, limit_mA=1.0, set_by=Reason(rule), comfortable_mA=None)
        for n, rule in enumerate(rules, 1)
    )
    tally.count([Event(ENDS, "session", tuple(map(Reason, rules)), channels=channels)])
    assert list(tally.rules) == [*sorted(rules), *(f"limit: {rule}" for rule in sorted(rules))]


# ── the history that it writes ──────────────────────────────────────────────────────────────────


def test_the_folder_is_of_kind_rehearsal_and_every_record_says_so() -> None:
    folder = rehearsed(26)
    reader = open_reader(folder, FixedClock(ENDS))
    assert read_meta(folder).kind == "rehearsal"
    for kind in ("entries", "screenings", "sessions", "levels", "prescriptions", "pads", "forms"):
        facts = reader.facts(kind)
        assert facts, kind
        assert {fact.envelope.folder for fact in facts} == {"rehearsal"}
        assert {fact.envelope.device_id for fact in facts} == {"SIM-REHEARSAL"}
        times = [fact.envelope.entry_time for fact in facts]
        assert times == sorted(times)
        assert times[-1] < ENDS


def test_the_kiosk_reads_the_history_and_goes_on_from_it() -> None:
    clock = FixedClock(ENDS.replace(hour=9))
    today = read(open_reader(rehearsed(26), clock), clock)
    assert today.folder == "rehearsal"
    assert today.prescription_state == "in_force"
    assert today.sessions_done > 15
    assert today.interrupted is None


@pytest.mark.parametrize(("plan", "seed", "weeks"), [("deconditioned", 1, 26), ("muscle-tension", 4, 14)])
def test_the_rolling_summary_is_the_one_that_the_whole_diary_gives(
    plan: str, seed: int, weeks: int, soak: bool
) -> None:
    folder, course = rehearsed_course(60 if soak else weeks, plan, seed)
    folded = course_history(open_reader(folder, FixedClock(ENDS)))
    rolling = course.summary.history
    for field in rolling.__struct_fields__:
        ours, theirs = getattr(rolling, field), getattr(folded, field)
        if field in ("skin", "soreness"):
            # An old answer whose lock was opened since is kept by one and forgotten by the other.
            ours, theirs = ours[-30:], tuple(DayScore(one.day, one.value) for one in theirs[-30:])
        if field == "recent":  # a clock that is always right, and no session over midnight
            theirs = tuple(msgspec.structs.replace(one, began_at=None) for one in theirs)
        assert ours == theirs, field


IN_MEMORY = """
import sys
from kiosk import cli
code = cli.main(sys.argv[1:])
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["VmHWM"].split()[0], file=sys.stderr)
sys.exit(code)
"""
"""`homestim`, with the highest resident memory in kB at its end."""


@pytest.mark.timeout(600)
def test_the_history_is_written_without_standing_in_memory(tmp_path: Path, soak: bool) -> None:
    """On the last evening it is read, the last 13 months of it in full: up to then some 0.14 MB a week."""
    peaks_MB, played = [], (104, 312) if soak else (1, 9)
    for weeks in played:
        command = ["rehearse", "--weeks", str(weeks), "--json", "--data", str(tmp_path / f"{weeks}")]
        done = subprocess.run(
            [sys.executable, "-c", IN_MEMORY, *command], capture_output=True, text=True, check=True
        )
        peaks_MB.append(int(done.stderr) / 1024)
    print(f"peaks {peaks_MB} MB")
    assert peaks_MB[1] < 60
    assert peaks_MB[1] < peaks_MB[0] + (4 if soak else 6)


def test_ten_years_would_be_some_fifty_thousand_records() -> None:
    reader = open_reader(rehearsed(26), FixedClock(ENDS))
    a_week = sum(len(reader.facts(kind)) for kind in TABLES) / 26
    assert 40_000 < a_week * 520 < 65_000


def test_the_family_has_seen_to_all_but_the_newest_alerts() -> None:
    reader, clock = open_reader(rehearsed(26), FixedClock(ENDS)), FixedClock(ENDS.replace(hour=9))
    alerts = read_alerts(reader, read(reader, clock))
    assert alerts.told
    assert any(one.done_at is not None for one in alerts.told)
    for one in alerts.standing:
        assert ENDS.date() - one.since < dt.timedelta(days=8), one
    assert len(alerts.standing) + len(alerts.new) <= 3


def test_the_pain_was_rated_before_and_after_sessions() -> None:
    facts = read_facts(open_reader(rehearsed(26), FixedClock(ENDS)), None, None)
    assert facts.before_after is not None
    # The median of whole points, of which a session eases less than one.
    assert -2 < facts.before_after <= 0


def test_every_session_ends_as_the_kiosk_ends_it() -> None:
    reader = open_reader(rehearsed(26), FixedClock(ENDS))
    for versions in reader.versions("sessions"):
        begun, last = versions[0].record, versions[-1].record
        assert isinstance(begun, Session)
        assert isinstance(last, Session)
        assert begun.state == "begun", "it stands in the diary before anything is armed"
        assert last.state in ("done", "ended_early", "interrupted")


def test_the_last_day_is_before_today() -> None:
    lines: list[str] = []
    command.rehearse("deconditioned", 1, 1, None, False, FixedClock(ENDS.replace(day=5)), lines.append)
    assert "2026-10-26" in "".join(lines)
    assert "2026-11-02" not in "".join(lines)


def test_it_says_when_a_limit_lies_below_what_is_felt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progression, "WITHOUT_HISTORY_MA", 2.0)
    assert cli.main(["rehearse", "--weeks", "2"]) == 0
    said = capsys.readouterr().out
    assert "nothing felt at the limit; done after" in said
    assert "a limit lay below what this person feels: she took it as it was." in said
