"""The parts of screens: pure functions that draw into a `Canvas` with the console font's glyphs."""
