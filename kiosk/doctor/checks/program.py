"""The kiosk itself, asked in a child process: whether it starts, its configuration, its build, its diary."""

from __future__ import annotations

import json
import re
from typing import Final

from drivers import same_code
from kiosk.doctor import guard_status, words
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _, ngettext

KIOSK_CHILD: Final = "kiosk.doctor.kiosk_child"


def program(box: Box) -> Finding:
    """Every module that the kiosk needs for its first screen can be loaded."""
    ran = box.machine.run(same_code.python(KIOSK_CHILD, "program"))
    again = _("Install homestim again; the data stay.")
    if ran is None:
        return fix("program", _("The kiosk's program does not answer."), again)
    if ran.code:
        last = (ran.errors.strip().splitlines() or [""])[-1]
        return fix("program", _("The kiosk cannot start: {error}").format(error=last), again)
    return ok("program", _("The kiosk's program is complete: {version}.").format(version=ran.output.strip()))


def configuration(box: Box) -> Finding:
    """The file, by the kiosk's own judgement."""
    if not box.there:
        return look(
            "configuration",
            _("There is no configuration {file}.").format(file=box.config),
            _("Set the box up: homestim setup"),
        )
    remedy = _("Correct the file, or set the box up again: homestim setup")
    if box.problem:
        found = _("The configuration {file} cannot be read: {problem}")
        return fix("configuration", found.format(file=box.config, problem=_no_toml(box.problem)), remedy)
    ran = box.machine.run(same_code.python(KIOSK_CHILD, "configuration", str(box.machine.path(box.config))))
    if ran is None or ran.code not in (0, 1) or (ran.code and not ran.output.strip()):
        return look(
            "configuration",
            _("The configuration was not checked, because the kiosk cannot start."),
            _("First see to what is said of the program."),
        )
    if ran.code:
        return fix("configuration", _refused(ran.output.strip()), remedy)
    return ok("configuration", _("{file} can be used.").format(file=box.config))


def _no_toml(problem: str) -> str:
    """Where the file is no TOML; anything else as the system says it."""
    place = re.search(r"\(at line (\d+)", problem)
    if words.language == "en" or place is None:
        return problem
    return _("line {line} is not TOML.").format(line=place[1])


_SAID: Final = re.compile(r"(?P<at>.+?): found (?P<found>.+), expected .+\. Nothing was started\.", re.DOTALL)


def _refused(said: str) -> str:
    """Why the kiosk refuses the configuration: as it says it, or in another language what was found where."""
    if words.language == "en":
        return said
    match = _SAID.fullmatch(said)
    if match is None:
        return _("The configuration cannot be used.")
    match match["found"]:
        case "nothing":
            return _("{at}: it is missing. docs/configuration.md shows every key.").format(
                **match.groupdict()
            )
        case "this key":
            return _("{at}: there is no such key. docs/configuration.md shows every key.").format(
                **match.groupdict()
            )
        case _other:
            return _("{at}: {found} cannot stand there. docs/configuration.md shows every key.").format(
                **match.groupdict()
            )


def builds(box: Box) -> Finding:
    """Kiosk and guard of different builds do not arm (safety rule 24)."""
    from drivers.build import build_id

    told = guard_status.read(box.machine)
    if told is None:
        return ok("builds", _("There is one installation; no guard runs as a unit."))
    if told.build != build_id():
        return fix(
            "builds",
            _("The guard that runs is of another build than the kiosk: there is no therapy."),
            _("Start it again: systemctl restart homestim-guard"),
        )
    return ok("builds", _("Kiosk and guard are of the same build."))


def safe_mode(box: Box) -> Finding:
    """Whether the kiosk ended three times in a row as it must not."""
    from kiosk.ops import starts

    found = starts.read(box.machine.path(box.data))
    if found is starts.UNREADABLE:
        return look(
            "safe-mode",
            _("The kiosk is in safe mode, without therapy: {file} cannot be read.").format(
                file=f"{box.data}/{starts.FILE}"
            ),
            _("See to everything marked FIX, then choose “Check the box” on its screen."),
        )
    if found.safe:
        return look(
            "safe-mode",
            _("The kiosk is in safe mode, without therapy: it ended by itself three times in ten minutes."),
            _("See to everything marked FIX, then choose “Check the box” on its screen."),
        )
    if found.crashes:
        return look(
            "safe-mode",
            _("The kiosk ended by itself lately; its log says why."),
            _("Send the bundle to who maintains the box: homestim doctor --bundle FILE"),
        )
    return ok("safe-mode", _("The kiosk did not end by itself."))


def diary(box: Box) -> Finding:
    """The chain through every line."""
    folder = box.machine.path(box.data)
    if not (folder / "meta.json").exists():
        if box.has_device and not box.simulated:
            return fix(
                "diary",
                _("There is no diary in {folder}, and this box has been set up: it is gone.").format(
                    folder=box.data
                ),
                _(
                    "Let nobody begin an empty one, which knows of no lock. Mount its disk again, or restore "
                    "the last backup. Another folder: homestim doctor --data DIR"
                ),
            )
        return look(
            "diary",
            _("There is no diary in {folder} yet.").format(folder=box.data),
            _("It is made when the kiosk starts. Another folder: homestim doctor --data DIR"),
        )
    ran = box.machine.run(same_code.python("kiosk", "check", "--json", "--data", str(folder)))
    try:
        report = {} if ran is None else json.loads(ran.output)
    except ValueError:
        report = {}
    if ran is None or not report:
        said = "" if ran is None else ran.errors.strip()
        return fix(
            "diary",
            _("The diary was not checked: {error}").format(error=said or _("no answer")),
            _("First see to what is said of the program and of the disk."),
        )
    if ran.code:
        return fix(
            "diary",
            _("The diary is damaged. What is whole can still be read."),
            _("Make a backup now (homestim backup), then see: homestim check"),
        )
    if any(file.get("state") == "mended" for file in report.get("files", ())):
        return look(
            "diary",
            _("The diary is whole, but the disk had changed parts of it; they were put right."),
            _("Make a backup now (homestim backup), then have the disk replaced."),
        )
    count, months = report.get("count", 0), len({file.get("month") for file in report.get("files", ())})
    said = ngettext(
        "The diary is whole: {count} lines in {months} month.",
        "The diary is whole: {count} lines in {months} months.",
        months,
    )
    return ok("diary", said.format(count=count, months=months))
