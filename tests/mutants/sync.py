"""What is sent, to whom, and when it counts as sent."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

PREPARE = "kiosk/sync/prepare.py"
SENDER = "kiosk/sync/sender.py"
OUTBOX = "kiosk/diary/outbox.py"
BUNDLE = "kiosk/sync/bundle.py"
TRANSPORT = "kiosk/sync/transport.py"
HANDED_IN = "kiosk/access/handed_in.py"
TEST_PREPARE = "tests/kiosk/sync/test_prepare.py"
TEST_DOCTOR_SAYS = "tests/kiosk/sync/test_doctor_says.py"
TEST_OUTBOX = "tests/kiosk/sync/test_outbox.py"
TEST_SENDER = "tests/kiosk/sync/test_sender.py"
TEST_TRANSPORT = "tests/kiosk/sync/test_transport.py"
TEST_HANDED_IN = "tests/kiosk/access/test_handed_in.py"

MUTANTS = (
    Mutant(
        "what was entered before the yes is sent too",
        PREPARE,
        "if _open_at(said, newest.envelope) is None:",
        "if _open_at(said, None) is None:",
        TEST_PREPARE,
    ),
    Mutant(
        "a withdrawn consent leaves what waits",
        PREPARE,
        "        outbox.forbid()\n        return Prepared(0, 0)",
        "        return Prepared(0, 0)",
        TEST_PREPARE,
    ),
    Mutant(
        "typed words always leave",
        PREPARE,
        "yield resource if notes else _without_notes(resource)",
        "yield resource",
        TEST_PREPARE,
    ),
    Mutant(
        "a session that goes on is sent, and never again",
        PREPARE,
        'return record.state != "begun"',
        "return True",
        TEST_PREPARE,
    ),
    Mutant(
        "a receipt for other content counts",
        OUTBOX,
        "if found is None or found.bundle != bundle.digest:",
        "if found is None:",
        TEST_PREPARE,
    ),
    Mutant(
        "a file is put away with one entry unanswered",
        OUTBOX,
        "return answered.issuperset(names_in(bundle) or ())",
        "return not answered.isdisjoint(names_in(bundle) or ())",
        TEST_PREPARE,
    ),
    Mutant(
        "an answer for fewer entries is believed",
        SENDER,
        "        if len(said) != len(entries):",
        "        if False:",
        TEST_SENDER,
    ),
    Mutant(
        "a busy server refuses for good",
        SENDER,
        "PASSING: Final = frozenset({408, 409, 423, 425, 429})",
        "PASSING: Final = frozenset({408, 423, 425, 429})",
        TEST_SENDER,
    ),
    Mutant(
        "one bad entry takes the others with it",
        SENDER,
        "        if len(entries) > 1:",
        "        if len(entries) > 1_000:",
        TEST_SENDER,
    ),
    Mutant(
        "it sends while somebody is at the kiosk",
        SENDER,
        "        if self._outbox.somebody_is_there():",
        "        if False:",
        TEST_SENDER,
    ),
    Mutant(
        "a withdrawn consent does not stop the sending",
        SENDER,
        "        if self._outbox.consented() is None:",
        "        if False:",
        TEST_SENDER,
    ),
    Mutant(
        "any authority is believed beside the pinned one",
        TRANSPORT,
        "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n",
        "context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n",
        TEST_TRANSPORT,
    ),
    Mutant(
        "it sends in the clear",
        TRANSPORT,
        'if host is not None and (parts.scheme == "https" or',
        'if host is not None and (parts.scheme in ("http", "https") or',
        TEST_TRANSPORT,
    ),
    Mutant(
        "a gate before the server refuses for good",
        SENDER,
        "        if status not in OF_THE_CONTENT and not _is_outcome(answer.body):",
        "        if False:",
        TEST_SENDER,
    ),
    Mutant(
        "a clock that is set between a yes and an entry decides",
        PREPARE,
        "if one.boot_id == other.boot_id and one.monotonic_s != other.monotonic_s:",
        "if False:",
        TEST_PREPARE,
    ),
    Mutant(
        "what was said by a wrong clock is believed",
        PREPARE,
        "if _is_before(next_[0], one[0])), default=0) :]",
        "if False), default=0) :]",
        TEST_PREPARE,
    ),
    Mutant(
        "after the first part the past counts as new",
        PREPARE,
        "is_first=position.is_first and not is_last,",
        "is_first=False,",
        TEST_PREPARE,
    ),
    Mutant(
        "what lies in the same transaction is looked for on the server",
        BUNDLE,
        "        body = body.replace(before, after)",
        "        pass",
        TEST_SENDER,
    ),
    Mutant(
        "a link in the place of a folder is followed",
        OUTBOX,
        "os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC",
        "os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC",
        TEST_OUTBOX,
    ),
    Mutant(
        "it waits for a pipe, or reads what is no file",
        OUTBOX,
        "if not stat.S_ISREG(status.st_mode) or status.st_size > most:",
        "if False:",
        TEST_OUTBOX,
    ),
    Mutant(
        "a damaged file holds up the others",
        PREPARE,
        "            outbox.remove(STATE)\n",
        "",
        TEST_OUTBOX,
    ),
    Mutant(
        "the diary's last bytes go to what is sent",
        PREPARE,
        "        if not outbox.has_room():",
        "        if False:",
        TEST_DOCTOR_SAYS,
    ),
    Mutant(
        "another box's stick is written over",
        "kiosk/sync/carried.py",
        "other.patient != search.patient:",
        "False:",
        "tests/kiosk/sync/test_carried.py",
    ),
    Mutant(
        "a redirection is followed",
        TRANSPORT,
        "redirect=False, retries=False,",
        "redirect=True, retries=3,",
        TEST_TRANSPORT,
    ),
    Mutant(
        "what comes over the network raises at once",
        HANDED_IN,
        "elif item.kind == SENT and await",
        "elif False and await",
        TEST_HANDED_IN,
    ),
    Mutant(
        "what comes over the network need not be signed",
        HANDED_IN,
        "    return _sent_order(reader, item) if item.kind == SENT else order_in",
        "    return order_in",
        TEST_HANDED_IN,
    ),
)
