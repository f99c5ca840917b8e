"""Who listens on this node, and what they are told. A hint, never the truth: the store is."""
