#!/usr/bin/env python3
"""Renders the scene of the README: a kitchen table with a cup, a bowl and fruit before a shelf.

    render.py [FOLDER]

writes `kitchen.png`, the picture, and `kitchen-depth.npy`, the distance of every pixel along the
optical axis in metres (float32 [height, width]), to FOLDER, by default the current one. Nothing is
drawn at random and no photograph is used: surfaces are signed distance functions, found by sphere
tracing. Needs numpy.
"""
import pathlib
import struct
import sys
import zlib

import numpy as np

WIDTH, HEIGHT = 504, 378                                      # whole patches of 14 pixels
SAMPLES = 2                                                   # a side, for each pixel
EYE = np.array([0.2, 0.72, -1.5])
TARGET = np.array([0.06, 0.2, 0.35])
LENS = 2.15                                                   # focal length by half the picture's height
LIGHT = np.array([-0.55, 0.75, -0.42]) / np.linalg.norm([-0.55, 0.75, -0.42])
FAR = 8.0


def length(*parts):
    return np.sqrt(sum(part * part for part in parts))


def box(p, centre, half, rounding=0.0):
    q = [np.abs(p[i] - centre[i]) - half[i] + rounding for i in range(3)]
    outside = length(*[np.maximum(part, 0) for part in q])
    return outside + np.minimum(np.maximum(q[0], np.maximum(q[1], q[2])), 0) - rounding


def sphere(p, centre, radius):
    return length(*[p[i] - centre[i] for i in range(3)]) - radius


def cylinder(p, centre, radius, half, rounding=0.0):
    r = length(p[0] - centre[0], p[2] - centre[2]) - radius + rounding
    y = np.abs(p[1] - centre[1]) - half + rounding
    return length(np.maximum(r, 0), np.maximum(y, 0)) + np.minimum(np.maximum(r, y), 0) - rounding


def cup(p):
    x, y, z = p[0] + 0.13, p[1] - 0.105, p[2] + 0.12
    wall = np.maximum(np.abs(length(x, z) - 0.085 - 0.08 * y) - 0.007, np.abs(y) - 0.1)
    floor = cylinder((x, y, z), (0, -0.092, 0), 0.08, 0.008)
    turned = x * 0.8 - z * 0.6                                # the handle points to the right and forward
    beside = x * 0.6 + z * 0.8
    ring = length(length((turned - 0.098), y * 0.8) - 0.05, beside) - 0.011
    ring = np.maximum(ring, 0.084 - length(x, z))
    return np.minimum(np.minimum(wall, floor), ring)


def bowl(p):
    x, y, z = p[0] - 0.3, p[1] - 0.2, p[2] - 0.12
    shell = np.abs(length(x, y, z) - 0.2) - 0.008
    return np.maximum(np.maximum(shell, y + 0.03), -y - 0.192)


def books(p):
    """Books on the lower board of the shelf, each its own box."""
    tall = [0.3, 0.26, 0.33, 0.28, 0.31, 0.24, 0.29]
    wide = [0.05, 0.07, 0.045, 0.06, 0.08, 0.05, 0.055]
    left = -0.98
    for index, (height, width) in enumerate(zip(tall, wide)):
        yield index, box(p, (left + width / 2, 0.17 + height / 2, 1.28), (width / 2 - 0.003, height / 2, 0.11), 0.006)
        left += width


BOOKS = [(0.62, 0.2, 0.17), (0.16, 0.3, 0.45), (0.8, 0.66, 0.3), (0.2, 0.42, 0.32), (0.35, 0.2, 0.38), (0.85, 0.83, 0.76),
         (0.75, 0.4, 0.2)]
WOOD, WALL, SHELF, RED, BLUE = (0.62, 0.42, 0.25), (0.78, 0.77, 0.72), (0.42, 0.3, 0.2), (0.78, 0.1, 0.08), (0.2, 0.36, 0.5)


def surfaces(p):
    """Distance to each surface, and its colour."""
    yield box(p, (0, -0.03, 0.1), (1.15, 0.03, 0.72), 0.012), "table"
    yield 1.45 - p[2], WALL                                   # the wall behind
    yield p[1] + 0.75, (0.32, 0.3, 0.3)                       # the floor
    yield cup(p), RED
    yield bowl(p), BLUE
    yield sphere(p, (0.25, 0.15, 0.08), 0.075), (0.85, 0.5, 0.1)
    yield sphere(p, (0.37, 0.16, 0.15), 0.08), (0.5, 0.62, 0.15)
    yield sphere(p, (0.3, 0.24, 0.17), 0.07), (0.8, 0.22, 0.12)
    yield sphere(p, (0.02, 0.065, -0.33), 0.065), (0.86, 0.55, 0.12)
    for height in (0.15, 0.66):
        yield box(p, (-0.2, height, 1.28), (0.95, 0.018, 0.16), 0.004), SHELF
    for side in (-1.13, 0.73):
        yield box(p, (side, 0.42, 1.28), (0.018, 0.55, 0.16), 0.004), SHELF
    for index, distance in books(p):
        yield distance, BOOKS[index]
    yield cylinder(p, (0.1, 0.3, 1.25), 0.075, 0.13, 0.02), (0.75, 0.72, 0.66)
    yield sphere(p, (0.42, 0.26, 1.25), 0.095), (0.3, 0.45, 0.3)
    yield cylinder(p, (-0.55, 0.79, 1.25), 0.06, 0.11, 0.02), (0.55, 0.3, 0.22)
    yield box(p, (0.2, 0.73, 1.25), (0.16, 0.05, 0.1), 0.01), (0.3, 0.4, 0.52)


def distance(p):
    nearest = None
    for value, _ in surfaces(p):
        nearest = value if nearest is None else np.minimum(nearest, value)
    return nearest


def colour(p):
    """The colour of the surface nearest to each point."""
    nearest = np.full(p[0].shape, np.inf)
    found = np.zeros(p[0].shape + (3,))
    for value, paint in surfaces(p):
        closer = value < nearest
        nearest = np.where(closer, value, nearest)
        if paint == "table":                                  # boards with a grain
            grain = np.sin(p[2] * 90 + 3 * np.sin(p[0] * 4) + 1.5 * np.sin(p[0] * 11 + p[2] * 7))
            board = np.floor((p[2] + 1) / 0.18)
            seam = np.abs((p[2] + 1) / 0.18 - np.round((p[2] + 1) / 0.18)) < 0.012
            shade = 1 + 0.06 * grain + 0.05 * np.sin(board * 12.9)
            paint = np.array(WOOD) * np.where(seam, 0.6, shade)[..., None]
        found[closer] = (paint[closer] if isinstance(paint, np.ndarray) else paint)
    return found


def march(origin, direction, far, steps=110):
    """How far each ray goes until it meets something; `far` where it meets nothing."""
    t = np.full(direction[0].shape, 0.02)
    active = np.arange(t.size)
    for _ in range(steps):
        p = [origin[i][active] + direction[i][active] * t[active] for i in range(3)]
        step = distance(p)
        t[active] += step
        active = active[(step > 4e-4) & (t[active] < far)]
        if not active.size:
            break
    return np.minimum(t, far)


def render():
    height, width = HEIGHT * SAMPLES, WIDTH * SAMPLES
    forward = (TARGET - EYE) / np.linalg.norm(TARGET - EYE)
    right = np.cross([0, 1, 0], forward)
    right /= np.linalg.norm(right)
    up = np.cross(forward, right)
    rows, columns = np.mgrid[0:height, 0:width]
    u = ((columns + 0.5) / width * 2 - 1) * width / height
    v = 1 - (rows + 0.5) / height * 2
    rays = forward[:, None] * LENS + right[:, None] * u.ravel() + up[:, None] * v.ravel()
    rays /= length(*rays)
    origin = np.repeat(EYE[:, None], rays.shape[1], axis=1)
    t = march(origin, rays, FAR)
    p = origin + rays * t
    nudge = 1e-3
    normal = np.stack([
        distance([p[j] + (nudge if j == i else 0) for j in range(3)])
        - distance([p[j] - (nudge if j == i else 0) for j in range(3)]) for i in range(3)])
    normal /= np.maximum(length(*normal), 1e-9)

    lifted = p + normal * 4e-3
    facing = np.maximum(LIGHT @ normal, 0)
    shadow = np.ones(t.shape)                                 # soft: the nearest miss on the way to the light
    along = np.full(t.shape, 0.01)
    for _ in range(45):
        step = distance([lifted[i] + LIGHT[i] * along for i in range(3)])
        shadow = np.minimum(shadow, np.clip(14 * step / along, 0, 1))
        along += np.clip(step, 0.008, 0.12)
    hidden = np.zeros(t.shape)                                # how enclosed a point is
    for reach in (0.02, 0.05, 0.1, 0.18):
        hidden += (reach - distance([p[i] + normal[i] * reach for i in range(3)])) * 0.35 / reach
    ambient = np.clip(1 - hidden, 0.15, 1)

    base = colour(list(p))
    sky = 0.5 + 0.5 * normal[1]
    halfway = LIGHT[:, None] - rays
    halfway /= length(*halfway)
    gloss = np.maximum((halfway * normal).sum(0), 0) ** 60 * 0.25 * shadow
    light = facing * shadow
    shaded = base * (light[:, None] * np.array([1.15, 1.05, 0.9])
                     + (ambient * (0.25 + 0.2 * sky))[:, None] * np.array([0.85, 0.95, 1.1])) + gloss[:, None]
    shaded = shaded / (1 + 0.25 * shaded)
    picture = np.clip(shaded, 0, 1) ** (1 / 2.2)
    picture = picture.reshape(HEIGHT, SAMPLES, WIDTH, SAMPLES, 3).mean((1, 3))
    # Of a pixel with an edge in it the nearer surface counts, so that no depth is in between.
    depth = (t * (forward @ rays)).reshape(HEIGHT, SAMPLES, WIDTH, SAMPLES).min((1, 3))
    return np.round(picture * 255).astype(np.uint8), depth.astype(np.float32)


def png(pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width, _ = pixels.shape
    signed = pixels.astype(np.int16)                          # the Sub filter on every row
    signed[:, 1:] -= pixels[:, :-1]
    rows = np.concatenate([np.full((height, 1), 1, np.uint8), (signed & 255).astype(np.uint8).reshape(height, -1)], axis=1)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)) + chunk(b"IEND", b""))


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    picture, depth = render()
    (folder / "kitchen.png").write_bytes(png(picture))
    np.save(folder / "kitchen-depth.npy", depth)
    print(f"kitchen.png: {picture.shape[1]} x {picture.shape[0]}, depth {depth.min():.2f} to {depth.max():.2f} m")
