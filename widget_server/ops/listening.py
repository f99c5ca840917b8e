"""Sockets on which a server listens: bound before they are handed to whoever accepts on them."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from widget_server.settings import OperatorError, variable_name

if TYPE_CHECKING:
    from pathlib import Path

# Connections that may wait to be accepted: a restart brings all visitors back at once.
BACKLOG = 1024


def bind(host: str, port: int, field: str) -> list[socket.socket]:
    """Bind every address of ``host`` and listen; a port of 0 takes a free one, the same for all addresses.

    Args:
        host: a name or an address.
        port: 0 to 65535.
        field: the setting that named the port, for the text of a refusal.

    Raises:
        OperatorError: the port is taken, or may not be used.
    """
    bound: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            listener = socket.socket(family, socket.SOCK_STREAM)
            bound.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address[0], bound[0].getsockname()[1] or port, *address[2:]))
            listener.listen(BACKLOG)
            listener.setblocking(False)
    except OSError as error:
        close_all(bound)
        raise _refusal(error, host, port, field) from None
    return bound


def close_all(sockets: list[socket.socket]) -> None:
    """Close this process's hold on the sockets; others that share them go on."""
    while sockets:
        with suppress(OSError):
            sockets.pop().close()


def _refusal(error: OSError, host: str, port: int, field: str) -> OperatorError:
    name = variable_name(field)
    if error.errno == errno.EADDRINUSE:
        return OperatorError(f"port {port} on {host} is taken; stop what uses it, or set {name}")
    if error.errno == errno.EACCES:
        return OperatorError(f"port {port} may not be used by this user; set {name} to one above 1023")
    return OperatorError(f"cannot listen on {host}:{port}: {error.strerror}; check {name} and its host")


def is_answered(path: Path) -> bool:
    """Return whether a server listens on this control socket; one that a killed server left behind is not answered."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
        return True


def bind_control(path: Path) -> socket.socket:
    """Bind a control socket for this user alone: nobody can connect before it listens, which is after the chmod.

    Raises:
        OperatorError: a server listens there already, or the place cannot be used.
    """
    if is_answered(path):
        raise OperatorError(f"another server uses {path.parent}; stop it, or set WIDGET_DATA_DIR to another one")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o600)
    except OSError as error:
        listener.close()
        raise OperatorError(
            f"{path} cannot be made: {error.strerror or error}; choose a shorter WIDGET_DATA_DIR"
        ) from None
    return listener
