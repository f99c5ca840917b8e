"""What travels on the wire: frames, codes, and the session, which speaks them without touching a socket."""

PROTOCOL_VERSION = 1
"""The version this server speaks; ``hello`` offers one and ``welcome`` names the one that is used."""
