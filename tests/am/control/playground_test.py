#!/usr/bin/env python3
"""Runs the playground, calls what it printed, and ends it in every way."""

import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import unittest

PLAYGROUND = os.path.join("am", "control", "examples", "playground",
                          "playground")
AMCTL = os.path.join("tools", "amctl", "amctl")
TIMEOUT = 50


def children(pid):
    """The processes that a process has started."""
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def await_end(descriptors):
    """Whether the processes of these descriptors end, all of them."""
    for descriptor in descriptors:
        if not select.select([descriptor], [], [], TIMEOUT)[0]:
            return False
    return True


class PlaygroundTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.playground = None

    def tearDown(self):
        if self.playground is not None:
            self.playground.kill()
            self.playground.communicate()

    def begin(self, *arguments):
        self.playground = subprocess.Popen(
            [PLAYGROUND, *arguments], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": self.folder})

    def start(self):
        """Begins, and reads where everything is."""
        self.begin()
        self.addresses = json.loads(self.playground.stdout.readline())
        self.ends = [os.pidfd_open(pid)
                     for pid in children(self.playground.pid)]
        for end in self.ends:
            self.addCleanup(os.close, end)

    def amctl(self, *arguments):
        return subprocess.run(
            [AMCTL, *arguments], check=True, text=True, timeout=TIMEOUT,
            stdout=subprocess.PIPE).stdout

    def assert_nothing_is_left(self):
        self.assertTrue(await_end(self.ends))
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_it_prints_can_be_called(self):
        self.start()
        registry = self.addresses["registry"]
        self.assertEqual([node["name"] for node in self.addresses["nodes"]],
                         ["leader", "worker-1", "worker-2"])
        for node in self.addresses["nodes"]:
            self.assertIn("World", self.amctl(
                "call", "examples.Greeter/Hello", '{"name": "World"}',
                "--node", node["control"]))
            self.assertIn("1 answered", self.amctl(
                "ping", "--plane", "zmq", "-c", "1", "--node", node["data"]))
            self.assertEqual('"SEVZ"\n', self.amctl(
                "call", "shout", '"aGV5"', "--instance", node["id"],
                "--registry", registry, "--plane", "zmq"))
        known = json.loads(self.amctl("instances", "--json", "--registry",
                                      registry))
        self.assertEqual(
            sorted((one["id"], one["control"]) for one in known),
            sorted((node["id"], node["control"])
                   for node in self.addresses["nodes"]))

    def test_its_cohort_is_complete(self):
        self.start()
        cohort = json.loads(self.amctl(
            "cohort", "--json", "--registry", self.addresses["registry"]))
        self.assertEqual(cohort["phase"], "running")
        names = [member["worker"]["name"] for member in cohort["members"]]
        self.assertEqual(sorted(names), ["worker-1", "worker-2"])

    def test_what_it_invites_to_can_be_done(self):
        self.start()
        lines = iter(self.playground.stdout.readline, "")
        environment = {**os.environ,
                       "AM_REGISTRY": self.addresses["registry"]}
        for line in map(str.strip, lines):
            if line.startswith("export"):
                self.assertIn(environment["AM_REGISTRY"], line)
            can_run = line.startswith("amctl") or (
                line.startswith("grpcurl") and shutil.which("grpcurl"))
            if can_run:
                with self.subTest(line):
                    subprocess.run(
                        ["bash", "-c",
                         f'amctl() {{ {AMCTL} "$@"; }}; {line}; wait'],
                        check=True, stdout=subprocess.DEVNULL, env=environment,
                        timeout=TIMEOUT)
            if line == "amctl --help":
                return
        self.fail("the invitation does not end")

    def test_it_ends_in_order_when_interrupted(self):
        for number in signal.SIGINT, signal.SIGTERM:
            with self.subTest(signal=number):
                self.start()
                self.playground.send_signal(number)
                _, errors = self.playground.communicate(timeout=TIMEOUT)
                self.assertEqual((self.playground.returncode, errors), (0, ""))
                self.assert_nothing_is_left()

    def test_the_others_go_on_when_one_is_killed(self):
        self.start()
        registry = ("--registry", self.addresses["registry"])
        killed = self.addresses["nodes"][2]
        os.kill(killed["pid"], signal.SIGKILL)
        self.assertEqual(self.playground.stderr.readline(),
                         "playground: worker-2 ended with signal 9; "
                         "the others go on\n")
        members = []
        while "lost" not in [member["state"] for member in members]:
            members = json.loads(self.amctl(
                "cohort", "leader", "--json", *registry))["members"]
        self.assertEqual('"SEVZ"\n', self.amctl(
            "call", "shout", '"aGV5"', "--instance", "worker-1", *registry))
        self.playground.send_signal(signal.SIGINT)
        self.playground.communicate(timeout=TIMEOUT)
        self.assertEqual(self.playground.returncode, 0)
        self.assert_nothing_is_left()

    def test_it_ends_when_nobody_is_left(self):
        self.start()
        for process in children(self.playground.pid):
            os.kill(process, signal.SIGKILL)
        _, errors = self.playground.communicate(timeout=TIMEOUT)
        self.assertEqual(self.playground.returncode, 1)
        self.assertIn("nobody is left", errors)
        self.assert_nothing_is_left()

    def test_its_processes_die_with_it(self):
        self.start()
        self.playground.kill()
        self.assertTrue(await_end(self.ends))

    def test_what_it_leaves_when_it_is_killed_goes_with_the_next_one(self):
        self.start()
        self.playground.kill()
        self.playground.communicate()
        self.assertTrue(await_end(self.ends))
        self.assertNotEqual(os.listdir(self.folder), [])
        self.start()
        self.playground.terminate()
        self.playground.communicate(timeout=TIMEOUT)
        self.assert_nothing_is_left()

    def test_a_start_that_fails_leaves_nothing(self):
        self.begin("--registry_program", "/no/such")
        _, errors = self.playground.communicate(timeout=TIMEOUT)
        self.assertEqual(self.playground.returncode, 1)
        self.assertIn("the registry did not start", errors)
        self.assertEqual(os.listdir(self.folder), [])

    def test_workers_can_be_drained_and_the_others_serve_on(self):
        self.start()
        registry = ("--registry", self.addresses["registry"])
        self.assertIn("has stopped", self.amctl("drain", "worker-2", *registry))
        self.assertIn("HEY", self.amctl("call", "shout", '"aGV5"', *registry,
                                        "--plane", "zmq")
                      .replace("SEVZ", "HEY"))


if __name__ == "__main__":
    unittest.main()
