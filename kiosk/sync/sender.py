"""Sends what waits: each bundle until every one of its entries was accepted or refused for good.

What the server says of a whole transaction, or of one entry:

| answer | what is done |
|---|---|
| 2xx | accepted |
| 408, 409, 423, 425, 429, 5xx, no answer | later: a growing pause with jitter, or what the server asks for |
| 401, 403, 404 and 405 for the whole | later: the box's rights or address are wrong, not what it sent |
| 413 | in halves |
| 412, 422, any other 4xx in FHIR's words | in halves; the one entry that it will never take is put aside |
| any other 4xx | later: a proxy or a gate speaks, which has not looked at what was sent |

Sending again what was accepted changes nothing, so a lost answer costs one more request and no more.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from kiosk.diary.outbox import (
    RECEIPTS,
    SENDER,
    Bundle,
    Outbox,
    Receipt,
    Refusal,
    entries_of,
    is_complete,
    name_of,
)
from kiosk.errors import N_
from kiosk.sync.bundle import whole
from kiosk.sync.transport import Answer, Server, Unreachable

FIRST_PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 6 * 3600.0
PASSING: Final = frozenset({408, 409, 423, 425, 429})
NOT_THE_CONTENT: Final = frozenset({401, 403, 404, 405, 407})
"""Of a whole transaction: these say nothing of what was sent."""
OF_THE_CONTENT: Final = frozenset({412, 413, 422})
"""These say something of what was sent, in whatever words."""
CLOCKS_DIFFER: Final = dt.timedelta(hours=1)
"""Less says nothing: an answer may have been on its way for a while."""
MOST_WORDS: Final = 500

Entry = dict[str, Any]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What one run did, and how the sender stands; kept in `sender.json`."""

    at: str = ""
    """ISO time of the end of the run."""
    succeeded_at: str = ""
    """ISO time of the last run that left nothing waiting."""
    failures: int = 0
    """Runs in a row that ended without the server having taken everything."""
    not_before: str = ""
    """ISO time before which nothing is tried again."""
    trouble: str = ""
    """Why, in words; "": all is well."""
    accepted: int = 0
    """Entries of this run."""
    requests: int = 0
    bytes: int = 0
    server_at: str = ""
    """ISO time by the server's clock when it last answered, where it differed much from the box's."""


class _Later(Exception):  # noqa: N818
    """Not now. `after_s`: what the server asked for."""

    def __init__(self, why: str, after_s: float | None = None) -> None:
        super().__init__(why)
        self.after_s = after_s


class Sender:
    """Sends the bundles of one outbox, one after another."""

    def __init__(
        self,
        outbox: Outbox,
        server: Server,
        now: Callable[[], dt.datetime],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`jitter` gives a number from 0 to 1."""
        self._outbox = outbox
        self._server = server
        self._now = now
        self._jitter = jitter
        self._requests = self._bytes = self._accepted = 0
        self._server_at: dt.datetime | None = None

    def pause_s(self) -> float:
        """How long nothing is to be tried. A time further ahead than any pause was set by a wrong clock."""
        stands = last(self._outbox)
        if not stands.not_before:
            return 0.0
        left_s = (dt.datetime.fromisoformat(stands.not_before) - self._now()).total_seconds()
        return left_s if 0.0 < left_s <= LONGEST_PAUSE_S * 1.5 else 0.0

    def run(self, *, ask: Callable[[], None] | None = None) -> Sent:
        """Everything that waits, once; then `ask`: what the server has for the box. Raises OutboxError."""
        before = last(self._outbox)
        self._requests = self._bytes = self._accepted = 0
        trouble, asked_s = "", None
        try:
            for name in self._outbox.unsent_names():
                self._must_go_on()
                waiting = self._outbox.bundle(name)
                if waiting is not None:
                    self._send(waiting)
            if ask is not None:
                self._must_go_on()
                ask()
        except _Later as later:
            trouble, asked_s = str(later), later.after_s
        except Unreachable as gone:
            trouble = str(gone)
        now = self._now()
        failures = before.failures + 1 if trouble else 0
        pause_s = self._pause_s(failures, asked_s) if trouble else 0.0
        sent = Sent(
            at=now.isoformat(),
            succeeded_at=before.succeeded_at if trouble else now.isoformat(),
            failures=failures,
            not_before=(now + dt.timedelta(seconds=pause_s)).isoformat() if trouble else "",
            trouble=trouble,
            accepted=self._accepted,
            requests=self._requests,
            bytes=self._bytes,
            server_at=before.server_at if self._server_at is None else self._other_time(now),
        )
        self._outbox.put(SENDER, msgspec.json.encode(sent))
        return sent

    def _must_go_on(self) -> None:
        """Asked before each bundle: a withdrawn consent and a visit stop the sending between two of them."""
        if self._outbox.consented() is None:
            raise _Later(NOT_ALLOWED, 0.0)
        if self._outbox.somebody_is_there():
            raise _Later(SOMEBODY_THERE, FIRST_PAUSE_S)

    def _send(self, waiting: Bundle) -> None:
        receipt = self._outbox.receipt(waiting)
        answered = {*receipt.accepted, *(refusal.resource for refusal in receipt.refused)}
        entries = [entry for entry in entries_of(waiting) if name_of(entry) not in answered]
        later: _Later | None = None
        try:
            for accepted, refused in self._outcomes(entries):
                receipt = Receipt(
                    bundle=receipt.bundle,
                    accepted=(*receipt.accepted, *accepted),
                    refused=(*receipt.refused, *refused),
                )
                self._accepted += len(accepted)
        except _Later as found:
            later = found
        finally:
            # What the server took is noted also when the next half did not come through.
            if receipt.accepted or receipt.refused:
                self._outbox.put(f"{RECEIPTS}/{waiting.name}", msgspec.json.encode(receipt))
        if later is not None:
            raise later
        if not is_complete(waiting, receipt):
            raise _Later(N_("The server did not say of everything that it has it."))

    def _outcomes(self, entries: Sequence[Entry]) -> Iterator[tuple[list[str], list[Refusal]]]:
        """(accepted, refused) piece by piece. Raises _Later, Unreachable."""
        body = whole(entries)
        self._requests += 1
        self._bytes += len(body)
        answer = self._server.transact(body)
        self._server_at = answer.at or self._server_at
        if 200 <= answer.status < 300:
            yield self._each(entries, answer)
            return
        self._later_if_passing(answer)
        if len(entries) > 1:
            middle = len(entries) // 2
            yield from self._outcomes(entries[:middle])
            yield from self._outcomes(entries[middle:])
            return
        yield [], [_refusal(entries[0], answer.status, _words(answer.body))]

    def _each(self, entries: Sequence[Entry], answer: Answer) -> tuple[list[str], list[Refusal]]:
        """What a server that answered the whole with 2xx says of each: some do not roll back."""
        try:
            said = msgspec.json.decode(answer.body, type=_Response).entry
        except ValueError as error:
            raise _Later(N_("What answers is not a FHIR server, or its answer was cut short.")) from error
        if len(said) != len(entries):
            raise _Later(N_("The server did not say of everything that it has it."))
        accepted: list[str] = []
        refused: list[Refusal] = []
        for entry, one in zip(entries, said, strict=True):
            status = _status(one.response.status)
            if 200 <= status < 300:
                accepted.append(name_of(entry))
            elif 400 <= status < 500 and status not in PASSING and status not in (401, 403):
                words = _words(msgspec.json.encode(one.response.outcome))
                refused.append(_refusal(entry, status, words))
        return accepted, refused

    @staticmethod
    def _later_if_passing(answer: Answer) -> None:
        status = answer.status
        if status in (401, 403, 407):
            why = N_("The server does not let this box in ({status}). Tell the clinic.")
            raise _Later(why.format(status=status))
        if status in NOT_THE_CONTENT or 300 <= status < 400:
            why = N_("There is no FHIR server at this address ({status}). Is sync.server right?")
            raise _Later(why.format(status=status))
        if status in PASSING or status >= 500 or status < 200:
            why = N_("The server is busy or out of order ({status}).")
            raise _Later(why.format(status=status), answer.retry_after_s)
        if status not in OF_THE_CONTENT and not _is_outcome(answer.body):
            why = N_("What answers is not a FHIR server ({status})")
            raise _Later(f"{why.format(status=status)}: {_words(answer.body)}")

    def _other_time(self, now: dt.datetime) -> str:
        at = self._server_at
        return "" if at is None or abs(at - now) < CLOCKS_DIFFER else at.isoformat()

    def _pause_s(self, failures: int, asked_s: float | None) -> float:
        """Doubles with each failure. Jitter: a thousand boxes do not come back in the same second."""
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20))
        if asked_s is not None:
            pause_s = min(LONGEST_PAUSE_S, max(asked_s, FIRST_PAUSE_S))
        spread: float = 1.0 + self._jitter() / 2
        return pause_s * spread


NOT_ALLOWED: Final = N_("The patient does not want anything sent.")
SOMEBODY_THERE: Final = N_("Somebody is at the kiosk.")


class _EntryResponse(msgspec.Struct, frozen=True):
    status: str = ""
    outcome: Any = None


class _ResponseEntry(msgspec.Struct, frozen=True):
    response: _EntryResponse = _EntryResponse()


class _Response(msgspec.Struct, frozen=True):
    entry: tuple[_ResponseEntry, ...] = ()


def last(outbox: Outbox) -> Sent:
    """How the last run ended."""
    return outbox.read_record(SENDER, Sent) or Sent()


def _status(text: str) -> int:
    """ "201 Created" → 201; what is no number → 0."""
    digits = text.strip()[:3]
    return int(digits) if digits.isdecimal() else 0


def _is_outcome(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=_Kind).resourceType == "OperationOutcome"
    except ValueError:
        return False


def _refusal(entry: Entry, status: int, words: str) -> Refusal:
    return Refusal(resource=name_of(entry), status=status, words=words)


def _words(body: bytes) -> str:
    """What an OperationOutcome says; of anything else, its beginning. Cut short, on one line."""
    try:
        issues = msgspec.json.decode(body, type=_Outcome).issue
    except ValueError:
        text = body[:MOST_WORDS].decode(errors="replace")
    else:
        text = "; ".join(
            " ".join(filter(None, (one.diagnostics, one.details.text, " ".join(one.expression))))
            for one in issues
        )
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:MOST_WORDS]


class _Kind(msgspec.Struct, frozen=True):
    resourceType: str = ""


class _Details(msgspec.Struct, frozen=True):
    text: str = ""


class _Issue(msgspec.Struct, frozen=True):
    diagnostics: str = ""
    details: _Details = _Details()
    expression: tuple[str, ...] = ()


class _Outcome(msgspec.Struct, frozen=True):
    issue: tuple[_Issue, ...]
