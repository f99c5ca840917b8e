"""What handlers find in the application beside the desk."""

from __future__ import annotations

from aiohttp import web

from widget_server.actions.inbound_mail import Letterbox
from widget_server.core.reply_addresses import ReplyAddresses
from widget_server.web.origins import Origins
from widget_server.web.sessions import Sessions

ORIGINS = web.AppKey("origins", Origins)
SESSIONS = web.AppKey("sessions", Sessions)
REPLY_ADDRESSES = web.AppKey("reply_addresses", ReplyAddresses)
LETTERBOX = web.AppKey("letterbox", Letterbox)
