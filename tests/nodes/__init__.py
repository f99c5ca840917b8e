"""Several nodes of one installation: what only shows where there is more than one."""
