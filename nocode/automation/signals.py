"""Signals of automation."""
