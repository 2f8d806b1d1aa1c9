"""`homestim setup` at the other end of a pipe: waits for a question, answers it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


class Installer:
    """Somebody who answers. Every wait is bounded and shows what was said."""

    def __init__(self, folder: Path, *arguments: object) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "kiosk", "setup", "--config", folder / "kiosk.toml"]
        command += ["--data", folder / "data", "--card", folder / "card.txt", *arguments]
        self.child = subprocess.Popen(
            list(map(str, command)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.said = ""
        self._from = 0

    def hears(self, *texts: str) -> str:
        """Until one of `texts` is said after what was heard before; which one."""
        assert self.child.stdout is not None
        end_s = time.monotonic() + PATIENCE_S
        while True:
            for text in texts:
                at = self.said.find(text, self._from)
                if at >= 0:
                    self._from = at + len(text)
                    return text
            left_s = end_s - time.monotonic()
            assert left_s > 0, f"none of {texts} was said:\n{self.said[self._from :]}"
            if select.select([self.child.stdout], [], [], left_s)[0]:
                piece = os.read(self.child.stdout.fileno(), 65536)
                assert piece, f"it ended before {texts}:\n{self.said}"
                self.said += piece.decode()

    def says(self, line: str = "") -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(f"{line}\n".encode())
        self.child.stdin.flush()

    def answers(self, *pairs: tuple[str, str]) -> None:
        """(what is asked, what is said to it), one after the other."""
        for question, answer in pairs:
            self.hears(question)
            self.says(answer)

    def kill(self) -> None:
        """As a power cut does."""
        self.child.kill()
        self.close()

    def ends(self) -> int:
        """Nobody says anything any more; the exit code, once all was heard."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        assert self.child.stdout is not None
        self.said += self.child.stdout.read().decode()
        return self.child.wait(PATIENCE_S)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
