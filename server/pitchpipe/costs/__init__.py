"""What lies between a workflow and an estimate: the step that the runner takes, and how often.

All of it is computed in milliseconds from a plan, or from a file that has none yet.
"""
