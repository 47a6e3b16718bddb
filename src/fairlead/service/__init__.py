"""Wiring, the turn, the command line, the report: everything meets here and only here."""
