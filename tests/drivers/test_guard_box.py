"""The guard on a box: who may connect, what systemd is told, the wire log, and which device is used."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers import messages as m
from drivers.admission import Admission
from drivers.guard import process
from drivers.guard.command import main
from drivers.guard.process import Guard
from drivers.guard.report import unit_status
from drivers.sd_notify import MAX_TURN_MS, Notifier, Vitals, broken_invariant, keep_alive, ping_every_s
from drivers.stimulator import Identity, Unplugged, WrongDevice
from drivers.unix_socket import Door, DoorError, peer_uid, uid_of
from drivers.wire_log import WireLog
from tests.drivers.guard_bench import FakeStimulator, arm, guarded, in_virtual_time, virtual_time

US = os.getuid()

# ── the door ──


def test_the_door_is_for_owner_and_group_and_goes_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "guard"
    door = Door(str(path))
    assert stat.S_IMODE(path.lstat().st_mode) == 0o660
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
        visitor.connect(str(path))
        accepted, _address = door.listener.accept()
        with accepted:
            assert peer_uid(accepted) == US
    door.close()
    assert not path.exists()


def test_what_a_dead_guard_left_is_removed_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "guard")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as dead:
        dead.bind(path)
    door = Door(path)
    with pytest.raises(DoorError, match="Another guard listens"):
        Door(path)
    os.unlink(path)
    second = Door(path)
    door.close()
    assert os.path.exists(path), "the first one does not remove the second one's"
    second.close()


def test_a_file_in_the_way_is_never_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "guard"
    path.write_text("somebody's")
    with pytest.raises(DoorError, match="is no socket"):
        Door(str(path))
    assert main(["--socket", str(path), "--port", "/dev/null", "--device", "p24"]) == 1
    assert "is no socket" in caplog.text
    assert path.read_text() == "somebody's"


def test_a_user_by_name_or_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert uid_of("root") == 0
    assert uid_of("1234") == 1234
    with pytest.raises(SystemExit):
        main(["--socket", "x", "--port", "x", "--device", "p24", "--client-user", "no-such-user"])
    assert "There is no user no-such-user" in capsys.readouterr().err


class Visitor:
    """A connection to the guard's socket."""

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.connect(path)
        self.sock.setblocking(False)

    def send(self, *messages: m.ToGuard) -> None:
        for message in messages:
            self.sock.send(m.encode(message))

    def heard(self) -> list[Any]:
        """All that came since the last call; None at the end of the connection."""
        messages: list[Any] = []
        while True:
            try:
                datagram = self.sock.recv(20_000)
            except BlockingIOError:
                return messages
            if not datagram:
                return [*messages, None]
            messages.append(m.decode(datagram, m.FromGuard))

    def types(self) -> set[type[Any]]:
        return {type(message) for message in self.heard()}


@contextmanager
def served(tmp_path: Path, device: FakeStimulator) -> Iterator[tuple[Guard, Callable[[], Visitor]]]:
    """A guard at a socket, and how to connect to it."""
    door = Door(str(tmp_path / "guard"))
    visitors: list[Visitor] = []
    guard = Guard(
        "p24",
        lambda: device,
        simulated=True,
        listener=door.listener,
        client_uids=frozenset({US}),
        now=virtual_time(),
    )

    def connect() -> Visitor:
        visitors.append(Visitor(str(tmp_path / "guard")))
        return visitors[-1]

    try:
        yield guard, connect
    finally:
        for visitor in visitors:
            visitor.sock.close()
        door.close()


def hello() -> m.Hello:
    return m.Hello(m.PROTOCOL_VERSION, process.build_id())


@in_virtual_time
async def test_somebody_else_may_only_stop_even_as_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path, FakeStimulator()) as (guard, connect):
        running = asyncio.create_task(guard.run())
        monkeypatch.setattr(process, "peer_uid", lambda _sock: US + 1)
        stranger = connect()
        await asyncio.sleep(0.1)
        stranger.send(hello())
        await asyncio.sleep(0.1)
        assert stranger.heard() == [None], "hung up on, and told nothing"

        stranger = connect()
        await asyncio.sleep(0.1)
        monkeypatch.setattr(process, "peer_uid", peer_uid)
        client = connect()
        await asyncio.sleep(0.1)
        client.send(hello(), m.Test())
        await asyncio.sleep(0.1)
        assert guard.state == "testing", "the stranger does not take the client's place"
        stranger.send(m.Stop("stranger"))
        await asyncio.sleep(0.1)
        assert guard.state == "idle"
        assert "stranger" in [message.why for message in client.heard() if isinstance(message, m.Stopped)]
        guard.leave("terminated")
        assert await running == 0


@in_virtual_time
async def test_many_strangers_do_not_use_up_what_the_guard_can_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path, FakeStimulator()) as (guard, connect):
        running = asyncio.create_task(guard.run())
        monkeypatch.setattr(process, "peer_uid", lambda _sock: US + 1)
        strangers = []
        for _ in range(process.MOST_STOPPERS + 3):
            strangers.append(connect())
            await asyncio.sleep(0.01)
        assert [s.heard() for s in strangers] == [[None]] * 3 + [[]] * process.MOST_STOPPERS
        strangers[-1].sock.close()
        await asyncio.sleep(0.1)
        connect()
        await asyncio.sleep(0.1)
        assert strangers[3].heard() == [], "one left, so there is room"
        monkeypatch.setattr(process, "peer_uid", peer_uid)
        client = connect()
        await asyncio.sleep(0.1)
        client.send(hello())
        await asyncio.sleep(0.1)
        assert m.Device in client.types(), "and always room for the client"
        guard.leave("terminated")
        assert await running == 0


@in_virtual_time
async def test_a_stop_is_heard_though_silent_strangers_hold_every_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path, FakeStimulator()) as (guard, connect):
        running = asyncio.create_task(guard.run())
        client = connect()
        await asyncio.sleep(0.1)
        client.send(hello(), m.Test())
        for _ in range(process.MOST_STOPPERS):
            connect()
            await asyncio.sleep(0.01)
        assert guard.state == "testing"
        connect().send(m.Stop("stranger"))
        await asyncio.sleep(0.1)
        assert guard.state == "idle"
        guard.leave("terminated")
        assert await running == 0


@in_virtual_time
async def test_who_asks_on_and_on_for_what_is_refused_does_not_fill_the_disk(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with guarded() as client:
        await client.hello()
        for _ in range(100):
            refused = await client.ask(m.Level(7, 1, 2))
            assert refused.limit == "old_epoch", "each is answered"
            await asyncio.sleep(0.02)
        told = [record for record in caplog.records if record.message.startswith("refused")]
        assert 1 <= len(told) <= 3, "in two seconds"


@in_virtual_time
async def test_the_next_client_does_not_inherit_a_stop_test_that_was_under_way(tmp_path: Path) -> None:
    device = FakeStimulator()
    with served(tmp_path, device) as (guard, connect):
        running = asyncio.create_task(guard.run())
        first = connect()
        await asyncio.sleep(0.1)
        first.send(hello(), m.Test())
        await asyncio.sleep(0.1)
        assert guard.state == "testing"
        device.stop_hold = asyncio.Event()
        first.send(m.Stop("test"))
        await asyncio.sleep(0.1)
        first.sock.close()
        await asyncio.sleep(0.1)
        second = connect()
        await asyncio.sleep(0.1)
        device.stop_hold.set()
        await asyncio.sleep(0.1)
        assert guard.state == "idle"
        second.send(hello(), arm())
        await asyncio.sleep(0.1)
        assert [x.limit for x in second.heard() if isinstance(x, m.Refused)] == ["stop_test"]
        guard.leave("terminated")
        assert await running == 0


# ── systemd ──


@contextmanager
def systemd(address: str) -> Iterator[Callable[[], list[str]]]:
    """What would listen at $NOTIFY_SOCKET; gives what it heard since it was last asked."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("\0" + address[1:] if address.startswith("@") else address)
        sock.setblocking(False)

        def heard() -> list[str]:
            messages: list[str] = []
            while True:
                try:
                    messages.append(sock.recv(1000).decode())
                except BlockingIOError:
                    return messages

        yield heard


@pytest.mark.parametrize("abstract", [False, True])
def test_one_datagram_a_message(tmp_path: Path, abstract: bool) -> None:
    address = f"@homestim-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    notifier = Notifier(address)
    with systemd(address) as heard:
        assert notifier.send("READY=1")
        assert notifier.send("STOPPING=1")
        assert heard() == ["READY=1", "STOPPING=1"]
        sent = 0
        while sent < 10_000 and notifier.send("WATCHDOG=1"):
            sent += 1
        assert sent < 10_000, "a manager that does not read is not waited for"
    assert not notifier.send("READY=1"), "nor is one that is gone"
    notifier.close()
    assert not Notifier(None).send("READY=1")


def test_the_ping_comes_at_half_the_watchdogs_time() -> None:
    assert ping_every_s({"WATCHDOG_USEC": "5000000"}, 7) == 2.5
    assert ping_every_s({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "7"}, 7) == 2.5
    assert ping_every_s({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "8"}, 7) is None
    for wrong in ({}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}):
        assert ping_every_s(wrong, 7) is None


WELL = Vitals("armed", 40, above_zero=True, armed=True, leased_for_ms=300)


@pytest.mark.parametrize(
    "vitals",
    [
        WELL,
        replace(WELL, leased_for_ms=1, above_zero=False),
        Vitals("stopping", 3_500, above_zero=True, armed=False),
        *(
            Vitals(state, 1_000, above_zero=False, armed=False)
            for state in MAX_TURN_MS
            if state not in ("armed", "probing")
        ),
        Vitals("probing", 1_000, above_zero=False, armed=True, leased_for_ms=300),
    ],
)
def test_a_guard_that_is_well(vitals: Vitals) -> None:
    assert broken_invariant(vitals) is None


@pytest.mark.parametrize(
    ("vitals", "why"),
    [
        (replace(WELL, state="dreaming"), "unknown state dreaming"),
        (replace(WELL, turn_age_ms=3_001), "no turn"),
        (Vitals("idle", 5_001, above_zero=False, armed=False), "no turn"),
        (Vitals("stopping", 10_001, above_zero=False, armed=False), "no turn"),
        (replace(WELL, armed=False), "without an arming"),
        (Vitals("idle", 0, above_zero=False, armed=True, leased_for_ms=300), "with an arming"),
        (replace(WELL, ended="lease"), "it is over: lease"),
        (replace(WELL, leased_for_ms=0), "without a lease"),
        (Vitals("probing", 0, above_zero=False, armed=False), "without an arming"),
        *(
            (Vitals(state, 0, above_zero=True, armed=False), "above zero")
            for state in MAX_TURN_MS
            if state not in ("armed", "probing", "stopping")
        ),
    ],
)
def test_what_does_not_hold_is_named(vitals: Vitals, why: str) -> None:
    assert why in (broken_invariant(vitals) or "")


def test_every_state_of_the_guard_has_a_bound() -> None:
    from typing import get_args

    assert set(MAX_TURN_MS) == set(get_args(m.GuardState))


@in_virtual_time
async def test_the_watchdog_is_fed_through_a_whole_session_and_not_once_something_is_broken(
    tmp_path: Path,
) -> None:
    address = str(tmp_path / "notify")
    with systemd(address) as heard, closing(Notifier(address)) as notifier:
        async with guarded() as client:
            pinging = asyncio.create_task(keep_alive(notifier, 0.5, client.guard.vitals))
            await client.armed()
            await client.raised(2)
            heard()
            await asyncio.sleep(5)
            assert heard() == ["WATCHDOG=1"] * 10
            client.send(m.Stop("key"))
            await client.until_type(m.Stopped, client.mark())
            await client.until_state("idle")
            await asyncio.sleep(5)
            assert len(heard()) in (10, 11)

            client.guard._applied = {1: 2}
            await asyncio.sleep(5)
            assert heard() == [], "current with nobody who may have it: systemd has to end us"
            client.guard._applied = {}
            await asyncio.sleep(0.1)
            assert heard() == ["WATCHDOG=1"], "what was only late is well again at once"
            pinging.cancel()


@in_virtual_time
async def test_a_guard_whose_work_hangs_is_not_kept_alive(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    device = FakeStimulator()
    with systemd(address) as heard, closing(Notifier(address)) as notifier:
        async with guarded(device) as client:
            pinging = asyncio.create_task(keep_alive(notifier, 0.5, client.guard.vitals))
            await client.armed()
            device.hold = asyncio.Event()
            client.send(m.Level(1, 1, 2))
            await asyncio.sleep(0.2)
            heard()
            await asyncio.sleep(10)
            assert len(heard()) <= 7, "three seconds of patience"
            client.send(m.Stop("key"))
            await client.until_type(m.Stopped, client.mark())
            device.hold = None
            await asyncio.sleep(1)
            assert heard()
            pinging.cancel()


# ── the wire log ──


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_frame_is_a_line_with_its_time_and_direction(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    times = iter((1.5, 1.25e6 + 0.000001))
    wire_log = WireLog(str(path), clock=lambda: next(times))
    wire_log.note("out", b"\xf0\x00\x0f")
    wire_log.note("in", b"\xff")
    wire_log.close()
    assert lines(path) == [
        {"t": 1.5, "event": "frame", "direction": "out", "hex": "f0000f"},
        {"t": 1250000.000001, "event": "frame", "direction": "in", "hex": "ff"},
    ]
    assert wire_log.dropped == 0


def test_it_is_never_longer_than_two_files(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    for turn in range(20):
        wire_log = WireLog(str(path), max_file_bytes=2_000)
        for i in range(10):
            wire_log.note("out", bytes((turn, i)))
        wire_log.close()
    assert sorted(x.name for x in tmp_path.iterdir()) == ["wire.jsonl", "wire.jsonl.1"]
    assert path.stat().st_size <= 2_000
    kept = [line["hex"] for name in ("wire.jsonl.1", "wire.jsonl") for line in lines(tmp_path / name)]
    assert kept == [f"{turn:02x}{i:02x}" for turn in range(20) for i in range(10)][-len(kept) :]
    assert len(kept) >= 20, "the last ones, in order, over both files"


def test_a_disk_that_hangs_holds_up_nobody_and_says_later_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    os.mkfifo(path)  # opening it for writing takes until somebody reads
    wire_log = WireLog(str(path), max_waiting_bytes=10_000)
    for _ in range(5_000):
        wire_log.note("out", b"\xf0" * 36)
    assert wire_log.dropped == 4_900, "and until here nobody has read"
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(reader, "rb") as file:
        wire_log.close()
        written = [json.loads(line) for line in file.read().splitlines()]
    assert [line["event"] for line in written] == ["frame"] * 100 + ["dropped"]
    assert written[-1]["entries"] == 4_900


def test_its_end_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    os.mkfifo(path)
    wire_log = WireLog(str(path))
    wire_log.note("out", b"\xf0")
    began_s = time.monotonic()
    wire_log.close()
    assert time.monotonic() - began_s < 5
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    wire_log._thread.join(10)


def test_a_full_disk_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    wire_log = WireLog("/dev/full")
    wire_log.note("out", b"\xf0")
    wire_log.note("in", b"\xf0")
    wire_log.close()
    assert wire_log.dropped == 2
    assert caplog.text.count("cannot be written") == 1


# ── which device ──

REAL = Identity("p24", "1234567890", "0.0.1", "4.0.0", firmware_tested=True)
OTHER = Identity("p24", "9999999999", "0.0.1", "4.0.0", firmware_tested=True)
UNTESTED = replace(REAL, firmware="9.9.9", firmware_tested=False)


def test_the_device_of_this_box_is_used_and_any_one_where_none_was_recorded() -> None:
    Admission(simulated=False, device_id="1234567890").check(REAL)
    Admission(simulated=False).check(OTHER)


@pytest.mark.parametrize(
    ("admission", "identity", "sentence"),
    [
        (Admission(False, "1234567890"), OTHER, "Another stimulator is plugged in."),
        (Admission(False, "1234567890"), replace(REAL, device_id="1234567890 "), "Another stimulator"),
        (Admission(True, "SIMP240002"), replace(REAL, device_id="SIMP240001"), "Another stimulator"),
        (Admission(False), UNTESTED, "version (9.9.9) has not been tested"),
        (Admission(False), replace(UNTESTED, firmware=""), "version (4.0.0) has not been tested"),
        (Admission(False), replace(REAL, device_id="SIM1"), "This is a simulator."),
        (Admission(True), REAL, "This is a real stimulator"),
    ],
)
def test_another_device_is_refused_with_a_plain_sentence(
    admission: Admission, identity: Identity, sentence: str
) -> None:
    with pytest.raises(WrongDevice) as refused:
        admission.check(identity)
    assert sentence in refused.value.sentence


def test_untested_firmware_is_used_only_where_it_is_allowed_and_that_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Admission(False, allow_untested_firmware=True).check(UNTESTED)
    assert "untested and allowed: p24 firmware 9.9.9" in caplog.text
    caplog.clear()
    Admission(True).check(replace(UNTESTED, device_id="SIM1"))
    assert caplog.text == "", "a simulator has no firmware to test"


@in_virtual_time
async def test_a_stranger_on_the_same_port_is_said_and_never_initialised() -> None:
    stranger, ours = FakeStimulator(device_id="SIM0000002"), FakeStimulator(device_id="SIM0000001")
    plugged = [stranger]
    async with guarded(ours, open_device=lambda: plugged[0], device_id="SIM0000001") as client:
        client.send(hello())
        said = await client.until(lambda x: isinstance(x, m.Device) and "Another" in x.sentence)
        assert not said.present
        await asyncio.sleep(3)
        assert (await client.ask(m.Test())).limit == "state"
        assert set(stranger.names()) <= {"identify", "close", "stop_now", "stop"}, "and it is let go of"
        assert stranger.names().count("close") == stranger.names().count("identify")
        plugged[0] = ours
        await client.until_state("idle")
        assert client.of(m.Device)[-1].device_id == "SIM0000001"


@in_virtual_time
async def test_plugged_in_again_it_is_found_and_armed_only_after_another_stop_test() -> None:
    device = FakeStimulator()
    async with guarded(device, device_id=device.device_id) as client:
        await client.armed()
        await client.raised(2)
        mark = client.mark()
        device.fails = {"check": Unplugged("The cable is out."), "identify": Unplugged("The cable is out.")}
        device.confirms = False
        assert (await client.until_type(m.Stopped, mark)).why == "unplugged"
        client.stop_leasing()
        await client.until(lambda x: isinstance(x, m.Device) and not x.present, mark)
        device.fails, device.confirms = {}, True
        await client.until(lambda x: isinstance(x, m.Device) and x.present, mark)
        await asyncio.sleep(3)
        assert not device.flowing
        assert client.guard.state == "idle"
        assert (await client.ask(arm(2))).limit == "stop_test"
        await client.stop_test()
        mark = client.mark()
        client.send(arm(2))
        client.keep_lease(2)
        await client.until(lambda x: isinstance(x, m.Status) and x.may_raise, mark)


@in_virtual_time
async def test_who_is_on_the_port_is_told_to_the_unit_on_every_change() -> None:
    told: list[str] = []
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        client.guard.on_device = lambda changed: told.append(unit_status(changed))
        device.fails["check"] = Unplugged("The stimulator is gone.")
        mark = client.mark()
        await client.until(lambda heard: isinstance(heard, m.Device) and not heard.present, mark)
        device.fails.clear()
        await client.until(lambda heard: isinstance(heard, m.Device) and heard.present, mark)
    first, *_, last = (json.loads(line) for line in told)
    assert (first["present"], first["sentence"]) == (False, "The stimulator is gone.")
    assert (last["present"], last["device_id"]) == (True, device.device_id)
    assert last["build"] == client.guard.build
    assert not any("\n" in line for line in told), "one line is all that systemd shows"
