"""Small pictures of every kind in images/, broken ones in images/damaged/, and in goldens/images.safetensors what
transformers' load_image makes of each sound one: uint8 [H, W, 3].

damaged/cases.json says of every broken file which error it must give.
"""
import io
import shutil
import struct
import warnings
import zlib

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers.image_utils import load_image

from png_writer import SIGNATURE, chunk, ihdr, png

PALETTE = [(250, 10, 20), (0, 130, 255), (90, 90, 5), (255, 255, 255), (3, 2, 1), (60, 200, 60), (128, 0, 128)]


def exif(orientation, order="<", kind=3):
    """An EXIF block with a resolution unit and an orientation, which is a SHORT unless kind says otherwise."""
    tail = struct.pack(order + "HH", orientation, 0) if kind == 3 else struct.pack(order + "I", orientation)
    return (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 2) \
        + struct.pack(order + "HHI", 0x0112, kind, 1) + tail \
        + struct.pack(order + "HHIHH", 0x0128, 3, 1, 2, 0) + struct.pack(order + "I", 0)


def xmp(orientation, element=False):
    inner = (f"<tiff:Orientation>{orientation}</tiff:Orientation>" if element else f' tiff:Orientation="{orientation}"')
    return f"<x:xmpmeta><rdf:Description{inner}/></x:xmpmeta>".encode()


def itxt(keyword, value, compressed=False):
    head = keyword + b"\0" + (b"\1\0" if compressed else b"\0\0") + b"\0\0"
    return chunk(b"iTXt", head + (zlib.compress(value) if compressed else value))


def raw_profile(block):
    text = f"\nexif\n{len(block):8}\n" + "\n".join(block.hex()[i:i + 72] for i in range(0, 2 * len(block), 72)) + "\n"
    return b"Raw profile type exif\0", text.encode()


def with_segment(jpeg, marker, content):
    """The file with an application segment right after its start."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def frame_offset(jpeg):
    """Where the frame header's marker is."""
    at = 2
    while jpeg[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
    return at


def patched(data, at, new):
    return data[:at] + new + data[at + len(new):]


def adobe_at(jpeg):
    return jpeg.index(b"Adobe")


def jpeg(image, **how):
    out = io.BytesIO()
    image.save(out, "JPEG", **how)
    return out.getvalue()


def sound(rng):
    """{file name: bytes}"""
    files = {}

    def samples(height, width, channels, depth):
        return rng.integers(0, 1 << depth, (height, width, channels)).tolist()

    def add(name, height, width, depth, colour, **how):
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        content = samples(height, width, channels, depth)
        if colour == 3:
            count = min(1 << depth, len(PALETTE))
            content = [[[s[0] % count] for s in row] for row in content]
            how["before"] = chunk(b"PLTE", bytes(v for c in PALETTE[:count] for v in c)) + how.get("before", b"")
        files[name + ".png"] = png(content, depth, colour, **how)

    for interlace in (0, 1):
        end = "-interlaced" if interlace else ""
        for depth in (1, 2, 4, 8):
            add(f"grey{depth}{end}", 11, 13, depth, 0, interlace=interlace)
            add(f"palette{depth}{end}", 11, 13, depth, 3, interlace=interlace)
        add(f"rgb8{end}", 11, 13, 8, 2, interlace=interlace, parts=3)
        add(f"rgba8{end}", 9, 10, 8, 6, interlace=interlace)
        add(f"grey-alpha8{end}", 9, 10, 8, 4, interlace=interlace)
        add(f"rgb16{end}", 9, 10, 16, 2, interlace=interlace)
    add("rgba16", 7, 6, 16, 6)
    add("grey-alpha16", 7, 6, 16, 4)
    add("palette8-transparent", 11, 13, 8, 3, before=chunk(b"tRNS", bytes([0, 128, 255, 7])))
    add("grey8-transparent", 7, 6, 8, 0, before=chunk(b"tRNS", b"\0\x05"))
    add("rgb8-transparent", 7, 6, 8, 2, before=chunk(b"tRNS", b"\0\x05\0\x06\0\x07"))
    colour = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"cHRM", struct.pack(">8I", *range(30000, 30008))) \
        + chunk(b"iCCP", b"bad\0\0" + zlib.compress(b"no profile")) + chunk(b"pHYs", struct.pack(">IIB", 1, 2, 0))
    add("rgb8-colour-chunks", 7, 6, 8, 2, before=colour, after=chunk(b"tEXt", b"Comment\0later") + chunk(b"prVt", b"x"))
    add("rgb8-trailing-bytes", 7, 6, 8, 2)
    files["rgb8-trailing-bytes.png"] += b"trailing"
    add("one-pixel", 1, 1, 8, 2)
    add("one-row", 1, 37, 8, 2)
    add("one-column-interlaced", 29, 1, 8, 2, interlace=1)
    for orientation in range(1, 9):
        add(f"orientation{orientation}", 3, 5, 8, 2, before=chunk(b"eXIf", exif(orientation, "<>"[orientation % 2])))
    add("orientation6-long", 3, 5, 8, 2, before=chunk(b"eXIf", exif(6, kind=4)))
    add("orientation9-unknown", 3, 5, 8, 2, before=chunk(b"eXIf", exif(9)))
    add("orientation6-after-data", 3, 5, 8, 2, after=chunk(b"eXIf", exif(6)))
    add("orientation5-cut-off", 3, 5, 8, 2, before=chunk(b"eXIf", exif(5)[:25]))
    add("orientation1-cut-off", 3, 5, 8, 2, before=chunk(b"eXIf", exif(5)[:15]))
    add("orientation6-xmp", 3, 5, 8, 2, before=itxt(b"XML:com.adobe.xmp", xmp(6)))
    add("orientation8-xmp-compressed", 3, 5, 8, 2, after=itxt(b"XML:com.adobe.xmp", xmp(8, True), compressed=True))
    add("orientation3-exif-before-xmp", 3, 5, 8, 2,
        before=itxt(b"XML:com.adobe.xmp", xmp(6)) + chunk(b"eXIf", exif(3)))
    keyword, text = raw_profile(b"Exif\0\0" + exif(7))
    add("orientation7-raw-profile", 3, 5, 8, 2, before=chunk(b"tEXt", keyword + text))
    add("orientation7-raw-profile-compressed", 3, 5, 8, 2, before=chunk(b"zTXt", keyword + b"\0" + zlib.compress(text)))

    y, x = numpy.mgrid[0:21, 0:27]
    waves = numpy.stack([128 + 100 * numpy.sin(x / 3 + c) * numpy.cos(y / 4 - c) for c in range(4)], -1)
    waves = numpy.clip(waves + rng.normal(0, 12, waves.shape), 0, 255).astype(numpy.uint8)
    rgb = Image.fromarray(waves[..., :3].copy())
    cmyk = Image.frombytes("CMYK", (27, 21), waves.tobytes())
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2), ("411", "4:1:1")):
        files[f"baseline-{name}.jpg"] = jpeg(rgb, quality=80, subsampling=subsampling)
    # With the sides swapped 4:4:0 has as many blocks as 4:2:2, though they make another picture.
    wide = files["baseline-422.jpg"]
    at = frame_offset(wide)
    assert wide[at + 5:at + 12] == b"\0\x15\0\x1b\3\1\x21"
    files["baseline-440.jpg"] = patched(wide, at + 5, b"\0\x1b\0\x15\3\1\x12")
    files["progressive.jpg"] = jpeg(rgb, quality=85, progressive=True)
    files["restarts.jpg"] = jpeg(rgb, quality=70, restart_marker_blocks=2)
    files["grey.jpg"] = jpeg(rgb.convert("L"), quality=75)
    files["rgb.jpg"] = jpeg(rgb, quality=75, keep_rgb=True)
    files["cmyk.jpg"] = jpeg(cmyk, quality=90)
    at = adobe_at(files["cmyk.jpg"])
    files["ycck.jpg"] = patched(files["cmyk.jpg"], at + 11, b"\2")
    files["cmyk-without-adobe.jpg"] = files["cmyk.jpg"].replace(b"Adobe", b"Eboda")
    files["one-pixel.jpg"] = jpeg(rgb.crop((3, 3, 4, 4)))
    files["trailing-bytes.jpg"] = jpeg(rgb.crop((0, 0, 8, 8))) + b"trailing"
    small = jpeg(rgb.crop((2, 1, 13, 10)), quality=60)
    files["orientation6.jpg"] = with_segment(small, 0xE1, b"Exif\0\0" + exif(6, ">"))
    files["orientation5-split.jpg"] = with_segment(
        with_segment(small, 0xE1, b"Exif\0\0" + exif(5)[15:]), 0xE1, b"Exif\0\0" + exif(5)[:15])
    files["orientation8-xmp.jpg"] = with_segment(small, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(8))
    files["orientation-empty.jpg"] = with_segment(small, 0xE1, b"Exif\0\0")
    return files


def damaged(rng, files):
    """{file name: (bytes, code of the error)}"""
    bad = {"empty.png": (b"", "image.empty")}
    pixels = rng.integers(0, 256, (6, 5, 3)).tolist()
    good = png(pixels, 8, 2)
    idat_at = good.index(b"IDAT") - 4
    head, idat, iend = good[:idat_at], good[idat_at:-12], good[-12:]

    def with_data(raw, width=5, height=6, depth=8, colour=2, before=b""):
        return SIGNATURE + ihdr(width, height, depth, colour) + before + chunk(b"IDAT", raw) + iend

    rows = b"".join(b"\0" + bytes(v for p in row for v in p) for row in pixels)
    add = bad.__setitem__
    add("signature-only.png", (SIGNATURE, "image.truncated"))
    add("text-mode-transfer.png", (good.replace(b"\r\n", b"\n"), "image.transfer"))
    add("header-checksum.png", (patched(good, 29, b"\0\0\0\0"), "image.checksum"))
    add("data-checksum.png", (patched(good, idat_at + 12, b"\x55"), "image.checksum"))
    add("ancillary-checksum.png", (head + chunk(b"gAMA", b"\0\1\0\0", crc=1) + idat + iend, "image.checksum"))
    add("no-header.png", (SIGNATURE + idat + iend, "image.structure"))
    add("two-headers.png", (head + ihdr(5, 6, 8, 2) + idat + iend, "image.structure"))
    add("no-data.png", (head + iend, "image.structure"))
    add("no-end.png", (head + idat, "image.truncated"))
    add("split-data.png", (head + chunk(b"IDAT", b"") + chunk(b"tEXt", b"a\0b") + idat + iend, "image.structure"))
    add("unknown-critical.png", (head + chunk(b"CRIT", b"x") + idat + iend, "image.structure"))
    add("bad-chunk-name.png", (head + chunk(b"\0\1\2\3", b"x") + idat + iend, "image.structure"))
    add("zero-width.png", (with_data(zlib.compress(b""), width=0), "image.zero-size"))
    add("zero-height.png", (with_data(zlib.compress(b""), height=0), "image.zero-size"))
    add("bit-depth.png", (with_data(zlib.compress(rows), depth=3, colour=0), "image.structure"))
    add("colour-type.png", (with_data(zlib.compress(rows), colour=5), "image.structure"))
    add("palette-missing.png", (with_data(zlib.compress(bytes(36)), colour=3), "image.structure"))
    add("palette-length.png", (with_data(zlib.compress(bytes(36)), colour=3, before=chunk(b"PLTE", b"1234")),
                               "image.structure"))
    add("palette-index.png", (with_data(zlib.compress(b"\0\0\1\0\1\7" * 6), colour=3,
                                        before=chunk(b"PLTE", bytes(6))), "image.corrupt"))
    add("grey16.png", (png(rng.integers(0, 5000, (6, 5, 1)).tolist(), 16, 0), "image.grey16"))
    add("huge-side.png", (with_data(zlib.compress(rows), width=100_000), "image.too-large"))
    add("huge-area.png", (with_data(zlib.compress(rows), width=16384, height=16384), "image.too-large"))
    add("largest-int.png", (with_data(zlib.compress(rows), width=0x7FFFFFFF, height=0x7FFFFFFF), "image.too-large"))
    add("beyond-int.png", (with_data(zlib.compress(rows), width=0xFFFFFFFF), "image.structure"))
    add("size-lie.png", (with_data(zlib.compress(rows), width=10000, height=10000), "image.size-lie"))
    add("missing-rows.png", (with_data(zlib.compress(rows[:-20])), "image.corrupt"))
    add("superfluous-rows.png", (with_data(zlib.compress(rows + bytes(16))), "image.corrupt"))
    add("row-filter.png", (with_data(zlib.compress(b"\x09" + rows[1:])), "image.corrupt"))
    add("adler.png", (with_data(zlib.compress(rows)[:-4] + b"\1\2\3\4"), "image.corrupt"))
    add("deflate.png", (with_data(b"\x78\xda" + rng.bytes(60)), "image.corrupt"))
    add("exif-header.png", (head + chunk(b"eXIf", b"XX*\0\0\0\0\x08\0\0") + idat + iend, "image.exif"))

    grey, rgb, cmyk = (files[f"{n}.jpg"] for n in ("grey", "baseline-420", "cmyk"))
    progressive = files["progressive.jpg"]
    at = frame_offset(rgb)
    add("cut-in-header.jpg", (rgb[:at + 4], "image.truncated"))
    add("cut-in-data.jpg", (rgb[:-40], "image.truncated"))
    add("cut-in-scan.jpg", (progressive[:len(progressive) * 2 // 3], "image.truncated"))
    add("no-end.jpg", (rgb[:-2], "image.truncated"))
    add("zero-width.jpg", (patched(rgb, at + 7, b"\0\0"), "image.zero-size"))
    add("zero-height.jpg", (patched(rgb, at + 5, b"\0\0"), "image.zero-size"))
    add("huge-side.jpg", (patched(rgb, at + 5, b"\xff\xff\xff\xff"), "image.too-large"))
    add("size-lie.jpg", (patched(rgb, at + 5, struct.pack(">HH", 10000, 10000)), "image.size-lie"))
    add("size-lie-small.jpg", (patched(rgb, at + 5, struct.pack(">HH", 60, 60)), "image.corrupt"))
    at = frame_offset(progressive)
    add("size-lie-progressive.jpg", (patched(progressive, at + 5, struct.pack(">HH", 10000, 10000)), "image.size-lie"))
    add("twelve-bits.jpg", (patched(grey, frame_offset(grey) + 4, b"\x0c"), "image.structure"))
    add("lossless.jpg", (patched(grey, frame_offset(grey) + 1, b"\xc3"), "image.structure"))
    add("five-components.jpg", (patched(cmyk, frame_offset(cmyk) + 9, b"\5"), "image.structure"))
    add("adobe-transform.jpg", (patched(cmyk, adobe_at(cmyk) + 11, b"\7"), "image.corrupt"))
    scan = rgb.index(b"\xff\xda")
    add("no-frame.jpg", (rgb[:frame_offset(rgb)] + rgb[scan:], "image.structure"))
    add("no-tables.jpg", (rgb[:2] + rgb[frame_offset(rgb):frame_offset(rgb) + 19] + rgb[scan:], "image.corrupt"))
    add("huffman-code.jpg", (patched(rgb, scan + 30, b"\xff\0" * 20), "image.corrupt"))
    add("junk-between-segments.jpg", (rgb[:20] + b"junk" + rgb[20:], "image.structure"))
    add("segment-length.jpg", (patched(rgb, 4, b"\0\1"), "image.structure"))
    add("exif-header.jpg", (with_segment(rgb, 0xE1, b"Exif\0\0ZZ*\0"), "image.exif"))

    picture = Image.fromarray(numpy.array(pixels, numpy.uint8))
    for kind in ("GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF"):
        out = io.BytesIO()
        picture.save(out, kind)
        add(f"another.{kind.lower()}", (out.getvalue(), "image.unsupported-format"))
    add("text.png", (b"this is not an image\n", "image.not-an-image"))
    add("one-byte.png", (b"\x89", "image.not-an-image"))
    return bad


def make(w):
    rng = numpy.random.default_rng(w.seed)
    folder = w.root / "images"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "damaged").mkdir(parents=True)
    files = sound(rng)
    tensors = {}
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tensors[name] = torch.from_numpy(numpy.array(load_image(str(path))))
    bad = damaged(rng, files)
    for name, (content, _) in bad.items():
        (folder / "damaged" / name).write_bytes(content)
    w.json(folder / "damaged" / "cases.json", {name: code for name, (_, code) in sorted(bad.items())})
    (w.root / "goldens").mkdir(exist_ok=True)
    save_file(tensors, w.root / "goldens" / "images.safetensors", metadata={"format": "pt"})
