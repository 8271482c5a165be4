"""What openpi makes of small pictures: goldens/padded.safetensors.

N.in is the picture and N.out its frame, uint8 [H, W, 3]; N.content the rows and columns of the frame that it fills
(int64: first row, end, first column, end); N.values [3, H, W] what the model gets of the smaller frames.
refused.in is a picture of which nothing would be left in a frame of 42 x 42, so that upstream fails.

Resizing and padding follow openpi's openpi_client/image_tools.py, the values openpi's models/model.py.
"""
import numpy
import torch
from PIL import Image
from safetensors.torch import save_file

from preprocess import picture

CASES = [  # H x W, and H x W of the frame
    ((24, 37), (42, 42)),  # wider: 27 rows, 7 black above and 8 below
    ((25, 14), (42, 42)),  # taller: 23 columns, 9 black at the left and 10 at the right
    ((14, 21), (14, 21)),  # fits as it is
    ((9, 13), (56, 56)),  # enlarged
    ((1, 1), (7, 10)),  # one pixel
    ((1, 20), (28, 21)), ((37, 1), (40, 21)),  # sides of 1 pixel
    ((12, 46), (14, 42)),  # 46 / (46 / 42) < 42 in float64: 41 columns
    ((30, 27), (14, 28)),  # a wide frame
    ((60, 9), (16, 12)),  # so much lower that Pillow resizes columns first
    ((14, 28), (7, 14)),  # no black
    ((16, 16), (16, 16)),  # each channel with every sample
]
REFUSED = (1, 43)


def frame(image, height, width):
    """(picture in its frame, first and end of the rows and the columns it fills)"""
    if image.size == (width, height):
        return image, (0, height, 0, width)
    ratio = max(image.width / width, image.height / height)
    rows, columns = int(image.height / ratio), int(image.width / ratio)
    top, left = max(0, int((height - rows) / 2)), max(0, int((width - columns) / 2))
    out = Image.new("RGB", (width, height), 0)
    out.paste(image.resize((columns, rows), Image.Resampling.BILINEAR), (left, top))
    return out, (top, top + rows, left, left + columns)


def values(samples):
    """float32 [3, H, W], the same whether numpy or torch computes it."""
    ours = samples.astype(numpy.float32) / 255.0 * 2.0 - 1.0
    theirs = torch.from_numpy(samples).to(torch.float32) / 255.0 * 2.0 - 1.0
    assert ours.dtype == numpy.float32 and numpy.array_equal(ours, theirs.numpy())
    return theirs.permute(2, 0, 1).contiguous()


def make(w):
    rng = numpy.random.default_rng(w.seed)
    tensors = {}
    for i, (size, frame_size) in enumerate(CASES):
        rgb = picture(rng, *size)
        if size == (16, 16):
            rgb = numpy.stack([rng.permutation(256) for _ in range(3)], -1).astype(numpy.uint8).reshape(16, 16, 3)
        out, content = frame(Image.fromarray(rgb), *frame_size)
        out = numpy.array(out)
        tensors[f"{i}.in"], tensors[f"{i}.out"] = torch.from_numpy(rgb), torch.from_numpy(out)
        tensors[f"{i}.content"] = torch.tensor(content)
        if out.size < 800:
            tensors[f"{i}.values"] = values(out)
    rgb = picture(rng, *REFUSED)
    try:
        frame(Image.fromarray(rgb), 42, 42)
    except ValueError:
        tensors["refused.in"] = torch.from_numpy(rgb)
    assert "refused.in" in tensors
    save_file(tensors, w.root / "goldens" / "padded.safetensors", metadata={"format": "pt"})
