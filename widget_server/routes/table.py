"""Every address of the application, and what answers there."""

from __future__ import annotations

from functools import cache

from aiohttp import web

from widget_server.ops.health import show_livez, show_readyz
from widget_server.routes import (
    account,
    administration,
    approvals,
    bans,
    board_logs,
    board_settings,
    boards,
    chat_mails,
    claims,
    community,
    conduct,
    console,
    contact_mail,
    data,
    drafts,
    editing,
    factors,
    feeds,
    files,
    forgotten,
    front,
    inbound,
    invitations,
    language,
    live_posts,
    mails,
    members,
    moderation,
    my_data,
    notices,
    notification_settings,
    open_web,
    outbox,
    outside,
    own_address,
    own_conversations,
    own_password,
    own_sessions,
    passkeys,
    people,
    pictures,
    posting,
    posting_rules,
    preview,
    proof,
    push_lines,
    register,
    review,
    roles,
    room_members,
    rooms,
    search,
    set_up,
    sign_in,
    sign_in_code,
    sockets,
    stream,
    thread_lists,
    threads,
    tokens,
    voting,
    watching,
    webhooks,
    widget_files,
)
from widget_server.routes.api import document as api

_PAGES = (
    api,
    front,
    language,
    sign_in,
    register,
    set_up,
    mails,
    outbox,
    data,
    forgotten,
    proof,
    push_lines,
    own_password,
    own_address,
    own_sessions,
    administration,
    approvals,
    bans,
    invitations,
    people,
    roles,
    claims,
    own_conversations,
    account,
    contact_mail,
    chat_mails,
    factors,
    members,
    passkeys,
    pictures,
    sign_in_code,
    community,
    board_settings,
    boards,
    thread_lists,
    threads,
    search,
    live_posts,
    posting,
    editing,
    drafts,
    notices,
    rooms,
    room_members,
    notification_settings,
    watching,
    preview,
    voting,
    moderation,
    review,
    conduct,
    posting_rules,
    board_logs,
    feeds,
    open_web,
    outside,
    my_data,
    tokens,
    webhooks,
)
"""Whatever has pages."""


def add_routes(app: web.Application, prefix: str) -> None:
    """Answer under ``prefix``: empty, or the path under which the installation lies."""
    for resource in _resources(prefix):
        app.router.register_resource(resource)


@cache
def _resources(prefix: str) -> tuple[web.AbstractResource, ...]:
    """What answers under ``prefix``, made once for all applications of a process: it holds nothing of any."""
    router = web.UrlDispatcher()
    router.add_get(f"{prefix}/livez", show_livez)
    router.add_get(f"{prefix}/readyz", show_readyz)
    router.add_get(f"{prefix}/ws/console", sockets.console_socket)
    router.add_get(f"{prefix}/ws/pages", sockets.pages_socket)
    router.add_get(f"{prefix}/ws/{{key}}", sockets.visitor_socket)
    for path, for_agents, for_visitors in (
        (f"{prefix}/stream", stream.console_stream, stream.visitor_stream),
        (f"{prefix}/frames", stream.console_frames, stream.visitor_frames),
    ):
        router.add_post(f"{path}/console", for_agents)
        router.add_post(f"{path}/{{key}}", for_visitors)
        router.add_route("OPTIONS", f"{path}/{{key}}", stream.preflight)
    for path, call in (
        (f"{prefix}/claims/{{key}}", claims.make_claim),
        (f"{prefix}/contacts/{{key}}", contact_mail.leave_mail),
    ):
        router.add_post(path, call)
        router.add_route("OPTIONS", path, stream.preflight)
    router.add_post(f"{prefix}/files", files.announce)
    router.add_route("OPTIONS", f"{prefix}/files", files.preflight)
    for method, answer in (
        ("HEAD", files.look),
        ("PATCH", files.receive),
        ("DELETE", files.cancel),
        ("GET", files.serve),
        ("OPTIONS", files.preflight),
    ):
        router.add_route(method, f"{prefix}/files/{{id}}", answer)
    for what, shown in (("small", files.serve_small), ("state", files.show_state)):
        router.add_get(f"{prefix}/files/{{id}}/{what}", shown, allow_head=False)
        router.add_route("OPTIONS", f"{prefix}/files/{{id}}/{what}", files.preflight)
    router.add_post(prefix + chat_mails.ONE_CLICK, chat_mails.stop_at_once)
    router.add_post(f"{prefix}/inbound/mail", inbound.take_mail)
    router.add_routes(
        web.RouteDef(route.method, prefix + route.path, route.handler, route.kwargs)
        for group in (
            bans.routes,
            review.routes,
            console.routes,
            widget_files.routes,
            sign_in.routes,
            api.routes,
            *(part.pages.routes for part in _PAGES),
        )
        for route in group
        if isinstance(route, web.RouteDef)
    )
    return tuple(router.resources())
