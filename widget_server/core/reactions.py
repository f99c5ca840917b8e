"""The few signs that people may put to a post."""

from __future__ import annotations

from typing import Final

from widget_server.core.errors import Unacceptable
from widget_server.core.text import to_translate

REACTIONS: Final = {
    "❤️": to_translate("Love"),
    "🎉": to_translate("Congratulations"),
    "😄": to_translate("Funny"),
    "🤔": to_translate("Puzzled"),
    "🙏": to_translate("Thanks"),
    "👀": to_translate("Watching"),
}
"""Each with what it is called. Liking and disliking are votes. One that is taken out of here stays with those who gave
it."""


def check_reaction(emoji: str) -> str:
    """Return a sign that may be put to a post. Raises ``Unacceptable``: ``no_such_reaction``."""
    if emoji not in REACTIONS:
        raise Unacceptable("no_such_reaction")
    return emoji
