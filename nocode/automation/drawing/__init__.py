"""Draws workflows and timelines as plain numbers for SVG templates. Pure: no database, no request."""

from nocode.automation.drawing.picture import Box, Picture, Wire, draw_graph
from nocode.automation.drawing.timeline import Bar, Lane, Timeline, draw_timeline

__all__ = ["Bar", "Box", "Lane", "Picture", "Timeline", "Wire", "draw_graph", "draw_timeline"]
