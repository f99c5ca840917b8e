"""What of a conversation's marks may be told: a site can keep to itself what its visitors have seen (P6).

Asked in the statement that reads the marks, so that the switch holds for everything that is committed after it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import case, exists, literal_column, select

from widget_server.core.appearance import RECEIPTS_OFF
from widget_server.core.delivery import NOT_TOLD
from widget_server.store.tables import conversation, site

SEEN_IS_KEPT: Final = exists(
    select(literal_column("1"))
    .select_from(site)
    .where(site.c.id == conversation.c.site_id, site.c.settings.contains(RECEIPTS_OFF))
    .correlate(conversation)
)
"""Whether the conversation is of a site whose visitors' read receipts are off."""

TOLD_SEEN: Final = case((SEEN_IS_KEPT, literal_column(str(NOT_TOLD))), else_=conversation.c.visitor_seen)
"""How far everybody may know that the visitor has seen, or :data:`NOT_TOLD`."""
