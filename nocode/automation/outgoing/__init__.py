"""Calls to the outside world, guarded against reaching the inside one."""
