"""What the policy saw: a strip of pictures with the depth beside them, and a video."""

from pathlib import Path

import av
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simulator import CAMERAS, Episode, Request

SIDE = 160
MARGIN, CAPTION, LABEL = 8, 26, 118
# Moments of an episode that a strip shows.
MOMENTS = 8
FRAMES_PER_SECOND = 10
COLOURS = (matplotlib.colormaps["Spectral"](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8)
NAMES = {"observation/image": "camera", "observation/wrist_image": "wrist"}


def coloured(depth: np.ndarray) -> np.ndarray:
    """Depth [H, W] as uint8 [H, W, 3]: near is red, far is blue, over the range of this map, in steps of the logarithm."""
    values = np.log(np.maximum(depth, 1e-6))
    least, most = float(values.min()), float(values.max())
    scaled = (values - least) / (most - least) if most > least else np.zeros_like(values)
    return COLOURS[(scaled * 255).round().astype(np.uint8)]


def evenly(requests: list[Request], count: int) -> list[Request]:
    """At most count of them, with the first and the last."""
    if len(requests) <= count:
        return requests
    return [requests[round(i * (len(requests) - 1) / (count - 1))] for i in range(count)]


def strip(episode: Episode, title: str) -> Image.Image:
    """A column for each of some moments; rows of pictures, and below each the depth that the policy computed of it."""
    moments = evenly(episode.requests, MOMENTS)
    rows = []
    for camera in CAMERAS:
        rows.append((NAMES[camera], [moment.pictures[camera] for moment in moments]))
        if moments and all(camera in moment.depth for moment in moments):
            rows.append((f"depth of {NAMES[camera]}", [coloured(moment.depth[camera]) for moment in moments]))
    width = LABEL + len(moments) * (SIDE + MARGIN) + MARGIN
    canvas = Image.new("RGB", (width, 2 * CAPTION + len(rows) * (SIDE + MARGIN) + MARGIN), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    draw.text((MARGIN, 6), title, "black", font)
    for column, moment in enumerate(moments):
        draw.text((LABEL + column * (SIDE + MARGIN), CAPTION + 4), f"step {moment.step}", "black", font)
    for row, (label, pictures) in enumerate(rows):
        top = 2 * CAPTION + row * (SIDE + MARGIN)
        draw.text((MARGIN, top + SIDE // 2 - 8), label, "black", font)
        for column, picture in enumerate(pictures):
            small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            canvas.paste(small, (LABEL + column * (SIDE + MARGIN), top))
    return canvas


def write_video(episode: Episode, path: Path) -> None:
    """The camera of every step, and beside it the depth of the last request; half as fast as the robot, as openpi's example."""
    depth = {request.step: request.depth for request in episode.requests}
    camera, beside, frames = next(iter(CAMERAS)), [], []
    for step, picture in enumerate(episode.pictures):
        if camera in depth.get(step, {}):
            beside = [coloured(depth[step][camera])]
        frames.append(np.hstack([picture, *beside]))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
