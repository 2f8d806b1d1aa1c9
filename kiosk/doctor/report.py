"""All checks, one after the other, and how they are told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix
from kiosk.doctor.words import _

NAME_COLUMNS: Final = 16


def examine(
    box: Box, checks: Sequence[tuple[str, Callable[[Box], Finding]]] | None = None
) -> tuple[Finding, ...]:
    """Every check, whatever becomes of the others."""
    if checks is None:
        from kiosk.doctor.checks import CHECKS

        checks = CHECKS
    return tuple(_made(name, check, box) for name, check in checks)


def _made(name: str, check: Callable[[Box], Finding], box: Box) -> Finding:
    try:
        return check(box)
    except Exception as error:  # a check that breaks on a broken box must not hide the others
        found = _("This could not be checked: {error}").format(error=type(error).__name__)
        return fix(name, found, _("Install homestim again; the data stay."))


def is_well(findings: Sequence[Finding]) -> bool:
    """Nothing has to be mended."""
    return all(finding.state != "fix" for finding in findings)


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The report for a person."""
    marks = {"ok": _("ok"), "look": _("LOOK"), "fix": _("FIX")}
    for finding in findings:
        yield f"{marks[finding.state]:<9} {finding.check:<{NAME_COLUMNS}} {finding.found}"
        if finding.remedy:
            yield f"{'':<9} {'':<{NAME_COLUMNS}} → {finding.remedy}"
    yield ""
    to_mend = sum(finding.state == "fix" for finding in findings)
    to_see = sum(finding.state == "look" for finding in findings)
    if to_mend:
        yield _("The box is not well: {fix} to mend, {look} to look at.").format(fix=to_mend, look=to_see)
    else:
        yield _("The box is well; {look} to look at.").format(look=to_see)


def document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The report for a program."""
    return {
        "well": is_well(findings),
        "findings": [
            {"check": one.check, "state": one.state, "found": one.found, "remedy": one.remedy}
            for one in findings
        ],
    }


def as_json(findings: Sequence[Finding]) -> str:
    """One JSON document."""
    return json.dumps(document(findings), ensure_ascii=False, indent=2)
