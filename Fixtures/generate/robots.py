"""Writes Fixtures/robots/openpi.json and lerobot.json: observations as clients send them, and what upstream's own code
makes of them.

    PYTHON robots.py openpi CHECKOUT   (numpy 1.26.4, einops, openpi-client 0.1.2; a checkout of openpi at 15a9616)
    PYTHON robots.py lerobot WHEEL     (numpy 1.26.4, openpi-client 0.1.2; the wheel of lerobot 0.6.1, unpacked)

openpi.json: random observations are packed and unpacked by openpi_client.msgpack_numpy, and LiberoInputs, DroidInputs
and AlohaInputs of the checkout are run on them; `error` is what they raise instead. Their imports of jax are replaced.
lerobot.json: prepare_observation_for_inference of the wheel; its pictures are floats, of which 8 bits are recovered. torch is
replaced by what the function needs of it.
"""
import ast
import enum
import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
from openpi_client import msgpack_numpy

FOLDER = Path(__file__).resolve().parents[1] / "robots"


def write(name, about, cases):
    FOLDER.mkdir(exist_ok=True)
    text = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / name).write_text('{"about": %s, "cases": [\n%s\n]}\n' % (json.dumps(about), text))
    print(name, len(cases), "cases")


def picture(array):
    array = np.asarray(array)
    assert array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3, (array.dtype, array.shape)
    return {"height": array.shape[0], "width": array.shape[1], "pixels": np.ascontiguousarray(array).tobytes().hex()}


def openpi(checkout):
    policies = Path(checkout) / "src/openpi/policies"

    class ModelType(enum.Enum):
        PI0, PI0_FAST, PI05 = "pi0", "pi0_fast", "pi05"

    # What the policies take from modules that import jax: a base class without a body, and an enumeration.
    parts = {name: types.ModuleType(name) for name in (
        "openpi", "openpi.transforms", "openpi.models", "openpi.models.model")}
    parts["openpi.transforms"].DataTransformFn = object
    parts["openpi.models.model"].ModelType = ModelType
    parts["openpi"].transforms, parts["openpi"].models = parts["openpi.transforms"], parts["openpi.models"]
    parts["openpi.models"].model = parts["openpi.models.model"]
    sys.modules.update(parts)

    def loaded(name):
        spec = importlib.util.spec_from_file_location(name, policies / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    robots = {
        "libero": loaded("libero_policy").LiberoInputs(model_type=ModelType.PI0),
        "droid": loaded("droid_policy").DroidInputs(model_type=ModelType.PI0),
        # What it does to joints is a bundle's processing, and has tests of its own.
        "aloha": loaded("aloha_policy").AlohaInputs(adapt_to_pi=False),
    }
    rng = np.random.default_rng(1601)
    cases = []

    def case(robot, name, observation):
        message = msgpack_numpy.packb(observation)
        result = {"robot": robot, "name": name, "message": message.hex()}
        try:
            inputs = robots[robot](msgpack_numpy.unpackb(message))
            order = ("base_0_rgb", "left_wrist_0_rgb", "right_wrist_0_rgb")
            result["pictures"] = [picture(inputs["image"][k]) for k in order if inputs["image_mask"][k]]
            result["state"] = np.asarray(inputs["state"], "f8").tolist()
            result["single"] = np.asarray(inputs["state"]).dtype.str[1:] == "f4"
            prompt = inputs.get("prompt")
            # As TokenizePrompt takes it.
            result["prompt"] = prompt if prompt is None or isinstance(prompt, str) else prompt.item()
        except (KeyError, ValueError) as error:
            result["error"] = f"{type(error).__name__}: {error}"
        cases.append(result)

    def samples(shape, dtype="u1"):
        """Pictures of bytes, or floats from 0 to 1 with the values around the steps of a byte among them."""
        dtype = np.dtype(dtype)
        if dtype == np.uint8:
            return rng.integers(256, size=shape, dtype=np.uint8)
        values = rng.uniform(0, 1, shape).astype(dtype)
        native = dtype.newbyteorder("=").type
        steps = (np.arange(256, dtype="f8") / 255).astype(native)
        edges = np.concatenate([steps, np.nextafter(steps, native(0)), np.nextafter(steps, native(1))])
        flat = values.reshape(-1)
        chosen = rng.choice(edges, size=flat.size // 2)
        flat[:chosen.size] = chosen
        return flat.reshape(shape)

    def libero(**changes):
        return {"observation/state": rng.normal(0, 1, 8), "observation/image": samples((5, 4, 3)),
                "observation/wrist_image": samples((5, 4, 3)), "prompt": "pick up the bowl", **changes}

    def droid(**changes):
        return {"observation/exterior_image_1_left": samples((4, 6, 3)),
                "observation/wrist_image_left": samples((4, 6, 3)),
                "observation/joint_position": rng.normal(0, 1, 7), "observation/gripper_position": rng.uniform(0, 1, 1),
                "prompt": "open the drawer", **changes}

    def aloha(cameras=("cam_high", "cam_low", "cam_left_wrist", "cam_right_wrist"), dtype="u1", shape=(3, 4, 5),
              **changes):
        return {"state": rng.normal(0, 1, 14), "images": {c: samples(shape, dtype) for c in cameras},
                "prompt": "transfer the cube", **changes}

    case("libero", "as the example sends it", libero())
    case("libero", "as the simple client sends it", libero(**{"observation/state": rng.random(8)}))
    for dtype in ("<f4", "<f8", "<f2", ">f4", ">f8"):
        for shape in ((6, 8, 3), (3, 6, 8), (16, 16, 3)):
            case("libero", f"{dtype} {shape}", libero(**{"observation/image": samples(shape, dtype)}))
    case("libero", "every byte as float32", libero(**{
        "observation/image": (np.arange(768, dtype="f4") % 256 / np.float32(255)).reshape(16, 16, 3)}))
    case("libero", "every byte as float64", libero(**{
        "observation/image": (np.arange(768) % 256 / 255).reshape(16, 16, 3)}))
    case("libero", "channels first", libero(**{"observation/image": samples((3, 5, 4))}))
    case("libero", "three rows, channels first", libero(**{"observation/image": samples((3, 3, 7))}))
    case("libero", "three rows and three columns", libero(**{"observation/image": samples((3, 3, 3))}))
    case("libero", "three rows, which are taken for channels", libero(**{"observation/image": samples((3, 7, 3))}))
    case("libero", "three columns", libero(**{"observation/image": samples((7, 3, 3))}))
    case("libero", "one pixel", libero(**{"observation/image": samples((1, 1, 3))}))
    for dtype in ("f4", ">f4", ">f8", "f2", "i8", "i4", "u2", "i1"):
        state = (rng.normal(0, 9, 8)).astype(dtype) if dtype[0] != "u" else rng.integers(9, size=8).astype(dtype)
        case("libero", f"a state of {dtype}", libero(**{"observation/state": state}))
    case("libero", "signs of zero", libero(**{"observation/state": np.array([0.0, -0.0] * 4)}))
    case("libero", "a prompt of numpy", libero(prompt=np.str_("pick up the bowl")))
    case("libero", "a prompt in an array", libero(prompt=np.asarray("füll the böwl")))
    case("libero", "a prompt in an array of one", libero(prompt=np.asarray([["pick up"]])))
    case("libero", "an empty prompt", libero(prompt=""))
    broken = libero()
    del broken["observation/wrist_image"]
    case("libero", "no wrist", broken)
    broken = libero()
    del broken["observation/state"]
    case("libero", "no state", broken)
    case("droid", "as the example sends it", droid())
    for gripper in (np.asarray(0.25), np.float64(0.5), np.float32(0.1), 0.75, 1, np.asarray([0.125], "f4")):
        case("droid", f"a gripper of {type(gripper).__name__} {np.asarray(gripper).dtype}{np.asarray(gripper).shape}",
             droid(**{"observation/gripper_position": gripper}))
    case("droid", "float32", droid(**{
        "observation/joint_position": rng.normal(0, 1, 7).astype("f4"),
        "observation/gripper_position": np.float32(0.5)}))
    case("droid", "joints of float32, a gripper of float64", droid(**{
        "observation/joint_position": rng.normal(0, 1, 7).astype("f4")}))
    case("droid", "a prompt of bytes", droid(prompt="öffne die Lade".encode()))
    case("droid", "two sizes", droid(**{"observation/wrist_image_left": samples((3, 2, 5), "f4")}))
    case("aloha", "as the real robot sends it", {k: v for k, v in aloha().items() if k != "prompt"})
    case("aloha", "as the simulator sends it", aloha(("cam_high",)))
    case("aloha", "no left wrist", aloha(("cam_high", "cam_right_wrist")))
    case("aloha", "no right wrist", aloha(("cam_high", "cam_left_wrist")))
    for dtype in ("f4", "f8"):
        case("aloha", f"pictures of {dtype}", aloha(dtype=dtype))
    case("aloha", "ones, as the simple client sends it", aloha(state=np.ones((14,))))
    case("aloha", "three by three", aloha(shape=(3, 3, 3)))
    case("aloha", "no high camera", aloha(("cam_left_wrist", "cam_right_wrist")))
    case("aloha", "another camera", aloha(("cam_high", "cam_top")))
    write("openpi.json", f"openpi 15a9616, openpi-client 0.1.2, numpy {np.__version__}", cases)


def lerobot(wheel):
    class Tensor:
        """What the function needs of torch's: float32 divided by 255 is rounded once in both."""

        def __init__(self, array):
            self.array, self.dtype = array, array.dtype

        def __truediv__(self, divisor):
            return Tensor(self.array / np.float32(divisor))

        type = lambda self, dtype: Tensor(self.array.astype(dtype))
        permute = lambda self, *axes: Tensor(self.array.transpose(axes))
        contiguous = lambda self: Tensor(np.ascontiguousarray(self.array))
        unsqueeze = lambda self, axis: Tensor(np.expand_dims(self.array, axis))
        to = lambda self, device: self

    torch = types.SimpleNamespace(
        from_numpy=Tensor, uint8=np.dtype("u1"), float32=np.dtype("f4"), device=None)
    path = Path(wheel) / "lerobot/policies/utils.py"
    # By itself: the module imports what is not installed.
    chosen = [n for n in ast.parse(path.read_text()).body
              if isinstance(n, ast.FunctionDef) and n.name == "prepare_observation_for_inference"]
    space = {"torch": torch, "np": np, "RobotObservation": dict}
    exec(compile(ast.Module(chosen, []), str(path), "exec"), space)
    rng = np.random.default_rng(1602)
    cases = []
    every = (np.arange(768) % 256).astype("u1").reshape(16, 16, 3)
    for name, top, wrist in (
        ("bytes", every, rng.integers(256, size=(5, 4, 3), dtype=np.uint8)),
        ("random bytes", rng.integers(256, size=(6, 7, 3), dtype=np.uint8), every),
    ):
        raw = {"observation.images.top": top, "observation.images.wrist": wrist,
               "observation.state": rng.normal(0, 1, 6).astype("f4")}
        prepared = space["prepare_observation_for_inference"](dict(raw), None, "stack the cups", "so101")
        floats = {k: v.array[0] if isinstance(v, Tensor) else v for k, v in prepared.items()}
        for form, sent in (("raw", {**raw, "task": "stack the cups"}), ("prepared", floats)):
            cases.append({
                "name": f"{name}, {form}", "message": msgpack_numpy.packb(sent).hex(),
                "pictures": [picture(top), picture(wrist)], "state": raw["observation.state"].astype("f8").tolist(),
                "single": True, "prompt": "stack the cups"})
    write("lerobot.json", f"lerobot 0.6.1, openpi-client 0.1.2, numpy {np.__version__}", cases)


if __name__ == "__main__":
    {"openpi": openpi, "lerobot": lerobot}[sys.argv[1]](sys.argv[2])
