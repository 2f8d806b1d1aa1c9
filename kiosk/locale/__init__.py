"""Translations of the screens. The `.po` files are ours; the `.mo` files are made of them by `make setup`."""
