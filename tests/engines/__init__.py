"""Real engines for tests and measurements, each thrown away at the end: PostgreSQL, PgBouncer, Redis, nginx.

They come from the system's binaries, run as an unprivileged user in a folder of their own, and listen on free ports of
the loopback. Nothing here knows pytest: each is a context manager.
"""
