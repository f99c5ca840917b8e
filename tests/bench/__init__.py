"""The measurement behind docs/performance.md: this server beside others on the same work, in one run."""
