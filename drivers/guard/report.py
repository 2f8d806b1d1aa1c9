"""What the guard tells of itself and of its device. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from drivers.guard.output import Arming
from drivers.guard.probe import Probing
from drivers.messages import ChannelStatus, Device, GuardState, Status
from drivers.stimulator import Identity, Stimulator

_STILL: Final = ("state", "epoch", "may_raise", "phase")


def status_of(
    state: GuardState,
    epoch: int,
    live: Arming | Probing | None,
    applied: Mapping[int, int],
    confirmed_at_s: float | None,
) -> Status:
    """`live` is what the client's lease keeps alive; `applied` what the device acknowledged, in half-mA."""
    n = 0 if live is None else live.lease.n
    if not isinstance(live, Arming):
        return Status(state, epoch, n, (), 0, False, None, 0, confirmed_at_s)
    channels = tuple(ChannelStatus(ch, mA, applied.get(ch, 0)) for ch, mA in live.levels.items())
    return Status(
        state,
        epoch,
        n,
        channels,
        live.fraction,
        live.plateau,
        live.index,
        live.elapsed_ms,
        confirmed_at_s,
    )


def is_news(status: Status, told: Status | None) -> bool:
    """Something else than what moves by itself: the lease's number, the times, and all that a ramp moves."""
    if told is None or any(getattr(status, name) != getattr(told, name) for name in _STILL):
        return True
    if 0 < status.fraction_permille < 1000:
        return [ch.level_half_mA for ch in status.channels] != [ch.level_half_mA for ch in told.channels]
    return status.channels != told.channels


def device_of(
    driver: Stimulator | None, who: Identity | None, kind: str, simulated: bool, build: str, sentence: str
) -> Device:
    """Who is on the port; `sentence` says why there is nobody."""
    return Device(
        present=who is not None,
        kind=kind,
        device_id="" if who is None else who.device_id,
        firmware="" if who is None else who.firmware,
        simulated=simulated if who is None else who.simulated,
        build=build,
        how_to_cut_output="" if driver is None else driver.how_to_cut_output,
        sentence=sentence,
        measures_contact=driver is not None and driver.capabilities.measures_contact,
    )


def unit_status(device: Device) -> str:
    """One line for systemd, which shows it to whoever asks: nobody has to connect to know what is there."""
    told = ("present", "kind", "device_id", "firmware", "simulated", "build", "sentence")
    return json.dumps({name: getattr(device, name) for name in told})
