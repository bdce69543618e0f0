#!/usr/bin/env python3
"""Checks wire.py against the examples of the page it was written from."""

import pathlib
import re
import sys
import unittest

import wire

_PAGE = pathlib.Path("am/WIRE.md")


def example(name):
    text = _PAGE.read_text(encoding="utf-8")
    block = re.search(f"```hex {name}\n(.*?)```", text, re.DOTALL).group(1)
    return bytes.fromhex("".join(line[4:] for line in block.splitlines()))


class WireTest(unittest.TestCase):

    def test_crc32c(self):
        self.assertEqual(wire.crc32c(b"123456789"), 0xE3069283)

    def test_handler_id(self):
        self.assertEqual(wire.handler_id("echo"), 0x4FEBF3DF54D446AF)

    def test_examples_round_trip(self):
        for name in ("hello", "call"):
            header, messages = wire.decode_frame([example(name)])
            self.assertEqual(wire.encode_frame(header, messages),
                             [example(name)])

    def test_call(self):
        header, (message,) = wire.decode_frame([example("call")])
        self.assertEqual(header.counted, 2)
        self.assertEqual(message.call_id, 7)
        self.assertEqual(message.budget, 300_000)
        self.assertEqual(message.metadata, [("trace-id", b"42")])
        self.assertEqual(message.payload, b"hi")

    def test_parts(self):
        message = wire.Message(wire.CALL, flags=wire.PAYLOAD_IN_PART,
                               payload=b"large")
        parts = wire.encode_frame(wire.Header(sender=1), [message])
        self.assertEqual(parts[1], b"large")
        self.assertEqual(wire.decode_frame(parts)[1], [message])

    def test_damage_is_found(self):
        call = bytearray(example("call"))
        call[20] ^= 1
        with self.assertRaises(ValueError):
            wire.decode_frame([call])

    def test_protobuf_fields(self):
        data = wire.field(1, 300) + wire.fixed64(2, 7) + wire.field(3, b"x")
        self.assertEqual(list(wire.fields(data)), [(1, 300), (2, 7),
                                                   (3, b"x")])


if __name__ == "__main__":
    sys.exit(unittest.main())
