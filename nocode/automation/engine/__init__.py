"""The engine: what comes next, one step at a time, durably."""
