"""The REST API for programs, under ``/api/v1``: every operation with its models, its scope and what may be refused."""
