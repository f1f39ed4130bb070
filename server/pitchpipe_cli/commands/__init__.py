"""One module a command, each with `execute(arguments)`; imported when its command is given."""
