"""Makes each mutant in a copy of the tree and runs its tests there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutants import MUTANTS
from tests.mutants.mutant import ROOT, Mutant

COPIED = ("docs", "drivers", "programs", "kiosk", "systemd", "tests", "pyproject.toml")
NOT_COPIED = ("__pycache__", "snapshots", "node_modules")
TIMEOUT_S = 240
"""A mutant that hangs its test is killed as well."""
COLLECTION_FAILED = 2
"""pytest's status when a test module cannot even be imported."""


def main(words: list[str]) -> int:
    """How many mutants were killed; 1 if one survived, or does not fit the source any more."""
    chosen = [x for x in MUTANTS if not words or any(word in f"{x.name} {x.file}" for word in words)]
    named = sorted({mutant.tests for mutant in chosen})
    killed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sound = dict(zip(named, pool.map(_sound, named), strict=True))
        for tests in (tests for tests in named if not sound[tests]):
            print(f"does not pass unchanged, so its mutants are not tried: {tests}", flush=True)
        tried = [mutant for mutant in chosen if sound[mutant.tests]]
        for mutant, verdict in zip(tried, pool.map(_verdict, tried), strict=True):
            killed += verdict == "killed"
            print(f"{verdict}: {mutant.name} ({mutant.file})", flush=True)
    print(f"{killed} of {len(chosen)} mutants killed")
    return int(killed < len(chosen))


def _sound(tests: str) -> bool:
    """A busy machine may fail a test of real time once."""
    return _passes(None, tests) or _passes(None, tests)


def _verdict(mutant: Mutant) -> str:
    if (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) != 1:
        return "DOES NOT FIT the source"
    return "SURVIVED" if _passes(mutant, mutant.tests) else "killed"


def _passes(mutant: Mutant | None, tests: str) -> bool:
    """Whether the tests pass in a copy of the tree, with the mutant in it."""
    with tempfile.TemporaryDirectory(prefix="homestim-mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns(*NOT_COPIED))
            else:
                shutil.copy(source, copy / name)
        if mutant is not None:
            path = copy / mutant.file
            path.write_text(
                path.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8"
            )
        command = [sys.executable, "-m", "pytest", "-x", "--timeout", "60", *tests.split()]
        try:
            done = subprocess.run(
                command, cwd=copy, capture_output=True, timeout=TIMEOUT_S, check=False, env=_environment(copy)
            )
        except subprocess.TimeoutExpired:
            return False
        if done.returncode not in (0, 1, COLLECTION_FAILED):
            raise RuntimeError(f"{command}: {done.stdout.decode()[-2000:]}{done.stderr.decode()[-2000:]}")
        return done.returncode == 0


def _environment(copy: Path) -> dict[str, str]:
    """The copy comes before an installed homestim, for the processes that tests start too."""
    return {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
