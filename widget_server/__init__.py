"""A support chat for any website: the server behind the widget and the console."""

__version__ = "0.1.0"
