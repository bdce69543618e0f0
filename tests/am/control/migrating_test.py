#!/usr/bin/env python3
"""Runs the service of MIGRATING.md before and after, as it promises."""

import os
import signal
import subprocess
import unittest

FOLDER = os.path.join("am", "control", "examples", "migrating")
TIMEOUT = 50


def program(name):
    return os.path.join(FOLDER, name)


def ask(client, address, symbol):
    """(exit code, output, errors) of a client."""
    result = subprocess.run(
        [program(client), address, symbol], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=TIMEOUT)
    return result.returncode, result.stdout, result.stderr


class MigratingTest(unittest.TestCase):

    def serve(self, name, lines):
        """The first lines that a server prints."""
        server = subprocess.Popen([program(name)], text=True,
                                  stdout=subprocess.PIPE)
        self.addCleanup(self.end, server)
        return [server.stdout.readline().strip() for _ in range(lines)]

    def end(self, server):
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=TIMEOUT)
        self.assertEqual(server.returncode, 0)

    def assert_the_grpc_client_is_served(self, address):
        self.assertEqual(ask("before_client", address, "ACME"),
                         (0, "12.5\n", ""))
        self.assertEqual(ask("before_client", address, "NONE"),
                         (1, "", "5: no symbol NONE\n"))

    def test_before(self):
        address, = self.serve("before_server", 1)
        self.assert_the_grpc_client_is_served(address)

    def test_the_server_after_with_the_client_before(self):
        control, _ = self.serve("after_server", 2)
        self.assert_the_grpc_client_is_served(control)

    def test_after(self):
        _, data = self.serve("after_server", 2)
        self.assertEqual(ask("after_client", data, "ACME"), (0, "12.5\n", ""))
        self.assertEqual(ask("after_client", data, "NONE"),
                         (1, "", "NOT_FOUND: no symbol NONE\n"))


if __name__ == "__main__":
    unittest.main()
