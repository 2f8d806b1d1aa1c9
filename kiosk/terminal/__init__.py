"""Keys in and frames out: the terminal, with STOP sought before anything else reads."""
