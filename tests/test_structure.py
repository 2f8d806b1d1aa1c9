"""The house's own rules: who may import whom, in the source and when it runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from drivers import same_code

ROOT = Path(__file__).parents[1]
OF_THE_INTERPRETER = {"_distutils_hack", "_virtualenv", "sitecustomize", "usercustomize"}
"""What an environment can load into any Python, ours or not."""

WALK = """
import importlib, pkgutil, sys
for name in {packages!r}:
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, name + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )


def loaded_by(code: str) -> set[str]:
    """The packages, other than the standard library, that a fresh interpreter has after running `code`."""
    done = python("-W", "error", "-c", code)
    assert done.returncode == 0, done.stderr
    names = set(done.stdout.split())
    return {
        name
        for name in names - OF_THE_INTERPRETER
        if name not in sys.stdlib_module_names and not name.startswith("__")
    }


def loaded_by_command(*arguments: str) -> set[str]:
    """The packages that `homestim …` loads."""
    modules = modules_of("-m", "kiosk", *arguments)
    assert "kiosk" in modules
    return {module.partition(".")[0] for module in modules}


def modules_of(*program: str) -> set[str]:
    """What a program imports, as the interpreter itself reports it."""
    done = python("-X", "importtime", *program)
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


def test_the_import_contracts_are_kept() -> None:
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = python("-c", lint, "--no-cache", "--config", "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", done.stdout)
    assert kept is not None
    assert int(kept[1]) >= 4


@pytest.mark.parametrize(
    ("packages", "allowed"),
    [
        (["programs"], {"programs", "msgspec", "typing_extensions"}),
        (["drivers"], {"drivers", "serial"}),
        (["drivers.guard", "drivers.p24", "drivers.rehastim2"], {"drivers", "serial"}),
    ],
)
def test_programs_and_drivers_load_nothing_but_their_own(packages: list[str], allowed: set[str]) -> None:
    loaded = loaded_by(WALK.format(packages=packages))
    assert loaded <= allowed
    assert packages[0].partition(".")[0] in loaded


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("kiosk.diary", {"textual", "rich", "numpy"}),
        ("kiosk.session", {"textual", "rich", "numpy"}),
        ("kiosk.access", {"textual", "rich", "numpy"}),
        ("kiosk.review", {"textual", "rich"}),
    ],
)
def test_what_stands_below_the_screens_never_loads_them(room: str, never: set[str]) -> None:
    loaded = loaded_by(WALK.format(packages=[room]))
    assert not loaded & never


def test_the_way_to_the_first_frame_loads_no_port_and_no_mathematics() -> None:
    code = "import drivers.registry, kiosk.run, kiosk.app, kiosk.terminal.driver, sys"
    loaded = loaded_by(code + "; print(*sys.modules)")
    assert "textual" in loaded
    assert not loaded & {"serial", "numpy", "science_mode_4"}


def test_every_module_of_the_house_can_be_imported() -> None:
    loaded = loaded_by(WALK.format(packages=["programs", "drivers", "kiosk"]))
    assert {"programs", "drivers", "kiosk"} <= loaded


def test_the_virtual_device_is_not_loaded_with_the_real_one() -> None:
    done = python("-c", "import drivers.guard.command, drivers.p24.driver, sys; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    assert not [name for name in done.stdout.split() if name.startswith("drivers.virtual")]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["simulate", "--help"]])
def test_asking_for_help_loads_no_screen_and_no_diary(arguments: list[str]) -> None:
    assert not loaded_by_command(*arguments) & {"textual", "rich", "tinydb", "msgspec", "numpy", "serial"}


def test_the_guard_command_carries_nothing_of_the_kiosk() -> None:
    """`homestim guard` makes way for a program of its own, which goes without OpenSSL too."""
    command = modules_of("-m", "kiosk", "guard", "--help")
    guard = modules_of(*same_code.python("drivers.guard", "--help")[1:])
    assert "click" in command
    assert "drivers.guard.process" in guard
    beside = {"textual", "rich", "tinydb", "msgspec", "numpy", "programs", "platformdirs"}
    assert not command & beside
    assert not guard & {*beside, "kiosk", "click", "hashlib", "_ssl"}
