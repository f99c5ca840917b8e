"""Churn: people come, talk, lose their line and leave, while the server's memory, files and tasks are watched."""
