"""The engine of Pitchpipe: executes a plan stage by stage and writes down what happens."""
