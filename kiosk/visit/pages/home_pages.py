"""Home in its variants, and what is one key away: help, label, paused, saving, after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages import damage_words, device_words, people, safe_mode_pages, verdicts
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import answers, calls, consent, device, exercises, practice, unlock_code, verdict
from kiosk.visit.steps.home import CUT_SHORT, consent_can_be_asked, prescription_can_be_read, variant
from kiosk.wording import reasons
from kiosk.words import _, content
from programs.library import load_programme
from programs.plan import SessionPlan

if TYPE_CHECKING:
    from kiosk.review.alerts import AlertsNow

BY_ID: Final = "/dev/serial/by-id/"
"""Left out: what follows takes a line of its own."""
MORNING_UNTIL: Final = 12
EVENING_FROM: Final = 18
ALERTS_SHOWN: Final = 2


def home(visit: Visit, moment: Moment) -> Page:
    """What today is for; always the diary, the look back, help and the family."""
    now = variant(visit)
    first = {
        "ready": _("Start"),
        "baseline": _("First questions"),
        "week0": _("Answer today's questions"),
        "unsaved": _("Try to save again"),
    }.get(now)
    choices = [Choice(Key.ONE, first)] if first else []
    if now == "unreadable":
        choices.append(Choice(Key.ENTER, _("Try again")))
    if now != "loading":
        if now not in ("unreadable", "unsaved"):
            choices.append(Choice(Key.TWO, _("Write in my diary")))
        choices.append(Choice(Key.THREE, _("How it has been going")))
    choices.append(Choice(Key.FOUR, _("Help and phone numbers")))
    if now not in ("loading", "unreadable", "unsaved") and exercises.offered(visit):
        choices.append(Choice(Key.FIVE, _("Exercises")))
    if now not in ("loading", "unreadable", "unsaved") and unlock_code.offered(visit):
        choices.append(Choice(Key.SIX, _("Code from the clinician")))
    if now == "safe_mode":
        choices.append(Choice(Key.SEVEN, _("Check the box")))
    if now == "locked" and verdict.can_tell(answers.locks_that_end(visit)[0]):
        choices.append(Choice(Key.SEVEN, _("Words for the telephone")))
    if now != "loading":
        choices.append(Choice(Key.NINE, _family(visit)))
    tone: Literal["plain", "calm", "warn", "alarm"] = "calm" if now == "locked" else "plain"
    if now in ("unsaved", "unreadable", "safe_mode"):
        tone = "warn"
    news = (
        ()
        if now in ("loading", "unreadable")
        else (
            *(damage_words.on_home(visit) or _reminder(visit, moment)),
            *_alerts(visit),
            *_news(visit),
            *_sent(visit),
            *(device_port(visit) if now == "no_device" else ()),
        )
    )
    lines = _lines(visit, moment, now)
    if now in FOLLOWED_UP and not _alerts(visit):
        lines = (*lines, *_follow_up(visit, moment, lines))
    if now in ("unreadable", "unsaved"):
        # What the diary says is for whoever is called.
        damaged = damage_words.where_unreadable(visit) or (words.worded(visit.context.unreadable),)
        news = damaged if now == "unreadable" else damage_words.not_saved(visit)
    right = safe_mode_pages.header() if now == "safe_mode" else ""
    if output_unknown(visit):
        lines, news = (*device_lines(visit), *_of_a_lock(visit)[:1]), ()
        tone, right = "alarm", _("output not known")
    body = Words(lines, small=news, tone=tone)
    return build(visit, moment, body, tuple(choices), right=right)


def _alerts(visit: Visit) -> tuple[str, ...]:
    """Every red and amber one that nobody has seen to: without a network the screen is all that tells it."""
    alerts: AlertsNow | None = visit.context.alerts
    told = () if alerts is None else [one for one in alerts.standing if one.level != "info"]
    said = list(dict.fromkeys(reasons.sentence(one.rule) for one in told))
    if not said:
        return ()
    shown = said if len(said) <= ALERTS_SHOWN else said[:1]
    more = len(said) - len(shown)
    rest = (words.ngettext("And {n} more.", "And {n} more.", more).format(n=more),) if more else ()
    return (_("Please tell your family today."), *(f"▲ {one}" for one in shown), *rest)


def _family(visit: Visit) -> str:
    """The family's key says whether she lets them look."""
    may_look = consent.family_may_look(visit)
    if may_look is None:
        return _("Family")
    return _("Family: may look") if may_look else _("Family: may not look")


def _follow_up(visit: Visit, moment: Moment, said: tuple[str, ...]) -> tuple[str, ...]:
    """One thing that is due besides the session, each on its day in turn."""
    today = visit.context.today
    concerns = () if today is None else tuple(due for due in today.follow_up if due.kind in CONCERNS)
    sentences = [one for one in (reasons.sentence(due.reason) for due in concerns) if one not in said]
    return (sentences[moment.now.toordinal() % len(sentences)],) if sentences else ()


def _reminder(visit: Visit, moment: Moment) -> tuple[str, ...]:
    """The visible twin of the reminders' tones."""
    words_of = {
        "session": _("Reminder: today's session is not done yet."),
        "questions": _("Reminder: today's questions are not answered yet."),
        "diary": _("Reminder: you have not written in your diary today."),
    }
    open_ = calls.reminder(visit, moment)
    return () if open_ is None else (words_of[open_],)


def _news(visit: Visit) -> tuple[str, ...]:
    """What the clinician handed in since the last visit, and what a power cut may have kept out."""
    said = []
    for news in visit.context.news:
        by = str(news.parameters.get("by", ""))
        if news.rule == "prescription_installed":
            said.append(_("A new prescription was installed by {clinician}.").format(clinician=by))
        elif news.rule == CUT_SHORT:
            said.append(_("The power failed while saving. Is your last entry in the diary?"))
        else:
            said.append(_("A lock was opened by {clinician}.").format(clinician=by))
    return tuple(said[-2:])


def _sent(visit: Visit) -> tuple[str, ...]:
    """That the diary leaves the box stands here as long as it does."""
    if not consent.clinic_may_receive(visit):
        return ()
    return (_("Your diary is sent to {recipient}.").format(recipient=visit.context.setting.recipient),)


def _lines(visit: Visit, moment: Moment, now: str) -> tuple[str, ...]:
    today, context = visit.context.today, visit.context
    if now == "loading" or today is None:
        return (words.worded(context.unreadable) or _("One moment. The box reads your diary."),)
    match now:
        case "unreadable":
            return (
                *_of_a_lock(visit),
                _("Your diary cannot be read."),
                _("There is no session until it can be read."),
                _("Call the person who set up this box."),
            )
        case "unsaved":
            return (
                *_of_a_lock(visit),
                _("Not everything is saved."),
                _("There is no session until it is saved."),
                _("Call the person who set up this box."),
            )
        case "safe_mode":
            return (*_of_a_lock(visit), *safe_mode_pages.home_lines())
        case "no_prescription":
            return (
                _("There is no prescription in the box, so there is no session."),
                _("Call the person who set up this box."),
                _("Your diary is open."),
            )
        case "not_yet" | "expired":
            reason = today.next.reasons[0] if not isinstance(today.next, SessionPlan) else None
            sentence = "" if reason is None else reasons.sentence(reason)
            return (sentence, people.call_clinician(visit), _("Your diary is open."))
        case "locked":
            return verdicts.locked_home_lines(visit, answers.locks_that_end(visit)[0])
        case "baseline":
            assert today.baseline_due is not None
            return (
                _greeting(moment),
                _("First come some questions about your health."),
                reasons.sentence(today.baseline_due),
                _("Answer them together with your clinician or a helper."),
            )
        case "week0":
            return (_greeting(moment), _week0(visit), _("They take about three minutes."))
        case "week0_done":
            return (_greeting(moment), _week0(visit), _("Today is done. Come back tomorrow."))
        case "done":
            return (_greeting(moment), _("You are done for today."), *verdicts.not_today_lines(visit)[-1:])
        case "rest_day":
            return (_greeting(moment), _("Today is a rest day."), *verdicts.not_today_lines(visit))
        case "no_device":
            return (_greeting(moment), *device_lines(visit), _("Your diary is open."))
        case _:
            return _session_lines(visit, moment)


def _of_a_lock(visit: Visit) -> tuple[str, ...]:
    """What the worst lock asks for, where home has something else to say as well."""
    locks = answers.locks_that_end(visit)
    return verdicts.locked_home_lines(visit, locks[0])[:2] if locks else ()


def _session_lines(visit: Visit, moment: Moment) -> tuple[str, ...]:
    today = visit.context.today
    assert today is not None
    plan = today.next
    assert isinstance(plan, SessionPlan)
    name = content(load_programme(plan.programme).name)
    said = [reasons.sentence(reason) for reason in plan.reasons if reason.rule in SAID_AT_HOME]
    work = sum(phase.seconds for phase in plan.phases if phase.role == "work") // 60
    length = _("{minutes} minutes").format(minutes=plan.minutes)
    if work < plan.minutes:
        length = _("{work} minutes, {minutes} with warm-up and cool-down").format(
            work=work, minutes=plan.minutes
        )
    number = _("Today: session {number}").format(number=today.sessions_done + 1)
    return (
        f"{_greeting(moment)} {number}",
        f"{name}: {length}.",
        _("You can stop at any time."),
        *said[:1],
    )


FOLLOWED_UP: Final = ("ready", "done", "rest_day", "week0", "week0_done", "no_device")
CONCERNS: Final = ("review", "prescription", "pads")
"""What of the things that are due concerns the patient on home: the others have screens of their own."""
SAID_AT_HOME: Final = (
    "lower_sore",
    "lower_pain",
    "lower_gap",
    "muscles_rest",
    "restart_learning",
    "pain_up_twice",
    "shift_pads",
    "first_sessions_short",
    "rest_not_known",
)
"""The reasons that a person notices; the first of them that applies is said."""


def device_lines(visit: Visit) -> tuple[str, ...]:
    """Why the stimulator cannot be used, and what to do."""
    seen = visit.context.device
    if device.other_build(visit):
        return (_("The box was updated and has to start again."), _("Switch the box off and on."))
    if seen is None:
        return (_("The box looks for the stimulator."),)
    return device_words.device_lines(seen.sentence, _)


def output_unknown(visit: Visit) -> bool:
    """The stimulator does not say that its output is off, though nothing of ours runs."""
    seen = visit.context.device
    return seen is not None and not seen.present and device_words.output_unknown(seen.sentence)


def device_port(visit: Visit) -> tuple[str, ...]:
    """Where the stimulator was looked for, last and small."""
    seen = visit.context.device
    port = "" if seen is None else device_words.device_port(seen.sentence)
    return (_("Port: {port}").format(port=port.removeprefix(BY_ID)),) if port else ()


def _week0(visit: Visit) -> str:
    today = visit.context.today
    assert today is not None
    return _("Day {day} of 7. Only questions, no current.").format(day=today.week0_day)


def _greeting(moment: Moment) -> str:
    if moment.now.hour < MORNING_UNTIL:
        return _("Good morning.")
    return _("Good afternoon.") if moment.now.hour < EVENING_FROM else _("Good evening.")


def after_restart(visit: Visit, moment: Moment) -> Page:
    """The power or the program ended in a session, or after it before the skin was looked at."""
    today = visit.context.today
    assert today is not None
    cut_off = today.interrupted or today.unlooked
    minutes = 0 if cut_off is None else cut_off.record.seconds_done // 60
    ended = _("Your session ended early.")
    if cut_off is not None and cut_off.record.state in ("done", "ended_early"):
        ended = _("Your session is over.")
    elif minutes:
        ended = words.ngettext(
            "Your session ended early, after {n} minute.",
            "Your session ended early, after {n} minutes.",
            minutes,
        ).format(n=minutes)
    seen, title = visit.context.device, _("After a restart")
    if seen is not None and not seen.present:
        lines = (
            _("Switch the stimulator OFF now."),
            people.how_to_cut_output(visit),
            _("It is not known if current still flows."),
            _("Do not touch the pads until it is off. Then press Enter."),
            f"{ended} {_('The box has started again.')}",
        )
        choices = (Choice(Key.ENTER, _("It is switched off")),)
        output = _("output not known")
        return build(visit, moment, Words(lines, tone="alarm"), choices, title=title, right=output)
    if seen is None:
        # Who looks for the stimulator has not said yet if it is there: a second, not an alarm.
        waits = _("One moment. The box asks the stimulator if its output is off.")
        asking = _("The box looks for the stimulator.")
        body = Words((f"{ended} {_('The box has started again.')}", waits), tone="calm")
        return build(visit, moment, body, title=title, right=asking)
    lines = (
        ended,
        _("The box has started again."),
        _("The stimulator reports that its output is off."),
        _("Nothing starts by itself."),
        _("Your answers are saved."),
    )
    return build(visit, moment, Words(lines, tone="calm"), (Choice(Key.ENTER, _("Next")),), title=title)


def help_(visit: Visit, moment: Moment) -> Page:
    """Whom to call, and how to cut the current."""
    today = visit.context.today
    items = [_("Emergency: {number}").format(number=people.emergency(visit))]
    if today is not None and today.prescription is not None:
        items.append(f"{people.clinician(visit)}: {people.phone(visit)}")
    items.append(_("Current off by hand: {how}").format(how=people.how_to_cut_output(visit)))
    small = (_("This is not an emergency service. Nobody watches this box."),)
    body = Words((_("Who can help"),), tuple(items), small)
    choices = (
        Choice(Key.ONE, _("About this device")),
        Choice(Key.TWO, _("What experts advise")),
        Choice(Key.THREE, _("Language and sound")),
        *((Choice(Key.FOUR, _("Who may see")),) if consent_can_be_asked(visit) else ()),
        *((Choice(Key.FIVE, _("Practice a visit")),) if practice.offered(visit) else ()),
        *((Choice(Key.SIX, _("My prescription")),) if prescription_can_be_read(visit) else ()),
    )
    return build(visit, moment, body, choices, title=_("Help and phone numbers"), pauses=True, back=True)


def paused(visit: Visit, moment: Moment) -> Page:
    body = Words((_("Paused. Take your time."), _("Nothing starts by itself.")), tone="calm")
    choices = (Choice(Key.ONE, _("Go on")), Choice(Key.TWO, _("Home")))
    return build(visit, moment, body, choices, title=_("Paused"))


def saving(visit: Visit, moment: Moment) -> Page:
    return build(visit, moment, Words((_("One moment. Saving…"),)), title=_("Saving"))


def not_saved(visit: Visit, moment: Moment) -> Page:
    """A write failed. What a lock has to say stands first, saved or not, and what an urgent yes asks for,
    confirmed or not."""
    locks = answers.locks_to_tell(visit, moment)
    first = verdicts.lock_lines(visit, locks[0])[:3] if locks else ()
    lost = (_("If you leave now, it is lost."),) if visit.context.saves.told_on_leaving else ()
    lines = (*first, _("This could not be saved."), *lost, _("Call the person who set up this box."))
    alarm = bool(locks) and locks[0].class_ in ("E", "U", "red")
    choices = (Choice(Key.ONE, _("Try again")), Choice(Key.TWO, _("Home")))
    return build(
        visit,
        moment,
        Words(lines, small=damage_words.not_saved(visit), tone="alarm" if alarm else "warn"),
        choices,
        title=_("Not saved"),
    )
