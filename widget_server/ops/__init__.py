"""What the people who run a server need of it: its log, its measures, its health, its start and its end."""
