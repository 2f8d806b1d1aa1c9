"""Two colourings of the same drawing: true colour, and the 8 backgrounds and 16 foregrounds of a console."""
