"""Of the diary's storage and its backup."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CHAIN = "kiosk/diary/chain.py"
JOURNAL = "kiosk/diary/journal.py"
MONTHS = "kiosk/diary/months.py"
TEST_CUTS = "tests/kiosk/diary/test_power_cuts.py"
TEST_DAMAGE = "tests/kiosk/diary/test_damage.py"
TEST_JOURNAL = "tests/kiosk/diary/test_journal.py"
TEST_MIGRATION = "tests/kiosk/diary/test_migration.py"
TEST_INBOX = "tests/kiosk/diary/test_inbox.py"
TEST_CHECK = "tests/kiosk/diary/test_check.py"
TEST_STORE = "tests/kiosk/diary/test_store.py"
TEST_RECORDS = "tests/kiosk/diary/test_records.py"
TEST_CLOCK = "tests/kiosk/diary/test_clock_trust.py"
TEST_CLOCKS = "tests/whole_visits/test_clocks.py"
BACKUP = "kiosk/ops/backup.py"
TEST_BACKUP = "tests/kiosk/ops/test_backup.py"
TEST_NOT_SAVED = "tests/kiosk/visit/test_not_saved.py"
TEST_SAVED_AGAIN = "tests/whole_visits/test_saved_again.py"
TEST_UNREADABLE = "tests/kiosk/ops/test_unreadable_month.py"

MUTANTS = (
    Mutant(
        "no flush",
        JOURNAL,
        "            self._files.flush_data(self._descriptor)\n        except OSError as error:\n"
        "            self._failure = error\n            raise\n        contents.n,",
        "        except OSError as error:\n            self._failure = error\n            raise\n"
        "        contents.n,",
        TEST_CUTS,
    ),
    Mutant(
        "two flushes",
        JOURNAL,
        "            self._files.flush_data(self._descriptor)\n        except OSError as error:\n"
        "            self._failure = error\n            raise\n        contents.n,",
        "            self._files.flush_data(self._descriptor)\n"
        "            self._files.flush_data(self._descriptor)\n        except OSError as error:\n"
        "            self._failure = error\n            raise\n        contents.n,",
        TEST_CUTS,
    ),
    Mutant(
        "a new file's name is not flushed",
        JOURNAL,
        "rename(draft, path)\n            self._files.flush_folder(self.folder)",
        "rename(draft, path)",
        TEST_CUTS,
    ),
    Mutant(
        "a new file has its name before it is whole",
        JOURNAL,
        "self._files.flush_data(descriptor)\n            self._files.rename",
        "self._files.rename",
        TEST_CUTS,
    ),
    Mutant(
        "a folder's name is not flushed",
        "kiosk/diary/durable.py",
        "        return\n    files.flush_folder(path.parent)",
        "        return",
        TEST_CUTS,
    ),
    Mutant("the tail is not cleared", JOURNAL, "if reading.torn:", "if False:", TEST_CUTS),
    Mutant(
        "what was torn is thrown away",
        JOURNAL,
        'if not found.strip(b"\\0"):',
        "if True:",
        TEST_DAMAGE,
    ),
    Mutant(
        "the chain is not checked",
        CHAIN,
        "    digest = sha256(previous + text[_CHANGE:-1]).hexdigest().encode()\n    # One",
        "    digest = text[_HASH]\n    # One",
        TEST_DAMAGE,
    ),
    Mutant(
        "each line stands alone",
        CHAIN,
        "sha256(previous + text[_CHANGE:-1])",
        "sha256(text[_CHANGE:-1])",
        TEST_JOURNAL,
    ),
    Mutant(
        "damage in the middle is cut off like a torn end",
        CHAIN,
        "damaged = 0 <= newline < len(rest) - 1",
        "damaged = False",
        TEST_DAMAGE,
    ),
    Mutant(
        "a torn end is taken for damage",
        CHAIN,
        "damaged = 0 <= newline < len(rest) - 1",
        "damaged = bool(rest)",
        TEST_CUTS,
    ),
    Mutant("the copy is not looked at", CHAIN, "_twin(copy, at, head) or ", "", TEST_DAMAGE),
    Mutant(
        "a newest month that is gone is begun anew",
        MONTHS,
        '    if last and last >= max(months, default=""):\n',
        "    if False:\n",
        f"{TEST_DAMAGE} -k lost_at_the_end",
    ),
    Mutant(
        "a journal that is gone is begun anew",
        "kiosk/diary/folder.py",
        "    must_have_journal(folder)\n    return meta",
        "    durable.make_folder(folder / JOURNAL)\n    return meta",
        "tests/kiosk/diary/test_attacks.py -k gone",
    ),
    Mutant(
        "settings that a backup lost are those of a box without PINs",
        BACKUP,
        '            content = b""\n',
        "            pass\n",
        TEST_BACKUP,
    ),
    Mutant(
        "last months that a restore lost are not in the diary",
        BACKUP,
        "                lost=_last_months(index, lost),\n",
        "",
        TEST_BACKUP,
    ),
    Mutant(
        "nobody says that last months were lost, once therapy is open again",
        "kiosk/diary/meanings.py",
        "for one in locks if isinstance(one.record, Lock) for month in one.record.lost",
        "for one in () for month in one.record.lost",
        TEST_BACKUP,
    ),
    Mutant(
        "what is left of a month passes for all of it",
        BACKUP,
        " or _month_folder(path) in months_gone)",
        ")",
        TEST_BACKUP,
    ),
    Mutant(
        "a diary begins anew where a backup lost all of it",
        BACKUP,
        "if not lost or any(path not in lost for path in _journals(index)):",
        "if True:",
        TEST_BACKUP,
    ),
    Mutant(
        "what is left comes back before an older backup that is complete",
        BACKUP,
        "key=lambda one: (has_gaps(one[2]), not one[1].whole)",
        "key=lambda one: not one[1].whole",
        TEST_BACKUP,
    ),
    Mutant(
        "a lost letter of the inbox makes an older diary come back",
        BACKUP,
        "key=lambda one: (has_gaps(one[2]), not one[1].whole)",
        "key=lambda one: (bool(one[2]), not one[1].whole)",
        TEST_BACKUP,
    ),
    Mutant(
        "one bad sector of a backup ends every restore",
        BACKUP,
        "            self.unread = error\n            return None",
        "            raise",
        TEST_BACKUP,
    ),
    Mutant(
        "the newest backup comes back, whole or not",
        BACKUP,
        "key=lambda one: (has_gaps(one[2]), not one[1].whole)",
        "key=lambda one: has_gaps(one[2])",
        TEST_BACKUP,
    ),
    Mutant(
        "the last backup of a whole diary is forgotten like any other",
        BACKUP,
        "    if not any(index.whole for index in last.values()):",
        "    if False:",
        TEST_BACKUP,
    ),
    Mutant(
        "zeros are an end, whatever the copy says",
        MONTHS,
        "            or journal.content_of(copy, files, reading.end, most=1)\n",
        "",
        f"{TEST_DAMAGE} -k zeros",
    ),
    Mutant(
        "the copy is never written",
        JOURNAL,
        "if not self._uncopied:\n            return",
        "return",
        TEST_CUTS,
    ),
    Mutant(
        "a failed write does not end writing",
        JOURNAL,
        "if self._failure is not None:\n            raise JournalFailed",
        "if False:\n            raise JournalFailed",
        TEST_JOURNAL,
    ),
    Mutant(
        "memory is ahead of the disk",
        JOURNAL,
        "        if put or there is None:\n            self._append(",
        "        if there is not None:\n            there[str(first)] = msgspec.Raw(texts[0])\n"
        "        if put or there is None:\n            self._append(",
        TEST_JOURNAL,
    ),
    Mutant(
        "a change in place is not noticed",
        JOURNAL,
        "        for doc_id, document in self._seen.items():",
        "        for doc_id, document in ():",
        TEST_JOURNAL,
    ),
    Mutant(
        "the chain begins anew each month",
        MONTHS,
        "self._storage_of(month, None if before is None else before.link)",
        "self._storage_of(month)",
        TEST_CUTS,
    ),
    Mutant(
        "a month that has ended is not sealed",
        MONTHS,
        "        if before is not None:\n            self._seal(ended, before)",
        "        ended = None",
        TEST_DAMAGE,
    ),
    Mutant(
        "what a power cut left unsealed stays so",
        MONTHS,
        "                self._seal_left_over(months)",
        "                pass",
        TEST_CUTS,
    ),
    Mutant(
        "a past month may lose its end",
        MONTHS,
        "if sealed is not None and contents.link != sealed.link:",
        "if False:",
        TEST_DAMAGE,
    ),
    Mutant(
        "the new version is said before it is there",
        "kiosk/diary/migration.py",
        "    follows: Link | None = None\n",
        "    follows: Link | None = None\n"
        "    durable.write_file(data / folder.META, msgspec.json.encode("
        "msgspec.structs.replace(meta, version=2)), files)\n",
        TEST_MIGRATION,
    ),
    Mutant(
        "an item is taken twice",
        "kiosk/diary/inbox.py",
        'uuid.uuid5(_NAMESPACE, f"{self.name}/{part}")',
        "uuid.uuid4()",
        TEST_INBOX,
    ),
    Mutant(
        "any file in the inbox is taken",
        "kiosk/diary/inbox.py",
        " or hashlib.sha256(content).hexdigest() != match[2]",
        "",
        TEST_INBOX,
    ),
    Mutant(
        "an exchanged month is read on",
        MONTHS,
        "    if follows != link:\n",
        "    if False:\n",
        TEST_DAMAGE,
    ),
    Mutant(
        "who reads the newest month first does not miss one before it",
        MONTHS,
        "            self._check_it_is_followed(month, known)\n",
        "",
        TEST_DAMAGE,
    ),
    Mutant(
        "newest months that are gone were never there, for those who only look",
        MONTHS,
        "        self._lost = frozenset(lost(found, self._sealed or {}))\n",
        "",
        TEST_UNREADABLE,
    ),
    Mutant(
        "a first month that is gone was never there",
        MONTHS,
        '        _must_follow(month, known.contents, "", START)\n',
        "",
        TEST_DAMAGE,
    ),
    Mutant(
        "a diary that begins in its middle is written on",
        MONTHS,
        "                if len(months) == 1 and not missing and self._storage.generation == 1:\n",
        "                if False:\n",
        TEST_DAMAGE,
    ),
    Mutant(
        "a check that does not look from file to file",
        "kiosk/diary/check.py",
        "if before is not NOWHERE and header.follows != before:",
        "if False:",
        TEST_CHECK,
    ),
    Mutant(
        "what was not said says something",
        "kiosk/diary/records.py",
        "    medicine: bool | None = None",
        "    medicine: bool | None = True",
        TEST_RECORDS,
    ),
    Mutant(
        "idle moments are not used",
        "kiosk/diary/store.py",
        "                self._writer.seal()",
        "                pass",
        f"{TEST_STORE} -k idle",
    ),
    Mutant(
        "a restore does not lock",
        BACKUP,
        "asyncio.run(store.add(lock))",
        "pass",
        TEST_BACKUP,
    ),
    Mutant("a backup is not read back", BACKUP, "if self.get(path) != content:", "if False:", TEST_BACKUP),
    Mutant(
        "the backup's time decides which is newest",
        BACKUP,
        "    if stamp > newest:\n        return stamp",
        "    return stamp",
        TEST_BACKUP,
    ),
    Mutant(
        "a part of a backup that is missing is left out without a word",
        BACKUP,
        "    return tuple(path for path in paths if path in gone or _month_folder(path) in months_gone)\n",
        "    return ()\n",
        TEST_BACKUP,
    ),
    Mutant(
        "a clock that was set back is believed at once",
        "kiosk/diary/clock_trust.py",
        "return earlier >= DAYS and (",
        "return True or (",
        TEST_CLOCK,
    ),
    Mutant(
        "what nobody vouches for heals with the rest",
        "kiosk/diary/clock_trust.py",
        "if not trusted:\n            return False, False",
        "if not trusted and self.newest is None:\n            return False, False",
        TEST_CLOCK,
    ),
    Mutant(
        "what came first goes by the clocks",
        "kiosk/diary/clock_trust.py",
        "place = bisect_right(self._after, envelope.after)",
        "place = 0",
        TEST_CLOCK,
    ),
    Mutant(
        "a clock that is not believed ends the future",
        "kiosk/diary/clock_trust.py",
        "sorted((one for one in envelopes if one.clock_trusted)",
        "sorted((one for one in envelopes)",
        TEST_CLOCK,
    ),
    Mutant(
        "days that a clock ahead used are given back",
        "kiosk/diary/history.py",
        "            while day in taken:\n                day -= DAY\n",
        "",
        TEST_CLOCKS,
    ),
    Mutant(
        "therapy rests on what can be read",
        "kiosk/diary/store.py",
        "            if self._in_parts:\n                log.error",
        "            if True:\n                log.error",
        TEST_UNREADABLE,
    ),
    Mutant(
        "nobody says which month is missing",
        "kiosk/diary/store.py",
        "                self._unreadable.add(month)\n                return ()",
        "                return ()",
        TEST_UNREADABLE,
    ),
    Mutant(
        "a month that cannot be read holds no no",
        "kiosk/review/reading.py",
        'month > f"{said.envelope.entry_time:%Y-%m}" for month in reader.unreadable',
        "False for _ in ()",
        TEST_UNREADABLE,
    ),
    Mutant(
        "a damaged month is told to nobody",
        "kiosk/errands/diary_watch.py",
        "if damage != self._told:",
        "if False:",
        "tests/kiosk/visit/test_damaged_diary.py",
    ),
    Mutant(
        "a prescription that has ended comes back with a clock that was set back",
        "kiosk/today.py",
        'return "in_force" if max(today, at_least) <= prescription.valid_until else "expired"',
        'return "in_force" if today <= prescription.valid_until else "expired"',
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "questions that fell due are not due by a clock that was set back",
        "kiosk/today.py",
        "if found is not None or behind is None:",
        "if True:",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "a clock that stood ahead once ends everything for good",
        "kiosk/diary/clock_trust.py",
        "if past is None or self.judged(now, trusted)[0]:",
        "if past is None:",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "two answers with the clock set between them are two calm days",
        "programs/history.py",
        "return self.day > other.day and self.clock.tells_days_from(other.clock)",
        "return self.day > other.day",
        "tests/kiosk/diary/test_store_history.py",
    ),
    Mutant(
        "pain that rose after a session over midnight is not seen",
        "kiosk/diary/history.py",
        "began_at = session.began_at or session.ended_at",
        "began_at = session.ended_at",
        "tests/kiosk/diary/test_store_history.py",
    ),
    Mutant(
        "one answer before midnight is the calm of two days",
        "programs/progression.py",
        "day.facts.soreness_on or day.today",
        "day.today",
        "tests/kiosk/test_today.py",
    ),
    Mutant(
        "memory is trusted after a flush that failed",
        JOURNAL,
        "            durable.write_all(self._descriptor, lines[start:], start, self._files)\n",
        "",
        TEST_CUTS,
    ),
    Mutant(
        "what was acknowledged may be gone when it is opened anew",
        JOURNAL,
        "        if here != after.link:",
        "        if False:",
        TEST_STORE,
    ),
    Mutant(
        "the name of a month is not flushed when it is opened anew",
        MONTHS,
        "            files.flush_folder(self._journal)  # the name of a month that was just begun\n",
        "            pass\n",
        TEST_CUTS,
    ),
    Mutant(
        "what had come to the disk is written twice",
        "kiosk/diary/store.py",
        "self._that_stands(table, draft.id) if tried else None",
        "None",
        TEST_STORE,
    ),
    Mutant(
        "another folder takes what waits",
        "kiosk/diary/store.py",
        "            self._lock.check_place(self.folder)\n",
        "",
        TEST_STORE,
    ),
    Mutant(
        "trying again does not open the diary",
        "kiosk/visit/steps/moves.py",
        "    return visit, (OpenDiaryAnew(), *sorted(effects, key=_number_of))",
        "    return visit, tuple(sorted(effects, key=_number_of))",
        TEST_SAVED_AGAIN,
    ),
    Mutant(
        "what waits is sent in another order",
        "kiosk/visit/steps/moves.py",
        "*sorted(effects, key=_number_of))",
        "*effects)",
        TEST_NOT_SAVED,
    ),
    Mutant(
        "what is not saved is left without a word",
        "kiosk/visit/flow.py",
        "if not saves.waiting or saves.told_on_leaving",
        "if True or saves.told_on_leaving",
        TEST_NOT_SAVED,
    ),
    Mutant(
        "nothing is tried at the end",
        "kiosk/application.py",
        "            self._take(flow.save_at_last(self._visit))\n",
        "",
        TEST_SAVED_AGAIN,
    ),
    Mutant(
        "a lost diary is an empty one",
        "kiosk/diary/store.py",
        "    data_folder.must_have_journal(folder)\n",
        "",
        "tests/kiosk/diary/test_attacks.py",
    ),
)
