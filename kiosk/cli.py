"""`homestim`: the command line. Every command imports what it needs itself, so that each starts fast and the
guard carries nothing of the screens."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from kiosk.errors import KioskError, run_command, say

DATA_HELP = "Data folder, instead of the usual one."
FILE = click.Path(path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code: 0 done, 1 what was asked about is not well, 2 wrong usage."""
    return run_command(lambda: _run_group(arguments), _log_place)


def _run_group(arguments: Sequence[str] | None) -> int:
    try:
        result = homestim.main(arguments, prog_name="homestim", standalone_mode=False)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "homestim"
        return say(f"{error.format_message()} See `{command} --help`.", error.exit_code)
    except click.Abort:
        return 1
    return result if isinstance(result, int) else 0


def _log_place() -> str:
    from kiosk.logfile import current_log

    return current_log()


def _start_log() -> None:
    """The user's own log, until a data folder with its own is open."""
    import platformdirs

    from kiosk.logfile import log_to

    log_to(platformdirs.user_log_path("homestim"))


class WholeSentences(click.Group):
    """Lists its commands with what each does, over as many lines as that takes, instead of cutting it."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(sorted(rows))


@click.group(cls=WholeSentences, no_args_is_help=False)
@click.version_option(package_name="homestim")
@click.pass_context
def homestim(context: click.Context) -> None:
    """A home-therapy kiosk for people with back pain. Not an approved medical device."""
    if context.invoked_subcommand not in ("guard", "doctor"):  # they have none, or one of their own
        _start_log()


@homestim.command()
@click.option(
    "--simulate",
    metavar="KIND[:PATH]",
    help="Use the simulator, p24 for example; :PATH joins one that already runs.",
)
@click.option("--sim-log", type=FILE, help="The simulator writes here what it is told and what it puts out.")
@click.option(
    "--fault", "faults", multiple=True, metavar="SPEC", help="A fault of the simulator; may be repeated."
)
@click.option("--port", metavar="DEV", help="Use the stimulator at this serial port.")
@click.option("--device", metavar="KIND", help="Which stimulator is at --port, p24 for example.")
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option(
    "--config", "config_file", type=FILE, help="Configuration, instead of /etc/homestim/kiosk.toml."
)
@click.option("--lang", type=click.Choice(["en", "de"]), help="Language of the screens.")
@click.option("--plain", is_flag=True, help="Numbered lines instead of the full screen.")
def run(
    simulate: str | None,
    sim_log: Path | None,
    faults: tuple[str, ...],
    port: str | None,
    device: str | None,
    data: Path | None,
    config_file: Path | None,
    lang: str | None,
    plain: bool,
) -> int:
    """The kiosk: on the simulator (--simulate p24) or on a stimulator (--port DEV --device p24)."""
    from drivers.build import build_id
    from drivers.registry import DRIVERS
    from kiosk.config import load_config
    from kiosk.settings import RunOptions, resolve

    options = RunOptions(
        simulate=simulate,
        sim_log=sim_log,
        faults=faults,
        port=port,
        device=device,
        data=data,
        lang=lang,  # type: ignore[arg-type]  # click checked the choice
        plain=plain,
        config_file=config_file,
    )
    settings = resolve(options, load_config(config_file), DRIVERS, build_id())
    _check_faults(faults, settings.device_kind)

    from kiosk.run import run as run_kiosk

    return run_kiosk(settings)


@homestim.command()
@click.argument("kind")
@click.option("--link", type=FILE, required=True, help="Becomes a link to the simulator's port.")
@click.option("--log", "log_file", type=FILE, help="JSON Lines: every frame, every applied output.")
@click.option(
    "--latency", type=click.FloatRange(min=0), default=1.0, metavar="MS", help="Before each answer."
)
@click.option("--watchdog", type=click.FloatRange(min=0), metavar="S", help="Instead of the device's own.")
@click.option("--fault", "faults", multiple=True, metavar="SPEC", help="KIND[:ARG][@t=S|@n=K|@byte=K]")
@click.option("--seed", type=int, default=0, help="Of what is random in faults.")
@click.option("--until-exit-of", type=int, hidden=True, help="End when this process has ended.")
def simulate(
    kind: str,
    link: Path,
    log_file: Path | None,
    latency: float,
    watchdog: float | None,
    faults: tuple[str, ...],
    seed: int,
    until_exit_of: int | None,
) -> int:
    """A virtual stimulator alone: prints `ready PATH` and runs until SIGTERM."""
    from drivers.registry import DRIVERS
    from kiosk.settings import must_be_available

    must_be_available(kind, DRIVERS)
    _check_faults(faults, kind)
    if until_exit_of is not None:
        from kiosk.simulator import end_after

        end_after(until_exit_of)

    from drivers.virtual.process import serve, virtual_device

    log_path = None if log_file is None else str(log_file)
    try:
        serve(virtual_device(kind), str(link), log_path, latency, watchdog, faults, seed)
    except OSError as error:
        why = f"{error.strerror} ({error.filename2 or error.filename})" if error.strerror else str(error)
        raise KioskError(f"The simulator cannot be started: {why}.") from error
    return 0


@homestim.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def guard(arguments: tuple[str, ...]) -> int:
    """The guard process, which alone owns the port: --fd N or --socket PATH, --port, --device."""
    from drivers import same_code

    # A fresh interpreter: this one has loaded what that small process never needs.
    command = same_code.python("drivers.guard", *arguments)
    os.execve(command[0], command, same_code.environment())  # noqa: S606


@homestim.command()
@click.option("--plan", default="deconditioned", show_default=True, metavar="ID", help="The course to play.")
@click.option("--weeks", type=int, default=26, show_default=True, metavar="N", help="How long.")
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Another patient.")
@click.option("--data", type=FILE, help="Writes the history into this new folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def rehearse(plan: str, weeks: int, seed: int, data: Path | None, as_json: bool) -> int:
    """Plays a course of therapy with an invented patient on the real rules. It predicts no person."""
    from kiosk.clock import SystemClock
    from kiosk.rehearsal import command

    command.rehearse(plan, weeks, seed, data, as_json, SystemClock(), lambda text: click.echo(text, nl=False))
    return 0


@homestim.command()
@click.argument("file", type=FILE, required=False)
@click.option("--template", is_flag=True, help="Prints a complete example with comments, to begin with.")
@click.option("--data", type=FILE, help=DATA_HELP)
def prescribe(file: Path | None, template: bool, data: Path | None) -> int:
    """Checks a clinician's prescription (TOML, or signed) and installs it, also beside a running kiosk."""
    if template == (file is not None):
        raise click.UsageError("Either FILE or --template.")
    if file is None:
        from programs.library import prescription_example

        click.echo(prescription_example(), nl=False)
        return 0
    from kiosk.access import commands
    from kiosk.clock import SystemClock

    commands.prescribe(file, _real(data), SystemClock(), click.echo)
    return 0


@homestim.group()
def prescription() -> None:
    """What the clinician prescribed."""


@prescription.command()
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(data: Path | None, as_json: bool) -> int:
    """Shows the prescription that governs. Exit 1 when there is none, or when it is not valid today."""
    from kiosk.access import commands
    from kiosk.clock import SystemClock

    commands.show(_read(data), SystemClock(), click.echo, as_json=as_json)
    return 0


@homestim.command()
@click.argument("file", type=FILE)
@click.option("--data", type=FILE, help=DATA_HELP)
def take(file: Path, data: Path | None) -> int:
    """Takes a file that the clinic signed for this box: it opens a lock, or prescribes."""
    from kiosk.access import commands
    from kiosk.clock import SystemClock

    commands.take(file, _real(data), SystemClock(), click.echo)
    return 0


@homestim.command()
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option("--clinic-key", type=FILE, help="The clinic's public key (Ed25519, PEM), for signed files.")
@click.option("--again", is_flag=True, help="A new secret and a new name; the old ones open nothing more.")
def enrol(data: Path | None, clinic_key: Path | None, again: bool) -> int:
    """Makes the box's secret for the clinician's one-time codes, and shows it once."""
    from kiosk.access import commands
    from kiosk.clock import SystemClock

    commands.enrol(_real(data), SystemClock(), click.echo, clinic_key, again=again)
    return 0


@homestim.command("pin")
@click.argument("role", type=click.Choice(["patient", "family", "clinician"]))
@click.option("--data", type=FILE, help=DATA_HELP)
def set_pin(role: str, data: Path | None) -> int:
    """Sets the PIN of patient (asked before each visit), family or clinician; typed, never shown."""
    from kiosk.access import commands

    commands.set_pin(role, _real(data), click.echo)  # type: ignore[arg-type]  # click checked the choice
    return 0


@homestim.command("unlock-code")
@click.argument("box")
@click.argument("lock")
@click.option("--secret-file", type=FILE, help="Holds the box's secret; without it the secret is asked for.")
def unlock_code(box: str, lock: str, secret_file: Path | None) -> int:
    """For the clinician: the one-time code for LOCK of BOX, as the box's screen names them."""
    from kiosk.access import commands

    commands.unlock_code(box, lock, secret_file, click.echo)
    return 0


@homestim.group()
def sign() -> None:
    """For the clinic: files that a box takes because the clinic signed them."""


@sign.command("unlock")
@click.argument("box")
@click.argument("lock")
@click.option("--key", type=FILE, required=True, help="The clinic's private key (Ed25519, PEM).")
@click.option("--by", required=True, help="Who opens the lock.")
@click.option("--note", default="", help="Why; it stands in the box's diary.")
@click.option("--out", type=FILE, required=True, help="The signed file.")
def sign_unlock(box: str, lock: str, key: Path, by: str, note: str, out: Path) -> int:
    """Signs a file that opens LOCK of BOX."""
    from kiosk.access import commands
    from kiosk.clock import SystemClock

    commands.sign_unlock(box, lock, key, by, note, out, SystemClock(), click.echo)
    return 0


@sign.command("prescription")
@click.argument("box")
@click.argument("file", type=FILE)
@click.option("--key", type=FILE, required=True, help="The clinic's private key (Ed25519, PEM).")
@click.option("--out", type=FILE, required=True, help="The signed file.")
def sign_prescription(box: str, file: Path, key: Path, out: Path) -> int:
    """Checks a prescription (TOML) and signs it for BOX."""
    from kiosk.access import commands

    commands.sign_prescription(box, file, key, out, click.echo)
    return 0


def _real(data: Path | None) -> Path:
    from kiosk.settings import default_folder

    return data or default_folder("real")


def _read(data: Path | None) -> Path:
    """The folder that is looked at. Raises KioskError: there is only a demonstration's, unnamed."""
    import shlex

    from kiosk.settings import default_folder

    folder, simulated = _real(data), default_folder("simulated")
    if data is None and not folder.exists() and simulated.exists():
        raise KioskError(
            f"There is no diary in {folder}. The one of the simulator is in {simulated}: "
            f"add --data {shlex.quote(str(simulated))}."
        )
    return folder


@homestim.command("stop-output", context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def stop_output(arguments: tuple[str, ...]) -> int:
    """Stops the stimulator from outside: --port DEV --device KIND, or as the configuration says."""
    from kiosk.ops.stop_output import run as stop

    return stop(arguments)


@homestim.command()
@click.option("--config", "config_file", type=FILE, help="Written instead of /etc/homestim/kiosk.toml.")
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option("--card", type=FILE, help="Where the card is written, instead of card.txt in the data folder.")
@click.option("--lang", type=click.Choice(["en", "de"]), help="Language of the questions.")
@click.option("--again", multiple=True, metavar="QUESTION", help="Asks this one again; may be repeated.")
@click.option("--simulate", metavar="KIND", help="A box for trying, on the simulator for ever.")
@click.option("--fault", "faults", multiple=True, metavar="SPEC", help="Of that simulator: dummy_load:1.")
def setup(
    config_file: Path | None,
    data: Path | None,
    card: Path | None,
    lang: str | None,
    again: tuple[str, ...],
    simulate: str | None,
    faults: tuple[str, ...],
) -> int:
    """Sets a box up, question by question; goes on where it stopped."""
    from drivers.registry import DRIVERS
    from kiosk.clock import SystemClock
    from kiosk.config import INSTALLED_AT
    from kiosk.settings import SimulatorSpec, UsageError, default_folder, must_be_available
    from kiosk.setup import command
    from kiosk.setup.context import Setup
    from kiosk.setup.conversation import Conversation

    command.must_be_steps(again)
    if simulate is not None:
        must_be_available(simulate, DRIVERS)
        _check_faults(faults, simulate)
    elif faults:
        raise UsageError("--fault belongs to the simulator: add --simulate p24.")
    folder = data or default_folder("real" if simulate is None else "simulated")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 still shows how long the line is
    asked = Setup(
        talk=Conversation(click.echo, sys.stdin.fileno()),
        clock=SystemClock(),
        config_file=config_file or INSTALLED_AT,
        folder=folder,
        card_file=card or folder / "card.txt",
        simulator=None if simulate is None else SimulatorSpec(kind=simulate, faults=faults),
    )
    return command.run(asked, again, lang)


@homestim.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def doctor(arguments: tuple[str, ...]) -> int:
    """Every check that an installer needs, each with its remedy; works when the kiosk does not start."""
    from kiosk.doctor.command import main as examine

    try:
        return examine(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1


@homestim.command()
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def check(data: Path | None, as_json: bool) -> int:
    """Follows the diary's chain through every line. Exit 1 when something is damaged."""
    from kiosk.ops import commands

    commands.check(_read(data), as_json)
    return 0


@homestim.command()
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def review(data: Path | None, as_json: bool) -> int:
    """The family's overview in the terminal. The kiosk may be running."""
    from kiosk.clock import SystemClock
    from kiosk.config import ConfigError, load_config
    from kiosk.ops.review import review as show_review

    try:
        outbox = load_config(None).sync.outbox
    except ConfigError:  # the doctor says it; the family's view does not need the file
        outbox = ""
    show_review(_read(data), as_json, SystemClock(), outbox)
    return 0


@homestim.command()
@click.option("--once", is_flag=True, help="Send once and end; else every quarter of an hour.")
@click.option("--fill", is_flag=True, help="Only write what is new into the outbox; needs no network.")
@click.option("--outbox", type=FILE, metavar="DIR", help="Send what waits in DIR; no diary is read.")
@click.option("--stick", type=FILE, metavar="DIR", help="Carry files to DIR, and receipts from there.")
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option("--config", "config_file", type=FILE, help="Configuration, instead of the installed one.")
def sync(
    once: bool,
    fill: bool,
    outbox: Path | None,
    stick: Path | None,
    data: Path | None,
    config_file: Path | None,
) -> int:
    """Sends the diary to the clinic's FHIR server, if the patient wants it."""
    from kiosk.clock import SystemClock
    from kiosk.config import load_config
    from kiosk.sync import command

    if outbox is not None and (fill or data is not None):
        raise click.UsageError("--outbox goes without --fill and without --data.")
    command.run(
        load_config(config_file).sync,
        SystemClock(),
        data=None if outbox is not None else _real(data),
        outbox=outbox,
        stick=stick,
        fill_only=fill,
        once=once,
    )
    return 0


TYPED_OR_FILE = "Holds the passphrase; else HOMESTIM_PASSPHRASE_FILE, else it is asked for."


@homestim.command()
@click.option("--to", type=FILE, required=True, metavar="DIR", help="A folder, on another disk.")
@click.option("--data", type=FILE, help=DATA_HELP)
@click.option("--passphrase-file", type=FILE, help=TYPED_OR_FILE)
def backup(to: Path, data: Path | None, passphrase_file: Path | None) -> int:
    """Saves the data folder, encrypted; only what is new is written. The kiosk may be running."""
    from kiosk.clock import SystemClock
    from kiosk.ops import commands
    from kiosk.ops.passphrase import passphrase
    from kiosk.settings import default_folder

    secret = passphrase(passphrase_file, new=True)
    commands.back_up(data or default_folder("real"), to, secret, SystemClock())
    return 0


@homestim.command()
@click.argument("directory", type=FILE, metavar="DIR")
@click.option("--into", type=FILE, required=True, metavar="NEW", help="A folder that is not there yet.")
@click.option("--passphrase-file", type=FILE, help=TYPED_OR_FILE)
def restore(directory: Path, into: Path, passphrase_file: Path | None) -> int:
    """Makes a new data folder from the newest backup in DIR. Therapy is locked in it."""
    from kiosk.clock import SystemClock
    from kiosk.ops import commands
    from kiosk.ops.passphrase import passphrase

    commands.restore(directory, into, passphrase(passphrase_file, new=False), SystemClock())
    return 0


@homestim.command()
@click.option(
    "--format",
    "format_",
    type=click.Choice(["pdf", "html", "csv", "fhir"]),
    required=True,
    help="A page (pdf, html), a table, or FHIR R4 resources.",
)
@click.option(
    "--out", type=FILE, required=True, metavar="PATH", help="The file; one that is there is replaced."
)
@click.option("--lang", type=click.Choice(["en", "de"]), help="Language, instead of that of the screens.")
@click.option("--from", "first", type=DAY, metavar="YYYY-MM-DD", help="The first day.")
@click.option("--to", "last", type=DAY, metavar="YYYY-MM-DD", help="The last day; without it today.")
@click.option("--data", type=FILE, help=DATA_HELP)
def report(
    format_: Literal["pdf", "html", "csv", "fhir"],
    out: Path,
    lang: str | None,
    first: datetime | None,
    last: datetime | None,
    data: Path | None,
) -> int:
    """Writes the diary as one page (12 weeks, or as asked), or all of it as a table or FHIR resources."""
    from kiosk.clock import SystemClock
    from kiosk.export import command

    command.report(
        format_,
        out,
        _real(data),
        SystemClock(),
        language=lang,
        first=None if first is None else first.date(),
        last=None if last is None else last.date(),
    )
    return 0


def _check_faults(faults: Sequence[str], kind: str) -> None:
    if not faults:
        return
    from drivers.virtual.faults import FaultSpecError, parse_fault
    from drivers.virtual.process import virtual_device
    from kiosk.settings import UsageError

    for spec in faults:
        try:
            parse_fault(spec, virtual_device(kind).fault_kinds)
        except FaultSpecError as error:
            raise UsageError(f"--fault {spec}: {error}.") from error


if __name__ == "__main__":
    sys.exit(main())
