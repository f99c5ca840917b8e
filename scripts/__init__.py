"""What the Makefile runs and a wheel does not carry."""
