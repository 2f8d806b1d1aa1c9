"""The way to the server: only https, only whom it is told to trust, and plain words when it does not work."""

from __future__ import annotations

import base64
import datetime as dt
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.config import Sync
from kiosk.sync.transport import FhirServer, SyncConfigError, Unreachable
from tests.kiosk.sync.certificates import DAY, Authority
from tests.kiosk.sync.fhir_server import FhirServerProcess, FhirStore, Troubles, fhir_server

NOTHING = b'{"resourceType":"Bundle","type":"transaction","entry":[]}'


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextmanager
def https_server(certificate: Path, clients: Path | None = None) -> Iterator[tuple[FhirServerProcess, str]]:
    """Its address beside it. `clients`: the authority that a client's certificate must come from."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    with fhir_server(FhirStore()) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        yield server, f"https://127.0.0.1:{server.server_address[1]}/fhir"


def test_a_pinned_authority_is_believed(authority: Authority) -> None:
    with https_server(authority.certificate("server")) as (_, url):
        answer = FhirServer(Sync(server=url, ca=str(authority.ca))).transact(NOTHING)
    assert answer.status == 200


def test_the_systems_authorities_do_not_vouch_for_a_stranger(authority: Authority) -> None:
    with https_server(authority.certificate("server")) as (server, url):
        with pytest.raises(Unreachable, match="not trusted"):
            FhirServer(Sync(server=url)).transact(NOTHING)
        assert server.requests == 0


def test_another_authority_is_not_believed(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "Another")
    with https_server(other.certificate("server")) as (server, url):
        with pytest.raises(Unreachable, match="not trusted"):
            FhirServer(Sync(server=url, ca=str(authority.ca))).transact(NOTHING)
        assert server.requests == 0


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (-30 * DAY, -DAY, "has expired, or the date of this box is wrong"),
        (DAY, 30 * DAY, "not valid yet. Is the date of this box right"),
    ],
)
def test_a_certificate_of_another_time_says_so(
    authority: Authority, begins: dt.timedelta, ends: dt.timedelta, words: str
) -> None:
    with (
        https_server(authority.certificate("server", begins, ends)) as (_, url),
        pytest.raises(Unreachable, match=words),
    ):
        FhirServer(Sync(server=url, ca=str(authority.ca))).transact(NOTHING)


def test_the_server_knows_the_box_by_its_certificate(authority: Authority) -> None:
    box = authority.certificate("box")
    with https_server(authority.certificate("server"), clients=authority.ca) as (server, url):
        known = Sync(server=url, ca=str(authority.ca), certificate=str(box))
        assert FhirServer(known).transact(NOTHING).status == 200
        with pytest.raises(Unreachable):
            FhirServer(Sync(server=url, ca=str(authority.ca))).transact(NOTHING)
        assert server.requests == 1


@pytest.mark.parametrize("key", ["ca", "certificate"])
def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path, key: str) -> None:
    (tmp_path / "broken.pem").write_text("this is no certificate")
    for path in ("broken.pem", "missing.pem"):
        with pytest.raises(SyncConfigError, match=f"sync.{key}"):
            FhirServer(Sync(server="https://127.0.0.1/fhir", **{key: str(tmp_path / path)}))


def test_an_encrypted_key_asks_nobody_at_the_terminal(authority: Authority) -> None:
    encrypted = authority.certificate("box", password=b"secret")
    with pytest.raises(SyncConfigError, match=r"sync\.certificate"):
        FhirServer(Sync(server="https://127.0.0.1/fhir", certificate=str(encrypted)))


@pytest.mark.parametrize(
    "url", ["http://clinic.example/fhir", "ftp://127.0.0.1/", "clinic.example", "https://"]
)
def test_nothing_leaves_in_the_clear(url: str) -> None:
    with pytest.raises(SyncConfigError, match="https://"):
        FhirServer(Sync(server=url))
    with pytest.raises(SyncConfigError, match=r"sync\.token_url"):
        FhirServer(Sync(server="https://127.0.0.1/fhir", token_url=url))


def test_the_box_logs_in_once_and_again_when_its_token_was_withdrawn(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    with fhir_server(FhirStore(), Troubles(planned=("", "", "401"))) as server:
        token_url = server.url.replace("/fhir", "/token")
        sync = Sync(
            server=server.url,
            token_url=token_url,
            client_id="box-7",
            client_secret_file=str(secret),
            scope="system/*.write",
        )
        client = FhirServer(sync)
        assert [client.transact(NOTHING).status for _ in range(3)] == [200, 200, 200]
        credentials = base64.b64encode(b"box-7:s3cret").decode()
        assert [header for header, _ in server.tokens] == [f"Basic {credentials}"] * 2
        assert "grant_type=client_credentials&scope=system" in server.tokens[0][1]
        assert [seen["Authorization"] for seen in server.seen] == ["Bearer token-1"] * 3 + ["Bearer token-2"]


def test_a_fresh_token_that_is_refused_is_not_asked_for_again_and_again(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with fhir_server(FhirStore(), Troubles(planned=("401", "401", "401"))) as server:
        token_url = server.url.replace("/fhir", "/token")
        client = FhirServer(Sync(server=server.url, token_url=token_url, client_secret_file=str(secret)))
        assert client.transact(NOTHING).status == 401
        assert (server.requests, len(server.tokens)) == (1, 1)


def test_a_token_that_is_about_to_expire_is_not_used(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    now_s = 0.0
    with fhir_server(FhirStore()) as server:
        token_url = server.url.replace("/fhir", "/token")
        sync = Sync(server=server.url, token_url=token_url, client_secret_file=str(secret))
        client = FhirServer(sync, lambda: now_s)
        client.transact(NOTHING)
        now_s = 3600 - 31
        client.transact(NOTHING)
        assert len(server.tokens) == 1
        now_s = 3600 - 29
        client.transact(NOTHING)
        assert len(server.tokens) == 2


def test_a_redirection_to_another_host_gets_neither_token_nor_diary(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with (
        fhir_server(FhirStore()) as thief,
        fhir_server(FhirStore(), Troubles(planned=("307", "307"))) as server,
    ):
        server.elsewhere = thief.url
        token_url = server.url.replace("/fhir", "/token")
        client = FhirServer(Sync(server=server.url, token_url=token_url, client_secret_file=str(secret)))
        assert client.transact(NOTHING).status == 307
        assert client.get("DocumentReference").status == 307
        assert server.seen[0]["Authorization"] == "Bearer token-1"
        assert (thief.requests, thief.tokens) == (0, [])


def test_a_login_that_leads_elsewhere_is_no_login(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    with fhir_server(FhirStore()) as thief, fhir_server(FhirStore(), Troubles(planned=("307",))) as server:
        server.elsewhere = thief.url.replace("/fhir", "/token")
        client = FhirServer(Sync(server=server.url, token_url=server.url, client_secret_file=str(secret)))
        with pytest.raises(Unreachable, match=r"refused \(307\)"):
            client.transact(NOTHING)
        assert thief.tokens == []


@contextmanager
def proxy(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and what it was asked: one that answers a CONNECT and goes."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                while b"\r\n\r\n" not in b"".join(asked):
                    asked.append(connection.recv(4096))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1], asked
        thread.join(60)


def test_the_proxys_password_goes_to_the_proxy_alone_and_into_no_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as (port, asked):
        sync = Sync(server="https://clinic.example/fhir", proxy=f"http://box:p%40ss@127.0.0.1:{port}")
        with pytest.raises(Unreachable, match=r"sync\.proxy") as raised:
            FhirServer(sync).transact(NOTHING)
    asked_text = b"".join(asked).decode()
    assert asked_text.startswith("CONNECT clinic.example:443")
    assert f"Proxy-Authorization: Basic {base64.b64encode(b'box:p@ss').decode()}\r\n" in asked_text
    told = f"{raised.value} {caplog.text}"
    assert not [
        secret for secret in ("p@ss", "p%40ss", base64.b64encode(b"box:p@ss").decode()) if secret in told
    ]


@pytest.mark.parametrize("url", ["proxy.example:3128", "socks5://127.0.0.1", "http://[", "http://u:s3cret@"])
def test_a_proxy_that_is_none_is_named_without_its_password(url: str) -> None:
    with pytest.raises(SyncConfigError, match=r"sync\.proxy") as raised:
        FhirServer(Sync(server="https://127.0.0.1/fhir", proxy=url))
    assert "s3cret" not in raised.value.sentence


@pytest.mark.parametrize(
    "url", ["https://u:s3cret@127.0.0.1/fhir", "http://u:s3cret@clinic.example", "https://u:s3cret@["]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SyncConfigError, match=r"sync\.server") as raised:
        FhirServer(Sync(server=url))
    assert "s3cret" not in f"{raised.value.sentence} {raised.value.detail}"


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    sync = Sync(
        server="https://127.0.0.1/fhir",
        token_url="https://127.0.0.1/token",
        client_secret_file=str(tmp_path / "no"),
    )
    with pytest.raises(SyncConfigError, match=r"sync\.client_secret_file"):
        FhirServer(sync).transact(NOTHING)


def test_a_server_that_is_not_there_is_said_plainly() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/fhir"
        with pytest.raises(Unreachable, match="cannot be reached"):
            FhirServer(Sync(server=url)).transact(NOTHING)


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    store = FhirStore()
    store.transact = lambda bundle: {"padding": "x" * 5_000_000}  # type: ignore[method-assign]
    with fhir_server(store) as server, pytest.raises(Unreachable, match="far too long"):
        FhirServer(Sync(server=server.url)).transact(NOTHING)
