"""Policies of the web, one file each: who may call from where, what a browser is allowed, how an error is told."""
