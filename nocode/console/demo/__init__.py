"""A small, realistic company to look around in; `demo --remove` takes it away again."""

from nocode.console.demo.loader import SLUG, HoldsOwnWork, apps, load, remove

__all__ = ["SLUG", "HoldsOwnWork", "apps", "load", "remove"]
