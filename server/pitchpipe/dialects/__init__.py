"""Ways to write a workflow.

Each lowers its own documents to the same `Workflow`, with places in the user's own file.
"""
