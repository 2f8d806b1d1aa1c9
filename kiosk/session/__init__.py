"""A session from arming to the confirmed stop: the pure machine, what it arms, the runner that does it."""
