"""A peer that makes calls and serves none, written from am/WIRE.md alone."""

import collections
import contextlib
import itertools
import math
import secrets

import zmq

import wire

_WINDOW_MESSAGES = 1000
_WINDOW_BYTES = 1 << 20
_TIMEOUT_MS = 20_000


class CallError(Exception):
    """A reply with a status other than OK."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Client:
    """Connected to one instance, by the address of its PULL socket."""

    def __init__(self, address, name="py"):
        self._address = address
        self._id = secrets.randbits(64) | 1
        self._context = zmq.Context()
        self._inbox = self._context.socket(zmq.PULL)
        self._inbox.rcvtimeo = _TIMEOUT_MS
        port = self._inbox.bind_to_random_port("tcp://127.0.0.1")
        self._peer_info = b"".join([
            wire.fixed64(1, self._id), wire.field(2, name.encode()),
            wire.field(3, f"tcp://127.0.0.1:{port}".encode())])
        self._lane = None
        self._header = wire.Header(
            sender=self._id, credit_messages=_WINDOW_MESSAGES,
            credit_bytes=_WINDOW_BYTES)
        self._call_ids = itertools.count(1)
        self._replies = {}
        self.counts = {}
        self.connect()

    def connect(self):
        """Begins a session. Returns the one before and its final count."""
        if self._lane:
            self._lane.close()
        self._lane = self._context.socket(zmq.PUSH)
        self._lane.reconnect_ivl = -1
        self._lane.linger = 1000
        self._lane.connect(self._address)
        self._header.session += 1
        self._header.first_sequence = 1
        self._window = (0, 0)
        self._uncounted = collections.deque()  # last number and size of frames
        self._acknowledgement = None
        self._send(wire.Message(wire.HELLO, codec=wire.PROTOBUF,
                                payload=wire.field(1, self._peer_info)))
        while self._acknowledgement is None:
            self._receive()
        return self._acknowledgement

    def close(self):
        self._send(wire.Message(wire.GOODBYE))
        self._context.destroy(linger=1000)

    # -- The three patterns ---------------------------------------------------

    def send(self, handler, payload, **options):
        """NO_RETURN: one-way."""
        self._send(self._request(wire.NO_RETURN, handler, payload, **options))

    def send_bytes(self, *parts):
        """Sends a frame that is none."""
        self._lane.send_multipart(parts)

    def confirm(self, handler, payload, **options):
        """ACK: returns once the handler has run."""
        self._call(wire.ACK_CALL, handler, payload, **options)

    def call(self, handler, payload, **options):
        """RESPONSE: returns the handler's value."""
        return self._call(wire.CALL, handler, payload, **options)

    def begin(self, handler, payload, **options):
        """Begins a call that nobody awaits, and returns its number."""
        request = self._request(wire.CALL, handler, payload, **options)
        request.call_id = next(self._call_ids)
        self._send(request)
        return request.call_id

    def cancel(self, call_id):
        self._send(wire.Message(wire.CANCEL, call_id=call_id))

    def ping(self):
        """Whether the peer answers."""
        message = wire.Message(wire.PING, call_id=next(self._call_ids))
        self._send(message)
        return self._await_reply(message.call_id).kind == wire.PONG

    def await_counts(self, name, number):
        """Receives until the peer has counted so many messages as `name`."""
        while self.counts.get(name, 0) < number:
            self._receive()

    # -- Underneath -----------------------------------------------------------

    def _request(self, kind, handler, payload, codec=wire.RAW, seconds=20,
                 metadata=(), in_part=False):
        return wire.Message(
            kind, codec=codec, budget=math.ceil(seconds * 10_000),
            flags=wire.PAYLOAD_IN_PART if in_part else 0,
            handler=wire.handler_id(handler), metadata=list(metadata),
            payload=payload)

    def _call(self, kind, handler, payload, **options):
        request = self._request(kind, handler, payload, **options)
        request.call_id = next(self._call_ids)
        self._send(request)
        reply = self._await_reply(request.call_id)
        if reply.status != 0:
            text = dict(reply.metadata).get("am-message", b"")
            raise CallError(reply.status, text.decode())
        return reply.payload

    def _await_reply(self, call_id):
        while call_id not in self._replies:
            self._receive()
        return self._replies.pop(call_id)

    def _send(self, message):
        if message.is_numbered:
            self._await_window(len(message.payload) + 1000)
        frame = wire.encode_frame(self._header, [message])
        self._lane.send_multipart(frame)
        if message.is_numbered:
            self._uncounted.append((self._header.first_sequence,
                                    sum(map(len, frame))))
            self._header.first_sequence += 1

    def _await_window(self, size):
        while self._uncounted and (
                len(self._uncounted) >= self._window[0] or
                sum(used for _, used in self._uncounted) + size >
                self._window[1]):
            self._receive()

    def _receive(self):
        header, messages = wire.decode_frame(self._inbox.recv_multipart())
        if header.target not in (0, self._id):
            raise ValueError(f"a frame for {header.target:016x}")
        if header.counted_session == self._header.session:
            self._window = header.credit_messages, header.credit_bytes
            while self._uncounted and self._uncounted[0][0] <= header.counted:
                self._uncounted.popleft()
        numbered = any(message.is_numbered for message in messages)
        if numbered and header.first_sequence != self._header.counted + 1:
            raise ValueError("a gap in the numbers")
        for message in messages:
            self._take(header, message)

    def _take(self, header, message):
        if message.kind == wire.HELLO:
            self._header.target = header.sender
            self._header.counted_session = header.session
            self._header.counted = 0
            self._send(wire.Message(
                wire.HELLO_ACK, codec=wire.PROTOBUF,
                payload=wire.field(1, header.session) +
                wire.field(6, self._peer_info)))
        elif message.kind == wire.HELLO_ACK:
            ack = dict(wire.fields(message.payload))
            if ack.get(2, 0) != 0:
                raise CallError(ack[2], ack.get(3, b"").decode())
            if ack[1] == self._header.session:
                self._acknowledgement = ack.get(4, 0), ack.get(5, 0)
        elif message.kind == wire.PING:
            self._send(wire.Message(wire.PONG, call_id=message.call_id))
        elif message.kind == wire.COUNTS:
            names = ["", "received", "delivered", "expired", "rejected",
                     "overloaded", "draining"]
            self.counts = {names[number]: value for number, value
                           in wire.fields(message.payload)
                           if number < len(names)}
        elif message.kind in (wire.REPLY, wire.PONG):
            self._replies[message.call_id] = message
        self._header.counted += message.is_numbered


def connect(address):
    return contextlib.closing(Client(address))
