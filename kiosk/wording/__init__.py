"""Sentences that screens, reports and what leaves the box share."""
