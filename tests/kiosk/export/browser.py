"""A real browser without a screen: what a page complains of, what it fetches, what it prints."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, NamedTuple

import pytest

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PAGE: Final = "/report.html"
TIMEOUT_S: Final = 90


class Visit(NamedTuple):
    """What came of opening a page."""

    console: tuple[str, ...]
    """Every line that the page wrote to the console, errors and refusals among them."""
    requests: tuple[str, ...]
    """What it asked the server for besides itself."""
    printed: bytes
    """As a PDF."""


def browser() -> str:
    """The browser's program. Where there is none the test is skipped, but never in CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI has to have a browser: .ci/run installs chromium")
        pytest.skip("no chromium on this machine (apt install chromium)")
    return found


def visit(html: str, place: Path) -> Visit:
    """Opens `html` from a server of its own and prints it; `place` is an empty folder."""
    with _server(html) as (address, requests):
        done = subprocess.run(
            [
                browser(),
                "--headless=new",
                "--no-sandbox",  # tests run as root on CI
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-pdf-header-footer",
                "--enable-logging=stderr",
                f"--user-data-dir={place / 'profile'}",
                f"--print-to-pdf={place / 'printed.pdf'}",
                address + PAGE,
            ],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env={**os.environ, "HOME": str(place)},
        )
        assert done.returncode == 0, done.stderr
        console = tuple(line for line in done.stderr.splitlines() if "CONSOLE" in line)
        return Visit(console, tuple(requests), (place / "printed.pdf").read_bytes())


@contextmanager
def _server(html: str) -> Iterator[tuple[str, list[str]]]:
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == PAGE:
                content = html.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            else:
                requests.append(self.path)
                self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
