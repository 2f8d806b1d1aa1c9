"""What is heard: few soft tones, each with its visible twin, and the page read aloud."""
