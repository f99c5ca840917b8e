"""What this server is measured beside. Each module is a program: ``python -m … PORT [DATABASE]``."""
