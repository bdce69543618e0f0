#!/usr/bin/env python3
"""Runs all comparisons, one after the other, and puts their rows together.

usage: suite.py FOLDER [--json FILE] [--report FOLDER] [--smoke]
                [--against FILE] [ARGUMENT...]

FOLDER holds the optimised programs of bench/. Other arguments go to each of
them: --rounds 5, --seconds 2, --patience 120. `tools/dev bench` builds them and
calls this.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import against
import page

PROGRAMS = ("ping", "echo", "local", "oneway", "connect", "sizes", "peers", "handlers",
            "stages", "bridge", "idle", "cohort")

# They have no rows: they say themselves whether they are as they must be.
OTHERS = ("registry",)

# --smoke: some cases of some programs, for a moment each.
SMOKE_CASES = {
    "ping": ("ping_ipc_64", "ping_tcp_64", "ping_unix_64"),
    "echo": ("echo_64_50", "echo_4096_20", "echo_1024_25", "echo_64_1024"),
    "local": ("ping_local_64", "echo_local_64_50"),
    "oneway": ("oneway_64",),
    "connect": ("connect_first_ack",),
    "sizes": ("payload_64mib",),
    "peers": ("peers_1", "peers_16"),
}
SMOKE_ARGUMENTS = ["--rounds=3", "--seconds=0.5", "--patience=30"]


def machine():
    """What the numbers were taken on."""
    models = {line.split(":", 1)[1].strip()
              for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")}
    versions = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Version}\n",
         "libzmq5", "libgrpc++1.51", "libprotobuf32", "g++"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {
        "date": datetime.date.today().isoformat(),
        "processor": ", ".join(sorted(models)),
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "packages": versions.split("\n")[:-1],
    }


def run(folder, name, arguments):
    """One program's report; its failure is a row that is void."""
    print(f"== {name} {' '.join(arguments)}".rstrip(), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "rows.json")
        command = [os.path.join(folder, name), *arguments, "--json", path]
        code = subprocess.run(command).returncode
        if not os.path.exists(path):
            return {"rows": [], "curves": [],
                    "void": [f"{name}: exit code {code}, no rows"]}
        with open(path, encoding="utf-8") as file:
            return json.load(file)


def run_all(arguments, more):
    """The report of all programs together."""
    whole = {"machine": machine(), "rows": [], "curves": [], "void": []}
    for name in SMOKE_CASES if arguments.smoke else PROGRAMS:
        own = list(more)
        if arguments.smoke:
            cases = ",".join("=" + case for case in SMOKE_CASES[name])
            own = [*SMOKE_ARGUMENTS, *more, f"--only={cases}"]
        report = run(arguments.folder, name, own)
        for part in ("rows", "curves", "void"):
            whole[part] += report[part]
    for name in () if arguments.smoke else OTHERS:
        print(f"== {name}", flush=True)
        if subprocess.run([os.path.join(arguments.folder, name)]).returncode:
            whole["void"].append(f"{name}: failed")
    return whole


def parse():
    parser = argparse.ArgumentParser(
        prog="tools/dev bench", description=__doc__.splitlines()[0],
        epilog="Other arguments go to each benchmark, as --rounds 11 does.")
    parser.add_argument("folder", help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help="writes all rows")
    parser.add_argument("--report", metavar="FOLDER",
                        help="writes a page with plots, and the rows")
    parser.add_argument("--smoke", action="store_true",
                        help="a few cases, for a moment each")
    parser.add_argument("--against", metavar="FILE",
                        help="fails if ratios are worse than in these rows")
    return parser.parse_known_args()


def main():
    arguments, more = parse()
    kept = None
    if arguments.against:  # Before half an hour is spent.
        with open(arguments.against, encoding="utf-8") as file:
            kept = json.load(file)
    whole = run_all(arguments, more)
    if arguments.report:
        page.write(whole, pathlib.Path(arguments.report))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            page.dump(whole, file)
    print(*(f"void: {why}" for why in whole["void"]), sep="\n")
    failed = bool(whole["void"])
    if kept:
        failed |= against.compare(whole["rows"], kept["rows"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
