"""The only writers. ``check_*`` may refuse, ``do_*`` is one transaction; ``access_*`` are the only doors to data."""
