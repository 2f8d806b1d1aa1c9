"""The kiosk's end of the line to the guard: start it or join it, send without waiting, hear what it says."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Callable, Sequence
from typing import Final

from drivers import limits, same_code
from drivers import messages as m
from drivers.build import build_id
from drivers.line import Line

OUR_BUILD: Final = build_id()
"""Of the code that is loaded now, not of what an update has put in its place when a guard is joined."""
STOP_TIME_S = limits.SILENCE_S + 2.0
"""How long a child may need for its stop when it is hung up on: three tries and the silence."""


class GuardLink:
    """One connection to a guard. `send` and `stop_now` never wait and may be called from any thread."""

    def __init__(self, sock: socket.socket, child: subprocess.Popen[bytes] | None = None) -> None:
        self._line, self._child = Line(sock), child
        self.send(m.Hello(m.PROTOCOL_VERSION, OUR_BUILD))

    @classmethod
    def start_child(
        cls,
        port: str,
        kind: str,
        *,
        simulated: bool,
        state_dir: str | None = None,
        log_path: str = os.devnull,
        stop_inputs: Sequence[str] = (),
        device_id: str = "",
        wire_log: str | None = None,
        late_answers: bool = False,
    ) -> GuardLink:
        """A guard of our own, in its own session, so that Ctrl+C in the terminal does not reach it.

        `state_dir` holds the day's tally (None: in memory). Its log is appended to `log_path`, and to
        `wire_log` every byte that it sends and receives, bounded (`drivers.wire_log`). With a `device_id` no
        other device is used. `late_answers` are a simulator's that may be held up (`SIMULATOR_LATE_S`).
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = same_code.python("drivers.guard", "--fd", str(theirs.fileno()))
        command += ["--port", port, "--device", kind]
        command += ["--state", state_dir] if state_dir is not None else []
        command += ["--simulated"] if simulated else []
        command += ["--late-answers"] if late_answers else []
        command += ["--device-id", device_id] if device_id else []
        command += ["--wire-log", wire_log] if wire_log is not None else []
        command += [word for path in stop_inputs for word in ("--stop-input", path)]
        with theirs, open(log_path, "ab") as log:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                env=same_code.environment(),
                start_new_session=True,
            )
        return cls(ours, child)

    @classmethod
    def connect(cls, path: str) -> GuardLink:
        """Join the guard that listens at `path`, without waiting for it. Raises OSError."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.setblocking(False)
        try:
            sock.connect(path)
        except OSError:
            sock.close()
            raise
        return cls(sock)

    @property
    def pid(self) -> int | None:
        """Of the guard, if it is our child."""
        return None if self._child is None else self._child.pid

    def listen(self, on_message: Callable[[m.FromGuard], None], on_closed: Callable[[], None]) -> None:
        """From now on, on the running loop: every message of the guard, then `on_closed` when it is gone.

        A guard that says what cannot be understood is gone: it is hung up on, and so it stops.
        """

        def hear(datagram: bytes) -> None:
            try:
                message = m.decode(datagram, m.FromGuard) if datagram else None
            except m.MalformedMessage:
                self._line.close()
                message = None
            if message is None:
                on_closed()
            else:
                on_message(message)

        self._line.listen(hear)

    def send(self, message: m.ToGuard) -> bool:
        """One datagram to the kernel. False: the guard is gone or takes nothing more, so it will not be done;
        a guard that gets no lease stops by itself."""
        return self._line.send(m.encode(message))

    def stop_now(self, why: str) -> bool:
        """Stop. From any thread, whatever the event loop is doing."""
        return self.send(m.Stop(why))

    async def close(self) -> int | None:
        """Hang up, which is a stop, and wait for the child's end; it is killed only if its stop hangs.

        Returns the child's exit status: 0 when the device said off, else the output is not known.
        """
        self._line.close()
        if self._child is None:
            return None
        try:
            return await asyncio.to_thread(self._child.wait, STOP_TIME_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return await asyncio.to_thread(self._child.wait)
