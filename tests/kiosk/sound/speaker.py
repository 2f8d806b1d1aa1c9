"""Programs in the place of a loudspeaker's and a voice's."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from kiosk.sound.player import Sounds


class Speaker:
    """Programs in the place of the box's: they write down what they are given, and take their time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.player = self._program("player", 'cat > "$HEARD/$$.part" && mv "$HEARD/$$.part" "$HEARD/$$.wav"')
        self.voice = self._program(
            "voice", 'echo "$@" > "$HEARD/$$.said"; cat >> "$HEARD/$$.said"; exec sleep 60'
        )

    def _program(self, name: str, what: str) -> Path:
        path = self.folder / name
        path.write_text(f'#!/bin/sh\nHEARD="{self.folder}"\n{what}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def waves(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.folder.glob("*.wav"), key=os.path.getmtime)]

    def said(self) -> list[str]:
        return [path.read_text() for path in self.folder.glob("*.said")]

    def readers(self) -> list[int]:
        """The voices that are still speaking."""
        pids = (int(path.stem) for path in self.folder.glob("*.said"))
        return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@asynccontextmanager
async def sounds(tmp_path: Path, **options: object) -> AsyncIterator[tuple[Sounds, Speaker]]:
    speaker = Speaker(tmp_path)
    playing = Sounds(
        player=[str(speaker.player)],
        voice=[str(speaker.voice), "-v", "{lang}"],
        **options,  # type: ignore[arg-type]
    )
    try:
        yield playing, speaker
    finally:
        await playing.close()
        await until(lambda: not speaker.readers())


async def until(wanted: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not wanted():  # noqa: ASYNC110 - another process's file is no event of this loop
            await asyncio.sleep(0.01)
