"""Writes Fixtures/processing/*.json: documents of pi0's processing, and what upstream libraries make of states,
prompts and chunks of actions with them.

    PYTHON312 policy_processing.py lerobot       (lerobot 0.6.1, transformers 5.5.4)
    PYTHON policy_processing.py early WHEEL      (torch; the wheel of lerobot 0.3.3, unpacked)
    PYTHON policy_processing.py openpi CHECKOUT  (numpy; a checkout of openpi at 15a9616)

lerobot.json: the two pipelines are saved by lerobot itself where a case changes nothing in them, else edited, and are
run by PolicyProcessorPipeline as make_pre_post_processors loads them. early.json: Normalize, Unnormalize and the
methods of PI0Policy of 0.3.3. openpi.json: Normalize, Unnormalize, AbsoluteActions and the functions of
aloha_policy.py, taken out of the checkout at run time and run as they stand there.
"""
import ast
import json
import sys
import tempfile
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "processing"
PROMPTS = ["pick up the red cup", "pick_up the red cup", "  open the drawer ", "close\nthe drawer\n", "",
           "pick up the red cup and " * 9]
NAMES = [f"joint_{i}.pos" for i in range(6)] + ["Gripper.pos"]


def statistics(rng, width):
    rows = rng.normal(rng.normal(0, 2, width), rng.gamma(2, 0.4, width), (200, width)).astype("f4")
    found = {"mean": rows.mean(0), "std": rows.std(0), "min": rows.min(0), "max": rows.max(0)}
    for q in (1, 10, 90, 99):
        found[f"q{q:02}"] = numpy.quantile(rows, q / 100, axis=0).astype("f4")
    # A dimension that never changed.
    for field in found:
        found[field][1] = 0 if field == "std" else numpy.float32(0.1)
    return found


def listed(values):
    return numpy.asarray(values, "f8").tolist()


def write(name, about, cases):
    FOLDER.mkdir(exist_ok=True)
    text = ",\n".join(json.dumps(case) for case in cases)
    (FOLDER / name).write_text('{"about": %s, "cases": [\n%s\n]}\n' % (json.dumps(about), text))
    print(name, len(cases), "cases")


# ---- lerobot 0.6.1


def lerobot():
    import lerobot as library
    import torch
    import transformers
    from lerobot.configs import FeatureType, NormalizationMode, PolicyFeature
    from lerobot.policies.factory import make_pre_post_processors
    from lerobot.policies.pi0.configuration_pi0 import PI0Config
    from lerobot.policies.pi0 import processor_pi0
    from safetensors.torch import save_file
    # The start of the sequence is put before a text by what tokenizer.json has on the hub, and not in the fixture.
    document = json.loads((ROOT / "tokenizers/tiny/tokenizer.json").read_text())
    start = next(t["id"] for t in document["added_tokens"] if t["content"] == "<bos>")
    document["post_processor"] = {
        "type": "TemplateProcessing", "pair": [],
        "single": [{"SpecialToken": {"id": "<bos>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"<bos>": {"id": "<bos>", "ids": [start], "tokens": ["<bos>"]}}}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokenizer.json").write_text(json.dumps(document))
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_file=f"{folder}/tokenizer.json", bos_token="<bos>", eos_token="<eos>", pad_token="<pad>",
            unk_token="<unk>")
    assert tokenizer("open")["input_ids"][0] == tokenizer.bos_token_id
    # The hub's tokenizer cannot be had here: the step gets one in its place, its settings stay.
    plain = processor_pi0.TokenizerProcessorStep
    processor_pi0.TokenizerProcessorStep = lambda tokenizer_name, **settings: plain(
        tokenizer=tokenizer, **settings)
    rng = numpy.random.default_rng(130)
    cases = []

    def saved(state=11, action=7, **settings):
        config = PI0Config(device="cpu", max_state_dim=11, max_action_dim=7, chunk_size=4, n_action_steps=4, **settings)
        config.input_features = {"observation.state": PolicyFeature(FeatureType.STATE, (state,)),
                                 "observation.images.base": PolicyFeature(FeatureType.VISUAL, (3, 42, 42))}
        config.output_features = {"action": PolicyFeature(FeatureType.ACTION, (action,))}
        stats = {"observation.state": statistics(rng, state), "action": statistics(rng, action)}
        tensors = {k: {f: torch.from_numpy(v) for f, v in s.items()} for k, s in stats.items()}
        before, after = processor_pi0.make_pi0_pre_post_processors(config, tensors)
        with tempfile.TemporaryDirectory() as folder:
            before.save_pretrained(folder), after.save_pretrained(folder), config._save_pretrained(Path(folder))
            read = lambda name: json.loads((Path(folder) / name).read_text())
            document = read("policy_preprocessor.json")
            for step in document["steps"]:
                if step["registry_name"] == "tokenizer_processor":
                    step["config"]["tokenizer_name"] = "google/paligemma-3b-pt-224"
            return read("config.json"), document, read("policy_postprocessor.json"), stats

    def case(name, made, edit=None, state=None):
        config, before, after, stats = made
        if edit:
            edit(config, {s["registry_name"]: s for s in before["steps"]}, {s["registry_name"]: s for s in after["steps"]})
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            flat = {f"{k}.{f}": torch.from_numpy(v) for k, s in stats.items() for f, v in s.items()}
            for name_, document in (("policy_preprocessor.json", before), ("policy_postprocessor.json", after)):
                (folder / name_).write_text(json.dumps(document))
                for step in document["steps"]:
                    if "state_file" in step:
                        save_file(flat, folder / step["state_file"])
            pre, post = make_pre_post_processors(
                PI0Config(device="cpu"), str(folder),
                preprocessor_overrides={"tokenizer_processor": {"tokenizer": tokenizer}})
            width = len(stats["observation.state"]["mean"]) if state is None else state
            values = rng.normal(0, 2, width).astype("f4")
            chunk = rng.normal(0, 1, (4, 7)).astype("f4")
            prompts = []
            for prompt in PROMPTS:
                batch = pre({"observation.state": torch.from_numpy(values), "task": prompt})
                ids, mask = (batch[f"observation.language.{k}"][0] for k in ("tokens", "attention_mask"))
                prompts.append({"text": prompt, "ids": ids[mask].tolist()})
            # As PI0Policy.predict_action_chunk cuts it.
            cut = torch.from_numpy(chunk)[None, :, :len(stats["action"]["mean"])]
            cases.append({
                "name": name, "config": config, "before": before, "after": after,
                "statistics": {k: {f: listed(v) for f, v in s.items()} for k, s in stats.items()},
                "state": listed(values), "model_state": listed(batch["observation.state"][0]),
                "chunk": listed(chunk), "actions": listed(post(cut)[0]), "prompts": prompts})

    case("as saved", saved())
    for mode in NormalizationMode:
        mapping = {"VISUAL": NormalizationMode.IDENTITY, "STATE": mode, "ACTION": mode}
        case(f"mode {mode.value}", saved(normalization_mapping=mapping))
    relative = {"use_relative_actions": True, "action_feature_names": NAMES}
    case("relative", saved(**relative))
    for excluded in ([], ["joint_1", "GRIP"], ["", "joint"], ["o"]):
        case(f"relative, excluding {excluded}", saved(relative_exclude_joints=excluded, **relative))
    case("relative without names", saved(use_relative_actions=True))
    case("relative with few names", saved(use_relative_actions=True, action_feature_names=NAMES[4:]))
    case("relative with many names", saved(use_relative_actions=True, action_feature_names=NAMES * 2))
    case("relative, narrow", saved(8, 5, **relative))

    def norm(step, **modes):
        step["config"]["norm_map"].update(modes)

    case("other modes behind than before", saved(), lambda c, b, a: (
        c.pop("normalization_mapping"), norm(a["unnormalizer_processor"], ACTION="MIN_MAX"),
        norm(b["normalizer_processor"], STATE="QUANTILES")))
    case("a mode that is not named", saved(), lambda c, b, a: (
        c.pop("normalization_mapping"), a["unnormalizer_processor"]["config"]["norm_map"].pop("ACTION")))
    case("a state that is no feature", saved(), lambda c, b, a:
         b["normalizer_processor"]["config"]["features"].pop("observation.state"))
    case("a state that is a feature of another type", saved(), lambda c, b, a: (
        b["normalizer_processor"]["config"]["features"]["observation.state"].update(type="ENV"),
        norm(b["normalizer_processor"], ENV="MIN_MAX")))
    case("no features", saved(), lambda c, b, a: [
        s["config"].update(features={}) for s in (b["normalizer_processor"], a["unnormalizer_processor"])])
    case("limited to pictures", saved(), lambda c, b, a:
         b["normalizer_processor"]["config"].update(normalize_observation_keys=["observation.images.base"]))
    case("limited to the state", saved(), lambda c, b, a:
         b["normalizer_processor"]["config"].update(normalize_observation_keys=["observation.state"]))
    case("prompts of 8 tokens", saved(tokenizer_max_length=8))
    case("prompts that are not cut", saved(), lambda c, b, a: b["tokenizer_processor"]["config"].update(truncation=False))
    case("enabled 1", saved(**relative), lambda c, b, a: (
        b["relative_actions_processor"]["config"].update(enabled=1),
        a["absolute_actions_processor"]["config"].update(enabled=1)))
    case("enabled null", saved(), lambda c, b, a: (
        b["relative_actions_processor"]["config"].update(enabled=None),
        a["absolute_actions_processor"]["config"].update(enabled=None)))
    case("the robot's own names", saved(), lambda c, b, a: b["rename_observations_processor"]["config"].update(
        rename_map={"observation.images.front": "observation.images.base"}))
    write("lerobot.json", f"lerobot {library.__version__}, transformers {transformers.__version__}", cases)


# ---- lerobot 0.3.3


def early(wheel):
    import importlib.util
    import torch

    # Two files of the wheel by themselves: the packages around them want more than is installed.
    def loaded(name, path):
        spec = importlib.util.spec_from_file_location(name, Path(wheel) / path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
        return sys.modules[name]

    sys.modules["lerobot"] = sys.modules["lerobot.configs"] = type(sys)("lerobot")
    types = loaded("lerobot.configs.types", "lerobot/configs/types.py")
    FeatureType, NormalizationMode, PolicyFeature = types.FeatureType, types.NormalizationMode, types.PolicyFeature
    normalize = loaded("lerobot.policies.normalize", "lerobot/policies/normalize.py")
    Normalize, Unnormalize = normalize.Normalize, normalize.Unnormalize
    path = Path(wheel) / "lerobot/policies/pi0/modeling_pi0.py"
    # The methods as they stand in the file: importing it wants transformers of its time.
    tree = ast.parse(path.read_text())
    wanted = {"normalize", "unnormalize", "safe_arcsin", "aloha_gripper_to_angular", "aloha_gripper_from_angular",
              "_pi_aloha_decode_state", "_pi_aloha_encode_actions", "pad_vector"}
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in wanted]
    space = {"torch": torch}
    exec(compile(ast.Module(functions, []), str(path), "exec"), space)
    rng = numpy.random.default_rng(131)
    cases = []
    for mode in NormalizationMode:
        for aloha in (False, True):
            widths = (14, 14) if aloha else (11, 7)
            for state, action in (widths, (16, 15)) if aloha else (widths,):
                inputs = {"observation.state": PolicyFeature(FeatureType.STATE, (state,))}
                outputs = {"action": PolicyFeature(FeatureType.ACTION, (action,))}
                stats = {"observation.state": statistics(rng, state), "action": statistics(rng, action)}
                tensors = {k: {f: torch.from_numpy(v) for f, v in s.items()} for k, s in stats.items()}
                mapping = {FeatureType.STATE: mode, FeatureType.ACTION: mode}
                # Grippers go from 0 to 1, and a bit beyond.
                values = rng.normal(0, 1, state).astype("f4")
                if aloha:
                    values[[6, 13]] = rng.uniform(-0.1, 1.1, 2)
                chunk = rng.normal(0, 1, (4, action)).astype("f4")
                # As PI0Policy.select_action goes.
                batch = {"observation.state": torch.from_numpy(values.copy())[None]}
                if aloha:
                    batch["observation.state"] = space["_pi_aloha_decode_state"](None, batch["observation.state"])
                seen = Normalize(inputs, mapping, tensors)(batch)["observation.state"]
                actions = Unnormalize(outputs, mapping, tensors)({"action": torch.from_numpy(chunk)[None]})["action"]
                if aloha:
                    actions = space["_pi_aloha_encode_actions"](None, actions.clone())
                config = {"type": "pi0", "adapt_to_pi_aloha": aloha,
                          "normalization_mapping": {"VISUAL": "IDENTITY", "STATE": mode.value, "ACTION": mode.value},
                          "input_features": {"observation.state": {"type": "STATE", "shape": [state]}},
                          "output_features": {"action": {"type": "ACTION", "shape": [action]}}}
                cases.append({
                    "name": f"{mode.value}{', ALOHA' if aloha else ''}, {state} and {action}", "config": config,
                    "statistics": {k: {f: listed(v) for f, v in s.items() if f[0] != "q"} for k, s in stats.items()},
                    "state": listed(values), "model_state": listed(seen[0]), "chunk": listed(chunk),
                    "actions": listed(actions[0])})
    write("early.json", "lerobot 0.3.3", cases)


# ---- openpi


def openpi(checkout):
    def module(path, names):
        tree = ast.parse((Path(checkout) / path).read_text())
        chosen = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name in names]
        for node in chosen:
            node.decorator_list = []
        return chosen

    import __future__
    annotations = __future__.annotations

    class Transform:
        """In place of a frozen dataclass."""

        def __init__(self, *values, **named):
            for name, value in list(zip(self.__annotations__, values)) + list(named.items()):
                setattr(self, name, value)
            getattr(self, "__post_init__", lambda: None)()

    class Anything:
        def __getattr__(self, name):
            return self

        def __getitem__(self, item):
            return self

    from collections.abc import Sequence
    space = {"np": numpy, "numpy": numpy, "DataTransformFn": Transform, "Sequence": Sequence, "DataDict": dict,
             "at": Anything(), "NormStats": object, "Callable": Anything(), "T": 0, "S": 0}
    chosen = module("src/openpi/transforms.py", {
        "Normalize", "Unnormalize", "AbsoluteActions", "make_bool_mask", "pad_to_dim", "apply_tree", "flatten_dict",
        "unflatten_dict", "_assert_quantile_stats"})
    chosen = [n for n in chosen if n.name not in ("apply_tree", "flatten_dict", "unflatten_dict")]
    exec(compile(ast.Module(chosen, []), "transforms.py", "exec", annotations.compiler_flag), space)
    space["flatten_dict"] = dict
    space["apply_tree"] = lambda tree, selector, fn, strict=False: {
        k: fn(v, selector[k]) if k in selector else v for k, v in tree.items()}
    aloha = {"np": numpy}
    exec(compile(ast.Module(module("src/openpi/policies/aloha_policy.py", {
        "_joint_flip_mask", "_normalize", "_unnormalize", "_gripper_to_angular", "_gripper_from_angular",
        "_decode_state", "_encode_actions"}), []), "aloha_policy.py", "exec"), aloha)

    class Stats:
        def __init__(self, fields):
            self.mean, self.std, self.q01, self.q99 = (
                numpy.asarray(fields[f], "f8") for f in ("mean", "std", "q01", "q99"))

    rng = numpy.random.default_rng(132)
    cases = []
    for adapts in (False, True):
        for runs in (None, [6, -1, 6, -1], [3, -2], [6, -1]):
            for quantiles in (False, True):
                state, action = (14, 14) if adapts else (8, 7)
                model = 32
                stats = {"state": statistics(rng, state), "actions": statistics(rng, action)}
                own = {k: Stats(v) for k, v in stats.items()}
                values = rng.normal(0, 1, state)
                if adapts:
                    values[[6, 13]] = rng.uniform(-0.1, 1.1, 2)
                chunk = rng.normal(0, 1, (4, model)).astype("f4")
                # As Policy.infer goes: inputs, then Unnormalize, AbsoluteActions, AlohaOutputs.
                decoded = aloha["_decode_state"](values.copy(), adapt_to_pi=adapts)
                seen = space["Normalize"](own, quantiles)({"state": decoded, "actions": numpy.zeros((1, action))})["state"]
                padded = space["pad_to_dim"](seen, model)
                outputs = space["Unnormalize"](own, quantiles)({"state": padded, "actions": chunk})
                mask = None if runs is None else space["make_bool_mask"](*runs)
                outputs = space["AbsoluteActions"](mask)(outputs)
                actions = outputs["actions"][:, :14] if adapts else outputs["actions"][:, :action]
                actions = aloha["_encode_actions"](actions, adapt_to_pi=adapts)
                settings = {"library": "openpi", "state": "quantile" if quantiles else "mean-std",
                            "action": "quantile" if quantiles else "mean-std"}
                if runs:
                    settings["delta_mask"] = runs
                if adapts:
                    settings["adapt_to_pi"] = True
                cases.append({
                    "name": f"{runs}{', ALOHA' if adapts else ''}{', quantiles' if quantiles else ''}",
                    "settings": settings, "widths": [model, model],
                    "statistics": {"norm_stats": {k: {f: listed(v) for f, v in s.items() if f in (
                        "mean", "std", "q01", "q99")} for k, s in stats.items()}},
                    "state": listed(values), "model_state": listed(padded.astype("f4")), "chunk": listed(chunk),
                    "actions": listed(actions)})
    write("openpi.json", "openpi 15a9616", cases)


if __name__ == "__main__":
    {"lerobot": lerobot, "early": early, "openpi": openpi}[sys.argv[1]](*sys.argv[2:])
