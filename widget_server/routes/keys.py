"""What handlers find in the application beside the desk."""

from __future__ import annotations

from aiohttp import web

from widget_server.web.origins import Origins
from widget_server.web.sessions import Sessions

ORIGINS = web.AppKey("origins", Origins)
SESSIONS = web.AppKey("sessions", Sessions)
