"""One request to the clinic's server: https with the system's or a pinned CA, a client certificate or OAuth2
client credentials, a proxy. No request that is not https leaves, but to this machine itself.
"""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlencode, urlsplit

import msgspec
import urllib3

from kiosk.config import Sync
from kiosk.errors import N_, KioskError

CONNECT_S: Final = 10.0
READ_S: Final = 30.0
"""An upload that begins just before somebody comes has ended before her questions have."""
MOST_ANSWER_BYTES: Final = 4 * 1024 * 1024
TOKEN_SPARE_S: Final = 30.0
"""A token that is about to expire is not used any more."""
HERE: Final = ("localhost", "127.0.0.1", "::1")
FHIR_JSON: Final = "application/fhir+json"


class SyncConfigError(KioskError):
    """The table [sync] of kiosk.toml cannot be used."""


class Unreachable(Exception):  # noqa: N818
    """No answer. `str(self)` says why, for a person."""


class Answer(msgspec.Struct, frozen=True):
    """What the server said."""

    status: int
    body: bytes
    retry_after_s: float | None = None
    at: dt.datetime | None = None
    """By the server's own clock."""


class Server(Protocol):
    """Where bundles go. Both methods raise Unreachable."""

    def transact(self, bundle: bytes) -> Answer:
        """POST of a transaction Bundle to the server's base."""

    def get(self, path: str) -> Answer:
        """GET of a path below the base, its query with it."""


class FhirServer:
    """The server of `[sync]`. Raises SyncConfigError for what can be known to be wrong beforehand."""

    def __init__(
        self, sync: Sync, monotonic_s: Callable[[], float] = time.monotonic, *, read_s: float = READ_S
    ) -> None:
        """`read_s`: how long an answer may take."""
        self._sync = sync
        self._monotonic_s = monotonic_s
        self._base = sync.server.rstrip("/")
        for key, url in (("sync.server", sync.server), ("sync.token_url", sync.token_url)):
            if url:
                _check_url(key, url)
        self._pool = _pool(sync, urllib3.Timeout(connect=CONNECT_S, read=read_s))
        self._token = ""
        self._token_until_s = 0.0

    def transact(self, bundle: bytes) -> Answer:
        return self._asked("POST", self._base, bundle)

    def get(self, path: str) -> Answer:
        return self._asked("GET", f"{self._base}/{path}", None)

    def _asked(self, method: str, url: str, body: bytes | None) -> Answer:
        headers = {"Accept": FHIR_JSON, "User-Agent": "homestim"}
        if body is not None:
            headers["Content-Type"] = FHIR_JSON
        if not self._sync.token_url:
            return self._request(method, url, headers, body)
        had_one = self._monotonic_s() < self._token_until_s
        answer = self._request(method, url, headers | self._login(), body)
        if answer.status == 401:
            self._token_until_s = 0.0
            if had_one:  # withdrawn before its time; a fresh one that is refused is not asked for twice
                answer = self._request(method, url, headers | self._login(), body)
        return answer

    def _login(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._fresh_token()}"}

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        try:
            response = self._pool.request(
                method, url, headers=headers, body=body, redirect=False, retries=False, preload_content=False
            )
            try:
                content = response.read(MOST_ANSWER_BYTES + 1)
            finally:
                response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(_why(error)) from error
        except OSError as error:
            raise Unreachable(error.strerror or N_("The server cannot be reached.")) from error
        if len(content) > MOST_ANSWER_BYTES:
            raise Unreachable(N_("The answer is far too long. That is not the clinic's server."))
        said = response.headers
        return Answer(
            response.status, content, _retry_after_s(said.get("Retry-After")), _time(said.get("Date"))
        )

    def _fresh_token(self) -> str:
        """OAuth 2.0 client credentials (RFC 6749, 4.4), the secret in the header."""
        if self._monotonic_s() < self._token_until_s:
            return self._token
        secret = _read(self._sync.client_secret_file, "sync.client_secret_file").decode().strip()
        credentials = base64.b64encode(f"{self._sync.client_id}:{secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        form = {"grant_type": "client_credentials"} | (
            {"scope": self._sync.scope} if self._sync.scope else {}
        )
        answer = self._request("POST", self._sync.token_url, headers, urlencode(form).encode())
        if answer.status != 200:
            why = N_("The login of this box was refused ({status}). Tell the clinic.")
            raise Unreachable(why.format(status=answer.status))
        try:
            granted = msgspec.json.decode(answer.body, type=_Granted)
        except ValueError as error:
            raise Unreachable(N_("The login gave no token. Tell the clinic.")) from error
        self._token = granted.access_token
        self._token_until_s = self._monotonic_s() + max(0.0, granted.expires_in - TOKEN_SPARE_S)
        return self._token


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float = 60.0


def _pool(sync: Sync, timeout: urllib3.Timeout) -> urllib3.PoolManager:
    if urlsplit(sync.server).scheme == "http":  # this machine itself, see _check_url
        return urllib3.PoolManager(timeout=timeout, maxsize=1)
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if sync.ca:
            # Pinned: this authority alone, not the system's beside it.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_verify_locations(sync.ca)
        if sync.certificate:
            context.load_cert_chain(sync.certificate, sync.key or None, password=_no_password)
    except (OSError, ssl.SSLError, ValueError) as error:
        key = "sync.certificate" if sync.certificate and not _is_readable_ca(sync.ca) else "sync.ca"
        raise SyncConfigError(
            f"kiosk.toml, {key}: a certificate cannot be used. Nothing was sent.", detail=str(error)
        ) from error
    if not sync.proxy:
        return urllib3.PoolManager(ssl_context=context, timeout=timeout, maxsize=1)
    address, login = _proxy(sync.proxy)
    return urllib3.ProxyManager(address, proxy_headers=login, ssl_context=context, timeout=timeout, maxsize=1)


def _proxy(url: str) -> tuple[str, dict[str, str]]:
    """Its address, and what it is told of who asks: `user:password@` of the address goes there alone."""
    try:
        parts = urlsplit(url)
        user, password, host, port = parts.username, parts.password, parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        raise SyncConfigError(
            "kiosk.toml, sync.proxy: expected an address like http://proxy.clinic.example:3128. "
            "Nothing was sent.",
            exit_code=2,
        )
    name = f"[{host}]" if ":" in host else host
    address = f"{parts.scheme}://{name}" + (f":{port}" if port else "")
    if user is None:
        return address, {}
    login = f"{unquote(user)}:{unquote(password or '')}"
    return address, {"Proxy-Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}


def _is_readable_ca(path: str) -> bool:
    if not path:
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except (OSError, ssl.SSLError):
        return True
    return False


def _no_password() -> str:
    """An encrypted key would ask a person at the terminal; nobody is there."""
    raise ValueError("the key is encrypted")


def _check_url(key: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        host, has_login = parts.hostname, "@" in parts.netloc
    except ValueError:
        host, has_login = None, "@" in url
    if has_login:
        raise SyncConfigError(
            f"kiosk.toml, {key}: a password does not belong into an address. Nothing was sent.", exit_code=2
        )
    if host is not None and (parts.scheme == "https" or (parts.scheme == "http" and host in HERE)):
        return
    raise SyncConfigError(
        f"kiosk.toml, {key}: found {url!r}, expected an address that begins with https://. Nothing was sent.",
        exit_code=2,
    )


def _read(path: str, key: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SyncConfigError(
            f"kiosk.toml, {key}: {path or 'nothing'} cannot be read. Nothing was sent.", detail=str(error)
        ) from error


def _retry_after_s(value: str | None) -> float | None:
    """Seconds; a date in its place (RFC 9110, 10.2.3) is not believed, since clocks differ."""
    try:
        return None if value is None else max(0.0, float(value))
    except ValueError:
        return None


def _time(date: str | None) -> dt.datetime | None:
    """The header Date (RFC 9110, 6.6.1)."""
    try:
        found = None if date is None else email.utils.parsedate_to_datetime(date)
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=dt.UTC)


def _why(error: urllib3.exceptions.HTTPError) -> str:
    """A sentence for a person; no address, which can hold a password."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            untrusted = N_("The server's certificate is not trusted")
            return _CERTIFICATE.get(cause.verify_code, f"{untrusted}: {cause.verify_message}.")
        if isinstance(cause, ssl.SSLError):
            insecure = N_("No secure connection")
            return f"{insecure}: {cause.reason or cause}."
        cause = next((one for one in cause.args if isinstance(one, BaseException)), cause.__cause__)
    if isinstance(error, urllib3.exceptions.ProxyError):
        return N_("The proxy does not let this box through, or cannot be reached. Is sync.proxy right?")
    # A refused connection is one of urllib3's time-outs as well, for old callers' sake.
    if isinstance(error, urllib3.exceptions.TimeoutError) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    ):
        return N_("The server does not answer in time.")
    return N_("The server cannot be reached. Is the network there?")


_CERTIFICATE: Final = {
    9: N_("The server's certificate is not valid yet. Is the date of this box right?"),
    10: N_("The server's certificate has expired, or the date of this box is wrong."),
}
"""OpenSSL's X509_V_ERR_ number → what it means here."""
