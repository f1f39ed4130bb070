"""What is said about one thing, as Markdown."""
