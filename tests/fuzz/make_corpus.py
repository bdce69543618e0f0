#!/usr/bin/env python3
"""Writes the seeds of the fuzz tests of the wire: corpus/<target>/<name>.

usage: make_corpus.py, in tests/fuzz
"""

import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent /
                       "integration/python_client"))

import wire  # pylint: disable=wrong-import-position

_ROOT = pathlib.Path(__file__).parent / "corpus"
_METADATA = [("trace-id", b"42"), ("empty", b"")]
_STATUS = [("am-message", b"no such handler"),
           ("am-detail:type.googleapis.com/google.rpc.RetryInfo", b"\n\0")]
_PEER = b"".join([
    wire.fixed64(1, 0x0807060504030201), wire.field(2, b"worker"),
    wire.field(3, b"tcp://10.0.0.7:5555"), wire.field(3, b"tcp://[::1]:80"),
    wire.field(3, b"ipc:///run/am/a.sock"), wire.field(3, b"inproc://alice"),
    wire.field(4, b"boot"), wire.field(5, 66), wire.field(6, 12345)])
_HELLO = wire.field(1, _PEER) + wire.field(2, b"credentials")
_HELLO_ACK = b"".join([
    wire.field(1, 3), wire.field(2, 9), wire.field(3, b"refused"),
    wire.field(4, 2), wire.field(5, 1000), wire.field(6, _PEER)])


def frame(*messages, **header):
    """An input of frame_fuzz: parts first."""
    head, *parts = wire.encode_frame(wire.Header(sender=1, **header), messages)
    return b"".join([bytes([len(parts)])] + [
        struct.pack("<H", len(part)) + part for part in parts] + [head])


def call(**fields):
    return wire.Message(wire.CALL, budget=300_000, call_id=7,
                        handler=wire.handler_id("echo"), **fields)


def ring(side, *steps):
    """An input of ring_fuzz: which side is ours, then commands."""
    return bytes([side]) + b"".join(steps)


def on(count):
    return b"\0" + struct.pack("<H", count)


def to(count):
    return b"\1" + struct.pack("<Q", count)


def write(at, data):
    return b"\2" + struct.pack("<HB", at, len(data)) + data


_STEP = b"\3"
_IN_RING = struct.pack("<III", 2, 4, 3) + b"headone"


_SEEDS = {
    "frame": {
        "empty": frame(),
        "hello": frame(wire.Message(wire.HELLO, codec=wire.PROTOBUF,
                                    payload=_HELLO), session=3),
        "call": frame(call(metadata=_METADATA, payload=b"hi"), target=2,
                      session=3, counted_session=5, counted=2),
        "parts": frame(
            call(payload=b"part", flags=wire.PAYLOAD_IN_PART),
            call(payload=b"inline"),
            call(flags=wire.PAYLOAD_IN_PART, metadata=_METADATA), target=2),
        "burst": frame(
            wire.Message(wire.PING, call_id=1),
            wire.Message(wire.NO_RETURN, payload=b"x"),
            wire.Message(wire.ACK_CALL, codec=wire.JSON, payload=b"{}"),
            wire.Message(wire.REPLY, status=12, metadata=_STATUS),
            wire.Message(wire.CANCEL, call_id=7),
            wire.Message(15), wire.Message(255), target=2, first_sequence=9),
    },
    "metadata": {
        "empty": b"\0",
        "entries": b"\0" + wire.encode_metadata(_METADATA),
        "status": b"\x0c" + wire.encode_metadata(_STATUS),
        "cut": b"\x63" + wire.encode_metadata(_STATUS)[:-1],
    },
    "ring": {
        "frame": ring(0, write(0, _IN_RING), on(len(_IN_RING)), _STEP),
        "pieces": ring(0, write(0, _IN_RING), on(2), _STEP, on(9), _STEP,
                       on(len(_IN_RING) - 11), _STEP),
        "no_parts": ring(0, on(8), _STEP),
        "much": ring(0, write(0, struct.pack("<II", 1, 1 << 31)), on(8), _STEP),
        "back": ring(0, write(0, _IN_RING), on(len(_IN_RING)), _STEP, to(1),
                     _STEP),
        "ahead": ring(0, to(4097), _STEP, to(0), _STEP),
        "read": ring(1, _STEP, _STEP, on(16), _STEP, on(2080), _STEP, on(2080),
                     _STEP),
        "read_ahead": ring(1, _STEP, to(1 << 63), _STEP, to(0), _STEP),
    },
    "hello": {
        "hello": _HELLO,
        "hello_ack": _HELLO_ACK,
    },
}


def main():
    for target, seeds in _SEEDS.items():
        folder = _ROOT / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
