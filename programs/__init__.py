"""What a clinician signs off: questions, montages, programmes, dosing and progression.

Pure: data files and functions over them. No clock, no device, no terminal, no file but its own content.
"""
