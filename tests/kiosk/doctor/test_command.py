"""`homestim doctor` as it is typed: alone in its process, whatever is broken, and with nothing to hide."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.diary.records import Entry, Note
from kiosk.diary.settings_file import Reminders, Settings, save_settings
from kiosk.diary.store import open_store
from kiosk.doctor import bundle, command, words
from kiosk.doctor.box import read_box
from kiosk.doctor.checks import program
from kiosk.doctor.finding import Finding, ok
from kiosk.doctor.machine import Machine, Ran
from kiosk.doctor.report import examine, lines
from kiosk.logfile import log_to
from tests.kiosk.doctor.boxes import SETTINGS, WITH_PIN, Planted

ROOT = Path(__file__).parents[3]


def doctor(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", "doctor", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The house once more, to be broken."""
    for package in ("kiosk", "drivers", "programs"):
        shutil.copytree(
            ROOT / package, tmp_path / "house" / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path / "house"


def test_the_doctor_itself_loads_nothing_but_python_and_small_modules(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "kiosk", "doctor", "--json", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    modules = set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))
    assert "kiosk.doctor.command" in modules
    foreign = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    of_the_interpreter = {name for name in foreign if name.startswith("_")} | {"org", "sitecustomize"}
    assert foreign - of_the_interpreter <= {"kiosk", "drivers"}
    heavy = [name for name in modules if name.startswith(("kiosk.visit", "kiosk.session", "kiosk.screens"))]
    assert heavy == []
    assert {"kiosk.cli", "kiosk.words", "kiosk.diary.store"} & modules == set()


def test_it_says_what_keeps_the_kiosk_from_starting(copy: Path, tmp_path: Path) -> None:
    (copy / "kiosk" / "app.py").write_text("def broken(:\n")
    done = doctor("--json", "--data", tmp_path / "data", cwd=copy)
    assert done.returncode == 1, done.stderr
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["program"]["state"] == "fix"
    assert "SyntaxError" in found["program"]["found"]
    assert found["disk-space"]["state"] == "ok", "one broken thing does not hide the others"


def test_it_works_where_not_even_the_command_line_can_be_loaded(copy: Path, tmp_path: Path) -> None:
    (copy / "click.py").write_text("raise ImportError('no click here')\n")
    done = doctor("--data", tmp_path / "data", cwd=copy)
    assert done.returncode == 1
    assert "no click here" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    other = subprocess.run(
        [sys.executable, "-m", "kiosk", "--help"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert other.returncode == 1
    assert other.stderr == "homestim: It cannot start: no click here. What is wrong says: homestim doctor\n"


def test_a_check_that_breaks_hides_no_other(tmp_path: Path) -> None:
    def breaks(_box: object) -> Finding:
        raise RuntimeError("of its own")

    box = Planted(tmp_path).box
    first, second = examine(box, [("one", breaks), ("two", lambda _box: ok("two", "fine"))])
    assert (first.check, first.state) == ("one", "fix")
    assert "RuntimeError" in first.found
    assert "of its own" not in first.found, "what an error quotes is nobody's to read"
    assert second.state == "ok"


def test_the_report_is_plain_lines_and_its_end_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = Planted(tmp_path)
    assert command.main(["--lang", "en"], planted.machine) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "The box is well; 0 to look at."
    planted.remove("/dev/ttyACM0")
    assert command.main(["--lang", "en"], planted.machine) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "The box is not well: 1 to mend, 0 to look at."
    assert next(line for line in said if line.startswith("FIX")).split()[1] == "port"
    assert command.main([], planted.machine) == 1
    assert "Die Box" in capsys.readouterr().out, "without --lang it speaks the box's language"


@pytest.mark.parametrize("config", ['lang = "en"', ""])
def test_it_speaks_the_language_that_was_chosen_at_the_box(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: str
) -> None:
    """Also where nobody wrote one into the configuration, or another one."""
    planted = Planted(tmp_path)
    planted.replace("/etc/homestim/kiosk.toml", 'lang = "de"', config)
    planted.file(SETTINGS, f'language = "de"\n{WITH_PIN}')
    command.main([], planted.machine)
    assert "Die Box ist in Ordnung" in capsys.readouterr().out
    command.main(["--lang", "en"], planted.machine)
    assert "The box is well" in capsys.readouterr().out
    for damaged in ("language = 4\n", "language = [", 'language = "xx"\n'):
        planted.file(SETTINGS, damaged)
        command.main([], planted.machine)
        assert "The box is" in capsys.readouterr().out


def test_the_diary_is_really_checked(tmp_path: Path) -> None:
    with open_store(tmp_path / "data", "simulated", SystemClock()) as store:
        for pain in (3, 4, 5):
            asyncio.run(store.add(Entry(moment="daily", pain_rest=pain)))
    box = read_box(Machine(), str(tmp_path / "none.toml"), str(tmp_path / "data"))
    assert program.diary(box) == ok("diary", "The diary is whole: 4 lines in 1 month.")
    (journal,) = (tmp_path / "data" / "journal").glob("*/*.jsonl")
    content = bytearray(journal.read_bytes())
    at = content.index(b"pain_rest")
    content[at] ^= 1
    journal.write_bytes(content)
    assert program.diary(box).state == "look", "one bit is put right by its copy, and the disk is failing"
    journal.with_suffix(".copy").write_bytes(b"")
    content[at : at + 100] = b"x" * 100
    journal.write_bytes(content)
    assert program.diary(box).state == "fix"


def test_folders_and_files_may_be_named_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    open_store(tmp_path / "data", "simulated", SystemClock()).close()
    (tmp_path / "bad.toml").write_text('[kiosk]\ncountry = "Germany"\n')
    monkeypatch.chdir(tmp_path)
    command.main(["--data", "data", "--config", "bad.toml"], Machine(which=lambda _: None))
    said = capsys.readouterr().out
    assert "The diary is whole" in said
    assert "kiosk.country" in said


def test_the_configuration_is_judged_by_the_kiosk_itself(tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text('[kiosk]\ncountry = "Germany"\n')
    found = program.configuration(read_box(Machine(), str(config), str(tmp_path)))
    assert found.state == "fix"
    assert "kiosk.country" in found.found
    config.write_text('[kiosk]\ncountry = "DE"\n')
    assert program.configuration(read_box(Machine(), str(config), str(tmp_path))).state == "ok"


NAME, NOTE = "Zacharias Quellenmüller", "the stairs at Brunnenstraße"
PAIN = 7


def test_the_bundle_holds_nothing_of_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name, a note and a pain value are planted in diary, settings, configuration, log and file names."""
    planted = Planted(tmp_path / "root")
    data = tmp_path / "root" / "var" / "lib" / "homestim"
    for name in ("meta.json", "settings.toml"):
        (data / name).unlink()
    with open_store(data, "real", SystemClock()) as store:
        asyncio.run(store.add(Entry(moment="daily", pain_rest=PAIN)))
        asyncio.run(store.add(Note(text=f"{NAME}: {NOTE}", author="family")))
    save_settings(data, Settings(language="de", reminders=Reminders(hours=(7,))))
    planted.replace(
        "/etc/homestim/kiosk.toml", "[kiosk]", f'[people]\nname = "{NAME}"\n[kiosk]\nforms = "{NOTE}"'
    )
    outbox = "/var/lib/homestim-outbox"
    planted.file(f"{outbox}/consent.json", "{}")
    refused = {"refused": [{"resource": "Observation/1", "status": 422, "words": f"{NAME}: pain is {PAIN}"}]}
    planted.file(f"{outbox}/refused/00000001.json", json.dumps(refused))
    planted.configuration = Ran(1, f"kiosk.toml, kiosk.country: found '{NAME}'")
    planted.chain = Ran(1, "", f"{NOTE} is damaged")
    log_to(data)
    try:
        log = logging.getLogger("kiosk.test")
        log.warning("it was written of %s", NAME)
        try:
            raise ValueError(f"{NOTE}\nValueError: {NAME}\nand pain_rest={PAIN}{PAIN}")
        except ValueError:
            log.exception("%s says:\n%s", NAME, NOTE)
    finally:
        log_to(tmp_path / "elsewhere")
    file = tmp_path / "bundle.zip"
    assert command.main(["--bundle", str(file)], planted.machine) == 1
    assert str(file) in capsys.readouterr().out
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        content = {name: archive.read(name).decode() for name in names}
    assert names == {"doctor.json", "system.json", "configuration.json", "homestim.log"}
    whole = "\n".join(content.values())
    for part in (*NAME.split(), "Brunnenstra", "stairs", "pain", "reminder", "hours", "people"):
        assert part not in whole, part
    assert "WARNING kiosk.test" in content["homestim.log"], "but when and where something was wrong"
    assert "test_command.py" in content["homestim.log"]
    assert "ValueError" in content["homestim.log"]
    assert json.loads(content["configuration.json"])["device"]["kind"] == "p24"
    assert json.loads(content["system.json"])["packages"]["textual"]


def test_a_bundle_for_which_there_is_no_room_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    try:
        with (place / "film").open("wb", buffering=0) as film:
            while os.fstatvfs(film.fileno()).f_bavail:
                film.write(bytes(4096))
        box = read_box(Machine(), str(tmp_path / "none.toml"), str(tmp_path))
        with pytest.raises(OSError, match="No space"):
            bundle.write(place / "bundle.zip", box, [])
        assert os.listdir(place) == ["film"]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_log_line_that_pretends_to_be_the_programs_own_gives_nothing_away() -> None:
    """A note is somebody's free text: it can look like anything."""
    told = list(
        bundle.without_messages(
            "2026-11-20 14:05:00,123 7 ERROR kiosk.a: message\n"
            '  File "/opt/homestim/kiosk/a.py", line 3, in run\n'
            "    secret = 1\n"
            "kiosk.errors.KioskError: secret\n"
            "secretError\n"
            "Secret\n"
        )
    )
    assert told == [
        "2026-11-20 14:05:00,123 7 ERROR kiosk.a",
        "  homestim/kiosk/a.py:3 run",
        "  kiosk.errors.KioskError",
    ]


def test_a_bundle_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted = Planted(tmp_path)
    assert command.main(["--lang", "en", "--bundle", str(tmp_path / "no" / "x.zip")], planted.machine) == 2
    assert "cannot be written" in capsys.readouterr().err


def plant(path: Path, how: str) -> None:
    """What nobody would put there on purpose."""
    path.unlink(missing_ok=True)
    match how:
        case "a pipe":
            os.mkfifo(path)
        case "nested too deeply":
            path.write_text(("" if path.suffix == ".json" else "a = ") + "[" * 100_000)
        case "a folder":
            path.mkdir()
        case "far too long":
            with path.open("wb") as file:
                file.truncate(3_000_000_000)
        case "no text":
            path.write_bytes(bytes(range(256)))


@pytest.mark.parametrize("how", ["a pipe", "nested too deeply", "a folder", "far too long", "no text"])
def test_it_stumbles_over_no_file_and_waits_for_none(tmp_path: Path, how: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("settings.toml", "starts.json", "homestim.log"):
        plant(data / name, how)
    plant(tmp_path / "kiosk.toml", how)
    bundled = tmp_path / "bundle.zip"
    done = doctor(
        *("--json", "--lang", "en", "--data", data, "--config", tmp_path / "kiosk.toml", "--bundle", bundled)
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert (found["configuration"]["state"], found["patient-pin"]["state"]) == ("fix", "fix")
    assert "starts.json cannot be read" in found["safe-mode"]["found"]
    assert bundled.is_file()


@pytest.mark.parametrize(
    ("to", "code", "said"),
    [("/dev/full", 2, "The report cannot be written: No space left on device."), ("| head -n 1", 1, "")],
)
def test_a_report_that_nobody_takes_is_a_sentence_or_nothing(
    tmp_path: Path, to: str, code: int, said: str
) -> None:
    typed = f"{sys.executable} -m kiosk doctor --lang en --data {tmp_path} --config {tmp_path}/none"
    redirected = f"{{ {typed}; echo $? >&3; }} {'> ' if to.startswith('/') else ''}{to}"
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec 3>{tmp_path}/code; {redirected}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert int((tmp_path / "code").read_text()) == code
    assert done.stderr.strip() == (f"homestim: {said}" if said else "")


def test_a_terminal_without_utf_8_gets_the_report_with_question_marks(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "doctor", "--lang", "de", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stdout + done.stderr
    assert done.stdout.isascii()
    assert b"Die Box ist nicht in Ordnung" in done.stdout


def test_marks_are_words_of_the_language() -> None:
    words.set_language("de")
    try:
        assert next(iter(lines([ok("x", "y")]))).startswith("gut")
    finally:
        words.set_language("en")
