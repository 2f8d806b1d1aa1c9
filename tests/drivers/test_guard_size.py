"""The guard fits into one head and into a small board."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import drivers.guard
from tests.faults.guard_rig import kiosk

FOLDER = Path(drivers.guard.__file__).parent
MOST_LINES = 600
MOST_RSS_KIB = 26 * 1024
BESIDE_THE_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(path: Path) -> int:
    """Lines that carry code: explaining more may not make a file "longer"."""
    source = path.read_text(encoding="utf-8")
    explained = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.end_lineno is not None
        for line in range(node.lineno, node.end_lineno + 1)
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {
        line
        for token in tokens
        if token.type not in BESIDE_THE_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - explained)


def test_what_decides_over_current_has_less_than_600_lines_of_code() -> None:
    """process.py and output.py; beside them stand the lease, the contact check and the link."""
    assert code_lines(FOLDER / "process.py") + code_lines(FOLDER / "output.py") < MOST_LINES
    assert {path.name for path in FOLDER.glob("*.py")} == {
        "__init__.py",
        "__main__.py",
        "command.py",
        "lease.py",
        "link.py",
        "output.py",
        "probe.py",
        "report.py",
        "requests.py",
        "process.py",
    }


async def test_the_guard_with_its_driver_stays_small(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.until_state("idle")
        process = Path(f"/proc/{client.link.pid}")
        status = process.joinpath("status").read_text()
        assert int(status.split("VmRSS:")[1].split()[0]) <= MOST_RSS_KIB
        assert "libssl" not in process.joinpath("maps").read_text()
