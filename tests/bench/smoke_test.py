#!/usr/bin/env python3
"""Runs every case of every benchmark once and reads its rows."""

import json
import os
import subprocess
import tempfile
import unittest

FOLDER = "bench"

PING_CASES = [
    "echo_ipc_64_1", "echo_ipc_64_1_callback",
    "echo_tcp_64_1", "echo_tcp_64_1_callback",
    "ping_ipc_64", "ping_ipc_64_callback", "ping_ipc_64_coroutine",
    "ping_tcp_64", "ping_tcp_64_callback", "ping_tcp_64_coroutine",
]
LATENCIES = ["cpu_us_per_op", "mean_us", "p50_us", "p99_us"]


def run(program, *arguments):
    return subprocess.run([os.path.join(FOLDER, program), *arguments],
                          stdout=subprocess.DEVNULL, timeout=50)


def report_of(program, *arguments):
    """What a benchmark writes; it must exit with 0."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        run(program, *arguments, "--json", path).check_returncode()
        with open(path, encoding="utf-8") as file:
            return json.load(file)


class SmokeTest(unittest.TestCase):

    def check_rows(self, report, cases, metrics, peer="libzmq"):
        self.assertEqual(report["void"], [])
        self.assertEqual(
            sorted((row["case"], row["metric"]) for row in report["rows"]),
            sorted((case, metric) for case in cases for metric in metrics))
        for row in report["rows"]:
            self.assertEqual(row["peer"], peer)
            self.assertGreater(row["ours"], 0)
            self.assertGreaterEqual(row["peer_value"], 0)

    def test_ping(self):
        report = report_of("ping", "--rounds=1", "--operations=1")
        self.check_rows(report, PING_CASES, LATENCIES)
        for row in report["rows"]:
            self.assertAlmostEqual(
                row["ratio"], row["ours"] / row["peer_value"], places=2)

    def test_idle(self):
        report = report_of("idle", "--rounds=1", "--seconds=0.01")
        self.check_rows(report, ["idle_ipc", "idle_tcp"], ["cpu_percent"])

    def test_bridge(self):
        report = report_of("bridge", "--rounds=1", "--operations=1")
        self.check_rows(report, ["bridge_tcp_64_1", "bridge_tcp_64_50"],
                        LATENCIES, peer="plain gRPC")

    def test_registry(self):
        self.assertEqual(run("registry", "--instances=20").returncode, 0)

    def test_a_case_that_is_not_there_is_a_failure(self):
        self.assertEqual(run("ping", "--only=pong").returncode, 1)

    def test_a_file_that_cannot_be_written_is_a_failure(self):
        self.assertEqual(
            run("ping", "--rounds=1", "--operations=1",
                "--only=ping_ipc_64_callback",
                "--json=/dev/null/ping.json").returncode, 1)


if __name__ == "__main__":
    unittest.main()
