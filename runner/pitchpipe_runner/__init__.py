"""The engine of Pitchpipe: executes a plan, stage by stage, and writes what happens into the run folder."""
