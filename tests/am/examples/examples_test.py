#!/usr/bin/env python3
"""Runs every example and reads what it says."""

import os
import re
import signal
import subprocess
import unittest

FOLDER = os.path.join("am", "examples")
TIMEOUT = 50


def run(program, *arguments):
    """What a program prints; it must exit with 0."""
    return subprocess.run(
        [os.path.join(FOLDER, program), *arguments], check=True, text=True,
        stdout=subprocess.PIPE, timeout=TIMEOUT).stdout


class ExamplesTest(unittest.TestCase):

    def test_hello_world(self):
        self.assertEqual(run("hello_world").splitlines()[0], "Hello, World!")

    def test_hello_world_as_two_programs(self):
        with subprocess.Popen([os.path.join(FOLDER, "hello_world_server")],
                              text=True, stdout=subprocess.PIPE) as server:
            address = server.stdout.readline().strip()
            self.assertEqual(run("hello_world_client", address, "Ada"),
                             "Hello, Ada!\n")
            server.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(TIMEOUT), 0)

    def test_hello_world_client_says_what_is_wrong(self):
        client = subprocess.run(
            [os.path.join(FOLDER, "hello_world_client"), "tcp://127.0.0.1:1"],
            text=True, stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual(client.returncode, 1)
        self.assertIn("UNAVAILABLE", client.stderr)
        self.assertIn("tcp://127.0.0.1:1", client.stderr)

    def test_hello_grpc_serves_until_it_is_told_to_end(self):
        program = os.path.join("am", "control", "examples", "hello_grpc")
        with subprocess.Popen([program], text=True,
                              stdout=subprocess.PIPE) as server:
            self.assertRegex(server.stdout.readline(), r"^127\.0\.0\.1:\d+$")
            server.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(TIMEOUT), 0)

    def test_ping_pong(self):
        lines = run("ping_pong").splitlines()
        self.assertRegex(lines[0], r"^n=1000 .*p99=")
        self.assertEqual(lines[1], "INVALID_ARGUMENT: not a ping")

    def test_patterns(self):
        lines = run("patterns").splitlines()
        # The log entry is printed by another thread.
        lines.remove("log: three values to come")
        self.assertEqual(
            lines, ["INVALID_ARGUMENT: the batch is empty", "OK", "7"])

    def test_inference(self):
        self.assertEqual(run("inference").splitlines(),
                         ["INVALID_ARGUMENT: the batch is empty", "5050"])

    def test_demo_shows_all_and_leaves_nothing_running(self):
        account = run("demo")
        for line in (r"Validate one value +worker +Ack +OK$",
                     r"Validate no values .*INVALID_ARGUMENT",
                     r"Compute .* worker +Response +OK, 5050$",
                     r"Compute .* gateway +Response +OK, 5050$",
                     r"Log +worker +NoReturn +OK",
                     r"> log: hello from the client$",
                     r"Compute, gateway( +\d+){4}$"):
            self.assertRegex(account, re.compile(line, re.MULTILINE))
        processes = re.findall(r"process (\d+), .*, at shm://", account)
        self.assertEqual(len(processes), 3)
        for process in processes:
            self.assertFalse(os.path.exists(f"/proc/{process}"))


if __name__ == "__main__":
    unittest.main()
