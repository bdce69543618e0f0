"""Finds what no file should say.

Paths of one machine, notes, what a merge left, sleeps.
"""

import re

# This directory names what it forbids.
_EXEMPT = ("tools/lint/",)

_LOCAL_PATH = re.compile(r"(?<![\w.$})\]/])/(?:home|root|Users|work|mnt)/\w")
_NOTE = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: |$)")
_SLEEP = re.compile(
    r"\b(?:sleep_for|sleep_until|SleepFor|usleep|nanosleep|time\.sleep)\b"
    r"|\bsleep\s*\(\d|^\s*sleep\s+[\d$]")

# The rooms that may not sleep; an example may feign work, a benchmark load.
_AWAKE = ("am/", "cohort/", "tests/", "transport/")


def check(files):
    """Yields the forbidden words of a tree, given as text by path."""
    for path, text in sorted(files.items()):
        if path.startswith(_EXEMPT):
            continue
        awake = path.startswith(_AWAKE) and "/examples/" not in path and (
            path.endswith((".cc", ".h", ".py", ".sh")))
        for number, line in enumerate(text.splitlines(), 1):
            if _LOCAL_PATH.search(line):
                yield f"{path}:{number}: a path of one machine"
            if _NOTE.search(line):
                yield f"{path}:{number}: a note to be done with"
            if _CONFLICT.search(line):
                yield f"{path}:{number}: a merge that was not finished"
            if awake and _SLEEP.search(line):
                yield f"{path}:{number}: a sleep; wait for an event"
