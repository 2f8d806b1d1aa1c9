"""`homestim sync`: what it says, and with which exit code."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from kiosk import cli
from kiosk.access import handed_in
from kiosk.clock import SystemClock
from kiosk.diary import inbox, prescriptions
from kiosk.diary.store import open_store
from programs.library import prescription_example
from tests.kiosk.sync.boxes import NO, YES, entry
from tests.kiosk.sync.fhir_server import FhirServerProcess, FhirStore, Troubles, fhir_server

RunResult = tuple[int, str, str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with open_store(folder, "real", SystemClock()) as store:
        asyncio.run(prescriptions.install(store, prescription_example(), "test.toml"))
    return folder


def add(data: Path, *records: object) -> None:
    with open_store(data, "real", SystemClock()) as store:
        for record in records:
            asyncio.run(store.add(record))  # type: ignore[arg-type]


def config(tmp_path: Path, server: FhirServerProcess | None, more: str = "") -> Path:
    path = tmp_path / "kiosk.toml"
    path.write_text(f'[sync]\nserver = "{"" if server is None else server.url}"\n{more}')
    return path


def sync(capsys: pytest.CaptureFixture[str], *arguments: object) -> RunResult:
    code = cli.main(["sync", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_it_fills_and_sends(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(data, YES, entry(3))
    store = FhirStore()
    with fhir_server(store) as server:
        code, out, err = sync(capsys, "--once", "--data", data, "--config", config(tmp_path, server))
    assert (code, err) == (0, "")
    assert "nothing waits" in out
    assert any(one.get("valueInteger") == 3 for one in store.resources.values())


def test_it_is_off_by_default(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(data, entry(3))
    with fhir_server(FhirStore()) as server:
        code, out, _ = sync(capsys, "--once", "--data", data, "--config", config(tmp_path, server))
        assert server.requests == 0
    assert code == 0
    assert "does not want anything sent" in out


def test_off_again_it_sends_nothing_more(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(data, YES, entry(3))
    sync(capsys, "--fill", "--data", data, "--config", config(tmp_path, None))
    assert list((data / "outbox" / "waiting").iterdir())
    add(data, NO)
    with fhir_server(FhirStore()) as server:
        sync(capsys, "--once", "--data", data, "--config", config(tmp_path, server))
        assert server.requests == 0
    assert not list((data / "outbox" / "waiting").iterdir())


def test_without_an_address_it_says_which_key(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(data, YES, entry(3))
    code, _, err = sync(capsys, "--once", "--data", data, "--config", config(tmp_path, None))
    assert code == 2
    assert "sync.server" in err


def test_a_trouble_is_said_and_a_pause_kept(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(data, YES, entry(3))
    with fhir_server(FhirStore(), Troubles(planned=("503",))) as server:
        command = ("--once", "--data", data, "--config", config(tmp_path, server))
        code, _, err = sync(capsys, *command)
        assert code == 1
        assert "Nothing is lost" in err
        requests = server.requests
        code, out, err = sync(capsys, *command)
        assert (code, err) == (0, "")
        assert "tried again in" in out
        assert server.requests == requests


def test_the_sender_needs_no_diary(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(data, YES, entry(3))
    outbox = tmp_path / "outbox"
    store = FhirStore()
    with fhir_server(store) as server:
        here = config(tmp_path, server, f'outbox = "{outbox}"\n')
        assert sync(capsys, "--fill", "--data", data, "--config", here)[0] == 0
        data.rename(tmp_path / "unseen")
        assert sync(capsys, "--once", "--outbox", outbox, "--config", here)[0] == 0
    assert store.resources
    assert oct(outbox.stat().st_mode & 0o007) == "0o0", "nobody else sees it"


def test_a_signed_file_comes_to_the_inbox(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(data, YES, entry(3))
    text = base64.b64encode(b'{"signed": "by whom is seen later"}').decode()
    with fhir_server(FhirStore()) as server:
        server.documents = [{"resource": {"content": [{"attachment": {"data": text}}]}}]
        for _ in range(2):
            sync(capsys, "--once", "--data", data, "--config", config(tmp_path, server))
    (item,) = inbox.waiting(data)
    assert item.kind == handed_in.SENT
    assert item.content == b'{"signed": "by whom is seen later"}'


def test_what_does_not_go_together_is_said(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = sync(capsys, "--outbox", data, "--fill")
    assert code == 2
    assert "--outbox" in err


def test_an_outbox_that_cannot_be_written_loses_nothing(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(data, YES, entry(3))
    (tmp_path / "file").write_text("in the way")
    here = config(tmp_path, None, f'outbox = "{tmp_path / "file"}"\n')
    code, _, err = sync(capsys, "--fill", "--data", data, "--config", here)
    assert code == 1
    assert "cannot be used" in err
