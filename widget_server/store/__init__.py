"""The one store: tables, statements compiled once, transactions, and the committer that groups them."""
