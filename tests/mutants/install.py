"""Of installing: when a box may be taken, and what is undone."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

IN_USE = "kiosk/ops/in_use.py"
INSTALL = "systemd/install"
TEST_IN_USE = "tests/kiosk/ops/test_in_use.py"
TEST_INSTALL = "tests/install/test_install.py"
TEST_CUT_SHORT = "tests/install/test_cut_short.py"
TEST_EVERY_STEP = f"{TEST_CUT_SHORT}::test_no_step_of_putting_a_diary_back_is_one_at_which_a_cut_loses_it"

MUTANTS = (
    Mutant(
        "a journal that a repair of the disk put into lost+found is no reason not to begin anew",
        "kiosk/diary/folder.py",
        " and found.st_nlink <= 2",
        "",
        "tests/kiosk/diary/test_store.py -k partition",
    ),
    Mutant(
        "what belongs to the partition is deleted with the diary that is put back",
        INSTALL,
        "one.name not in (UNDER_WAY, OF_THE_FILE_SYSTEM)",
        "one.name != UNDER_WAY",
        TEST_EVERY_STEP,
    ),
    Mutant(
        "a session that runs is disturbed after its first minutes",
        IN_USE,
        "LONGEST_SESSION: Final = dt.timedelta(hours=3)",
        "LONGEST_SESSION: Final = dt.timedelta(minutes=30)",
        TEST_IN_USE,
    ),
    Mutant(
        "a clock that was set back hides whoever sits there",
        IN_USE,
        "now - last < QUIET_FOR",
        "dt.timedelta(0) <= now - last < QUIET_FOR",
        TEST_IN_USE,
    ),
    Mutant(
        "a reminder at the full hour is overlooked",
        IN_USE,
        "for at in (full, full + AHEAD)",
        "for at in (full,)",
        TEST_IN_USE,
    ),
    Mutant(
        "where it cannot be told, no kiosk runs",
        IN_USE,
        "    except OSError:\n        return True\n",
        "    except OSError:\n        return False\n",
        TEST_IN_USE,
    ),
    Mutant(
        "--now takes the box from a running session",
        INSTALL,
        'if state == "session":',
        'if state == "session" and not now:',
        f"{TEST_INSTALL}::test_never_while_a_session_runs",
    ),
    Mutant(
        "the box is not asked again after the wheels",
        INSTALL,
        "to_mend(box, old)\n    refuse_if_in_use(box, now)\n",
        "to_mend(box, old)\n",
        f"{TEST_INSTALL}::test_a_session_that_begins_while_the_wheels_are_installed_is_waited_for",
    ),
    Mutant(
        "the box is asked before the doctor looks, and stopped after it",
        INSTALL,
        "    before = None if box.dry_run else to_mend(box, old)\n    refuse_if_in_use(box, now)\n",
        "    refuse_if_in_use(box, now)\n    before = None if box.dry_run else to_mend(box, old)\n",
        f"{TEST_INSTALL}::test_a_session_that_begins_while_the_doctor_looks_is_waited_for",
    ),
    Mutant(
        "a diary that a cut left beside its folder is not looked for",
        INSTALL,
        "    if not box.path(PUT_BACK).exists():\n        return\n",
        "    if box is not None:\n        return\n",
        TEST_CUT_SHORT,
    ),
    Mutant(
        "a kiosk that starts after a cut begins a diary of its own",
        INSTALL,
        "    (data / UNDER_WAY).touch()\n",
        "",
        TEST_EVERY_STEP,
    ),
    Mutant(
        "a diary counts as put back before all of it is there",
        INSTALL,
        'copy(kept, data, but=("meta.json",))',
        "copy(kept, data)",
        TEST_EVERY_STEP,
    ),
    Mutant(
        "a connection that breaks leaves the box stopped",
        INSTALL,
        "            signal.signal(one, signal.SIG_IGN)\n",
        "            signal.getsignal(one)\n",
        f"{TEST_CUT_SHORT}::test_a_connection_that_breaks_after_the_stop_leaves_no_box_stopped",
    ),
    Mutant(
        "a mistake of the program's own leaves the box stopped",
        INSTALL,
        "except BaseException as error:  # whatever it was, the box is stopped",
        "except (Refused, OSError) as error:",
        f"{TEST_CUT_SHORT}::test_whatever_goes_wrong_after_the_stop_the_box_runs_again",
    ),
    Mutant(
        "two installations meet",
        INSTALL,
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        f"{TEST_INSTALL}::test_two_at_once_do_not_meet",
    ),
    Mutant(
        "copies of the diary stay in a box that is handed back",
        INSTALL,
        '    "/var/lib/homestim-*",\n',
        '    "/var/lib/homestim-guard",\n    "/var/lib/homestim-outbox",\n',
        f"{TEST_INSTALL}::test_a_box_that_is_handed_back_knows_nobody_and_can_be_set_up_anew",
    ),
    Mutant(
        "the log of the installation tells of the person",
        INSTALL,
        "            if user is not None:\n                kept = ",
        "            if user is None:\n                kept = ",
        f"{TEST_INSTALL}::test_a_failed_command_is_kept_for_root_alone_and_without_what_was_in_the_diary",
    ),
    Mutant(
        "a lock that was entered with the new version is put back",
        INSTALL,
        "if json.loads(looked) != taken:",
        "if False:",
        f"{TEST_INSTALL}::test_what_was_entered_with_the_new_version_is_never_put_back",
    ),
    Mutant(
        "a new version is tried on the diary itself",
        INSTALL,
        "        take_over(box, name, TRIAL)\n",
        "        take_over(box, name, DATA)\n",
        f"{TEST_INSTALL}::test_a_new_version_is_tried_on_a_copy_alone",
    ),
    Mutant(
        "what is not well stays",
        INSTALL,
        "    if problem is None:\n        write(",
        "    if True:\n        write(",
        f"{TEST_INSTALL}::test_a_version_that_does_not_stay_up_is_undone_by_itself",
    ),
    Mutant(
        "what is deleted for good is not asked for",
        INSTALL,
        "    if given.yes or given.dry_run:\n        return\n",
        "    if given is not None:\n        return\n",
        f"{TEST_INSTALL}::test_nothing_is_deleted_for_good_unasked",
    ),
    Mutant(
        "an upgrade answers for what was wrong before it",
        INSTALL,
        "if check in after and check not in before]",
        "if check in after]",
        f"{TEST_INSTALL}::test_an_upgrade_answers_for_what_it_broke_and_for_nothing_else",
    ),
    Mutant(
        "nobody asks the doctor after an upgrade",
        INSTALL,
        "start(box, face) or what_is_new(before, to_mend(box, name))",
        "start(box, face)",
        f"{TEST_INSTALL}::test_a_version_that_breaks_what_the_doctor_looks_at_is_undone_by_itself",
    ),
    Mutant(
        "the guard comes before the drivers of its port",
        "systemd/units/homestim-guard.service",
        "Wants=modprobe@cdc_acm.service modprobe@ftdi_sio.service",
        "Wants=modprobe@ftdi_sio.service",
        "tests/systemd/test_units.py::test_a_kind_of_device_that_a_unit_may_open_is_there_before_the_unit",
    ),
    Mutant(
        "a removed box goes on sending",
        INSTALL,
        "        for unit in (*SERVICES, *WITHOUT_A_DEVICE, *BY_HAND):",
        "        for unit in (*SERVICES, *WITHOUT_A_DEVICE):",
        f"{TEST_INSTALL}::test_removal_keeps_the_diary_and_an_installation_finds_it_again",
    ),
    Mutant(
        "a box that is handed back goes on sending",
        INSTALL,
        "        for unit in (*SERVICES, *BY_HAND):",
        "        for unit in SERVICES:",
        f"{TEST_INSTALL}::test_a_box_that_is_handed_back_knows_nobody_and_can_be_set_up_anew",
    ),
    Mutant(
        "groups that were changed by hand stay so",
        INSTALL,
        " and not put_users_right(box):",
        ":",
        f"{TEST_INSTALL}::test_groups_that_were_changed_by_hand_are_put_right_by_a_second_run",
    ),
    Mutant(
        "a wheel raises the current",
        "systemd/foot.ini",
        "alternate-scroll-mode=no",
        "alternate-scroll-mode=yes",
        "tests/systemd/test_units.py::test_no_key_and_no_click_of_the_terminal_does_anything_of_its_own",
    ),
    Mutant(
        "a screen that is too small for the letters stays so",
        "kiosk/letters.py",
        "if before and cells.columns",
        "if before or cells.columns",
        "tests/kiosk/test_letters.py::test_a_new_box_begins_with_letters_that_fill_its_screen",
    ),
    Mutant(
        "a terminal that does not heed its letters is begun for ever",
        "kiosk/letters.py",
        "return file.read_bytes() != before",
        "return True",
        "tests/kiosk/test_letters.py::test_letters_that_somebody_chose_stay_while_the_pages_fit",
    ),
)
