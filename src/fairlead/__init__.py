"""Fairlead keeps a global relay / edge network inside its service-level objective."""

__version__ = "0.1.0"
