"""Two language servers side by side: ours, and yaml-language-server with our schema."""
