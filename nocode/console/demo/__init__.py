"""A small, realistic company to look around in; removed without a trace by `demo --remove`."""

from nocode.console.demo.loader import SLUG, HoldsOwnWork, apps, load, remove

__all__ = ["SLUG", "HoldsOwnWork", "apps", "load", "remove"]
