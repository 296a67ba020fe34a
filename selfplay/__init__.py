"""Playing: the one game loop (self-play, matches, people), game records, runners. Knows agents, not how they learn."""
