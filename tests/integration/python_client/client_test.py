"""The client against a node in C++, which client_test.cc starts.

usage: client_test.py ADDRESS
"""

import json
import sys
import unittest

import client
import wire

INVALID_ARGUMENT, DEADLINE_EXCEEDED = 3, 4
FAILED_PRECONDITION, ABORTED, UNIMPLEMENTED = 9, 10, 12

_address = None


class ClientTest(unittest.TestCase):

    def setUp(self):
        self.client = client.Client(_address)
        self.addCleanup(self.client.close)

    def assert_fails(self, code, function, *arguments, **options):
        with self.assertRaises(client.CallError) as raised:
            function(*arguments, **options)
        self.assertEqual(raised.exception.code, code)
        return raised.exception.message

    def test_response(self):
        self.assertEqual(self.client.call("echo", b"hello"), b"hello")

    def test_acknowledgement(self):
        self.client.confirm("validate", b"good")

    def test_error(self):
        message = self.assert_fails(
            ABORTED, self.client.confirm, "validate", b"bad")
        self.assertEqual(message, "bad is not good")

    def test_one_way_beyond_the_window(self):
        for _ in range(20_000):
            self.client.send("log", b"entry")
        self.client.send("echo", b"to a handler of another pattern")
        self.client.await_counts("received", 20_001)
        self.client.await_counts("rejected", 1)
        self.client.confirm("await_logged", b"20000")

    def test_metadata(self):
        entries = [("trace-id", b"42"), ("trace-id", b"\xff")]
        self.assertEqual(
            self.client.call("metadata", b"", metadata=entries),
            wire.encode_metadata(entries))

    def test_large_payload_in_a_part(self):
        payload = bytes(range(256)) * 4096
        self.assertEqual(
            self.client.call("echo", payload, in_part=True), payload)

    def test_protobuf(self):
        health = self.client.call("am.v1.Node/HealthCheck", b"",
                                  codec=wire.PROTOBUF)
        self.assertEqual(dict(wire.fields(health))[1], 1)

    def test_json(self):
        health = self.client.call("am.v1.Node/HealthCheck", b"{}",
                                  codec=wire.JSON)
        self.assertEqual(json.loads(health)["status"], "SERVING")

    def test_refusals(self):
        self.assert_fails(UNIMPLEMENTED, self.client.call, "nobody", b"")
        self.assert_fails(FAILED_PRECONDITION, self.client.call, "log", b"")
        self.assert_fails(INVALID_ARGUMENT, self.client.call,
                          "am.v1.Node/HealthCheck", b"\xff",
                          codec=wire.PROTOBUF)
        self.assert_fails(DEADLINE_EXCEEDED, self.client.call, "echo", b"",
                          seconds=0)

    def test_cancellation(self):
        call_id = self.client.begin("hang", b"")
        self.client.confirm("await_running", b"")
        self.client.cancel(call_id)
        self.client.confirm("await_cancelled", b"")

    def test_ping(self):
        self.assertTrue(self.client.ping())

    def test_garbage_is_refused(self):
        self.client.send_bytes(b"")
        self.client.send_bytes(b"GET / HTTP/1.1\r\n\r\n" * 10, b"part")
        self.client.send_bytes(b"AMSG\x02\x00\x40\x00")
        self.assertEqual(self.client.call("echo", b"still here"),
                         b"still here")

    def test_new_session_closes_the_one_before(self):
        self.client.confirm("validate", b"good")
        self.client.send("log_again", b"not a handler")
        self.client.await_counts("rejected", 1)
        self.assertEqual(self.client.connect(), (1, 2))
        self.assertEqual(self.client.call("echo", b"again"), b"again")


if __name__ == "__main__":
    _address = sys.argv.pop()
    unittest.main(verbosity=2)
