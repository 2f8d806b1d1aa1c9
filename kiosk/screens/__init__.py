"""Draws a `Page`: one module a kind of body, each pure; `view` puts the drawing on the terminal."""
