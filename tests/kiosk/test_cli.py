"""The command line: plain lines, three exit codes, no traceback."""

import datetime as dt
import logging
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
import time_machine

from kiosk import cli, errors, logfile
from kiosk.clock import SystemClock
from kiosk.diary.store import open_reader, open_store
from kiosk.settings import RunSettings, default_folder

EXAMPLE = Path(__file__).parents[2] / "programs/content/prescription-example.toml"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No test writes into the folders of who runs it."""
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    yield
    for handler in logging.getLogger().handlers[:]:
        if isinstance(handler, logfile._LogFile | logfile._NoLog):
            logging.getLogger().removeHandler(handler)
            handler.close()


def homestim(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def log_text(tmp_path: Path) -> str:
    return "".join(path.read_text() for path in tmp_path.rglob("homestim.log"))


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> list[RunSettings]:
    """Takes the place of the whole kiosk and keeps what it was asked to run."""
    ran: list[RunSettings] = []
    module = types.ModuleType("kiosk.run")
    module.run = lambda settings: ran.append(settings) or 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kiosk.run", module)
    monkeypatch.setattr("kiosk.run", module, raising=False)
    return ran


def test_every_option_reaches_the_kiosk(
    capsys: pytest.CaptureFixture[str], application: list[RunSettings], tmp_path: Path
) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text('[kiosk]\ncountry = "CH"\n')
    code, *_ = homestim(
        capsys, "run", "--simulate", "p24", "--sim-log", "l",
        "--fault", "ack_lost@n=3", "--fault", "unplug@t=9",
        "--data", tmp_path / "d", "--config", config, "--lang", "de", "--plain",
    )  # fmt: skip
    (run,) = application
    assert code == 0
    assert run.simulator.faults == ("ack_lost@n=3", "unplug@t=9")
    assert run.simulator.log == Path("l")
    assert (run.data_folder, run.lang, run.plain) == (tmp_path / "d", "de", True)
    assert run.config.kiosk.country == "CH"
    assert len(run.build) == 16


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "Missing command"),
        (["nonsense"], 2, "No such command"),
        (["run"], 2, "Choose what to run"),
        (["run", "--simulate", "p24", "--port", "/dev/x"], 2, "exclude each other"),
        (["run", "--simulate", "p24", "--fault", "emergency"], 2, "emergency"),
        (["run", "--simulate", "p24", "--fault", "earthquake"], 2, "earthquake"),
        (["run", "--simulate", "p24", "--lang", "fr"], 2, "--lang"),
        (["run", "--simulate", "p24", "--colour"], 2, "--colour"),
        (["run", "--simulate", "p24", "--config", "/nowhere.toml"], 2, "/nowhere.toml"),
        (["simulate", "p24"], 2, "--link"),
        (["simulate", "p24", "--link", "x", "--latency", "-1"], 2, "--latency"),
        (["simulate", "tens9000", "--link", "x"], 2, "tens9000"),
        (["simulate", "p24", "--link", "/proc/nowhere/x"], 1, "cannot be started"),
        (["prescription", "show", "--data", "/nowhere"], 1, "not a homestim data folder"),
        (["prescribe", "/nowhere.toml"], 2, "cannot be read"),
    ],
)
def test_what_is_not_well_is_one_plain_line(
    capsys: pytest.CaptureFixture[str],
    application: list[RunSettings],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    got, out, err = homestim(capsys, *arguments)
    assert (got, out) == (code, "")
    assert words in err
    assert err.startswith("homestim: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert application == []


@pytest.mark.parametrize("command", [("check",), ("review",), ("prescription", "show")])
def test_after_a_demonstration_alone_its_folder_is_named_and_never_taken_for_a_persons(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    real, simulated = default_folder("real"), default_folder("simulated")
    _, _, before = homestim(capsys, *command)
    assert str(simulated) not in before, "there is none yet"
    simulated.mkdir(parents=True)
    code, out, err = homestim(capsys, *command)
    assert (code, out) == (1, "")
    assert f"add --data {simulated}" in err
    real.mkdir()
    _, _, err = homestim(capsys, *command)
    assert str(simulated) not in err, "a person's diary that is damaged is not passed by"


def test_a_link_never_replaces_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    code, _, err = homestim(capsys, "simulate", "p24", "--link", tmp_path / "letter")
    assert code == 1
    assert "letter is there already" in err
    assert (tmp_path / "letter").read_text() == "dear"


def test_a_fault_of_the_program_is_a_line_and_its_traceback_is_in_the_log(
    capsys: pytest.CaptureFixture[str], application: list[RunSettings], tmp_path: Path
) -> None:
    def broken(settings: RunSettings) -> int:
        raise ZeroDivisionError("secret inside")

    sys.modules["kiosk.run"].run = broken  # type: ignore[attr-defined]
    code, out, err = homestim(capsys, "run", "--simulate", "p24")
    assert (code, out) == (1, "")
    assert "Traceback" not in err
    assert "secret" not in err
    log = next(tmp_path.rglob("homestim.log"))
    assert str(log) in err
    assert "ZeroDivisionError: secret inside" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_an_error_with_a_sentence_says_it_wherever_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    class DriverError(Exception):
        sentence = "The cable\nis out."

    def command() -> int:
        raise DriverError("EIO on fd 7")

    assert errors.run_command(command, lambda: "nowhere") == 1
    assert capsys.readouterr().err == "homestim: The cable is out.\n"


def test_without_a_place_for_a_log_the_program_still_runs(
    capsys: pytest.CaptureFixture[str], application: list[RunSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    code, _, err = homestim(capsys, "run", "--simulate", "p24")
    assert (code, err, len(application)) == (0, "", 1)


def test_the_log_moves_into_the_data_folder_and_stays_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfile, "MAX_BYTES", 2000)
    logfile.log_to(tmp_path / "first")
    logfile.log_to(tmp_path / "data" / "log")
    for n in range(200):
        logging.getLogger("test").warning("line %d", n)
    assert (tmp_path / "first" / "homestim.log").read_text() == ""
    files = sorted((tmp_path / "data" / "log").iterdir())
    assert len(files) == 1 + logfile.KEPT_FILES
    assert all(file.stat().st_size <= 2000 for file in files)
    assert logfile.current_log() == str(files[0])


def test_a_full_disk_prints_nothing_over_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logfile.log_to(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    handler = next(one for one in logging.getLogger().handlers if isinstance(one, logfile._LogFile))
    monkeypatch.setattr(handler.stream, "write", full, raising=False)
    logging.getLogger("test").error("lost")
    assert capfd.readouterr().err == ""


# ── prescriptions ──


def test_a_prescription_is_checked_installed_and_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    code, out, err = homestim(capsys, "prescribe", EXAMPLE, "--data", data)
    assert (code, err) == (0, "")
    assert str(data) in out
    assert "not valid today" in out, "the example's dates are over"
    assert open_reader(data, SystemClock()).kind == "real"
    with time_machine.travel(dt.datetime(2026, 1, 10, tzinfo=dt.UTC)):
        code, out, err = homestim(capsys, "prescription", "show", "--data", data)
    assert (code, err) == (0, "")
    assert EXAMPLE.read_text().rstrip() in out
    assert "not verified" in out
    with time_machine.travel(dt.datetime(2099, 1, 10, tzinfo=dt.UTC)):
        code, _, err = homestim(capsys, "prescription", "show", "--data", data)
    assert code == 1
    assert "not valid today: no therapy" in err


def test_the_serial_only_grows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert homestim(capsys, "prescribe", EXAMPLE, "--data", data)[0] == 0
    code, _, err = homestim(capsys, "prescribe", EXAMPLE, "--data", data)
    assert code == 1
    assert "installed already" in err
    assert len(open_reader(data, SystemClock()).facts("prescriptions")) == 1


def test_a_broken_prescription_names_file_and_key_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    broken = tmp_path / "mine.toml"
    broken.write_text(EXAMPLE.read_text().replace("days_per_week = ", "days_per_week = 9"))
    code, _, err = homestim(capsys, "prescribe", broken, "--data", tmp_path / "data")
    assert code == 1
    assert "mine.toml" in err
    assert "days_per_week" in err
    assert open_reader(tmp_path / "data", SystemClock()).facts("prescriptions") == ()


def test_without_a_prescription_show_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    open_store(tmp_path / "data", "real", SystemClock()).close()
    assert homestim(capsys, "prescription", "show", "--data", tmp_path / "data") == (
        1, "", "homestim: No prescription is installed.\n",
    )  # fmt: skip


# ── as a program ──


def test_python_m_kiosk_is_homestim() -> None:
    done = subprocess.run([sys.executable, "-m", "kiosk", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    for command in ("run", "simulate", "guard", "prescribe", "prescription"):
        assert command in done.stdout


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ["run"],
        ["simulate"],
        ["prescribe"],
        ["prescription"],
        ["prescription", "show"],
        ["take"],
        ["enrol"],
        ["unlock-code"],
        ["sign"],
        ["sign", "unlock"],
        ["sign", "prescription"],
    ):
        code, out, _ = homestim(capsys, *command, "--help")
        assert code == 0
        assert out.startswith("Usage: homestim")
    done = subprocess.run([sys.executable, "-m", "kiosk", "guard", "--help"], capture_output=True, text=True)
    assert (done.returncode, "--socket" in done.stdout) == (0, True)


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert cli.main(["prescribe", str(EXAMPLE), "--data", str(data)]) == 0
    command = [sys.executable, "-m", "kiosk", "prescription", "show", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        child.stdout.close()
        assert child.stderr.read() == ""


def test_the_help_says_what_each_command_does_in_a_whole_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    _, _, listed = capsys.readouterr().out.partition("Commands:\n")
    entries = re.split(r"^  (?=\S)", listed.strip("\n"), flags=re.MULTILINE)[1:]
    assert len(entries) == len(cli.homestim.commands)
    assert all(entry.rstrip().endswith(".") and "..." not in entry for entry in entries), listed
