#!/usr/bin/env python3
"""Runs every case of bench/ping once and reads its rows."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

CASES = [
    "echo_ipc_64_1", "echo_ipc_64_1_callback",
    "echo_tcp_64_1", "echo_tcp_64_1_callback",
    "ping_ipc_64", "ping_ipc_64_callback", "ping_ipc_64_coroutine",
    "ping_tcp_64", "ping_tcp_64_callback", "ping_tcp_64_coroutine",
]
METRICS = ["cpu_us_per_op", "mean_us", "p50_us", "p99_us"]

PING = sys.argv.pop(1)


class PingSmokeTest(unittest.TestCase):

    def test_every_case_has_its_rows(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ping.json")
            subprocess.run([PING, "--rounds=1", "--operations=1",
                            "--json", path], check=True, timeout=50)
            with open(path, encoding="utf-8") as file:
                report = json.load(file)
        self.assertEqual(report["void"], [])
        self.assertEqual(
            sorted((row["case"], row["metric"]) for row in report["rows"]),
            sorted((case, metric) for case in CASES for metric in METRICS))
        for row in report["rows"]:
            self.assertEqual(row["peer"], "libzmq")
            self.assertGreater(row["ours"], 0)
            self.assertGreater(row["peer_value"], 0)
            self.assertAlmostEqual(
                row["ratio"], row["ours"] / row["peer_value"], places=2)

    def test_a_case_that_is_not_there_is_a_failure(self):
        run = subprocess.run([PING, "--only=pong"], stdout=subprocess.DEVNULL,
                             timeout=50)
        self.assertEqual(run.returncode, 1)

    def test_a_file_that_cannot_be_written_is_a_failure(self):
        run = subprocess.run([PING, "--rounds=1", "--operations=1",
                              "--only=ping_ipc_64_callback",
                              "--json=/dev/null/ping.json"],
                             stdout=subprocess.DEVNULL, timeout=50)
        self.assertEqual(run.returncode, 1)


if __name__ == "__main__":
    unittest.main()
