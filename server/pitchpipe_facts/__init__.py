"""The world as the core may see it: files, heads of tables, model folders.

Read lazily, cached, never run.
"""
