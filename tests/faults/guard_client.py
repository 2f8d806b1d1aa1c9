"""A client in a process of its own, so that a test can kill or stop it: `python -m tests.faults.guard_client
PORT LOG STATE [probe]`. It lets 1 mA flow, or begins a contact check, and then says so, with the guard's pid,
on standard output."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from drivers.guard.link import GuardLink
from tests.faults.guard_rig import Kiosk, VirtualDevice


async def main(port: str, log_path: str, state_dir: str, what: str = "session") -> None:
    link = GuardLink.start_child(port, "p24", simulated=True, state_dir=state_dir, log_path=log_path)
    device = VirtualDevice(None, port, Path(log_path))  # type: ignore[arg-type]
    client = Kiosk(link, device)
    client.listen()
    await (client.probing() if what == "probe" else client.current_flows())
    print(f"flows {link.pid}", flush=True)
    await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
