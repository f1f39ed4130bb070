"""The command `pitchpipe`: what people and scripts type."""
