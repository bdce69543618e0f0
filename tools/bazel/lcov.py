#!/usr/bin/env python3
"""Stands in for the two programs `bazel coverage` would download.

For one test it turns gcov's JSON files (--coverage_dir) into an lcov report;
at the end it merges the reports of all tests (--reports_file).
"""

import collections
import gzip
import json
import pathlib
import sys


def add_gcov(directory, hits):
    """Adds what gcov wrote for one test."""
    for path in pathlib.Path(directory).rglob("*.json.gz"):
        with gzip.open(path) as report:
            for file in json.load(report)["files"]:
                for line in file["lines"]:
                    hits[file["file"]][line["line_number"]] += line["count"]


def add_lcov(path, hits):
    """Adds a report that this program wrote before."""
    file = None
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            file = value
        elif key == "DA":
            number, count = value.split(",")
            hits[file][int(number)] += int(count)


def write_lcov(path, hits):
    with open(path, "w", encoding="utf-8") as output:
        for file, lines in sorted(hits.items()):
            if file.startswith(("/", "external/", "bazel-out/")):
                continue
            print("SF:" + file, file=output)
            for number, count in sorted(lines.items()):
                print(f"DA:{number},{count}", file=output)
            print(f"LH:{sum(map(bool, lines.values()))}", file=output)
            print(f"LF:{len(lines)}", file=output)
            print("end_of_record", file=output)


def main(arguments):
    options = dict(a[2:].split("=", 1) for a in arguments if "=" in a)
    hits = collections.defaultdict(collections.Counter)
    if "coverage_dir" in options:
        add_gcov(options["coverage_dir"], hits)
    if "reports_file" in options:
        reports = pathlib.Path(options["reports_file"])
        for report in reports.read_text(encoding="utf-8").split():
            add_lcov(report, hits)
    write_lcov(options["output_file"], hits)


if __name__ == "__main__":
    main(sys.argv[1:])
