"""The numbers of safety rules 1 to 5 and 10 as a session keeps them, and how long it waits for an answer."""

FEEL_STEP_HALF_MA = 2
"""1 mA a press until "I feel it" (rule 3). This and the next three are at least one step of the hardware."""
FINE_STEP_HALF_MA = 1
DOWN_STEP_HALF_MA = 2
"""Down is faster than up."""
SLOW_RISE_STEP_HALF_MA = 1
UP_PAUSE_S = 1.0
UP_PAUSE_AFTER_FINE_S = 0.7
"""After the previous Up event, accepted or not (rule 2)."""
RAISE_PAUSE_S_PER_MA = 1.0
"""After the previous raise: of a RehaStim2's 2 mA at most one in 2 s (rule 3)."""
UPS_BEFORE_ASKING = 8
CONTRACTION_RAISE_HALF_MA = 4
SLOW_RISE_S_PER_MA = 1.0
"""Rule 4."""
SLOW_RISE_HALT_HALF_MA = 10
"""In continuous patterns it halts after every 5 mA until a new press (rule 4)."""
START_FACTOR = 0.6
RESUME_FACTOR = 0.7
NOT_FELT_HALF_MA = 30
"""Nothing felt by 15 mA: to zero, look at the pads (rule 5)."""
NOT_FELT_FACTOR = 1.3
STILL_OK_EVERY_S = 300.0
STILL_OK_FINDING_S = 90.0
STILL_OK_TONES_S = (0.0, 20.0, 40.0)
STILL_OK_ANSWER_S = 60.0
LOOK_AFTER_S = 120
"""First session: stop and look at the skin (clinical reference 2)."""
NOTICE_S = 4.0
STOP_ANSWER_S = 6.0
"""Longer than the guard's whole stop path: three pairs and 3 s of silence."""
ARM_ANSWER_S = 5.0
SAVE_ANSWER_S = 10.0
"""A card that takes longer than this to keep the session's record: it is not begun."""
GUARD_SILENT_S = 1.0
"""The guard speaks at least four times as often."""
LEVEL_UNDER_WAY_S = 0.5
"""How long a level that was asked for may differ from the one that the guard reports."""
