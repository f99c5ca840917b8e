"""Flask-SocketIO with threads and Flask-SQLAlchemy, one commit for each message, as its users write it.

``async_handlers=False``: with its default the messages of one visitor can arrive out of order.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import flask
import flask_socketio
import flask_sqlalchemy
from sqlalchemy import Column, Float, Index, Integer, String, event


def make(path: str) -> tuple[flask.Flask, Any]:
    """The application and its socket server, on a new database."""
    app = flask.Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{path}"
    database: Any = flask_sqlalchemy.SQLAlchemy(app)
    server: Any = flask_socketio.SocketIO(app, async_mode="threading", async_handlers=False)
    sides: dict[str, tuple[str, str]] = {}

    class Message(database.Model):  # type: ignore[misc]  # the base is made at run time
        id = Column(Integer, primary_key=True)
        pair = Column(String)
        client_id = Column(String, unique=True)
        body = Column(String)
        created_at = Column(Float)
        __table_args__ = (Index("message_pair", "pair", "id"),)

    class Mark(database.Model):  # type: ignore[misc]  # as above
        pair = Column(String, primary_key=True)
        side = Column(String, primary_key=True)
        seen = Column(Integer)

    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=10000")

    with app.app_context():
        event.listen(database.engine, "connect", prepare)
        database.create_all()

    def join(pair: str, side: str) -> str:
        sides[_sid()] = (pair, side)
        flask_socketio.join_room(f"{pair}/{side}")
        return "joined"

    def message(data: dict[str, Any]) -> dict[str, Any]:
        pair, _ = sides[_sid()]
        row = Message(pair=pair, client_id=data["client_id"], body=data["body"], created_at=time.time())
        database.session.add(row)
        database.session.commit()
        number = row.id
        flask_socketio.emit("message", {"id": number, **data}, to=f"{pair}/agent")
        return {"id": number, "ref": data["ref"]}

    def receipt(data: dict[str, Any]) -> None:
        pair, side = sides[_sid()]
        database.session.merge(Mark(pair=pair, side=side, seen=data["seen"]))
        database.session.commit()
        flask_socketio.emit("receipt", data, to=f"{pair}/{'agent' if side == 'visitor' else 'visitor'}")

    server.on_event("join", join)
    server.on_event("message", message)
    server.on_event("receipt", receipt)
    return app, server


def _sid() -> str:
    return str(flask.request.sid)


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application, sockets = make(sys.argv[2])
    sockets.run(application, host="127.0.0.1", port=int(sys.argv[1]), allow_unsafe_werkzeug=True)
