"""Writes the catalogue of architectures that ships with Pitchpipe."""
