#!/usr/bin/env python3
"""Checks the tree; closes with 'N passed, N failed' (', N skipped').

usage: lint.py [--tidy], in a checkout
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import lengths
import rooms
import words

# buildifier would have Bazel's own rules loaded, which Bazel 4 cannot.
_BUILDIFIER_WARNINGS = ",".join("-native-" + rules for rules in (
    "cc-binary", "cc-library", "cc-proto", "cc-test", "proto", "proto-info",
    "proto-lang-toolchain", "sh-binary", "sh-library", "sh-test"))


class Skipped(Exception):
    """Says why a check could not be made."""


def read_tree():
    """Returns the text of each file git knows or would add, by path."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, text=True, stdout=subprocess.PIPE).stdout
    files = {}
    for name in filter(None, names.split("\0")):
        try:
            files[name] = pathlib.Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            pass  # Deleted, or a corpus, say.
    return files


def run(*command):
    """Yields what a program complains of; nothing if it succeeds."""
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    if result.returncode:
        yield result.stdout.strip() or f"{command[0]}: {result.returncode}"


def need(program, hint):
    if not shutil.which(program):
        raise Skipped(f"{program} is not installed ({hint})")


def check_itself(_):
    yield from run(sys.executable, str(pathlib.Path(__file__).parent /
                                       "lint_test.py"), "--quiet")


def check_format(files):
    need("clang-format", "apt-get install clang-format")
    sources = [path for path in files if path.endswith((".cc", ".h"))
               and not path.startswith("tests/golden/")]
    if not sources:
        return
    result = subprocess.run(["clang-format", "--dry-run", *sources], text=True,
                            stderr=subprocess.PIPE)
    found = re.findall(r"^(.*?):\d+:\d+: ", result.stderr, re.MULTILINE)
    for path, count in sorted(collections.Counter(found).items()):
        yield f"{path}: {count} differences (tools/dev format mends them)"
    if result.returncode:
        yield result.stderr.strip()


def check_build_files(files):
    need("buildifier", "npm install @bazel/buildifier")
    for kind, suffixes in (("build", ("BUILD.bazel", ".BUILD")),
                           ("bzl", (".bzl",)), ("workspace", ("WORKSPACE",))):
        paths = [path for path in files if path.endswith(suffixes)]
        yield from run("buildifier", "-mode=check", "-lint=warn",
                       f"-type={kind}", f"-warnings={_BUILDIFIER_WARNINGS}",
                       *paths)


def check_tidy(files):
    need("run-clang-tidy", "apt-get install clang-tidy")
    with open("compile_commands.json", encoding="utf-8") as file:
        known = {entry["file"] for entry in json.load(file)}
    sources = sorted(known & {os.path.abspath(path) for path in files})
    output = "\n".join(run("run-clang-tidy", "-quiet", "-p", ".", *sources))
    output = re.sub(r"\x1b\[[\d;]*m", "", output)
    errors = re.findall(r"^.*: error: .*$", output, re.MULTILINE)
    yield from sorted(set(errors)) or filter(None, [output])


CHECKS = {
    "lint's own test": check_itself,
    "rooms": rooms.check,
    "lengths": lengths.check,
    "words": words.check,
    "clang-format": check_format,
    "buildifier": check_build_files,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tidy", action="store_true",
                        help="run clang-tidy too (needs compile_commands.json)")
    checks = dict(CHECKS)
    if parser.parse_args().tidy:
        checks["clang-tidy"] = check_tidy

    files = read_tree()
    passed = failed = skipped = 0
    for name, check in checks.items():
        try:
            complaints = list(check(files))
        except Skipped as reason:
            print(f"{name}: SKIPPED: {reason}")
            skipped += 1
            continue
        print(f"{name}: {'FAILED' if complaints else 'ok'}", *complaints,
              sep="\n  ")
        passed += not complaints
        failed += bool(complaints)
    print(f"{passed} passed, {failed} failed"
          + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
