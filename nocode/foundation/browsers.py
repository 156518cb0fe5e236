"""What a browser calls itself, in two words."""

import re

# The first that matches decides: most browsers also claim to be others.
BROWSERS = [
    (re.compile(r"Edg(?:e|A|iOS)?/(\d+)"), "Edge"),
    (re.compile(r"(?:OPR|Opera)/(\d+)"), "Opera"),
    (re.compile(r"SamsungBrowser/(\d+)"), "Samsung Internet"),
    (re.compile(r"(?:Firefox|FxiOS)/(\d+)"), "Firefox"),
    (re.compile(r"(?:Chrome|CriOS|Chromium|HeadlessChrome)/(\d+)"), "Chrome"),
    (re.compile(r"Version/(\d+)[\d.]* (?:Mobile/\S+ )?Safari/"), "Safari"),
]
SYSTEMS = [
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
]


def short_name(user_agent: str) -> str:
    """`Firefox 140 · Linux`; of programs the name they begin with."""
    for pattern, name in BROWSERS:
        if found := pattern.search(user_agent):
            system = next((label for mark, label in SYSTEMS if mark in user_agent), "")
            return f"{name} {found[1]} · {system}" if system else f"{name} {found[1]}"
    return user_agent.split("/")[0].split(" ")[0][:30]
