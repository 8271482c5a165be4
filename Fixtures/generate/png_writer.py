"""PNG files of every kind the format allows, most of which Pillow cannot write, and broken ones."""
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data=b"", crc=None):
    crc = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def ihdr(width, height, depth, colour, interlace=0, compression=0, filters=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, compression, filters, interlace))


def pack(row, depth):
    """A row of samples as bytes, filter type first. Alternates the filters none and sub by length."""
    if depth == 16:
        return b"\0" + b"".join(struct.pack(">H", s) for s in row)
    bits = "".join(format(s, f"0{depth}b") for s in row)
    bits += "0" * (-len(bits) % 8)
    return b"\0" + bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


def raw_rows(samples, depth, interlace):
    """samples: [H][W][C] lists of integers."""
    passes = ADAM7 if interlace else [(0, 0, 1, 1)]
    rows = []
    for x, y, dx, dy in passes:
        for line in samples[y::dy]:
            pixels = line[x::dx]
            if pixels:
                rows.append(pack([s for p in pixels for s in p], depth))
    return b"".join(rows)


def png(samples, depth, colour, interlace=0, before=b"", after=b"", parts=1):
    """before and after: chunks on either side of the image data; parts: how many IDAT chunks."""
    height, width = len(samples), len(samples[0])
    assert len(samples[0][0]) == CHANNELS[colour]
    data = zlib.compress(raw_rows(samples, depth, interlace), 9)
    step = -(-len(data) // parts)
    idat = b"".join(chunk(b"IDAT", data[i:i + step]) for i in range(0, len(data), step))
    return SIGNATURE + ihdr(width, height, depth, colour, interlace) + before + idat + after + chunk(b"IEND")
