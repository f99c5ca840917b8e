"""The command line: `widget-server VERB`."""
