"""`homestim setup` from its first question to the card; whatever is cut off goes on where it stopped."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.messages import Device
from drivers.stop_inputs import EV_KEY, INPUT_EVENT, PRESSED
from kiosk import cli, words
from kiosk.clock import FixedClock
from kiosk.config import decode_config, load_config
from kiosk.diary.folder import read_meta
from kiosk.diary.settings_file import load_settings
from kiosk.errors import KioskError
from kiosk.settings import RunOptions, SimulatorSpec, resolve
from kiosk.setup import box_steps, device_steps, people_steps, steps
from kiosk.setup.context import Setup, as_owner
from kiosk.setup.conversation import Conversation, Left
from kiosk.setup.steps import STEPS
from tests.kiosk.doctor import boxes
from tests.kiosk.doctor.boxes import PORT
from tests.kiosk.setup.answers import ROOT, Installer
from tests.kiosk.visit.visit_bench import START
from tests.vm import image

TRIES = 4
EXAMPLE = ROOT / "programs/content/prescription-example.toml"
CONFIG = """\
# set by the installer of the packages
[guard]
socket = ""  # the kiosk starts its own

[kiosk]
locked = true    # nobody leaves
"""
SOUND = [("Did you hear it?", "3")] if shutil.which("aplay") else [("stay without a loudspeaker?", "1")]
ANSWERS: dict[str, list[tuple[str, str]]] = {
    "language": [("Language / Sprache", "1")],
    "country": [("Country of the box", "at"), ("number is 112", "1")],
    "clock": [("Are day, time", "1")],
    "letters": [("Millimetres", "245")],
    "sound": SOUND,
    "stimulator": [("No other one will be used", "1")],
    "stop_button": [("the keyboard alone stops", "1")],
    "selftest": [("Are all pads off", "2")],
    "pins": [("A PIN for the person", ""), ("A PIN for the family", "4711"), ("once more", "4711")],
    "enrolment": [("Is the clinician here", "2")],
    "prescription": [
        ("The clinician's prescription", ""),
    ],
    "phones": [
        ("Your name", "Ina Installer"),
        ("Your telephone", "0123 1"),
        ("family member", "Fred"),
        ("Their telephone", "0123 2"),
    ],
    "consent": [("Say this to the person", "")],
    "backup": [],
    "stick": [("USB stick plugged in", "2")],
    "practice": [("Is it done?", "1")],
    "card": [],
}


@pytest.fixture
def installer(tmp_path: Path) -> Iterator[Callable[..., Installer]]:
    """Starts `homestim setup` on the simulator, in one folder again and again."""
    (tmp_path / "kiosk.toml").write_text(CONFIG)
    started: list[Installer] = []

    def start(*arguments: object) -> Installer:
        started.append(Installer(tmp_path, "--simulate", "p24", *arguments))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_every_question_has_an_answer_here() -> None:
    assert list(ANSWERS) == list(STEPS)


def test_from_the_first_question_to_the_card_cut_off_after_each_answer(
    tmp_path: Path, installer: Callable[..., Installer]
) -> None:
    """Killed in the middle of every fifth question: nothing answered is asked again, and nothing is lost."""
    asked = installer()
    for number, (name, answers) in enumerate(ANSWERS.items(), start=1):
        asked.hears(f"{number}/{len(STEPS)} {name}\n")
        if number % 5 == 0:
            asked.hears(answers[0][0])
            asked.kill()
            asked = installer()
            for before in list(ANSWERS)[: number - 1]:
                asked.hears(f" {before}: ")
            asked.hears(f"{number}/{len(STEPS)} {name}\n")
        asked.answers(*answers)
    asked.hears("The box is set up.")
    assert asked.ends() == 0, asked.said

    text = (tmp_path / "kiosk.toml").read_text()
    config = load_config(tmp_path / "kiosk.toml")
    assert config.device is not None
    assert (config.device.kind, config.device.device_id) == ("p24", "SIMP240001")
    assert config.device.simulated
    assert (config.kiosk.lang, config.kiosk.country, config.kiosk.locked) == ("en", "AT", True)
    assert config.sound.player == ()
    assert text.startswith(CONFIG.partition("[kiosk]")[0]), "what stood there stays, with its comments"
    assert "locked = true    # nobody leaves" in text
    assert read_meta(tmp_path / "data").kind == "simulated"
    assert set(load_settings(tmp_path / "data").pins) == {"family"}
    card = (tmp_path / "card.txt").read_text()
    for expected in (
        "EMERGENCY: 112",
        "Ina Installer, 0123 1",
        "Fred, 0123 2",
        "TO STOP",
        "Do not touch the pads",
    ):
        assert expected in card
    done = json.loads((tmp_path / "data" / "setup.json").read_text())["done"]
    assert list(done) == list(STEPS)
    again = installer()
    again.hears("The box is set up.")
    assert again.ends() == 0, "and whoever starts it once more is asked nothing"


def test_the_self_test_with_all_its_words(tmp_path: Path, installer: Callable[..., Installer]) -> None:
    faults = ("--fault", "dummy_load:1", "--fault", "dummy_load:2")
    asked, names = installer(*faults), list(ANSWERS)
    for name in names[: names.index("selftest")]:
        asked.answers(*ANSWERS[name])
    for _ in range(TRIES):
        asked.answers(("Are all pads off", "1"), ("Press STOP now", ""))
        asked.hears("STOP works: the stimulator reports that its output is off.")
        end = asked.hears("5.0 mA, and the dead-man stopped it within", "the test ended early")
        if end != "the test ended early":
            asked.answers(("Now put the resistor on channel 2", ""))
            end = asked.hears("5.0 mA, and the dead-man stopped it within", "the test ended early")
        if end != "the test ended early":
            break
        # A machine that is busy with other tests: it says so, and the question is asked again.
        assert asked.ends() == 1
        asked = installer(*faults)
    asked.hears("A PIN for the person")
    assert asked.ends() == 1
    assert "goes on where it stopped" in asked.said
    assert "Traceback" not in asked.said


def test_on_a_body_it_says_so_and_the_question_stays_open(
    tmp_path: Path, installer: Callable[..., Installer]
) -> None:
    asked, names = installer(), list(ANSWERS)
    for name in names[: names.index("selftest")]:
        asked.answers(*ANSWERS[name])
    asked.answers(("Are all pads off", "1"), ("Press STOP now", ""))
    asked.hears("that is not the resistor. Nothing more was put out.")
    assert asked.ends() == 1
    assert "selftest" not in json.loads((tmp_path / "data" / "setup.json").read_text())["done"]


def test_a_terminal_without_utf_8_gets_every_question(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kiosk", "setup", "--simulate", "p24", "--data", str(tmp_path / "data")]
    done = subprocess.run(
        [*command, "--config", str(tmp_path / "kiosk.toml")],
        cwd=ROOT,
        input=b"2\nat\n1\n1\n",
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert b"Millimeter" in done.stdout, done.stderr
    assert b": homestim setup" in done.stderr, "nobody answers any more: it says how to go on"


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        (("--again", "nonsense"), "no question 'nonsense'"),
        (("--fault", "dummy_load"), "add --simulate p24"),
        (("--simulate", "p25"), "p25"),
    ):
        assert cli.main(["setup", "--data", str(tmp_path / "d"), *arguments]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


# ── question by question ──


class Answers(Conversation):
    """Answers from a list; what was said is kept."""

    def __init__(self, *answers: str) -> None:
        read, write = os.pipe()
        os.write(write, "".join(f"{answer}\n" for answer in answers).encode())
        os.close(write)
        self.lines: list[str] = []
        super().__init__(self.lines.append, read)

    @property
    def said(self) -> str:
        return "\n".join(self.lines)


def setup(tmp_path: Path, *answers: str, is_trusted: bool = True, **changes: object) -> tuple[Setup, Answers]:
    talk, clock = Answers(*answers), FixedClock(START, is_trusted=is_trusted)
    data = tmp_path / "data"
    made = Setup(
        talk=talk,
        clock=clock,
        config_file=tmp_path / "kiosk.toml",
        folder=data,
        card_file=tmp_path / "card.txt",
        ports=tmp_path / "ports",
        inputs=tmp_path / "inputs",
        **changes,  # type: ignore[arg-type]
    )
    steps.prepared(made)
    return made, talk


def test_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, "Germany", "de", "2", "US", "1")
    assert box_steps.country(made) == "US, 911"
    assert "That is no country's two letters" in talk.said
    assert load_config(tmp_path / "kiosk.toml").kiosk.country == "US"


@pytest.mark.parametrize(
    ("typed", "height", "words"),
    [("245", "5.3", "large enough"), ("24,5 cm", "5.3", "large enough"), ("180 mm", "3.9", "larger screen")],
)
def test_letters_are_measured_with_a_ruler(tmp_path: Path, typed: str, height: str, words: str) -> None:
    made, talk = setup(tmp_path, "nothing", "3", typed)
    assert box_steps.letters(made) == f"{height} mm"
    assert words in talk.said
    assert talk.said.count("That cannot be.") == 2


@pytest.mark.parametrize(("terminal", "kept"), [("sh", True), ("no-such-terminal", False)])
def test_where_the_box_has_a_terminal_of_its_own_the_kiosk_may_choose_its_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: str, kept: bool
) -> None:
    monkeypatch.setattr(box_steps, "FOOT_INI", Path(__file__).parents[3] / "systemd" / "foot.ini")
    monkeypatch.setattr(box_steps, "TERMINAL", terminal)
    made, _talk = setup(tmp_path, "US", "1", "245")
    box_steps.country(made)
    box_steps.letters(made)
    wanted = "/var/lib/homestim/letters.ini" if kept else ""
    assert load_config(tmp_path / "kiosk.toml").kiosk.letters == wanted


@pytest.mark.parametrize(
    ("player", "answers", "said", "kept"),
    [
        ('["true"]', ("2", "1"), "heard", ("true",)),
        ('["true"]', ("3",), "no loudspeaker", ()),
        ('["no-such-player"]', ("1",), "no loudspeaker", ()),
        ("[]", (), "no loudspeaker", ()),
    ],
)
def test_a_tone_is_heard_or_the_box_is_silent(
    tmp_path: Path, player: str, answers: tuple[str, ...], said: str, kept: tuple[str, ...]
) -> None:
    (tmp_path / "kiosk.toml").write_text(f"[sound]\nplayer = {player}\n")
    made, _talk = setup(tmp_path, *answers)
    assert box_steps.sound(made) == said
    assert made.config.sound.player == kept


def test_a_player_that_will_be_installed_is_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('[sound]\nplayer = ["no-such-player"]\n')
    made, _talk = setup(tmp_path, "2")
    with pytest.raises(KioskError, match="no-such-player"):
        box_steps.sound(made)


def test_a_clock_that_is_wrong_ends_it_with_a_remedy(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, "2", is_trusted=False)
    with pytest.raises(KioskError, match="timedatectl"):
        box_steps.clock(made)
    assert "Nobody keeps the clock" in talk.said


UNIT = ROOT / "systemd/units/homestim-guard.service"
P24 = Device(True, "p24", "P24-0815", "1.2.3", False, "", "", "")


def with_a_stimulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is plugged in, and says who it is."""

    async def identified(_setup: Setup, _kind: str, _id_path: str) -> Device:
        return P24

    monkeypatch.setattr(device_steps, "_identified", identified)
    (tmp_path / "ports").mkdir()
    (tmp_path / "ports" / PORT.rpartition("/")[2]).touch()


def test_the_kiosk_of_a_box_that_was_set_up_joins_the_guards_unit_and_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guard that the kiosk started itself would have no right to the port: there would be no therapy."""
    with_a_stimulator(tmp_path, monkeypatch)
    made, _talk = setup(tmp_path, "1", "1", "1", guard_unit=UNIT)
    device_steps.stimulator(made)
    run = resolve(RunOptions(data=tmp_path / "data"), load_config(tmp_path / "kiosk.toml"), {"p24"}, "build")
    listens_at = re.search(r"--socket (\S+)", UNIT.read_text())
    assert listens_at is not None
    assert (run.guard_socket, run.port) == (listens_at[1], f"{tmp_path}/ports/{PORT.rpartition('/')[2]}")
    assert run.config.kiosk.locked
    expected = decode_config(boxes.CONFIG, "the box of the doctor's tests")
    assert (run.config.guard, run.config.kiosk.locked) == (expected.guard, expected.kiosk.locked)
    booted = decode_config(image.CONFIG, "the box that is booted for a test")
    assert (run.config.guard, run.config.kiosk.locked) == (booted.guard, booted.kiosk.locked)
    assert run.config.device is not None
    assert expected.device is not None
    assert run.config.device.device_id == expected.device.device_id


def test_the_doctor_is_content_with_the_configuration_that_setup_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_stimulator(tmp_path, monkeypatch)
    made, _talk = setup(tmp_path, "1", "1", "1", guard_unit=UNIT)
    device_steps.stimulator(made)
    planted = boxes.Planted(tmp_path / "box")
    planted.file("/etc/homestim/kiosk.toml", (tmp_path / "kiosk.toml").read_text())
    found = planted.examined()
    assert (found["guard"].state, found["device-id"].state) == ("ok", "ok")


def test_where_no_unit_is_installed_the_kiosk_starts_its_guard_and_can_be_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_stimulator(tmp_path, monkeypatch)
    made, _talk = setup(tmp_path, "1", "1", "1", guard_unit=tmp_path / "none")
    device_steps.stimulator(made)
    assert (made.config.guard.socket, made.config.kiosk.locked) == ("", False)


def test_a_box_that_was_for_trying_becomes_one_for_a_stimulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_stimulator(tmp_path, monkeypatch)
    (tmp_path / "kiosk.toml").write_text(
        '[device]\nkind = "p24"\ndevice_id = "SIMP240001"\nsimulated = true\n'
    )
    made, _talk = setup(tmp_path, "1", "1", "1", guard_unit=UNIT)
    device_steps.stimulator(made)
    assert made.config.device is not None
    assert (made.config.device.simulated, made.config.device.device_id) == (False, "P24-0815")


def test_a_box_for_trying_has_a_guard_of_its_kiosks(tmp_path: Path) -> None:
    made, _talk = setup(tmp_path, "1", simulator=SimulatorSpec(kind="p24"), guard_unit=UNIT)
    device_steps.stimulator(made)
    run = resolve(RunOptions(data=tmp_path / "data"), made.config, {"p24"}, "build")
    assert (run.guard_socket, run.config.kiosk.locked) == (None, False)
    assert run.simulator is not None


def test_nothing_but_the_chosen_port_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ports").mkdir()
    for name in ("usb-FTDI_1", "usb-STM_2"):
        (tmp_path / "ports" / name).touch()
    opened: list[str] = []

    def start_child(port: str, kind: str, **_options: object) -> None:
        opened.append(f"{kind} {port}")
        raise KioskError("as far as this test goes")

    monkeypatch.setattr(device_steps.GuardLink, "start_child", start_child)
    made, _talk = setup(tmp_path, "2", "1")
    with pytest.raises(KioskError, match="as far as"):
        device_steps.stimulator(made)
    assert opened == [f"p24 {tmp_path / 'ports' / 'usb-STM_2'}"]


def test_a_guard_that_runs_keeps_its_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_steps.GuardLink, "start_child", lambda *_, **__: pytest.fail("a second guard"))
    (tmp_path / "ports").mkdir()
    (tmp_path / "ports" / "usb-STM_2").touch()
    (tmp_path / "kiosk.toml").write_text(
        '[device]\nkind = "p24"\nid_path = "/dev/serial/by-id/x"\n'
        f'[guard]\nsocket = "{tmp_path}/guard.sock"\n'
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{tmp_path}/guard.sock")
        listener.listen()
        made, _talk = setup(tmp_path, "1", "1")
        with pytest.raises(KioskError, match="systemctl stop homestim homestim-guard"):
            device_steps.stimulator(made)


def test_the_guards_unit_keeps_its_port_also_where_the_configuration_does_not_know_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_steps.GuardLink, "start_child", lambda *_, **__: pytest.fail("a second guard"))
    (tmp_path / "ports").mkdir()
    (tmp_path / "ports" / "usb-STM_2").touch()
    (tmp_path / "guard.service").write_text(f"ExecStart=/bin/homestim guard --socket {tmp_path}/guard.sock\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{tmp_path}/guard.sock")
        listener.listen()
        made, _talk = setup(tmp_path, "1", "1", guard_unit=tmp_path / "guard.service")
        with pytest.raises(KioskError, match="systemctl stop homestim homestim-guard"):
            device_steps.stimulator(made)


def test_without_a_stimulator_it_says_what_to_do(tmp_path: Path) -> None:
    made, _talk = setup(tmp_path)
    with pytest.raises(KioskError, match="put its cable in"):
        device_steps.stimulator(made)


def test_a_stop_button_has_to_be_pressed_to_be_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_steps, "PRESS_WITHIN_S", 5.0)
    (tmp_path / "inputs").mkdir()
    button = tmp_path / "inputs" / "usb-Button-event-kbd"
    os.mkfifo(button)

    def press() -> None:
        with button.open("wb") as opened:
            opened.write(INPUT_EVENT.pack(0, 0, 0, 0, 0))
            opened.write(INPUT_EVENT.pack(0, 0, EV_KEY, 30, PRESSED)[: struct.calcsize("@ll")])
            opened.write(INPUT_EVENT.pack(0, 0, EV_KEY, 30, PRESSED)[struct.calcsize("@ll") :])

    pressing = threading.Thread(target=press)
    pressing.start()
    made, talk = setup(tmp_path, "1")
    assert device_steps.stop_button(made) == str(button)
    pressing.join()
    assert "It works." in talk.said
    assert load_config(tmp_path / "kiosk.toml").stop.inputs == (str(button),)


def test_a_button_from_which_nothing_comes_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_steps, "PRESS_WITHIN_S", 0.2)
    (tmp_path / "inputs").mkdir()
    button = tmp_path / "inputs" / "usb-Button-event-kbd"
    os.mkfifo(button)
    keeps_it_open = os.open(button, os.O_RDWR)
    made, _talk = setup(tmp_path, "1")
    with pytest.raises(KioskError, match="Nothing came from"):
        device_steps.stop_button(made)
    os.close(keeps_it_open)
    assert made.config.stop.inputs == ()


def test_pins_are_typed_twice_and_bad_ones_again(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, "12", "12", "1234", "4321", "1234", "1234", "")
    assert people_steps.pin_codes(made) == "patient: set, family: none"
    assert "4 to 12 digits" in talk.said
    assert "two different ones" in talk.said
    assert "1234" not in talk.said.replace("4 to 12", "")


def test_on_hardware_an_empty_line_does_not_leave_the_persons_pin_off(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, "", "no", "no", "", "1234", "1234", "")
    assert people_steps.pin_codes(made) == "patient: set, family: none"
    assert talk.said.count("Whoever sits down at a box without one is taken for the person.") == 2
    assert set(load_settings(tmp_path / "data").pins) == {"patient"}


@pytest.mark.parametrize("word", ["none", "keine", " Keine "])
def test_a_word_leaves_the_persons_pin_off_also_one_that_was_set(tmp_path: Path, word: str) -> None:
    made, _talk = setup(tmp_path, "1234", "1234", "4711", "4711", word, "")
    assert people_steps.pin_codes(made) == "patient: set, family: set"
    assert people_steps.pin_codes(made) == "patient: none, family: none"
    assert not load_settings(tmp_path / "data").pins


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_word_that_leaves_it_off_is_said_in_the_installers_language(
    tmp_path: Path, language: str
) -> None:
    words.set_language(language)
    try:
        made, talk = setup(tmp_path, "", "none", "")
        people_steps.pin_codes(made)
    finally:
        words.set_language("en")
    asked, _why, to_do = talk.lines[:3]
    quoted = [quotes.format(word) for word in people_steps.NO_PIN for quotes in ("“{}”", "„{}“")]
    for said in (asked, to_do):
        assert any(word in said for word in quoted), said


def test_on_the_simulator_nobody_needs_a_pin(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, "", "", simulator=SimulatorSpec(kind="p24"))
    assert people_steps.pin_codes(made) == "patient: none, family: none"
    assert "is taken for the person" not in talk.said


def test_the_prescription_gives_the_clinician_to_call(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, str(tmp_path / "none.toml"), str(EXAMPLE), "1")
    said = people_steps.prescription(made)
    assert "cannot be read" in talk.said
    name, phone = people_steps._prescribed(made) or ("", "")
    assert name
    assert said == f"{name}, {phone}, reached"
    people_steps.make_card(made)
    assert f"{name}, {phone}" in (tmp_path / "card.txt").read_text()


def test_a_pin_that_is_typed_at_once_is_taken_and_not_shown(tmp_path: Path) -> None:
    """Who types when the question is read finds the echo off already; who ends it meanwhile, on again."""
    ours, theirs = pty.openpty()
    try:
        asked: list[bool] = []

        def say(_question: str) -> None:
            asked.append(bool(termios.tcgetattr(theirs)[3] & termios.ECHO))
            os.write(ours, b"1234\n")

        assert Conversation(say, theirs).ask_hidden("A PIN") == "1234"
        assert asked == [False]
        assert termios.tcgetattr(theirs)[3] & termios.ECHO
        assert b"1234" not in os.read(ours, 4096) if select.select([ours], [], [], 0)[0] else True

        def end(_question: str) -> None:
            signal.raise_signal(signal.SIGTERM)

        with pytest.raises(SystemExit) as ended:
            Conversation(end, theirs).ask_hidden("A PIN")
        assert ended.value.code == 128 + signal.SIGTERM
        assert termios.tcgetattr(theirs)[3] & termios.ECHO
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("Ina \x1b[2J\x1b]0;x\x07", "cannot be printed"),
        ("Ina\x00", "cannot be printed"),
        ("Ina\tInstaller", "cannot be printed"),
        ("Ina \u202eanI", "cannot be printed"),
        ("Z" * 613, "at most 60 characters"),
    ],
)
def test_what_would_spoil_the_card_is_asked_again(tmp_path: Path, typed: str, why: str) -> None:
    made, talk = setup(tmp_path, typed, "Ina Müller-张", "0123 " + "4" * 90, "0123 1", "", "")
    people_steps.phones(made)
    assert made.progress.people["installer"] == "Ina Müller-张"
    assert made.progress.people["installer_phone"] == "0123 1"
    assert why in talk.said
    assert "at most 30 characters" in talk.said
    people_steps.make_card(made)
    assert max(map(len, (tmp_path / "card.txt").read_text().splitlines())) < 100


def test_bytes_that_are_no_text_are_asked_again(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"\xff\xfe\nIna\n")
    os.close(write)
    assert Conversation(lambda _line: None, read).ask("Your name") == "Ina"
    os.close(read)


def test_the_nightly_backup_gets_a_passphrase_that_root_alone_can_read(tmp_path: Path) -> None:
    place = tmp_path / "backup-passphrase"
    made, talk = setup(
        tmp_path,
        *("short", "a rose is a rose", "a rose is no rose", "a rose is a rose", "a rose is a rose"),
        guard_unit=UNIT,
        passphrase=place,
    )
    assert box_steps.backup(made) == "has its passphrase"
    assert "too short" in talk.said
    assert "two different ones" in talk.said
    assert "rose" not in talk.said
    assert place.read_bytes().rstrip(b"\n") == b"a rose is a rose"
    assert place.stat().st_mode & 0o777 == 0o600
    assert box_steps.backup(made) == "has its passphrase", "another one would not open the backups there are"


def test_without_a_passphrase_it_says_that_nothing_is_backed_up(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, "", guard_unit=UNIT, passphrase=tmp_path / "none")
    assert box_steps.backup(made) == "left out"
    assert "nothing is backed up" in talk.said
    assert not (tmp_path / "none").exists()


def test_sharing_is_off_until_the_person_says_otherwise(tmp_path: Path) -> None:
    made, talk = setup(tmp_path, "")
    assert people_steps.consent(made) == "off"
    assert "nobody but the person" in talk.said


def test_a_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    setup(tmp_path)
    with pytest.raises(KioskError, match="another kind"):
        setup(tmp_path, simulator=SimulatorSpec(kind="p24"))


def test_whoever_no_longer_answers_loses_nothing(tmp_path: Path) -> None:
    made, _talk = setup(tmp_path)
    with pytest.raises(Left, match="goes on where it stopped"):
        box_steps.language(made)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root answers for others")
def test_root_leaves_the_kiosks_user_what_is_hers(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_mode & 0o001 == 0 and str(path).startswith("/tmp/"):
            path.chmod(path.stat().st_mode | 0o011)
    os.chown(tmp_path / "data", 1234, 1234)
    warm, _talk = setup(tmp_path / "warm", str(EXAMPLE), "2")  # so that all is loaded while root may read it
    people_steps.prescription(warm)
    made, _talk = setup(tmp_path, str(EXAMPLE), "2")
    people_steps.prescription(made)
    made.note(family="Fred")
    made.card_file = made.folder / "card.txt"
    people_steps.make_card(made)
    owners = {path.name: path.stat().st_uid for path in (tmp_path / "data").rglob("*")}
    assert set(owners.values()) == {1234}, owners
    assert os.geteuid() == 0
    with as_owner(tmp_path / "data"):
        assert os.geteuid() == 1234
