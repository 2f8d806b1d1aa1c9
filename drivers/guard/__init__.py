"""The guard: the small process that alone owns the serial port, the limits and the dead-man."""

PROGRAM = ("-P", "-m", "drivers.guard")
"""What the interpreter is given to become a guard; it takes nothing from the folder that it is started in."""
