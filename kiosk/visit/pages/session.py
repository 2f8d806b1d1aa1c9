"""While current can flow: finding the level, the session and the prompts, from the session machine."""

from __future__ import annotations

from typing import Final

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Choice, LevelBar, LevelFinding, Page, Running, SideLevel, Strip, Words
from kiosk.session.machine import at_limit_unfelt, up_refused
from kiosk.session.state import SessionState, Side
from kiosk.visit.pages import people, rhythm
from kiosk.visit.pages.chrome import build, let_go
from kiosk.visit.state import Moment, Visit
from kiosk.wording import reasons, sides
from kiosk.words import _, content, ngettext
from programs.library import load_programme
from programs.montage import Lead

FIND_STEPS: Final = ("offer", "feel", "where", "tighten", "strong", "both")


def beginning(visit: Visit, moment: Moment) -> Page:
    """Nothing is armed yet."""
    body = Words((_("One moment. No current flows yet."),))
    return build(visit, moment, body, title=_("Session"), stop_text=sides.stop_text())


def page(visit: Visit, moment: Moment, state: SessionState) -> Page:
    """The screen of a state of `kiosk.session.machine`."""
    match state.stage:
        case "saving" | "arming":
            return beginning(visit, moment)
        case "stopping" | "ended":
            body = Words((_("Stopping…"), _("Stay seated. Do not touch the pads.")), tone="warn")
            return build(
                visit,
                moment,
                body,
                title=_("Stopping"),
                stop_text=sides.stop_text(),
                current_on=state.stage == "stopping",
                screen=_screen(state),
            )
        case "find":
            return _find(visit, moment, state)
        case "play":
            return _play(visit, moment, state)


# ── finding the level ───────────────────────────────────────────────────────────────────────────


def _find(visit: Visit, moment: Moment, state: SessionState) -> Page:
    lead = _lead(state, state.side)
    where = _("{side}, {colour} lead").format(side=sides.side(lead), colour=sides.colour(lead))
    title = _("Find your level   {where}").format(where=where)
    if state.find_step == "both":
        title, where = _("Find your level"), ""
    if state.prompt is None and state.find_step in ("offer", "where", "both"):
        lines, choices = _find_words(state)
        held = state.notice is not None and state.notice.id == "let_go"
        body: Words | LevelFinding = Words(lines)
        if held:
            body = Words((*lines, let_go()), call=len(lines))
    else:
        body = LevelFinding(
            big=words.decimal(state.side.level_half_mA / 2),
            unit="mA",
            lines=_level_lines(state),
            bar=_bar(visit, state, state.side, with_mark=True),
            notice=_notice(state),
            cue=_cue(state, moment),
        )
        choices = _level_choices(state)
    return build(
        visit,
        moment,
        body,
        choices,
        title=title,
        short=where,
        stop_text=sides.stop_text(),
        current_on=_current_on(state),
        screen=_screen(state),
    )


def _find_words(state: SessionState) -> tuple[tuple[str, ...], tuple[Choice, ...]]:
    lines: tuple[str, ...]
    rest = Choice(Key.FIVE, _("Rest at zero"), prominent=False)
    match state.find_step:
        case "offer":
            lines = (
                _("Ready? The current starts at zero and rises slowly, to 60 % of last time at most."),
                _("Any key: it rises no more."),
                _("STOP: off at once."),
            )
            return lines, (Choice(Key.ENTER, _("I am ready")),)
        case "where":
            choices = (
                Choice(Key.ONE, _("Left")),
                Choice(Key.TWO, _("Right")),
                Choice(Key.THREE, _("Both, or elsewhere")),
                Choice(Key.DOWN, _("less"), prominent=False),
                rest,
            )
            return (_("Where do you feel it?"),), choices
        case _:
            # A rest brought the other side to zero; what was found there is still what she found.
            found = [
                f"{sides.back_name(_lead(state, side))}: {words.decimal(half_mA / 2)} mA"
                for side in state.sides
                for half_mA in [side.level_half_mA or side.comfortable_half_mA or 0]
            ]
            minutes = max(1, round(state.seconds_left / 60))
            lines = (
                _("Your level is found. {levels}").format(levels=", ".join(found)),
                ngettext(
                    "Now comes {n} minute. You can stop at any time.",
                    "Now come {n} minutes. You can stop at any time.",
                    minutes,
                ).format(n=minutes),
            )
            return lines, (Choice(Key.ENTER, _("Begin")), Choice(Key.DOWN, _("less"), prominent=False), rest)


def _level_lines(state: SessionState) -> tuple[str, ...]:
    if state.prompt is not None:
        return (_prompt(state),)
    slow = state.side.slow
    if slow is not None and slow.running:
        return (_("It rises slowly."), _("Any key: it rises no more."))
    if _rests(state):
        return (_("Rest at zero."), _("Press ▲: it rises slowly."))
    if at_limit_unfelt(state):
        return (_("This is the limit for today."), _("Feel nothing? That is all right today. Press 2."))
    if slow is not None:
        enter = {
            "feel": _("Feel it? Press Enter."),
            "tighten": _("The muscle tightens? Press Enter."),
        }.get(state.find_step, _("Strong, still pleasant? Press Enter."))
        return (_("It holds."), _("Press ▲: it rises further."), enter)
    hurts = _("It hurts? Press STOP.")
    if state.find_step == "feel":
        return (_("Press ▲ until you feel something."), _("Then press Enter: I feel it."), hurts)
    if state.find_step == "tighten":
        see_or_feel = _("You can see it or feel it. Then press Enter.")
        return (_("Press ▲ until the muscle tightens."), see_or_feel, hurts)
    intensity = content(load_programme(state.plan.programme).intensity)
    return (_("Press ▲ once. Wait. Press again."), intensity)


def _rests(state: SessionState) -> bool:
    """At zero by her own key, and ▲ lets it rise slowly; after a ▼ it goes on step by step."""
    return state.resting and state.side.slow is not None


def _cue(state: SessionState, moment: Moment) -> str:
    """Between two squeezes ▲ does not count: when it does again, before it is pressed in vain."""
    at_ms = _phase_ms(state, moment)
    if at_ms is None or state.phase is None or state.phase.pattern.shape != "cycle":
        return ""
    if state.prompt is not None or state.resting or state.side.slow is not None:
        return ""
    refused = up_refused(state)
    if refused is None:
        return _("You can press ▲ now.")
    if refused == "ceiling":
        return ""
    seconds = max(1, round(rhythm.until_plateau_ms(state.phase.pattern, at_ms) / 1000))
    return _("Wait. You can press ▲ again in {seconds} s.").format(seconds=seconds)


def _level_choices(state: SessionState) -> tuple[Choice, ...]:
    if state.prompt is not None:
        return _prompt_choices(state)
    if state.rises:
        return _rising_choices(state)
    if _rests(state):
        return (Choice(Key.UP, _("go on")),)
    enter = {"feel": _("I feel it"), "tighten": _("The muscle tightens")}
    felt = enter.get(state.find_step, _("Strong, still pleasant"))
    enough = (Choice(Key.TWO, _("Strong enough, I see none"), prominent=False),)
    unfelt = at_limit_unfelt(state)
    more = Choice(Key.TWO, _("I feel nothing")) if unfelt else Choice(Key.UP, _("a bit more"))
    if state.side.slow is not None and not unfelt:
        more = Choice(Key.UP, _("go on"))
    return (
        more,
        Choice(Key.DOWN, _("less")),
        Choice(Key.ENTER, felt),
        *(enough if state.find_step == "tighten" else ()),
        *(() if state.resting else (Choice(Key.FIVE, _("Rest at zero"), prominent=False),)),
    )


def _rising_choices(state: SessionState) -> tuple[Choice, ...]:
    """Every key but ▼ holds the rise and does no more; only the first feeling is said at once (rule 5)."""
    hold = _("hold here")
    enter = _("I feel it") if state.find_step == "feel" else hold
    return (Choice(Key.UP, hold), Choice(Key.DOWN, _("less")), Choice(Key.ENTER, enter))


# ── the session ─────────────────────────────────────────────────────────────────────────────────


def _play(visit: Visit, moment: Moment, state: SessionState) -> Page:
    body = Running(
        big=words.minutes(state.seconds_left),
        big_label=_("minutes left"),
        sides=tuple(_side(visit, state, index, side) for index, side in enumerate(state.sides)),
        strip=_strip(state, moment),
        notice=_prompt(state) or _notice(state) or _rest_notice(state) or _rising_notice(state),
    )
    return build(
        visit,
        moment,
        body,
        _play_choices(state),
        title=_play_title(state),
        stop_text=sides.stop_text(),
        current_on=_current_on(state),
        screen=_screen(state),
    )


def _play_title(state: SessionState) -> str:
    if state.resting:
        return _("Rest at zero")
    role = "work" if state.phase is None else state.phase.role
    working = _("Working: let it tingle")
    if state.plan.kind == "nmes":
        along = state.plan.contract_along
        working = _("Working: tighten with it") if along else _("Working: let the muscle learn")
    return {"warm_up": _("Warm-up"), "cool_down": _("Cool-down")}.get(role, working)


def _play_choices(state: SessionState) -> tuple[Choice, ...]:
    if state.prompt is not None:
        return _prompt_choices(state)
    choices = [Choice(Key.ENTER, _("Go on slowly"))] if _waits_at_zero(state) else []
    if not (state.resting and choices):
        choices += [Choice(Key.UP, _("one step more")), Choice(Key.DOWN, _("less"))]
    if len(state.sides) > 1:
        choices += [
            Choice(key, label, prominent=False)
            for key, label in (
                (Key.ONE, sides.back_name(_lead(state, state.sides[0]))),
                (Key.TWO, sides.back_name(_lead(state, state.sides[1]))),
                (Key.THREE, _("both")),
            )
        ]
    choices.append(Choice(Key.FOUR, _("What flows now"), prominent=False))
    if not state.resting:
        choices.append(Choice(Key.FIVE, _("Rest at zero"), prominent=False))
    choices.append(Choice(Key.SIX, _("A pad feels loose"), prominent=False))
    return tuple(choices)


def _prompt_choices(state: SessionState) -> tuple[Choice, ...]:
    if state.resting:
        return (Choice(Key.ENTER, _("Yes, I am here")),)
    return (Choice(Key.ENTER, _("Yes, all is well")), Choice(Key.DOWN, _("less")))


def _side(visit: Visit, state: SessionState, index: int, side: Side) -> SideLevel:
    return SideLevel(
        name=sides.back_name(_lead(state, side)),
        level_text=f"{words.decimal(side.level_half_mA / 2)} mA",
        bar=_bar(visit, state, side, with_mark=False),
        selected=state.selected in (None, index),
    )


def _strip(state: SessionState, moment: Moment) -> Strip:
    """What is played now and next. Nothing is known of it before the guard's first word."""
    at_ms = _phase_ms(state, moment)
    if at_ms is None or state.phase is None or state.status is None or state.status.phase is None:
        return Strip((), (), "", "")
    if state.resting:
        return Strip((), (), "", "")  # the rhythm goes on, and nothing of it is felt
    now = rhythm.stretch(state.phase.pattern, at_ms)
    plan, index = state.armed_plan, state.status.phase
    labels = tuple((position, _part(part)) for position, part in rhythm.stretches(plan, index, at_ms))
    return Strip(rhythm.samples(plan, index, at_ms), labels, _part(now.part), _next_cue(state, now, at_ms))


def _next_cue(state: SessionState, now: rhythm.Stretch, at_ms: int) -> str:
    assert state.phase is not None
    if now.part == "steady":
        minutes = max(1, round((state.phase.duration_ms - at_ms) / 60_000))
        return ngettext("{n} minute like this", "{n} minutes like this", minutes).format(n=minutes)
    seconds = max(1, round((now.end_ms - at_ms) / 1000))
    tightens = _("tighten in {seconds} s") if state.plan.contract_along else _("it tightens in {seconds} s")
    cue = {"rest": _("next in {seconds} s"), "rising": tightens}.get(now.part, _("rest in {seconds} s"))
    return cue.format(seconds=seconds)


def _part(part: rhythm.Part) -> str:
    return {
        "rising": _("rising"),
        "steady": _("steady"),
        "tighten": _("tighten"),
        "falling": _("letting go"),
        "rest": _("rest"),
        "over": "",
    }[part]


# ── shared ──────────────────────────────────────────────────────────────────────────────────────


def _phase_ms(state: SessionState, moment: Moment) -> int | None:
    """How long the phase is played by now; None before the guard's first word of it."""
    status = state.status
    if status is None or status.phase is None or state.phase is None:
        return None
    since_ms = max(0, round((moment.monotonic_s - state.status_s) * 1000))
    return min(state.phase.duration_ms - 1, status.phase_elapsed_ms + since_ms)


def _bar(visit: Visit, state: SessionState, side: Side, *, with_mark: bool) -> LevelBar:
    channel = next(channel for channel in state.plan.channels if channel.channel == side.channel)
    first = side.first_feeling_half_mA
    mark_mA = first / 2 if with_mark and first is not None else None
    return LevelBar(
        value_mA=side.level_half_mA / 2,
        limit_mA=side.ceiling_half_mA / 2,
        limit_text=_("limit {limit}").format(limit=words.decimal(side.ceiling_half_mA / 2)),
        mark_mA=mark_mA,
        mark_text="" if mark_mA is None else _("first feeling {level}").format(level=words.decimal(mark_mA)),
        set_by=reasons.limit_set_by(channel.set_by, people.clinician(visit)),
    )


def _prompt(state: SessionState) -> str:
    if state.prompt is None:
        return ""
    if state.prompt.held:
        return let_go()
    if state.resting:
        return _("Are you there? Enter = yes. It stays at zero.")
    if state.prompt.kind == "still_ok":
        return _("Still OK? Enter = yes.")
    return _("Still comfortable? Enter = yes.")


def _rest_notice(state: SessionState) -> str:
    if not state.resting:
        return ""
    if _waits_at_zero(state):
        return _("The levels are at zero. Enter: it rises slowly again.")
    return _("The levels are at zero. Nothing rises by itself.")


def _rising_notice(state: SessionState) -> str:
    """Whatever the keys say, they hold the rise first (rule 4)."""
    return f"{_('It rises slowly.')} {_('Any key: it rises no more.')}" if state.rises else ""


def _waits_at_zero(state: SessionState) -> bool:
    """A slow rise waits for Enter."""
    waiting = [side for side in state.sides if side.slow is not None]
    return bool(waiting) and all(side.level_half_mA == 0 for side in waiting)


def _notice(state: SessionState) -> str:
    notice = state.notice
    if notice is None or _is_over(state, notice.id):
        return ""
    if notice.id == "status":
        levels = [
            f"{sides.back_name(_lead(state, side))} {words.decimal(side.applied_half_mA / 2)} mA"
            for side in state.sides
        ]
        return _("The device gives now: {levels}").format(levels=", ".join(levels))
    squeeze = state.phase is not None and state.phase.pattern.shape == "cycle"
    sentences = {
        "plateau": _("Wait for the next squeeze.") if squeeze else _("Wait a moment."),
        "too_soon": _("Wait a moment, then press again."),
        "ceiling": _("This is the limit for today."),
        "contraction": _("Enough for this squeeze. Wait for the next one."),
        "held": _("It rises no more. Press ▲: it rises further."),
        "let_go": let_go(),
        "nothing_yet": _("No current yet. Press ▲ first."),
    }
    return sentences.get(notice.id, _("Not now. Wait a moment, then press again."))


def _is_over(state: SessionState, notice: str) -> bool:
    """What it says is not so any more, though its time is not up; or the page's own lines say it."""
    if notice == "held":
        held = not state.rises and any(side.slow is not None for side in state.sides)
        return state.stage == "find" or not held
    return notice == "nothing_yet" and (state.rises or state.side.level_half_mA > 0)


def _lead(state: SessionState, side: Side) -> Lead:
    return next(lead for lead in state.plan.montage.leads if lead.channel == side.channel)


def _screen(state: SessionState) -> int:
    """Which screen of the session it is: a key that was meant for the one before must not act on it."""
    screens: list[tuple[object, ...]] = [("stopping",), ("play", False), ("play", True)]
    screens += [("find", side, step) for side in range(len(state.sides)) for step in FIND_STEPS]
    now: tuple[object, ...] = {
        "find": ("find", state.finding, state.find_step),
        "play": ("play", state.resting),
    }.get(state.stage, ("stopping",))
    return 1 + 2 * screens.index(now) + (state.prompt is not None)


def _current_on(state: SessionState) -> bool:
    """Current may be on: a level was asked for, or the device still applies one."""
    return any(side.level_half_mA or side.applied_half_mA for side in state.sides)
