"""What goes wrong: a plain sentence for a person, a detail for the log, and the one place that prints it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

log = logging.getLogger(__name__)


def N_(sentence: str) -> str:
    """Marks a sentence that is kept in English, in a file, and put into words where it is shown."""
    return sentence


Part: TypeAlias = tuple[str, Mapping[str, str]]
"""A template and what stands in it; without values it is text as it is."""


class Sentence(str):
    """In English, as a log and a terminal get it; a screen words its `parts` (`kiosk.words.worded`)."""

    parts: tuple[Part, ...]

    def __new__(cls, *parts: Part) -> Sentence:
        text = " ".join(template.format(**values) if values else template for template, values in parts)
        made = super().__new__(cls, text)
        made.parts = parts
        return made


def filled(template: str, **values: object) -> Sentence:
    """`template`, marked by `N_`, with its values; one that is marked itself is worded too."""
    kept = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
    return Sentence((template, kept))


def in_a_row(*sentences: str) -> Sentence:
    """One after the other."""
    return Sentence(*(part for sentence in sentences for part in parts_of(sentence)))


def parts_of(sentence: str) -> tuple[Part, ...]:
    """What a sentence is put into words from."""
    return sentence.parts if isinstance(sentence, Sentence) else ((sentence, {}),)


UNEXPECTED: Final = "Something went wrong inside homestim. What it was stands in {log}."


class KioskError(Exception):
    """Ends what was asked for. `sentence` says what is wrong and what to do; `str(self)` is for the log.

    `exit_code` is 1 (the thing asked about is not well) or 2 (wrong usage).
    """

    def __init__(self, sentence: str, exit_code: int = 1, detail: str = "") -> None:
        super().__init__(f"{sentence} [{detail}]" if detail else sentence)
        self.sentence = sentence
        self.exit_code = exit_code
        self.detail = detail


def run_command(command: Callable[[], int], log_path: Callable[[], object]) -> int:
    """Runs `command` and returns its exit code; whatever it raises becomes one line on stderr.

    An error that carries a `sentence` (ours, a driver's) says it; any other is a fault of the program:
    its traceback goes to the log alone, whose place `log_path` names.
    """
    try:
        return command()
    except KeyboardInterrupt:
        return 1
    except BrokenPipeError:
        # Who read our output left early (`homestim … | head`). Nothing more can be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        sentence = getattr(error, "sentence", None)
        if isinstance(sentence, str):
            log.error("%s: %s", type(error).__name__, error, exc_info=error)
            return say(sentence, getattr(error, "exit_code", 1))
        log.critical("unexpected %s", type(error).__name__, exc_info=error)
        return say(UNEXPECTED.format(log=log_path()), 1)


def say(sentence: str, exit_code: int) -> int:
    """Prints `sentence` as one line on stderr and gives back `exit_code`."""
    sys.stderr.write("homestim: " + " ".join(sentence.split()) + "\n")
    sys.stderr.flush()
    return exit_code
