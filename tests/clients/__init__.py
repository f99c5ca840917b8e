"""Clients of the protocol, written from docs/protocol.md alone: for tests of the server and for measuring it.

`state` is what a client must keep and decide, without I/O; `socket` and `fallback` carry its frames; `truth` writes
down what is done before it is done; `server` runs the product as a process of its own.
"""
