"""Signals of the studio."""
