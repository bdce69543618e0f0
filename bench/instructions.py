#!/usr/bin/env python3
"""Counts the instructions of a round trip with callgrind, exactly.

usage: instructions.py PROGRAM [--check FILE | --write FILE]

PROGRAM is the optimised //bench:round_trips. What one round trip adds is what
many of them take, less what half as many do: so the start does not count.
--check compares with the counts kept in FILE, and closes with 'N passed,
N failed': more than a hundredth above the count is a failure. --write keeps
them.
"""

import argparse
import json
import re
import subprocess
import sys

STYLES = ("stub", "builder")
HALF = 2000

# Above the count kept. Runs on one machine agree to the instruction; other
# versions of the compiler and of libc do not.
TOLERANCE = 0.01

# What a stub may take beyond a message put together by hand.
STUB_OVER_BUILDER = 0.02


def collected(program, style, round_trips):
    """Instructions of a whole run."""
    result = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         program, style, str(round_trips)],
        text=True, stderr=subprocess.PIPE, check=True)
    return int(re.search(r"Collected : (\d+)", result.stderr).group(1))


def count(program):
    """Instructions of one round trip, by the style of its caller."""
    return {style: (collected(program, style, 2 * HALF)
                    - collected(program, style, HALF)) // HALF
            for style in STYLES}


def complaints(counts, kept):
    """Yields for each thing checked what is wrong with it, or None."""
    for style in STYLES:
        if counts[style] > kept[style] * (1 + TOLERANCE):
            yield (f"a round trip by {style} takes {counts[style]} instructions"
                   f", {counts[style] - kept[style]} more than were kept")
        else:
            yield None
    if counts["stub"] > counts["builder"] * (1 + STUB_OVER_BUILDER):
        yield "a stub costs too much over a builder"
    else:
        yield None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--check", metavar="FILE")
    parser.add_argument("--write", metavar="FILE")
    arguments = parser.parse_args()

    counts = count(arguments.program)
    for style, instructions in counts.items():
        print(f"{style}: {instructions} instructions per round trip")
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write(json.dumps(counts, indent=1) + "\n")
    if not arguments.check:
        return 0
    with open(arguments.check, encoding="utf-8") as file:
        results = list(complaints(counts, json.load(file)))
    failures = [result for result in results if result]
    print(*failures, sep="\n", end="\n" if failures else "")
    print(f"{len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
