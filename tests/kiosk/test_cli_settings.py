"""What a command line and a configuration mean together: one device, one folder, never a silent simulator."""

from pathlib import Path

import pytest

from drivers.registry import DRIVERS
from kiosk import settings
from kiosk.config import Config, decode_config
from kiosk.settings import RunOptions, RunSettings, SimulatorSpec, UsageError, default_folder, resolve

DEFAULTS = Config()
BOX = decode_config('[device]\nkind = "p24"\nid_path = "/dev/serial/by-id/p24"\n', "box.toml")
SIMULATED_BOX = decode_config('[device]\nkind = "p24"\nsimulated = true\n', "box.toml")


def settle(options: RunOptions, config: Config = DEFAULTS) -> RunSettings:
    return resolve(options, config, DRIVERS, build="b")


@pytest.mark.parametrize("kind", sorted(DRIVERS))
def test_every_stimulator_can_be_simulated_and_driven(kind: str) -> None:
    assert settle(RunOptions(simulate=kind)).simulator == SimulatorSpec(kind)
    assert settle(RunOptions(port="/dev/x", device=kind)).device_kind == kind


def test_the_simulator_keeps_its_own_folder_and_kind() -> None:
    run = settle(RunOptions(simulate="p24", sim_log=Path("l"), faults=("unplug@t=3",)))
    assert run.simulator == SimulatorSpec("p24", log=Path("l"), faults=("unplug@t=3",))
    assert (run.kind, run.port, run.device_kind) == ("simulated", None, "p24")
    assert run.data_folder == default_folder("simulated") != default_folder("real")


def test_a_port_is_hardware_and_real_data() -> None:
    run = settle(RunOptions(port="/dev/ttyUSB0", device="p24"))
    assert (run.kind, run.port, run.device_kind, run.simulator) == ("real", "/dev/ttyUSB0", "p24", None)


def test_a_running_simulator_is_joined_by_its_path() -> None:
    run = settle(RunOptions(simulate="p24:/tmp/a:b"))
    assert run.simulator == SimulatorSpec("p24", join=Path("/tmp/a:b"))


def test_a_configured_box_opens_its_own_port() -> None:
    run = settle(RunOptions(), BOX)
    assert (run.kind, run.port, run.device_kind) == ("real", "/dev/serial/by-id/p24", "p24")


def test_a_box_that_is_configured_as_simulated_simulates() -> None:
    run = settle(RunOptions(faults=("mute",)), SIMULATED_BOX)
    assert run.kind == "simulated"
    assert run.simulator == SimulatorSpec("p24", faults=("mute",))
    assert settle(RunOptions(port="/dev/x", device="p24"), SIMULATED_BOX).kind == "real"


@pytest.mark.parametrize("config", [Config(), BOX, SIMULATED_BOX])
def test_simulator_and_port_exclude_each_other(config: Config) -> None:
    with pytest.raises(UsageError, match="exclude each other") as caught:
        settle(RunOptions(simulate="p24", port="/dev/x", device="p24"), config)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("options", "config", "words"),
    [
        (RunOptions(), Config(), "--simulate p24"),
        (RunOptions(), decode_config("[kiosk]\nlocked = true", "f"), "--simulate p24"),
        (RunOptions(port="/dev/x"), Config(), "--device"),
        (RunOptions(device="p24"), Config(), "--port"),
        (RunOptions(port="/dev/x", device="tens9000"), Config(), "tens9000"),
        (RunOptions(simulate=""), Config(), "''"),
        (RunOptions(simulate="tens9000"), Config(), "choose p24 or rehastim2"),
        (RunOptions(simulate="p24", device="rehastim2"), Config(), "does not fit"),
        (RunOptions(sim_log=Path("l")), Config(), "--simulate"),
        (RunOptions(faults=("mute",), port="/dev/x", device="p24"), Config(), "--simulate"),
        (RunOptions(simulate="p24:/tmp/x", sim_log=Path("l")), Config(), "the one that runs"),
        (RunOptions(port="/dev/other", device="p24"), BOX, "/dev/serial/by-id/p24"),
        (RunOptions(device="rehastim2"), BOX, "set up for a p24"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(options: RunOptions, config: Config, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        settle(options, config)
    assert words in caught.value.sentence
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("guard", ["", '[guard]\nsocket = "/run/homestim/guard.sock"\n'], ids=["own", "unit"])
def test_a_stimulator_is_driven_by_plain_lines_only_with_a_stop_button(guard: str) -> None:
    box = '[device]\nkind = "p24"\nid_path = "/dev/serial/by-id/p24"\n' + guard
    with pytest.raises(UsageError, match="needs a stop button") as caught:
        settle(RunOptions(plain=True), decode_config(box, "box.toml"))
    assert caught.value.exit_code == 2
    button = '[stop]\ninputs = ["/dev/input/by-id/usb-Button-event-kbd"]\n'
    assert settle(RunOptions(plain=True), decode_config(box + button, "box.toml")).plain
    assert not settle(RunOptions(), decode_config(box, "box.toml")).plain


def test_a_simulator_needs_no_button_for_plain_lines_and_any_port_does() -> None:
    assert settle(RunOptions(simulate="p24", plain=True)).plain
    assert settle(RunOptions(plain=True), SIMULATED_BOX).plain
    with pytest.raises(UsageError, match="needs a stop button"):
        settle(RunOptions(port="/dev/ttyUSB0", device="p24", plain=True))


def test_over_a_stimulator_in_plain_lines_the_button_alone_passes_the_stop_test() -> None:
    button = decode_config('[stop]\ninputs = ["/dev/input/by-id/usb-Button-event-kbd"]\n', "box.toml")
    plain, full = (RunOptions(port="/dev/ttyUSB0", device="p24", plain=plain) for plain in (True, False))
    assert settle(plain, button).stop_button_alone
    assert not settle(full, button).stop_button_alone
    assert not settle(RunOptions(simulate="p24", plain=True), button).stop_button_alone


def test_the_language_is_asked_for_then_chosen_then_configured() -> None:
    german = decode_config('[kiosk]\nlang = "de"\n', "f")
    assert settle(RunOptions(simulate="p24", lang="en"), german).language("de") == "en"
    assert settle(RunOptions(simulate="p24"), german).language("en") == "en"
    assert settle(RunOptions(simulate="p24"), german).language(None) == "de"


def test_an_installed_box_keeps_real_data_in_its_own_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "BOX_FOLDER", tmp_path)
    assert default_folder("real") == tmp_path
    assert default_folder("simulated") != tmp_path
    monkeypatch.setattr(settings, "BOX_FOLDER", tmp_path / "none")
    assert default_folder("real").name == "real"
