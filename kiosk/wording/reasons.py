"""Every rule that `programs` and the kiosk can name, in words: one table, rule id → sentence.

Reasons are stored as ids with numbers and worded only here, when shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from kiosk import words
from kiosk.words import _
from programs.library import load_programme, load_questionnaire
from programs.text import Reason

Parameters = Mapping[str, Any]


def sentence(reason: Reason) -> str:
    """The reason as a sentence for the patient. An id that nobody worded is said as such, never raised."""
    wording = sentences().get(reason.rule)
    if wording is None:
        return _("Rule {rule}.").format(rule=reason.rule)
    return wording(reason.parameters)


def limit_set_by(reason: Reason, clinician: str) -> str:
    """Who or what set a limit, short: it stands under the bar."""
    names = {
        "prescription": _("set by {clinician}").format(clinician=clinician),
        "pads": _("set by the pads"),
        "device": _("set by the device"),
        "no_history": _("first time"),
        "changed": _("something changed"),
        "restart": _("after a long break"),
        "clock_not_trusted": _("date not known"),
        "last_three": _("set by last times"),
        "last_week": _("set by last week"),
        "step_by_step": _("comes back in steps"),
        "longer_this_week": _("longer this week"),
        "cut_short": _("not higher: ended early"),
        "tolerance_fell": _("not higher: less last time"),
        "lower_sore": _("lower: sore"),
        "lower_pain": _("lower: pain"),
        "lower_gap": _("lower: after a break"),
    }
    return names.get(reason.rule, "")


def stage_name(stage: object) -> str:
    """A stage of a course in the words of the person."""
    names = {"learn": _("Learning"), "endure": _("Staying power"), "strengthen": _("Strength")}
    return names.get(str(stage), "")


def programme_name(programme: object) -> str:
    """A programme in the words of the person; one that this version does not have by its id."""
    try:
        return words.content(load_programme(str(programme)).name)
    except KeyError:
        return str(programme)


def _question(key: object) -> str:
    """A question as it is asked; one that this version does not have by its key."""
    question = load_questionnaire().questions.get(str(key))
    return str(key) if question is None else words.content(question.text)


def sentences() -> dict[str, Callable[[Parameters], str]]:
    """Rule id → what makes its sentence of its numbers, in the language of now."""
    return {
        # why all questions are asked again
        "first_time": lambda p: _("You are here for the first time."),
        "each_session": lambda p: _("These questions are asked each time."),
        "clock_set_back": lambda p: _("The clock of the box was set back."),
        "health_changed": lambda p: _("Your health has changed."),
        "questions_changed": lambda p: _("The questions have changed."),
        "prescription_changed": lambda p: _("There is a new prescription."),
        "rescreen_days": lambda p: _("Your last answers are {days} days old.").format(days=p.get("days")),
        "rescreen_gap": lambda p: _("You paused for {days} days.").format(days=p.get("days")),
        # why there is no session
        "no_prescription": lambda p: _("There is no prescription in the box."),
        "prescription_not_yet": lambda p: _("Your prescription starts on {date}.").format(
            date=_date(p.get("from"))
        ),
        "prescription_expired": lambda p: _("Your prescription ended on {date}.").format(
            date=_date(p.get("on"))
        ),
        "week0": lambda p: _("Day {day} of {of}. Only questions, no current.").format(
            day=p.get("day"), of=p.get("of")
        ),
        "skin_locked": lambda p: _("Your skin has to heal first."),
        "sore": lambda p: _("Your back muscles are still sore. Rest is part of the plan."),
        "soreness_locked": lambda p: _("Your back muscles were very sore. Your clinician has to look first."),
        "days_per_week": lambda p: words.ngettext(
            "Your plan has {days} day a week. You have done it.",
            "Your plan has {days} days a week. You have done them.",
            int(p.get("days", 1)),
        ).format(days=p.get("days")),
        "rest_not_known": lambda p: _("The box does not know how long you rested. Its clock was not set."),
        "muscles_rest": lambda p: _("Your muscles rest until {date}. Rest is part of the plan.").format(
            date=_date(p.get("until"))
        ),
        "pain_high": lambda p: _("Your pain is higher than usual."),
        "pain_up_twice": lambda p: _("Your pain rose after two sessions. Your clinician has to look first."),
        "restart_learning": lambda p: _("You paused for {days} days, so it starts gently again.").format(
            days=p.get("days")
        ),
        "enough_today": lambda p: _("You have done enough for today."),
        "day_is_full": lambda p: _("There is no time left for today."),
        "enough_this_week": lambda p: _("You have done enough for this week."),
        "gap_minutes": lambda p: _("Wait {minutes} minutes between two of these.").format(
            minutes=p.get("minutes")
        ),
        "programme_over": lambda p: _(
            "These {weeks} weeks are over. Ask your clinician how to go on."
        ).format(weeks=p.get("weeks")),
        "stage_not_prescribed": lambda p: _(
            "“{stage}” is next, but the prescription does not have it."
        ).format(stage=stage_name(p.get("stage"))),
        "no_montage": lambda p: _("The prescription does not say where the pads go."),
        "device_cannot": lambda p: _("This stimulator cannot play it: {programme}.").format(
            programme=programme_name(p.get("programme"))
        ),
        "limit_too_low": lambda p: _("The limit is too low for a session. Your clinician has to look first."),
        "no_benefit": lambda p: _(
            "{weeks} weeks are over, and your pain is not clearly less. Your clinician has to look first."
        ).format(weeks=p.get("weeks")),
        # what is due
        "review_better": lambda p: _(
            "{weeks} weeks are over. Your pain is clearly less. Show it to your clinician."
        ).format(weeks=p.get("weeks")),
        "review_no_change": lambda p: _(
            "{weeks} weeks are over. Your pain has not clearly changed. Talk to your clinician."
        ).format(weeks=p.get("weeks")),
        "review_no_data": lambda p: _(
            "{weeks} weeks are over. There are too few entries to say more. Talk to your clinician."
        ).format(weeks=p.get("weeks")),
        "prescription_ends": lambda p: _("Your prescription ends on {date}. Ask for a new one.").format(
            date=_date(p.get("on"))
        ),
        "pads_order": lambda p: _("Your pads were used {uses} times. Order new ones.").format(
            uses=p.get("uses")
        ),
        "pads_worn": lambda p: _(
            "Your pads were used {uses} times. They are worn out: open new ones."
        ).format(uses=p.get("uses")),
        "form_due": lambda p: _("There are a few questions about how you are."),
        # what makes today different
        "new_stage": lambda p: _("A new part of your plan begins: {stage}. It starts low.").format(
            stage=stage_name(p.get("stage"))
        ),
        "first_sessions_short": lambda p: _(
            "The first {of} sessions are short. This is number {session}."
        ).format(session=p.get("session"), of=p.get("of")),
        "shift_pads": lambda p: _("Put the pads a little beside the pink spot."),
        "lower_sore": lambda p: _("It is lower today (−{percent} %), because your back was sore.").format(
            percent=p.get("percent")
        ),
        "lower_pain": lambda p: _("It is lower today (−{percent} %), because you had more pain.").format(
            percent=p.get("percent")
        ),
        "lower_gap": lambda p: _(
            "It is lower today (−{percent} %), because you paused for {days} days."
        ).format(percent=p.get("percent"), days=p.get("days")),
        "may_feel_nothing": lambda p: _("You may feel nothing today. That is all right."),
        # what sets a limit
        "prescription": lambda p: _("The limit stands in your prescription."),
        "pads": lambda p: _("The limit comes from the size of the pads."),
        "device": lambda p: _("The limit comes from the device."),
        "no_history": lambda p: _("The box does not know your level yet. It starts from zero."),
        "changed": lambda p: _("Something changed since last time, so you find your level from zero."),
        "restart": lambda p: _("You paused for {days} days, so you find your level from zero.").format(
            days=p.get("days")
        ),
        "new_prescription": lambda p: _("The prescription is new, so you find your level from zero."),
        "clock_not_trusted": lambda p: _("The clock was not set, so you find your level from zero."),
        "last_three": lambda p: _("The limit comes from your last three times."),
        "last_week": lambda p: _("The limit comes from last week."),
        "step_by_step": lambda p: _("It was lower last time, so it comes back in steps."),
        "longer_this_week": lambda p: _("This week it is longer, so it is not stronger."),
        "cut_short": lambda p: _("It is not stronger: the last {times} times you ended early.").format(
            times=p.get("times")
        ),
        "tolerance_fell": lambda p: _("It is not stronger: last time less was pleasant for you."),
        # what the family is told
        **_alert_sentences(),
        "yes_taken_back": lambda p: _("A yes was taken back as a wrong key: {question}").format(
            question=_question(p.get("question"))
        ),
        "stop_not_confirmed": lambda p: _("The device did not confirm a stop."),
        "nobody_answered": lambda p: _("Nobody answered “Still OK?”. The session ended."),
        "pad_faults": lambda p: _("The pads came loose {count} times in a session.").format(
            count=p.get("count")
        ),
        "pad_contact": lambda p: _("The pads did not hold well in {count} checks.").format(
            count=p.get("count")
        ),
    }


def _alert_sentences() -> dict[str, Callable[[Parameters], str]]:
    """The rules of `kiosk.review.alerts`."""
    return {
        "red_answer": lambda p: {
            "E": _("An answer meant: call for help now."),
            "U": _("An answer meant: call a doctor the same day."),
        }.get(str(p.get("class")), _("An answer meant: the device must not be used any more.")),
        "red_event": lambda p: {
            "burning": _("A session was stopped because it burned or hurt."),
            "faint": _("A session was stopped because of faintness, heart or breath."),
        }.get(str(p.get("symptom")), _("Something happened: {what}.").format(what=p.get("symptom"))),
        "red_skin": lambda p: _("The skin under a pad is blistered, burnt or open."),
        "skin_marked": lambda p: _("The skin under a pad is red or itches for more than a day."),
        "pain_up_days": lambda p: _(
            "The pain is clearly higher than the week before, for {days} days."
        ).format(days=p.get("days", 3)),
        "pain_very_high": lambda p: _("The pain is 8 or more, on {days} days.").format(days=p.get("days", 2)),
        "sore_high": lambda p: _("The back muscles are very sore: {soreness} of 10.").format(
            soreness=p.get("soreness")
        ),
        "sore_days": lambda p: _("The back muscles are sore since {date}: {soreness} of 10.").format(
            date=_date(p.get("since")), soreness=p.get("soreness")
        ),
        "felt_faint": lambda p: _("There was dizziness or faintness before a session."),
        "level_fell": lambda p: _("Much less current was pleasant than before (−{percent} %).").format(
            percent=p.get("percent")
        ),
        "medicine_up": lambda p: _(
            "Pain medicine was taken on {days} days of a week, on {before} the week before."
        ).format(days=p.get("days"), before=p.get("before")),
        "sleep_low": lambda p: _("Sleep was poor on {nights} nights running.").format(nights=p.get("nights")),
        "sessions_missed": lambda p: _("{done} of {planned} planned sessions were held in two weeks.").format(
            done=p.get("done"), planned=p.get("planned")
        ),
        "diary_gap": lambda p: _("There is no diary entry for {days} days.").format(days=p.get("days")),
        "early_stops": lambda p: _("Two sessions running were ended early."),
    }


def _date(iso: object) -> str:
    try:
        return words.date(dt.date.fromisoformat(str(iso)))
    except ValueError:
        return str(iso)
