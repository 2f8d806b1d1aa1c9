"""Processes that run the same code as this one, wherever they are started and whatever else is installed."""

import os
import sys


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs `module`, taking nothing from the working folder; start it in `environment()`."""
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """What it is started with: its code is ours, also where the interpreter finds another installed."""
    ours = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": ours if not others else ours + os.pathsep + others}
