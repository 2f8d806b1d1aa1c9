"""A course of therapy with an invented patient, on the real session machine and rules, in virtual time."""
