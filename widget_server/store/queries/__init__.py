"""Constant statements, one module for each noun that is read or written."""
