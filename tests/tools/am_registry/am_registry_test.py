#!/usr/bin/env python3
"""am_registry as a shell sees it: its line, its flags, its exit codes."""

import shutil
import signal
import subprocess
import unittest

PROGRAM = "tools/am_registry/am_registry"


def refusal(*flags):
    """The exit code and the last line of one that does not begin."""
    ended = subprocess.run([PROGRAM, *flags], stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, timeout=20)
    return ended.returncode, ended.stderr.strip().rpartition("\n")[2]


class AmRegistryTest(unittest.TestCase):

    def start(self, *flags):
        """A registry, and the address that it prints."""
        process = subprocess.Popen([PROGRAM, *flags], stdout=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        words = process.stdout.readline().split()
        self.assertEqual(words[:3], ["am_registry", "listens", "on"])
        return process, words[3]

    def test_it_ends_in_order_when_asked_to(self):
        for number in signal.SIGTERM, signal.SIGINT:
            process, _ = self.start()
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=20), 0)

    def test_two_on_one_port_are_refused(self):
        _, address = self.start()
        code, why = refusal("--listen", address)
        self.assertEqual(code, 1)
        self.assertIn("cannot listen on " + address, why)

    def test_one_that_was_killed_leaves_its_port(self):
        process, address = self.start()
        process.kill()
        process.wait(timeout=20)
        _, again = self.start("--listen", address)
        self.assertEqual(again, address)

    def test_plaintext_off_loopback_needs_a_word(self):
        code, why = refusal("--listen", "0.0.0.0:0")
        self.assertEqual(code, 1)
        self.assertIn("insecure_allow_plaintext_off_loopback", why)
        self.start("--listen", "0.0.0.0:0",
                   "--insecure_allow_plaintext_off_loopback")

    def test_wrong_arguments_are_refused(self):
        for flags, part in ((["--listen", "nonsense"], "host:port"),
                            (["--tls_key", "/nonexistent"], "certificate"),
                            (["--backend", "sqlite"], "etcd://host:port"),
                            (["--backend", "etcd://192.0.2.1:2379"],
                             "insecure_allow_plaintext_off_loopback"),
                            (["--default_ttl_s", "0"], "--help"),
                            (["--no_such_flag"], "--help")):
            code, why = refusal(*flags)
            self.assertNotEqual(code, 0)
            self.assertIn(part, why)

    def test_it_serves_before_etcd_does(self):
        self.start("--backend", "etcd://127.0.0.1:1")

    @unittest.skipUnless(shutil.which("grpcurl"),
                         "grpcurl is not installed: see `tools/dev setup`")
    def test_grpcurl_sees_and_calls_it(self):
        _, address = self.start()
        for words, part in ((["list"], "am.v1.Registry\n"),
                            (["describe", "am.v1.Registry"], "rpc Resolve"),
                            (["am.v1.Registry/List"], "{")):
            output = subprocess.run(["grpcurl", "-plaintext", address, *words],
                                    stdout=subprocess.PIPE, text=True,
                                    check=True, timeout=20).stdout
            self.assertIn(part, output)


if __name__ == "__main__":
    unittest.main()
