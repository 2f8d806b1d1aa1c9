"""Fixed example pages: one or more of every kind of body, in the words of the screens' design."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.keys import Key
from kiosk.page import (
    Choice,
    Header,
    LevelBar,
    LevelFinding,
    NumberLine,
    Overview,
    PadDrawn,
    Page,
    PinEntry,
    Placement,
    Running,
    SideLevel,
    Strip,
    Words,
)
from kiosk.visit.pages import fault_panel
from kiosk.visit.steps.fault_panel import FaultPanel
from tests.kiosk.visit.family_album import opened

STOP_TEXT = "S T O P    Space, or the stop button"
READ = Choice(Key.EIGHT, "Read it to me", prominent=False)
BACK = Choice(Key.ZERO, "Back", prominent=False)
STOP = Choice(Key.STOP, "Stop", prominent=False)


def _header(left: str, right: str = "device ready", simulator: bool = True, on: bool = False) -> Header:
    return Header(left, simulator, right, on)


def _quiet(id_: str, left: str, body: object, *choices: Choice, right: str = "device ready") -> Page:
    """A page while no output is possible."""
    return Page(id_, _header(left, right), body, choices, stop_row=False)  # type: ignore[arg-type]


def _live(
    id_: str, left: str, body: object, *choices: Choice, on: bool = True, right: str = "CURRENT IS ON"
) -> Page:
    """A page while output is possible."""
    return Page(id_, _header(left, right, on=on), body, choices, True, STOP_TEXT)  # type: ignore[arg-type]


HOME = replace(
    _quiet(
        "home",
        "homestim        Friday 20 November  14:05",
        Words(
            (
                "Good afternoon. Today: session 9 of 24",
                "Gentle muscle learning, 15 minutes. You can stop at any time.",
                "It is lower today (−20 %), because your back was sore.",
            )
        ),
        Choice(Key.ONE, "Start"),
        Choice(Key.TWO, "Write in my diary"),
        Choice(Key.THREE, "How it has been going"),
        Choice(Key.FOUR, "Help and phone numbers"),
        READ,
        Choice(Key.NINE, "Family", prominent=False),
    ),
    header=_header("homestim        Friday 20 November  14:05", simulator=False),
)
HOME_SIMULATOR = replace(HOME, id="home-simulator", header=_header(HOME.header.left))
IS_IT_YOU = _quiet(
    "is-it-you",
    "Is it you?",
    Words(("Are you Anna Müller-Łukasiewicz?", "This box is set up for one person.")),
    Choice(Key.ONE, "Yes"),
    Choice(Key.TWO, "No"),
    READ,
    BACK,
)
QUESTION = _quiet(
    "question",
    "A question about your health    3 of 6",
    Words(
        (
            "Since your last visit, did you have a bad accident or fall? "
            "A small one counts if your bones are weak or you take steroids.",
        )
    ),
    Choice(Key.ONE, "No"),
    Choice(Key.TWO, "Yes"),
    Choice(Key.THREE, "Not sure"),
    READ,
    BACK,
)
GROUP = _quiet(
    "group",
    "Toilet, numbness, legs    1 of 4",
    Words(
        ("Please read each one.",),
        items=(
            "Since your last visit, is it hard to start, stop or feel your pee? Do you leak? "
            "Or can you not tell if your bladder is full?",
            "Since your last visit, have you lost control of your poo, or can you not feel it when you poo?",
            "Since your last visit, is it newly numb between your legs or round your bottom, or does it "
            "tingle? Or does wiping feel different?",
            "Since your last visit, are BOTH legs newly weak, numb or in pain? "
            "Or is one leg quickly getting weaker?",
        ),
    ),
    Choice(Key.ONE, "None of these"),
    Choice(Key.TWO, "One of these, or not sure"),
    READ,
    BACK,
)
SAID_YES = _quiet(
    "said-yes",
    "Please check this answer",
    Words(
        (
            "You said YES to:",
            "Since your last visit, have you had chest pain or trouble breathing? "
            "Or a sudden tearing pain in your chest, belly or back?",
        ),
        tone="warn",
    ),
    Choice(Key.ONE, "Yes, or not sure"),
    Choice(Key.TWO, "I pressed the wrong key"),
    READ,
)
_PAIN = NumberLine(
    "How strong is your back pain now, at rest?",
    "no pain",
    "the worst pain you can think of",
    None,
    ("Type a number. For ten: 1, then 0.",),
)
_PAIN_CHOICES = (
    Choice(Key.ENTER, "Next"),
    Choice(Key.READ, "Read it to me", prominent=False),
    Choice(Key.BACK, "Back", prominent=False),
)
PAIN = _quiet("pain", "Your pain    1 of 3", _PAIN, *_PAIN_CHOICES)
PAIN_FIVE = _quiet("pain-marked", "Your pain    1 of 3", replace(_PAIN, value=5), *_PAIN_CHOICES)
CHECK_ANSWERS = _quiet(
    "check-answers",
    "Check your answers",
    Words(
        ("This is what you said. Is it right?",),
        items=(
            "Safety questions: 14 times No",
            "Pain at rest: 5     Pain when moving: 6",
            "Soreness of your back muscles: 2",
        ),
        small=("Answers are kept for 60 minutes. After that the box asks again.",),
    ),
    Choice(Key.ENTER, "It is right, next"),
    Choice(Key.TWO, "Change something"),
    READ,
    BACK,
)
_PADS = tuple(
    PadDrawn(number, x_cm, y_cm, 5, 9, "red" if number < 3 else "blue", lit=number < 3)
    for number, x_cm, y_cm in ((1, -5.5, 5), (2, -5.5, 17), (3, 5.5, 5), (4, 5.5, 17))
)
_PLACEMENT = Placement(
    _PADS,
    "LEFT",
    "RIGHT",
    "seen from behind",
    "lowest rib",
    "hip",
    (
        "Take the RED lead. It has two pads.",
        "▶ Pad 1: LEFT side, at the lowest rib.",
        "▶ Pad 2: below it, at the hip bone.",
        "Two fingers from the bony line, and two fingers between the pads.",
    ),
    ("RED lead", "pad 1 + 2   ● GOOD"),
    "Press each pad flat, from the middle out. Count to ten.",
)
_PLACEMENT_CHOICES = (
    Choice(Key.ENTER, "Both are on"),
    Choice(Key.FIVE, "One pad at a time"),
    Choice(Key.SEVEN, "New pads today"),
    READ,
    BACK,
    STOP,
)
PLACEMENT_LEFT = _quiet(
    "placement-left", "Pads on    lead 1 of 2:  RED, LEFT side", _PLACEMENT, *_PLACEMENT_CHOICES,
    right="no current",
)  # fmt: skip
PLACEMENT_RIGHT = _quiet(
    "placement-right",
    "Pads on    lead 2 of 2:  BLUE, RIGHT side",
    replace(
        _PLACEMENT,
        pads=tuple(replace(pad, lit=pad.number > 2) for pad in _PADS),
        lines=(
            "Take the BLUE lead. It has two pads.",
            "▶ Pad 3: RIGHT side, at the lowest rib.",
            "▶ Pad 4: below it, at the hip bone.",
            "Two fingers from the bony line, and two fingers between the pads.",
        ),
        box=("BLUE lead", "pad 3 + 4   not checked"),
    ),
    *_PLACEMENT_CHOICES,
    right="no current",
)
PLACEMENT_GERMAN = _quiet(
    "placement-german",
    "Pads anlegen    Kabel 1 von 2:  ROT, LINKE Seite",
    replace(
        _PLACEMENT,
        left_label="LINKS",
        right_label="RECHTS",
        from_behind="von hinten gesehen",
        lowest_rib="unterste Rippe",
        hip="Hüfte",
        lines=(
            "Nehmen Sie das ROTE Kabel. Es hat zwei Pads.",
            "▶ Pad 1: LINKE Seite, an der untersten Rippe.",
            "▶ Pad 2: darunter, am Hüftknochen.",
            "Zwei Finger neben der Knochenlinie, und zwei Finger zwischen den Pads.",
        ),
        box=("ROTES Kabel", "Pad 1 + 2   ● GUT"),
        below="Drücken Sie jedes Pad flach an, von der Mitte nach außen. Zählen Sie bis zehn.",
    ),
    Choice(Key.ENTER, "Beide kleben, weiter"),
    Choice(Key.FIVE, "Pads einzeln zeigen"),
    Choice(Key.SEVEN, "Heute neue Pads"),
    Choice(Key.EIGHT, "Vorlesen", prominent=False),
    Choice(Key.ZERO, "Zurück", prominent=False),
    Choice(Key.STOP, "Stopp", prominent=False),
    right="kein Strom",
)
CONTACT_CHECK = _quiet(
    "contact-check",
    "How the pads lie",
    Words(
        (
            "Checking the pads. A very small current flows for one second per lead.",
            "You should feel nothing, or a faint tick.",
            "STOP ends it at once. No current flows yet.",
        )
    ),
    Choice(Key.ENTER, "Check the pads now"),
    READ,
    BACK,
    STOP,
)
CONTACT_PROBING = _live(
    "contact-probing",
    "How the pads lie",
    Words(
        (
            "One moment: the pads are being checked.",
            "A very small current flows. You should feel nothing, or a faint tick.",
            "It ends by itself. STOP ends it at once.",
        )
    ),
    READ,
)
_CONTACT_BODY = replace(
    _PLACEMENT,
    pads=tuple(replace(pad, lit=True) for pad in _PADS),
    lines=(
        "Look at: RED, BLUE.",
        "OPEN: Is the lead plugged in? Are both its pads flat?",
        "DRY: Press both pads. Still dry? A drop of water on each, or new pads.",
    ),
    box=("RED  pad 1 + 2  ● OPEN", "BLUE  pad 3 + 4  ● DRY"),
    below="The stimulator reports that its output is off.",
)
_CONTACT_CHOICES = (
    Choice(Key.ENTER, "Check again"),
    Choice(Key.TWO, "Back to the pads"),
    READ,
    BACK,
    STOP,
)
CONTACT_RESULT = _quiet("contact-result", "How the pads lie", _CONTACT_BODY, *_CONTACT_CHOICES)
CONTACT_GOOD = _quiet(
    "contact-good",
    "How the pads lie",
    replace(
        _CONTACT_BODY,
        lines=(
            "All pads lie well.",
            "The pads hold less well than last time. Press the pads.",
            "They were used 12 times.",
        ),
        box=("RED  pad 1 + 2  ● GOOD", "BLUE  pad 3 + 4  ● GOOD"),
    ),
    Choice(Key.ENTER, "Next"),
    READ,
    BACK,
    STOP,
)
STOP_TEST = _live(
    "stop-test",
    "Test STOP",
    Words(
        (
            "Test STOP. No current flows yet.",
            "Sit or lie the way you will stay. Press STOP now.",
        )
    ),
    READ,
    on=False,
    right="no current",
)
_LEVEL_CHOICES = (
    Choice(Key.UP, "a bit more"),
    Choice(Key.DOWN, "less"),
    Choice(Key.ENTER, "Strong, still pleasant"),
    Choice(Key.FIVE, "Rest at zero", prominent=False),
    READ,
)
_LEVEL = LevelFinding(
    "8.5",
    "mA",
    ("Press ▲ once. Wait. Press again,", "until it is strong but still pleasant.", "It must never hurt."),
    LevelBar(8.5, 24.0, "limit 24.0", 5.5, "first tingle 5.5", "set by Dr. Weber"),
)
LEVEL = _live("level", "Find your level    LEFT side, RED lead", _LEVEL, *_LEVEL_CHOICES)
LEVEL_NOTICE = _live(
    "level-notice",
    "Find your level    LEFT side, RED lead",
    replace(_LEVEL, big="22.0", notice="Still comfortable?  Enter = yes",
            bar=replace(_LEVEL.bar, value_mA=22.0)),
    *_LEVEL_CHOICES,
)  # fmt: skip
LEVEL_FIRST = _live(
    "level-first",
    "Find your level    LEFT side, RED lead",
    LevelFinding(
        "0.0",
        "mA",
        ("Press ▲ until you feel something.", "Then Enter: I feel it."),
        LevelBar(0.0, 24.0, "limit 24.0", set_by="set by Dr. Weber"),
    ),
    Choice(Key.UP, "a bit more"),
    Choice(Key.DOWN, "less"),
    Choice(Key.ENTER, "I feel it"),
    Choice(Key.FIVE, "Rest at zero", prominent=False),
    READ,
)
_SESSION_CHOICES = (
    Choice(Key.UP, "one step"),
    Choice(Key.DOWN, "less"),
    Choice(Key.THREE, "both sides"),
    Choice(Key.FIVE, "rest at zero"),
    Choice(Key.SIX, "pad feels loose"),
    Choice(Key.ONE, "left", prominent=False),
    Choice(Key.TWO, "right", prominent=False),
    Choice(Key.FOUR, "how it stands", prominent=False),
    Choice(Key.EIGHT, "read", prominent=False),
)
_CYCLE = (0.0,) * 2 + (0.5,) + (1.0,) * 6 + (0.5,) + (0.0,) * 9
_STRIP = Strip(
    (_CYCLE * 5)[6:87],
    ((0.12, "rest"), (0.25, "rising"), (0.36, "tighten"), (0.5, "falling"), (0.62, "rest"), (0.8, "tighten")),
    "now",
    "next in 14 s",
)
_RUNNING = Running(
    "14:30",
    "minutes left",
    (
        SideLevel("left back", "18.5 mA", LevelBar(18.5, 24.0, "limit 24.0"), False),
        SideLevel("right back", "17.0 mA", LevelBar(17.0, 24.0, "limit 24.0"), True),
    ),
    _STRIP,
)
SESSION_ON = _live("session-on", "Working: tighten with it  2/3", _RUNNING, *_SESSION_CHOICES)
SESSION_REST = _live(
    "session-rest",
    "Working: rest  2/3",
    replace(
        _RUNNING,
        big="9:05",
        strip=replace(_STRIP, samples=(_CYCLE * 5)[14:95], next_cue="tighten in 5 s"),
        notice="Wait for the next squeeze, then press ▲ once.",
    ),
    *_SESSION_CHOICES,
)
SESSION_TENS = _live(
    "session-tens",
    "Soothing current",
    Running(
        "28:00",
        "minutes left",
        (SideLevel("both sides", "9.5 mA", LevelBar(9.5, 18.0, "limit 18.0"), True),),
        Strip((1.0,) * 81, ((0.3, "steady"), (0.75, "steady")), "now", "steady to the end"),
    ),
    Choice(Key.UP, "one step"),
    Choice(Key.DOWN, "less"),
    Choice(Key.FIVE, "rest at zero"),
    Choice(Key.SIX, "pad feels loose"),
    READ,
)
SLOW_RISE = _live(
    "slow-rise",
    "Ready?",
    Words(
        (
            "Ready? The current starts at zero and rises slowly, to 60 % of last time at most.",
            "Any key: it rises no more. STOP: off at once.",
        )
    ),
    Choice(Key.ENTER, "I am ready"),
    READ,
    on=False,
    right="no current",
)
STILL_OK = _live(
    "still-ok",
    "Still OK?",
    Words(
        ("Still OK?", "Enter = yes. Without an answer the current goes to zero in 60 seconds."),
        tone="warn",
    ),
    Choice(Key.ENTER, "Yes, still OK"),
    READ,
)
STOPPED = _quiet(
    "stopped",
    "You stopped",
    Words(
        (
            "You stopped. That is fine.",
            "The stimulator reports that its output is off.",
            "Why did you stop?",
        ),
        tone="calm",
    ),
    Choice(Key.ONE, "A pad was loose"),
    Choice(Key.TWO, "Enough for today"),
    Choice(Key.THREE, "Burning or sharp pain"),
    Choice(Key.FOUR, "Faint, heart or breath"),
    Choice(Key.FIVE, "By mistake"),
    Choice(Key.SIX, "A brief sting"),
    READ,
)
NOT_CONFIRMED = _quiet(
    "not-confirmed",
    "Switch the stimulator OFF",
    Words(
        (
            "Switch the stimulator OFF now.",
            "It is not known if current still flows.",
            "Do not touch the pads until it is off. Then press Enter.",
            "Help: Dr. Weber, 030 1234567",
        ),
        small=("unconfirmed: no answer from the device in 3 s",),
        tone="alarm",
    ),
    Choice(Key.ENTER, "The stimulator is off"),
    READ,
    right="not known",
)
LOCKED_E = _quiet(
    "locked-e",
    "Call for help",
    Words(
        (
            "Do not use the device.",
            "Call 112 now, or go to an emergency department. Do not drive yourself.",
            "The box stays locked until Dr. Weber opens it.",
            "Please tell your family today.",
        ),
        small=("rf_chest  ·  lock 4",),
        tone="alarm",
    ),
    Choice(Key.FOUR, "Help and phone numbers"),
    Choice(Key.TWO, "Write in my diary"),
    READ,
    right="locked",
)
POSTPONED = _quiet(
    "postponed",
    "Not today",
    Words(
        (
            "Not today. Your back muscles are still sore.",
            "Rest is part of the plan. The box will ask again on Tuesday.",
            "Your diary is open.",
        ),
        tone="calm",
    ),
    Choice(Key.ENTER, "Home"),
    Choice(Key.TWO, "Write in my diary"),
    READ,
)
SAVED = _quiet(
    "saved",
    "Saved",
    Words(
        (
            "Saved. You are done for today.",
            "Tomorrow the box will ask about your skin and muscles.",
        ),
        tone="calm",
    ),
    Choice(Key.ENTER, "Home"),
    READ,
)
PIN = _quiet(
    "pin",
    "For the family",
    PinEntry(("Type the family PIN, then Enter.", "The PIN of this demonstration is 2468."), 3),
    Choice(Key.ENTER, "Open"),
    Choice(Key.BACK, "Back", prominent=False),
)
PIN_WAIT = _quiet(
    "pin-wait",
    "For the family",
    PinEntry(("Type the family PIN, then Enter.",), 0, "That was another number. Please wait 5 seconds."),
    Choice(Key.ENTER, "Open"),
    Choice(Key.BACK, "Back", prominent=False),
)
_MONTH = (
    (6, True), (5, False), (6, False), (6, True), (6, False), (5, False), (6, False), (None, False),
    (5, True), (6, False), (5, True), (5, False), (None, False), (5, False), (6, True), (5, False),
    (4, False), (None, False), (None, True), (5, False), (4, False), (4, True), (5, False), (4, False),
    (6, False), (4, True), (4, False), (5, False),
)  # fmt: skip
OVERVIEW = _quiet(
    "overview",
    "For the family   Anna   Sunday 22 November  15:10",
    Overview(
        "▲ LOOK HERE   one thing, by tomorrow evening",
        (
            "Back muscles sore since Tuesday, 5 of 10. Muscle sessions are locked.",
            "Ask her how it is. Call Dr. Weber, 030 1234567.",
        ),
        tuple(
            ({0: "26 Oct", 7: "2 Nov", 14: "9 Nov", 21: "16 Nov"}.get(index, ""), pain, session)
            for index, (pain, session) in enumerate(_MONTH)
        ),
        (
            "Pain: last 4 weeks 5, first 4 weeks 6: no clear change. 25 of 28 days.",
            "Sessions: 7 of 8 planned. Level: left 14.0, right 13.5 mA, same.",
        ),
        "From her own answers, not checked. This is not an emergency service.",
    ),
    Choice(Key.ENTER, "Done, add a note", prominent=False),
    Choice(Key.ONE, "Alerts", prominent=False),
    Choice(Key.THREE, "Diary", prominent=False),
    READ,
    Choice(Key.ZERO, "Leave", prominent=False),
    right="closes in 4:52",
)
OVERVIEW_FINE = replace(
    OVERVIEW,
    id="overview-fine",
    body=replace(OVERVIEW.body, headline="All fine. Nothing needs you today.", lines=()),  # type: ignore[type-var]
)
FAULT_PANEL = fault_panel.over(SESSION_ON, FaultPanel(SESSION_ON.serial, "supply"), "rehastim2", ours=True)


def _of_the_family(id_: str, *keys: str) -> Page:
    """A screen of the family as the visit makes it, by its keys from the overview on."""
    walk = opened()
    walk.press(*keys)
    return replace(walk.page, id=id_)


FAMILY = (
    _of_the_family("family-red"),
    _of_the_family("family-alert", "1"),
    _of_the_family("family-pain", "2"),
    _of_the_family("family-everything", "2", "2", "2"),
    _of_the_family("family-level", "2", "1"),
    _of_the_family("family-diary", "3", "down"),
    _of_the_family("family-sessions", "4", "down", "down"),
)

PAGES: dict[str, Page] = {
    page.id: replace(page, serial=number)
    for number, page in enumerate(
        (
            HOME, HOME_SIMULATOR, IS_IT_YOU, QUESTION, GROUP, SAID_YES, PAIN, PAIN_FIVE, CHECK_ANSWERS,
            PLACEMENT_LEFT, PLACEMENT_RIGHT, PLACEMENT_GERMAN, STOP_TEST, LEVEL_FIRST, LEVEL, LEVEL_NOTICE,
            SLOW_RISE, SESSION_ON, SESSION_REST, SESSION_TENS, STILL_OK, STOPPED, NOT_CONFIRMED, LOCKED_E,
            POSTPONED, SAVED, PIN, PIN_WAIT, OVERVIEW, OVERVIEW_FINE, FAULT_PANEL,
            CONTACT_CHECK, CONTACT_PROBING, CONTACT_RESULT, CONTACT_GOOD, *FAMILY,
        ),
        start=1,
    )
}  # fmt: skip
"""By id, in the order of a visit."""

SIZES = ((67, 20), (80, 25), (120, 40))
