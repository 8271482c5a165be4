"""What does not fit is refused by a text frame of one line and close code 1011, and the next client is served."""

from __future__ import annotations

import contextlib
import struct

import msgpack
import numpy as np
import pytest
import websockets.exceptions
from openpi_client import msgpack_numpy

import harness


def refusal(server: harness.Server, message: bytes | str | list[bytes]) -> str:
    """The line of a refusal, of a list as fragments; the connection is closed after it."""
    with server.connect() as connection:
        # A large one is refused before its end.
        with contextlib.suppress(websockets.exceptions.ConnectionClosed):
            connection.send(message)
        line = connection.recv(timeout=harness.PATIENCE)
        assert isinstance(line, str), "a binary frame, not a refusal"
        with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
            connection.recv(timeout=harness.PATIENCE)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011
    assert "\n" not in line.strip()
    assert line.split(":")[0].count(".") >= 1, f"no code in {line!r}"
    return line


def without(key: str) -> dict:
    return {k: v for k, v in harness.libero().items() if k != key}


def raw_array(dtype: str, shape: list[int], data: bytes) -> dict:
    return {b"__ndarray__": True, b"data": data, b"dtype": dtype, b"shape": shape}


def packed(**changed: object) -> bytes:
    """A LIBERO observation with values as msgpack has them in place of arrays."""
    observation = {k: msgpack_numpy.pack_array(v) if isinstance(v, np.ndarray) else v for k, v in harness.libero().items()}
    return msgpack.packb(observation | {k.replace("__", "/"): v for k, v in changed.items()})


MESSAGES = {
    "nothing": b"",
    "no msgpack": b"\xc1" * 100,
    "text in a binary frame": b"hello",
    "cut off": msgpack_numpy.packb(harness.libero())[:-7],
    "bytes after the end": msgpack_numpy.packb(harness.libero()) + b"\xc0",
    "a list": msgpack.packb([1, 2]),
    "a number": msgpack.packb(7),
    "an empty map": msgpack.packb({}),
    "keys that are no text": msgpack.packb({1: 2}),
    "a key twice": b"\x82\xa6prompt\xa1a\xa6prompt\xa1b",
    "nested too deep": b"\x81\xa6prompt" + b"\x91" * 100_000 + b"\xc0",
    "more entries than bytes": b"\xdf\xff\xff\xff\xff",
    "longer bytes than there are": b"\x81\xa6prompt\xc6\xff\xff\xff\xff",
    "an extension type": msgpack.packb({"prompt": msgpack.ExtType(5, b"abc")}),
    "text that is no UTF-8": b"\x81\xa6prompt\xa2\xff\xfe",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_that_are_no_observation(server, name):
    assert refusal(server, MESSAGES[name]).startswith(("message.", "robot.", "observation.", "serve."))


ARRAYS = {
    "fewer bytes than the shape says": raw_array("|u1", [224, 224, 3], b"abc"),
    "more bytes than the shape says": raw_array("|u1", [1, 1, 3], b"abcd"),
    "a negative extent": raw_array("|u1", [-1, 1, 3], b""),
    "extents whose product overflows": raw_array("|u1", [2**33, 2**33, 3], b""),
    "many extents": raw_array("|u1", [1] * 200, b"a"),
    "objects": raw_array("|O", [1], b"12345678"),
    "complex numbers": raw_array("<c16", [1], bytes(16)),
    "records": raw_array("|V8", [1], bytes(8)),
    "times": raw_array("<M8[s]", [1], bytes(8)),
    "no such type": raw_array("<q9", [1], bytes(9)),
    "a type that is no text": raw_array(8, [1], bytes(8)),  # type: ignore[arg-type]
    "a shape that is no list": {b"__ndarray__": True, b"data": b"", b"dtype": "|u1", b"shape": 3},
    "no data": {b"__ndarray__": True, b"dtype": "|u1", b"shape": [0]},
    "a key more": raw_array("|u1", [1], b"a") | {b"more": 1},
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_that_are_none(server, name):
    assert refusal(server, packed(observation__image=ARRAYS[name])).startswith("message.")


@pytest.mark.parametrize("key", ["observation/image", "observation/wrist_image", "observation/state", "prompt"])
def test_a_key_that_is_missing_is_named(server, key):
    line = refusal(server, msgpack_numpy.packb(without(key)))
    assert key in line


def test_a_key_that_the_robot_does_not_have_is_named(server):
    line = refusal(server, msgpack_numpy.packb(harness.libero() | {"observation/imgae": harness.picture(1)}))
    assert "observation/imgae" in line


def test_an_option_that_there_is_not_is_named(server):
    line = refusal(server, msgpack_numpy.packb(harness.libero() | {"depthvla": {"sead": 7}}))
    assert "sead" in line


IMAGE, STATE = "observation/image", "observation/state"
PIXELS = harness.libero()[IMAGE]
VALUES = {
    "NaN in a picture": (IMAGE, np.where(np.arange(224 * 224 * 3).reshape(224, 224, 3) == 77, np.nan, 0.5)),
    "infinity in a picture": (IMAGE, np.where(np.arange(224 * 224 * 3).reshape(224, 224, 3) == 77, np.inf, 0.5)),
    "a float picture beyond one": (IMAGE, PIXELS.astype(np.float32)),
    "a negative float picture": (IMAGE, PIXELS.astype(np.float32) / 255 - 0.5),
    "a picture of 16-bit numbers": (IMAGE, PIXELS.astype(np.uint16)),
    "a grey picture": (IMAGE, PIXELS[..., 0]),
    "four channels": (IMAGE, np.concatenate([PIXELS, PIXELS[..., :1]], -1)),
    "a batch of pictures": (IMAGE, PIXELS[None]),
    "a picture without rows": (IMAGE, PIXELS[:0]),
    "a picture that is text": (IMAGE, "camera.png"),
    "a picture that is a list": (IMAGE, PIXELS[0].tolist()),
    "NaN in a state": (STATE, np.array([0, 1, np.nan, 0, 0, 0, 0, 0])),
    "infinity in a state": (STATE, np.array([0, 1, np.inf, 0, 0, 0, 0, 0])),
    "a state wider than the model's": (STATE, np.zeros(17)),
    "a state without numbers": (STATE, np.zeros(0)),
    "a state of two rows": (STATE, np.zeros((2, 8))),
    "a state of truths": (STATE, np.zeros(8, bool)),
    "a state of texts": (STATE, np.array(["a"] * 8)),
    "a prompt that is a number": ("prompt", 7),
    "a prompt of two texts": ("prompt", np.array(["a", "b"])),
    "a prompt that is too long": ("prompt", "pick up the red cup and " * 100),
    "a prompt of a control token": ("prompt", "pick up <bos>"),
    "options that are no map": ("depthvla", 7),
    "a seed that is negative": ("depthvla", {"seed": -1}),
    "a seed that is no whole number": ("depthvla", {"seed": 1.5}),
    "a seed that is text": ("depthvla", {"seed": "7"}),
    "a seed and noise": ("depthvla", {"seed": 7, "noise": np.zeros((8, 16), np.float32)}),
    "noise of another shape": ("depthvla", {"noise": np.zeros((8, 15), np.float32)}),
    "noise with NaN": ("depthvla", {"noise": np.full((8, 16), np.nan, np.float32)}),
    "depth that is no truth": ("depthvla", {"depth": "yes"}),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_that_do_not_fit_are_refused_with_their_key(server, name):
    key, value = VALUES[name]
    line = refusal(server, msgpack_numpy.packb(harness.libero() | {key: value}))
    assert key in line or key == "prompt"


def test_depth_of_a_policy_without_it(shared):
    server = shared("pi0", "libero")
    assert "depth" in refusal(server, msgpack_numpy.packb(harness.libero() | {"depthvla": {"depth": True}}))
    server.serves()


def test_a_text_frame(server):
    refusal(server, "hello")


def test_the_client_raises_what_the_server_says(server):
    client = server.client()
    with pytest.raises(RuntimeError, match="observation/state"):
        client.infer(without("observation/state"))
    with pytest.raises(websockets.exceptions.ConnectionClosedError):
        client.infer(harness.libero())


def test_errors_are_counted_by_code(server):
    code = refusal(server, b"\xc1").split(":")[0]
    before = server.value("depthvla_errors_total", code=code)
    refusal(server, b"\xc1")
    assert server.value("depthvla_errors_total", code=code) == before + 1


def test_a_frame_that_is_too_large(serve):
    server = serve("depthvla", "--max-message", 1)
    server.serves()
    assert refusal(server, bytes(5_000_000)).startswith("serve.message-size:")
    server.serves()


def test_fragments_that_together_are_too_large(serve):
    server = serve("depthvla", "--max-message", 1)
    assert refusal(server, [bytes(100_000)] * 90).startswith("serve.message-size:")
    server.serves()


def test_a_message_in_very_many_fragments(server):
    assert refusal(server, [b"\xc0"] * 5000).startswith("serve.message-size:")


def handshake(server: harness.Server):
    """A plain socket after the handshake and the metadata, for frames that the library would not send."""
    stream = server.stream()
    stream.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += stream.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101")
    return stream


def frame(opcode: int, payload: bytes, masked: bool = True, flags: int = 0x80, length: int | None = None) -> bytes:
    length = len(payload) if length is None else length
    size = bytes([length]) if length < 126 else b"\x7e" + struct.pack(">H", length) if length < 1 << 16 \
        else b"\x7f" + struct.pack(">Q", length)
    header = bytes([flags | opcode, size[0] | (0x80 if masked else 0)]) + size[1:]
    # A mask of zeros leaves the payload as it is.
    return header + (bytes(4) if masked else b"") + payload


FRAMES = {
    "not masked": frame(2, b"abc", masked=False),
    "a reserved bit": frame(2, b"abc", flags=0xC0),
    "a reserved kind": frame(3, b"abc"),
    "a continuation of nothing": frame(0, b"abc"),
    "a second beginning": frame(2, b"abc", flags=0) + frame(2, b"abc"),
    "a ping in fragments": frame(9, b"abc", flags=0),
    "a ping that is too long": frame(9, bytes(126)),
    "a length above 2^63": b"\x82\xff" + b"\xff" * 8 + bytes(4),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_against_the_protocol_end_the_connection(server, name):
    with handshake(server) as stream:
        stream.sendall(FRAMES[name])
        while stream.recv(65536):
            pass
