"""How long a command takes and how much memory it has at most, seen from a small parent.

A child counts the memory of the process that it was forked from as its own, and a benchmark that has drawn
charts of ten years is a large one: an interpreter without anything else starts the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import BinaryIO, Final

_RUN: Final = """
import os, sys, time
began_s = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
took_s = time.perf_counter() - began_s
print(took_s, used.ru_maxrss / 1024, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measured(
    command: Sequence[str], stdin: BinaryIO | int = subprocess.DEVNULL, **environment: str
) -> tuple[float, float]:
    """Seconds, and MB at most in use. Raises RuntimeError when the command fails."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _RUN, *command],
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        check=False,
    )
    said = done.stderr.decode(errors="replace")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {said}")
    seconds, megabytes = said.splitlines()[-1].split()
    return float(seconds), float(megabytes)
