"""What the device itself wrote down: the only witness of what really came out."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any


class DeviceLog:
    """The simulator's JSON Lines (interfaces.md, "Simulator log")."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def events(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def outputs(self) -> list[tuple[float, dict[int, float]]]:
        """(time, channel → mA) at every change of what came out; {} is zero."""
        return [
            (event["t"], {entry["channel"]: entry["current_mA"] for entry in event["channels"]})
            for event in self.events()
            if event["event"] == "output"
        ]

    def output_now(self) -> dict[int, float]:
        """Channels above zero at the end of the log."""
        outputs = self.outputs()
        return {channel: mA for channel, mA in outputs[-1][1].items() if mA} if outputs else {}

    def wait_for_output(self, *, above_zero: bool, within_s: float = 10.0) -> float:
        """Until the device puts out something (or nothing); when it wrote that down (CLOCK_MONOTONIC)."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            if bool(self.output_now()) is above_zero:
                return self.outputs()[-1][0] if self.outputs() else 0.0
            time.sleep(0.005)
        raise AssertionError(f"output {'stayed zero' if above_zero else f'is still {self.output_now()}'}")

    def check(
        self, *, limit_mA: float, contraction_raise_mA: float | None = None, net_charge_us: int = 0
    ) -> None:
        """Never above the limit, no net charge, zero at the end, no more from contraction to contraction.

        `net_charge_us`: for how long of its current a pulse of this device leaves a charge by itself.
        """
        outputs = self.outputs()
        assert any(any(channels.values()) for _, channels in outputs), "nothing ever came out"
        for event in self.events():
            for entry in event.get("channels", []):
                assert entry["current_mA"] <= limit_mA
                assert abs(entry["net_charge_nC"]) <= net_charge_us * entry["current_mA"]
        assert not self.output_now(), "it did not end at zero"
        if contraction_raise_mA is not None:
            for channel, peaks in self.contractions().items():
                rises = [after - before for before, after in itertools.pairwise(peaks)]
                assert max(rises, default=0.0) <= contraction_raise_mA, (channel, peaks)

    def contractions(self) -> dict[int, list[float]]:
        """Per channel, the peak between one zero and the next."""
        peaks: dict[int, list[float]] = {}
        running: dict[int, float] = {}
        for _, channels in self.outputs():
            for channel in set(running) - {channel for channel, mA in channels.items() if mA}:
                peaks.setdefault(channel, []).append(running.pop(channel))
            for channel, mA in channels.items():
                if mA:
                    running[channel] = max(running.get(channel, 0.0), mA)
        for channel, mA in running.items():
            peaks.setdefault(channel, []).append(mA)
        return peaks
