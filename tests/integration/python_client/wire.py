"""Frames and messages as bytes, written from am/WIRE.md alone."""

import dataclasses
import struct

HELLO, HELLO_ACK, PING, PONG, COUNTS, DRAINING, GOODBYE = range(1, 8)
NO_RETURN, ACK_CALL, CALL, REPLY, CANCEL = range(16, 21)

PAYLOAD_IN_PART = 1
RAW, PROTOBUF, JSON = range(3)
NO_BUDGET = 0xFFFFFFFF

# All of the header but its checksum; a message's header.
_FRAME = struct.Struct("<4sBBHQQIIQQIII")
_MESSAGE = struct.Struct("<BBBBIQQII")
_HEADER_SIZE = _FRAME.size + 4


def _remainder(byte):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_REMAINDERS = [_remainder(byte) for byte in range(256)]


def crc32c(data):
    rest = 0xFFFFFFFF
    for byte in data:
        rest = rest >> 8 ^ _REMAINDERS[(rest ^ byte) & 0xFF]
    return rest ^ 0xFFFFFFFF


def handler_id(name):
    if "/" not in name:
        name = "am.v1.Handlers/" + name
    result = 0xCBF29CE484222325
    for byte in name.encode():
        result = (result ^ byte) * 0x100000001B3 % 2**64
    return result


@dataclasses.dataclass
class Header:
    sender: int
    target: int = 0
    session: int = 0
    counted_session: int = 0
    first_sequence: int = 1
    counted: int = 0
    credit_messages: int = 0
    credit_bytes: int = 0


@dataclasses.dataclass
class Message:
    kind: int
    flags: int = 0
    codec: int = RAW
    status: int = 0
    budget: int = NO_BUDGET
    handler: int = 0
    call_id: int = 0
    metadata: list = dataclasses.field(default_factory=list)
    payload: bytes = b""

    @property
    def is_numbered(self):
        return self.kind >= 16


def encode_metadata(entries):
    return b"".join(
        struct.pack("<HI", len(key), len(value)) + key.encode() + value
        for key, value in entries)


def decode_metadata(data):
    entries = []
    while data:
        key_length, value_length = struct.unpack_from("<HI", data)
        value_at = 6 + key_length
        entries.append((data[6:value_at].decode(),
                        data[value_at:value_at + value_length]))
        data = data[value_at + value_length:]
    return entries


def encode_message(message):
    metadata = encode_metadata(message.metadata)
    inline = b"" if message.flags & PAYLOAD_IN_PART else message.payload
    return _MESSAGE.pack(
        message.kind, message.flags, message.codec, message.status,
        message.budget, message.handler, message.call_id, len(metadata),
        len(message.payload)) + metadata + inline


def encode_frame(header, messages):
    """Returns the parts of a ZeroMQ message."""
    fields = _FRAME.pack(b"AMSG", 1, 0, _HEADER_SIZE,
                         *dataclasses.astuple(header), len(messages))
    head = b"".join([fields, struct.pack("<I", crc32c(fields)),
                     *map(encode_message, messages)])
    return [head] + [message.payload for message in messages
                     if message.flags & PAYLOAD_IN_PART]


def decode_frame(parts):
    """Returns the header and the messages of a frame; ValueError if bad."""
    head, parts = parts[0], list(parts[1:])
    magic, major, _, size, *fields, count = _FRAME.unpack_from(head)
    if magic != b"AMSG" or major != 1:
        raise ValueError(f"not a frame of version 1: {head[:8]!r}")
    checksum, = struct.unpack_from("<I", head, _FRAME.size)
    if crc32c(head[:_FRAME.size] + head[_HEADER_SIZE:size]) != checksum:
        raise ValueError("bad checksum")
    messages = []
    rest = head[size:]
    for _ in range(count):
        *start, metadata_length, length = _MESSAGE.unpack_from(rest)
        payload_at = _MESSAGE.size + metadata_length
        message = Message(*start)
        message.metadata = decode_metadata(rest[_MESSAGE.size:payload_at])
        if message.flags & PAYLOAD_IN_PART:
            message.payload = parts.pop(0)
            rest = rest[payload_at:]
        else:
            message.payload = rest[payload_at:payload_at + length]
            rest = rest[payload_at + length:]
        if len(message.payload) != length:
            raise ValueError("bad payload length")
        messages.append(message)
    if rest or parts:
        raise ValueError("trailing bytes or parts")
    return Header(*fields), messages


# -- Protobuf, as much of it as the handshake needs ---------------------------


def _varint(number):
    data = b""
    while number > 0x7F:
        data += bytes([number & 0x7F | 0x80])
        number >>= 7
    return data + bytes([number])


def field(number, value):
    """Returns a field: an int as a varint, or bytes."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def fixed64(number, value):
    return _varint(number << 3 | 1) + struct.pack("<Q", value)


def fields(data):
    """Yields number and value of each field of a message."""
    position = 0

    def varint():
        nonlocal position
        result = shift = 0
        while True:
            byte = data[position]
            position += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    while position < len(data):
        tag = varint()
        size = {0: 0, 1: 8, 5: 4}.get(tag & 7)
        if tag & 7 == 0:
            yield tag >> 3, varint()
            continue
        size = varint() if size is None else size
        value = data[position:position + size]
        position += size
        yield tag >> 3, value if tag & 7 == 2 else int.from_bytes(
            value, "little")
