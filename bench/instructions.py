#!/usr/bin/env python3
"""Counts the instructions of messages with callgrind, exactly.

usage: instructions.py PROGRAM [--check FILE | --write FILE]

PROGRAM is the optimised //bench:round_trips, which says what the cases are.
What one more message adds is what many of them take, less what half as many do:
so the start does not count.
--check compares with the counts kept in FILE, and closes with 'N passed,
N failed': more than a hundredth above the count is a failure. --write keeps
them.
"""

import argparse
import json
import re
import subprocess
import sys

CASES = ("stub", "builder", "echo", "one_way")
HALF = 4096

# Above the count kept. Runs on one machine agree to the instruction; other
# versions of the compiler and of libc do not.
TOLERANCE = 0.01

# What a stub may take beyond a message put together by hand.
STUB_OVER_BUILDER = 0.02


def collected(program, case, count):
    """Instructions of a whole run."""
    result = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         program, case, str(count)],
        text=True, stderr=subprocess.PIPE, check=True)
    return int(re.search(r"Collected : (\d+)", result.stderr).group(1))


def count(program):
    """Instructions of one more, by case."""
    return {case: (collected(program, case, 2 * HALF)
                   - collected(program, case, HALF)) // HALF
            for case in CASES}


def complaints(counts, kept):
    """Yields for each thing checked what is wrong with it, or None."""
    for case in CASES:
        if counts[case] > kept[case] * (1 + TOLERANCE):
            yield (f"{case} takes {counts[case]} instructions, "
                   f"{counts[case] - kept[case]} more than were kept")
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
    for case, instructions in counts.items():
        print(f"{case}: {instructions} instructions")
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
