"""The guard: the small process that alone owns the serial port, the limits and the dead-man."""
