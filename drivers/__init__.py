"""How a stimulator is made to do it, and never more. Knows nothing of patients, questions or screens."""
