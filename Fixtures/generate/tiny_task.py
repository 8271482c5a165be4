"""The task that the trained DepthVLA of the fixtures has learned: reach for the thing that the instruction names, and
pick it up or stop over it, as the instruction says.

A cup, a bowl or both lie on a table, each drawn as a ball of its own colour. Two cameras see them; their depth is
known, since every pixel is the first thing that its ray meets. The gripper is not in the pictures: where it is only the
state says, what is meant only the instruction, and where that lies only the pictures. All lengths are in metres, angles
in radians.
"""
import numpy as np

# Names that are one piece of the tiny tokenizer.
COLOURS = {"cup": (0.9, 0.75, 0.1), "bowl": (0.1, 0.25, 0.9)}
VERBS = ("pick up", "look at")
THINGS, SIDE, HORIZON = 2, 28, 8
STATE = ("x", "y", "z", "yaw", "opening")
ACTION = ("x", "y", "z", "yaw", "gripper")
# Name, where it stands, what it looks at, which way is up, the width of its view.
CAMERAS = (
    ("base", (0.0, -0.8, 0.55), (0.0, 0.03, 0.0), (0.0, 0.0, 1.0), 0.9),
    ("overhead", (0.0, 0.0, 0.95), (0.0, 0.0, 0.0), (0.0, 1.0, 0.0), 0.85),
)
TABLE, FLOOR = 0.34, -0.35
ROBOT = (0.0, -0.6)
CLOSE, OVER = 0.03, 0.2


def instructions(scene):
    names = list(COLOURS)
    rows = np.arange(len(scene["target"]))
    return [f"{VERBS[v]} the {names[c]}" for v, c in
            zip(scene["verb"], scene["colours"][rows, scene["target"]], strict=True)]


def scenes(rng, count, most=THINGS):
    """Scenes of one to `most` things -> dictionary of arrays, `count` rows each; target is the index of the thing that
    is meant. A thing that is not there has the radius 0."""
    centres = np.empty((count, THINGS, 2))
    for i in range(THINGS):
        placed = np.zeros(count, bool)
        while not placed.all():
            tried = rng.uniform(-0.25, 0.25, (count, 2))
            gaps = np.linalg.norm(centres[:, :i] - tried[:, None], axis=-1) if i else np.full((count, 1), 9.0)
            fits = ~placed & (gaps > 0.16).all(1)
            centres[fits, i] = tried[fits]
            placed |= fits
    there = rng.integers(1, most + 1, count)
    radii = rng.uniform(0.045, 0.07, (count, THINGS)) * (np.arange(THINGS) < there[:, None])
    low, high = (-0.25, -0.25, 0.12, -0.5, 0.03), (0.25, 0.25, 0.4, 0.5, 0.08)
    return {
        "centres": centres, "radii": radii,
        "colours": np.argsort(rng.random((count, len(COLOURS))), axis=1)[:, :THINGS],
        "target": (rng.random(count) * there).astype(int), "verb": rng.integers(0, len(VERBS), count),
        "state": rng.uniform(low, high, (count, len(STATE))),
        "table": rng.uniform(0.25, 0.6, (count, 1)) * np.array([1.0, 0.85, 0.7]),
        "light": rng.uniform((-0.6, -0.6, 0.8), (0.6, 0.6, 1.0), (count, 3)),
    }


def demonstrations(scene):
    """What the demonstrator does: [count, HORIZON, 5], a smooth path (of least jerk) to the thing that is meant, or to
    OVER above it. The gripper, 1 open and -1 closed, closes within CLOSE of what is picked up."""
    rows = np.arange(len(scene["target"]))
    goal_xy, radius = scene["centres"][rows, scene["target"]], scene["radii"][rows, scene["target"]]
    yaw = np.arctan2(goal_xy[:, 0] - ROBOT[0], goal_xy[:, 1] - ROBOT[1])
    picks = scene["verb"] == 0
    goal = np.column_stack([goal_xy, radius + np.where(picks, 0, OVER), yaw])
    u = np.arange(1, HORIZON + 1) / HORIZON
    s = 10 * u**3 - 15 * u**4 + 6 * u**5
    path = scene["state"][:, None, :4] + s[None, :, None] * (goal - scene["state"][:, :4])[:, None]
    path[..., 2] += 0.05 * np.sin(np.pi * s)
    left = np.linalg.norm(path[..., :2] - goal_xy[:, None], axis=-1)
    return np.concatenate([path, np.where(picks[:, None] & (left < CLOSE), -1.0, 1.0)[..., None]], -1)


def rays(camera):
    """-> (where the camera stands, directions [SIDE * SIDE, 3] that advance by 1 along its axis)"""
    _, eye, at, up, view = camera
    eye, forward = np.array(eye), np.array(at) - np.array(eye)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    grid = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * np.tan(view / 2)
    y, x = np.meshgrid(grid, grid, indexing="ij")
    return eye, (forward + x[..., None] * right + y[..., None] * down).reshape(-1, 3)


def render(rng, scene):
    """-> (pictures uint8 [count, cameras, SIDE, SIDE, 3], depth float32 [count, cameras, SIDE, SIDE] along the axis)"""
    pictures, depths = zip(*(_seen(rng, scene, camera) for camera in CAMERAS), strict=True)
    return np.stack(pictures, 1), np.stack(depths, 1)


def _seen(rng, scene, camera):
    count = len(scene["target"])
    eye, direction = rays(camera)
    light = scene["light"] / np.linalg.norm(scene["light"], axis=-1, keepdims=True)
    # The floor ends at a wall far behind, so that every ray meets something.
    floor = np.where(direction[:, 2] < 0, (FLOOR - eye[2]) / np.minimum(direction[:, 2], -1e-9), np.inf)
    depth = np.broadcast_to(np.minimum(floor, 2.2), (count, len(direction))).copy()
    colour = np.broadcast_to(np.where(floor < 2.2, 0.35, 0.5)[None, :, None], (*depth.shape, 3)).copy()
    on_table = np.where(direction[:, 2] < 0, -eye[2] / np.minimum(direction[:, 2], -1e-9), np.inf)
    spot = eye + np.where(np.isfinite(on_table), on_table, 0)[:, None] * direction
    table = np.isfinite(on_table) & (np.abs(spot[:, :2]) < TABLE).all(1)
    depth[:, table] = on_table[table]
    colour[:, table] = scene["table"][:, None] * (0.6 + 0.4 * light[:, None, 2:])
    palette = np.array(list(COLOURS.values()))
    for i in range(THINGS):
        radius = scene["radii"][:, i, None]
        to_eye = eye - np.column_stack([scene["centres"][:, i], radius])
        a, b = (direction**2).sum(-1), to_eye @ direction.T
        inside = b**2 - a * ((to_eye**2).sum(-1, keepdims=True) - radius**2)
        reach = (-b - np.sqrt(np.maximum(inside, 0))) / a
        hit = (inside > 0) & (reach < depth)
        normal = (to_eye[:, None] + reach[..., None] * direction) / np.maximum(radius, 1e-9)[..., None]
        shade = 0.35 + 0.65 * np.maximum(np.einsum("nrc,nc->nr", normal, light), 0)
        depth = np.where(hit, reach, depth)
        colour = np.where(hit[..., None], shade[..., None] * palette[scene["colours"][:, i]][:, None], colour)
    noisy = np.rint(255 * colour + rng.normal(0, 3, colour.shape)).clip(0, 255).astype(np.uint8)
    shape = (count, SIDE, SIDE)
    return noisy.reshape(*shape, 3), depth.reshape(shape).astype(np.float32)
