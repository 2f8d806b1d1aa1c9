"""The strict decoder: what the guard is told is what was declared, or nothing."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import messages as m
from tests.drivers.guard_bench import CYCLE, arm, limit, phase, plan

INTEGERS = st.integers(-m.MAX_INTEGER, m.MAX_INTEGER)
MESSAGES = st.one_of(
    st.builds(m.Hello, v=INTEGERS, build=st.text(max_size=100)),
    st.just(m.Test()),
    st.builds(m.Arm, epoch=INTEGERS, plan=st.just(arm().plan), limits=st.just((limit(1), limit(2)))),
    st.builds(m.Probe, epoch=INTEGERS, channels=st.lists(INTEGERS, max_size=8).map(tuple)),
    st.builds(m.Level, epoch=INTEGERS, channel=INTEGERS, half_mA=INTEGERS),
    st.builds(m.Next, epoch=INTEGERS),
    st.builds(m.Rest, epoch=INTEGERS),
    st.builds(m.Present, epoch=INTEGERS),
    st.builds(m.Lease, epoch=INTEGERS, n=INTEGERS, boottime_ns=INTEGERS),
    st.builds(m.Stop, why=st.text(max_size=100)),
)


@given(MESSAGES)
def test_every_message_to_the_guard_survives_the_way(message: Any) -> None:
    assert m.decode(m.encode(message), m.ToGuard) == message


def test_every_message_from_the_guard_survives_the_way() -> None:
    status = m.Status("armed", 1, 2, (m.ChannelStatus(1, 3, 4),), 500, False, None, 7, None)
    device = m.Device(True, "p24", "SIM1", "1.0", True, "build", "cut", "µ → sentence")
    others = (
        m.Refused(1, "rms", "a", "b", True),
        m.Stopped(1, "key", True, "how", 1.5),
        m.Fault(1, "electrode", 2, "detail"),
        m.Fault(1, "unplugged", None, ""),
        m.Contact(1, (m.LeadContact(1, "good", 700, 500), m.LeadContact(2, "open", None, None))),
    )
    for message in (status, device, *others):
        assert m.decode(m.encode(message), m.FromGuard) == message


def test_the_largest_plan_fits_into_one_message() -> None:
    longest = plan(*[phase("cool_down", duration_ms=10**9, pattern=CYCLE, frequency_mHz=10**9)] * 64)
    whole = m.Arm(m.MAX_INTEGER, longest, tuple(limit(channel) for channel in range(1, 9)))
    assert len(m.encode(whole)) <= m.MAX_MESSAGE_BYTES
    assert m.decode(m.encode(whole), m.ToGuard) == whole


LEVEL = {"type": "level", "epoch": 1, "channel": 1, "half_mA": 2}


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x00",
        b"\xff",
        b"null",
        b"[]",
        b'"level"',
        b"{}",
        b'{"type":1}',
        b'{"type":["level"]}',
        b'{"type":"unknown"}',
        b'{"type":"status"}',
        b"[" * 16_000,
        m.encode(arm()).ljust(m.MAX_MESSAGE_BYTES + 1),
        *(
            json.dumps({**LEVEL, **change}).encode()
            for change in (
                {"half_mA": 2.0},
                {"half_mA": True},
                {"half_mA": "2"},
                {"half_mA": None},
                {"half_mA": [2]},
                {"half_mA": 1 << 63},
                {"half_mA": float("nan")},
                {"half_mA": float("inf")},
                {"force": 1},
            )
        ),
        b'{"type":"level","epoch":1,"channel":1}',
        b'{"type":"stop","why":"' + b"x" * 501 + b'"}',
        m.encode(arm()).replace(b'"tens"', b'"other"'),
        m.encode(arm()).replace(b'"continuous"', b'"sweep"'),
        m.encode(arm()).replace(b'"limits":[', b'"limits":{"a":').replace(b"]}", b"}}"),
        m.encode(m.Arm(1, plan(*[phase()] * 65), (limit(),))),
    ],
)
def test_what_was_not_declared_is_malformed(datagram: bytes) -> None:
    with pytest.raises(m.MalformedMessage):
        m.decode(datagram, m.ToGuard)


@pytest.mark.parametrize(
    ("part", "other", "said"),
    [
        (b'"epoch":1', b'"epoch":"1"', "Arm.epoch: expected int"),
        (b'"kind":"tens"', b'"kind":"other"', "Arm.plan.kind: unexpected value"),
        (b'"off_ms":0', b'"of_ms":0', "Arm.plan.phases[0].pattern: keys ['of_ms', 'off_ms']"),
        (b'"known_level":true', b'"known_level":1', "Arm.limits[1].known_level: expected bool"),
    ],
)
def test_what_is_wrong_is_said_with_where_it_stands(part: bytes, other: bytes, said: str) -> None:
    datagram = m.encode(m.Arm(1, plan(phase()), (limit(1), limit(2))))
    at = datagram.rindex(part)
    with pytest.raises(m.MalformedMessage, match=f"^{re.escape(said)}$"):
        m.decode(datagram[:at] + other + datagram[at + len(part) :], m.ToGuard)


@pytest.mark.parametrize(
    "number", [b"NaN", b"Infinity", b"-Infinity", b'"1"', b"true", b"null", b"1" + b"0" * 400]
)
def test_what_is_no_number_is_malformed(number: bytes) -> None:
    stopped = m.encode(m.Stopped(1, "key", True, "off", 4711.0))
    assert b"4711.0" in stopped
    with pytest.raises(m.MalformedMessage):
        m.decode(stopped.replace(b"4711.0", number), m.FromGuard)


def test_a_message_of_the_greatest_size_is_understood() -> None:
    assert m.decode(m.encode(arm()).ljust(m.MAX_MESSAGE_BYTES), m.ToGuard) == arm()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(datagram: bytes) -> None:
    try:
        message = m.decode(datagram, m.ToGuard)
    except m.MalformedMessage:
        return
    assert isinstance(message, get_args(m.ToGuard))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(JSON, st.sampled_from(["epoch", "plan", "limits"]))
def test_anything_in_the_place_of_a_part_is_malformed(value: Any, part: str) -> None:
    body = json.loads(m.encode(arm()))
    if body[part] == value or (part == "epoch" and type(value) is int) or (part == "limits" and value == []):
        return
    body[part] = value
    with pytest.raises(m.MalformedMessage):
        m.decode(json.dumps(body).encode(), m.ToGuard)
