"""What one run of the kiosk is to do: from the options and the configuration to plain, checked facts."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from kiosk.config import Config, Language
from kiosk.diary.records import FolderKind
from kiosk.errors import KioskError

BOX_FOLDER: Final = Path("/var/lib/homestim")
"""Data of an installed box; made at installation, never by the kiosk."""


class UsageError(KioskError):
    """The command line asks for something that cannot be."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, exit_code=2)


class SimulatorSpec(msgspec.Struct, frozen=True):
    """Which simulator. With `join` it runs already and nothing of it is ours but the port."""

    kind: str
    join: Path | None = None
    log: Path | None = None
    faults: tuple[str, ...] = ()


class RunOptions(msgspec.Struct, frozen=True):
    """`homestim run`'s options as they were given."""

    simulate: str | None = None
    sim_log: Path | None = None
    faults: tuple[str, ...] = ()
    port: str | None = None
    device: str | None = None
    data: Path | None = None
    lang: Language | None = None
    plain: bool = False
    config_file: Path | None = None


class RunSettings(msgspec.Struct, frozen=True):
    """One run. At most one of `port` (hardware) and `simulator` is set, and one at least without
    `guard_socket`."""

    config: Config
    data_folder: Path
    kind: FolderKind
    device_kind: str
    port: str | None
    simulator: SimulatorSpec | None
    """To start or to join; a guard that is a unit of its own has its stimulator already."""
    lang: Language | None
    """What the command line asks for; None: what the person chose, else as configured (`language`)."""
    plain: bool
    build: str
    """`drivers.build.build_id()`: a guard of another build does not arm (safety rule 24)."""
    guard_socket: str | None = None
    """Of the guard to join; None: a guard of our own is started."""
    config_file: Path | None = None
    """Where `config` was read; None: the installed one, if there is one."""
    safe_mode: bool = False
    """The kiosk ended by itself too often (`kiosk.ops.starts`): neither simulator nor guard is started."""

    @property
    def stop_button_alone(self) -> bool:
        """Plain lines over a stimulator: of all that stops only a button passes the STOP test (rule 15)."""
        return self.plain and self.kind == "real"

    @property
    def guard_folder(self) -> Path:
        """Where a guard of our own keeps its tally; made by whoever starts it."""
        return self.data_folder / "guard"

    def language(self, chosen: Language | None) -> Language:
        """The language to begin with; `chosen` is the data folder's (`Settings.language`)."""
        return self.lang or chosen or self.config.kiosk.lang


def resolve(options: RunOptions, config: Config, available: Collection[str], build: str) -> RunSettings:
    """What to run. `available` are the kinds of stimulator that this version drives.

    Never a simulator that nobody asked for (safety rule 19), and no stimulator by plain lines without a
    stop button (rule 15). Raises UsageError.
    """
    if options.simulate is not None and options.port is not None:
        raise UsageError(
            "--simulate and --port exclude each other: choose the simulator or a stimulator, not both."
        )
    simulator = _simulator(options, config)
    guard_socket = _guard_socket(options, config)
    kind: FolderKind
    if simulator is not None:
        kind, device_kind, port = "simulated", simulator.kind, None
        simulator = None if guard_socket else simulator
    else:
        kind = "real"
        device_kind, port = _hardware(options, config)
    must_be_available(device_kind, available)
    if options.plain and kind == "real" and not config.stop.inputs:
        raise UsageError(
            "--plain with a stimulator needs a stop button beside the keyboard: name it in kiosk.toml, "
            "[stop] inputs, or leave --plain out."
        )
    return RunSettings(
        config=config,
        data_folder=options.data or default_folder(kind),
        kind=kind,
        device_kind=device_kind,
        port=port,
        simulator=simulator,
        lang=options.lang,
        plain=options.plain,
        build=build,
        guard_socket=guard_socket,
        config_file=options.config_file,
    )


def default_folder(kind: FolderKind) -> Path:
    """Where data of `kind` are kept when no folder is named: real and simulated never in the same one."""
    if kind == "real" and BOX_FOLDER.is_dir() and os.access(BOX_FOLDER, os.W_OK):
        return BOX_FOLDER
    return platformdirs.user_data_path("homestim") / kind


def _simulator(options: RunOptions, config: Config) -> SimulatorSpec | None:
    """The simulator that was asked for, by option or by configuration."""
    if options.simulate is not None:
        kind, _, path = options.simulate.partition(":")
        join = Path(path) if path else None
    elif options.port is None and config.device is not None and config.device.simulated:
        kind, join = config.device.kind, None
    elif options.sim_log is not None or options.faults:
        raise UsageError("--sim-log and --fault belong to the simulator: add --simulate p24.")
    else:
        return None
    if options.device is not None and options.device != kind:
        raise UsageError(f"--device {options.device} does not fit the simulator {kind}: leave it out.")
    if join is not None and (options.sim_log is not None or options.faults):
        raise UsageError(
            "--sim-log and --fault are for a simulator that is started now; give them to the one that runs."
        )
    return SimulatorSpec(kind=kind, join=join, log=options.sim_log, faults=options.faults)


def _guard_socket(options: RunOptions, config: Config) -> str | None:
    """Of the guard of this box, where its stimulator is the one that was asked for."""
    device = config.device
    if not config.guard.socket or device is None or options.simulate is not None:
        return None
    if device.simulated and options.port is not None:
        return None
    if options.sim_log is not None or options.faults:
        raise UsageError(
            f"--sim-log and --fault are for a simulator that is started now; the guard at "
            f"{config.guard.socket} has its own."
        )
    return config.guard.socket


def _hardware(options: RunOptions, config: Config) -> tuple[str, str]:
    """Kind and port of the one stimulator that may be opened (safety rule 21)."""
    configured = config.device
    if configured is not None and not configured.simulated:
        if options.port not in (None, configured.id_path):
            raise UsageError(
                f"This box is set up for the stimulator at {configured.id_path}: {options.port} stays closed."
            )
        if options.device not in (None, configured.kind):
            raise UsageError(
                f"This box is set up for a {configured.kind}, not for a {options.device}: leave --device out."
            )
        return configured.kind, configured.id_path
    if options.port is not None:
        if options.device is None:
            raise UsageError("--port also needs --device: which stimulator is it? For example --device p24.")
        return options.device, options.port
    if options.device is not None:
        raise UsageError(
            "--device also needs --port: where is the stimulator? For example --port /dev/ttyUSB0."
        )
    raise UsageError(
        "Choose what to run: `homestim run --simulate p24` for the simulator, "
        "or `homestim run --port DEV --device p24` for a stimulator."
    )


def must_be_available(kind: str, available: Collection[str]) -> None:
    """Raises UsageError when `kind` is not one of the stimulators that this version drives."""
    if kind in available:
        return
    choices = " or ".join(sorted(available))
    raise UsageError(f"homestim knows no stimulator {kind!r}: choose {choices}.")
