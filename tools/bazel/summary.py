#!/usr/bin/env python3
"""Closes a run of `bazel test` with one line: 'N passed, N failed'.

usage: summary.py [--status=N] EVENTS

EVENTS is what --build_event_json_file wrote, --status Bazel's exit code. The
test cases are counted from the test.xml of each test. A test that crashed, and
a target that was not built, count as one failed case; and when Bazel failed
for any other reason (a broken BUILD file, no tests at all) that counts as one.
', N skipped' follows if any were. Exits with 1 unless all passed.
"""

import argparse
import collections
import json
import sys
import urllib.parse
from xml.etree import ElementTree


def case_outcome(case):
    """Says what became of a <testcase>."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") == "notrun":
        return "skipped"
    return "passed"


def xml_cases(uri):
    """Counts the cases of a test.xml by outcome; none if it is cut off."""
    path = urllib.parse.unquote(urllib.parse.urlparse(uri).path)
    try:
        root = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError):
        return collections.Counter()
    return collections.Counter(map(case_outcome, root.iter("testcase")))


def test_cases(result):
    """Counts the cases of one testResult event."""
    cases = collections.Counter()
    for file in result.get("testActionOutput", []):
        if file["name"] == "test.xml":
            cases += xml_cases(file["uri"])
    if result.get("status") in ("PASSED", "FLAKY"):
        # The last attempt decides, and it passed.
        return cases if cases else collections.Counter(passed=1)
    if not cases["failed"]:
        cases["failed"] = 1
    return cases


def count(events):
    """Counts the cases of a whole run from its build events."""
    unbuilt = set()
    results = {}
    for event in events:
        (kind, identity), = event["id"].items()
        label = identity.get("label") if isinstance(identity, dict) else None
        if kind == "targetConfigured" and "configured" in event:
            unbuilt.add(label)
        elif kind == "targetCompleted":
            skipped = event.get("aborted", {}).get("reason") == "SKIPPED"
            if skipped or event.get("completed", {}).get("success"):
                unbuilt.discard(label)
        elif kind == "testResult":
            unbuilt.discard(label)
            run = label, identity.get("run"), identity.get("shard")
            results[run] = test_cases(event.get("testResult", {}))
    total = sum(results.values(), collections.Counter())
    total["failed"] += len(unbuilt)
    return total


def summary(events, status):
    """Returns the closing line, and whether all is well."""
    total = count(events)
    if status and not total["failed"]:
        total["failed"] = 1
    line = f"{total['passed']} passed, {total['failed']} failed"
    if total["skipped"]:
        line += f", {total['skipped']} skipped"
    return line, not total["failed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("events")
    options = parser.parse_args()
    with open(options.events, encoding="utf-8") as file:
        line, well = summary(map(json.loads, file), options.status)
    print(line)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
