#!/usr/bin/env python3
"""amctl as a program in a shell: completion, interrupts, exit codes."""

import os
import signal
import subprocess
import unittest

AMCTL = os.path.join("tools", "amctl", "amctl")
REGISTRY = os.path.join("tools", "am_registry", "am_registry")
TIMEOUT = 50


def bash(script):
    """What a bash without its own settings prints."""
    return subprocess.run(["bash", "--norc", "-c", script], check=True,
                          text=True, stdout=subprocess.PIPE,
                          timeout=TIMEOUT).stdout


class ShellTest(unittest.TestCase):

    def setUp(self):
        self.registry = subprocess.Popen([REGISTRY], text=True,
                                         stdout=subprocess.PIPE)
        self.address = self.registry.stdout.readline().split()[-1]

    def tearDown(self):
        self.registry.terminate()
        self.registry.communicate(timeout=TIMEOUT)

    def test_bash_completes(self):
        line = f"{AMCTL} pi"
        self.assertEqual(bash(f"""
            source <({AMCTL} completion bash)
            COMP_LINE='{line}' COMP_POINT={len(line)}
            COMP_WORDS=({line}) COMP_CWORD=1
            _amctl
            echo "${{COMPREPLY[@]}}"
            complete -p amctl
            """), "ping\ncomplete -o default -F _amctl amctl\n")

    def test_the_environment_says_where_the_registry_is(self):
        result = subprocess.run(
            [AMCTL, "instances"], text=True, stdout=subprocess.PIPE,
            env={**os.environ, "AM_REGISTRY": self.address}, timeout=TIMEOUT)
        self.assertEqual(result.returncode, 0)
        self.assertIn("NAME", result.stdout)

    def test_an_interrupt_ends_what_goes_on(self):
        with subprocess.Popen([AMCTL, "ping", "--count", "0", "--node",
                               self.address], text=True,
                              stdout=subprocess.PIPE) as ping:
            while not ping.stdout.readline().startswith("1: "):
                self.assertIsNone(ping.poll())
            ping.send_signal(signal.SIGINT)
            output, _ = ping.communicate(timeout=TIMEOUT)
            self.assertEqual(ping.returncode, 0)
            self.assertIn(" 0 lost\n", output)

    def test_results_and_errors_go_different_ways(self):
        result = subprocess.run(
            [AMCTL, "call", "nobody", "--registry", self.address], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)
        self.assertEqual((result.returncode, result.stdout), (4, ""))
        self.assertIn("amctl: NOT_FOUND: nobody serves", result.stderr)


if __name__ == "__main__":
    unittest.main()
