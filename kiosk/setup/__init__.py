"""`homestim setup`: from an installed box to its first visit, question by question, as numbered lines.

Every answer is durable before the next question comes: after a power cut it goes on where it stopped.
"""
