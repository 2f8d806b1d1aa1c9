"""Walks a person through a session and remembers: session, diary, review, screens, command line."""
