"""The independent package `science_mode_4`, unmodified, as a client of our virtual P24; its log judges."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import pytest

from drivers.hasomed import FrameScanner
from drivers.p24 import codec
from drivers.p24.codec import (
    ChannelUpdate,
    LlChannelConfig,
    LlChannelConfigAck,
    MlUpdate,
    Packet,
    Period,
    biphasic_pulse,
    command_frame,
)
from drivers.p24.driver import P24, low_level_lead
from drivers.registry import DRIVERS
from tests.drivers.p24_bench import SimulatorProcess, simulator, targets

peer = pytest.importorskip("science_mode_4")


@asynccontextmanager
async def foreign_client(link: Path) -> AsyncIterator[peer.DeviceP24]:
    connection = peer.SerialPortConnection(str(link))
    connection.open()
    try:
        yield peer.DeviceP24(connection)
    finally:
        connection.close()


def foreign_channels(*current_mA: float) -> list[peer.MidLevelChannelConfiguration]:
    return [
        peer.MidLevelChannelConfiguration(
            True, 0, 20, [peer.ChannelPoint(300, mA), peer.ChannelPoint(100, 0), peer.ChannelPoint(300, -mA)]
        )
        for mA in current_mA
    ]


def flowing(device: SimulatorProcess) -> list[list[tuple[int, float]]]:
    return [
        [(channel["channel"], channel["current_mA"]) for channel in entry["channels"]]
        for entry in device.of("output")
    ]


async def test_a_foreign_client_gets_through_a_whole_session(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        async with foreign_client(device.link) as client:
            await client.initialize()
            general, mid = client.get_layer_general(), client.get_layer_mid_level()
            assert general.device_id == "SIMP240001"
            assert general.science_mode_version == "4.0.0"
            assert general.firmware_version == "0.0.1"

            await mid.init(do_stop_on_all_errors=True)
            await mid.update(foreign_channels(10, 20))
            began_s = time.monotonic()
            while time.monotonic() - began_s < 2.5:
                data = await mid.get_current_data()
                assert data.is_stimulation_active_per_channel[:3] == [True, True, False]
                assert set(data.channel_error) == {peer.ResultAndError.NO_ERROR}
                await asyncio.sleep(0.5)
            assert device.of("timeout") == []
            status = await general.get_stim_status()
            assert (status.stim_status, status.high_voltage_on) == (peer.StimStatus.MID_LEVEL_RUNNING, True)

            last_heard_s = device.of("frame")[-2]["t"]
            device.until(lambda: bool(device.of("timeout")))
            (lapsed,) = device.of("timeout")
            assert lapsed["t"] - last_heard_s == pytest.approx(2.0, abs=0.001)
            assert (await general.get_stim_status()).stim_status == peer.StimStatus.MID_LEVEL_INITIALIZED

            await mid.update(foreign_channels(10, 20))
            assert (await general.get_stim_status()).stim_status == peer.StimStatus.MID_LEVEL_RUNNING
            await mid.stop()
            status = await general.get_stim_status()
            assert (status.stim_status, status.high_voltage_on) == (
                peer.StimStatus.NO_LEVEL_INITIALIZED,
                False,
            )

        assert flowing(device) == [[(1, 10.0), (2, 20.0)], [], [(1, 10.0), (2, 20.0)], []]
        assert device.of("refused") == []
        for entry in device.of("output"):
            assert all(channel["net_charge_nC"] == 0 for channel in entry["channels"])


async def test_a_foreign_client_reads_our_faults_and_refusals(tmp_path: Path) -> None:
    with simulator(tmp_path, "--fault", "pad_off:2") as device:
        async with foreign_client(device.link) as client:
            await client.initialize()
            mid = client.get_layer_mid_level()
            with pytest.raises(peer.ProtocolError, match="NOT_INITIALIZED"):
                await mid.update(foreign_channels(10))
            await mid.init(do_stop_on_all_errors=True)
            await mid.update(foreign_channels(10, 20))
            device.until(lambda: bool(device.of("stop")))
            data = await mid.get_current_data()
            assert data.channel_error[:2] == [
                peer.ResultAndError.NO_ERROR,
                peer.ResultAndError.ELECTRODE_ERROR,
            ]
            await mid.stop()


async def test_a_foreign_client_reads_our_measurement(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        async with foreign_client(device.link) as client:
            await client.initialize()
            low = client.get_layer_low_level()
            await low.init(peer.LowLevelMode.STIM_VOLTAGE, peer.LowLevelHighVoltageSource.STANDARD)
            points = [peer.ChannelPoint(100, 2), peer.ChannelPoint(100, 0), peer.ChannelPoint(100, -2)]
            low.send_channel_config(True, peer.Channel.BLACK, peer.Connector.GREEN, points)
            async with asyncio.timeout(5):
                while (ack := low.packet_buffer.get_packet_from_buffer()) is None:  # noqa: ASYNC110 - no event
                    await asyncio.sleep(0.01)
            assert (ack.channel, ack.connector) == (peer.Channel.BLACK, peer.Connector.GREEN)
            assert max(ack.measurement_samples) == pytest.approx(2 * (0.5 + 3 * 0.0645), rel=0.03)
            await low.stop()


def test_our_update_frames_are_the_foreign_encoders() -> None:
    randomness = random.Random(24)
    compared = 0
    for _ in range(500):
        channels, ours = [], []
        for channel in range(1, 9):
            if randomness.random() < 0.5:
                channels.append(peer.MidLevelChannelConfiguration(False))
                continue
            half_mA, width_us = randomness.randrange(0, 261), randomness.randrange(10, 4096)
            period_ms, ramp = randomness.randrange(1, 1000), randomness.randrange(16)
            points = [(width_us, half_mA / 2), (100, 0), (width_us, -half_mA / 2)]
            channels.append(
                peer.MidLevelChannelConfiguration(
                    True, ramp, period_ms, [peer.ChannelPoint(*p) for p in points]
                )
            )
            period = Period.not_faster(Fraction(1000, period_ms))
            ours.append(ChannelUpdate(channel, period, biphasic_pulse(half_mA, width_us), ramp))
        packet = peer.PacketMidLevelUpdate()
        packet.channel_configuration = channels
        packet.number = randomness.randrange(64)
        theirs = peer.Protocol.packet_to_bytes(packet)
        assert command_frame(MlUpdate(tuple(ours)), packet.number) == theirs
        compared += 1
    print(f"{compared} frames equal")


@pytest.mark.parametrize(
    ("channel", "connector", "lead"),
    [
        (channel, connector, lead)
        for channel, (connector, lead) in enumerate(
            itertools.product(("YELLOW", "GREEN"), ("RED", "BLUE", "BLACK", "WHITE")), start=1
        )
    ],
)
def test_a_probe_goes_to_the_lead_that_the_foreign_client_calls_by_its_colour(
    channel: int, connector: str, lead: str
) -> None:
    packet = peer.PacketLowLevelChannelConfig()
    packet.execute_stimulation = True
    packet.connector, packet.channel = peer.Connector[connector], peer.Channel[lead]
    packet.points = [peer.ChannelPoint(*point) for point in ((100, 2), (100, 0), (100, -2))]
    packet.number = channel
    our_connector, our_lead = low_level_lead(channel)
    ours = LlChannelConfig(True, our_lead, our_connector, biphasic_pulse(4, 100))
    assert command_frame(ours, channel) == peer.Protocol.packet_to_bytes(packet)


def test_what_was_measured_is_read_by_the_foreign_decoder() -> None:
    samples = tuple(range(0, 65_536, 512))
    ack = LlChannelConfigAck(0, 2, 1, codec.MEASURE_VOLTAGE, 3, samples)
    theirs = peer.PacketLowLevelChannelConfigAck(ack.to_bytes())
    assert (theirs.channel, theirs.connector) == (2, 1)
    assert theirs.mode == peer.LowLevelMode.STIM_VOLTAGE
    assert theirs.sampling_time_in_microseconds == 3
    assert theirs.measurement_samples == [value / 100 for value in samples]


async def test_our_drivers_frames_are_read_by_the_foreign_decoder(tmp_path: Path) -> None:
    with simulator(tmp_path) as device:
        driver = P24(str(device.link), DRIVERS["p24"].serial)
        await driver.identify()
        await driver.initialise()
        for half_mA in range(0, 40, 3):
            await driver.apply(targets(half_mA, 0))
        await driver.check()
        assert (await driver.stop()).confirmed
        await driver.close()
        frames = [bytes.fromhex(entry["hex"]) for entry in device.of("frame")]
        assert len(frames) > 20
        for frame in frames:
            (body,) = FrameScanner(codec.SCIENCE_MODE_4).feed(frame)
            packet = Packet.from_body(body)
            assert peer.Protocol.is_valid_packet_data(frame)
            assert peer.Protocol.extract_packet_data(frame) == (packet.code, packet.number, packet.data)
