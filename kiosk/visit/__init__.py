"""One visit, from home to home: which screen follows which (`flow`), what a key does (`steps`), what is shown
(`pages`). Pure: guard, store and clock are `kiosk.application`'s."""
