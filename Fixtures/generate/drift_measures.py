"""What the measures of the release gate must give: drift/expected.json, and its inputs in drift/*.safetensors.

    python Fixtures/generate/drift_measures.py

By NumPy, from the formulas; scikit-learn 1.9 and SciPy 1.17 must agree wherever they offer one, or this
fails. r is the reference, c the candidate. Everything is computed in float64; depth maps, stages and weights are
stored as float32.
"""
import json
import sys
from pathlib import Path

import numpy as np
import scipy.spatial.distance
import scipy.stats
import scipy.stats.mstats
import sklearn.metrics
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parents[1] / "drift"
SEED, RESAMPLES = 17, 10_000
PERCENTILES = (0, 5, 25, 50, 90, 95, 99, 100)
EDGE = 0.1


def agree(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
    return ours


# ---------------------------------------------------------------- actions

def shares(values, deviations):
    return [v / s if s > 0 else None for v, s in zip(values.tolist(), deviations, strict=True)]


def worst(values):
    return max(v for v in values if v is not None)


def side(values, gripper):
    return values[:, gripper["dimension"]] > gripper["threshold"]


def actions(r, c, deviations, grippers, demonstrated):
    """Of one sample: r, c [H, A]; demonstrated [h, A] or None, h of the H steps. A dimension without deviation takes
    no part in what is a share of it."""
    off, std = c - r, np.array(deviations)
    varies = std > 0
    rms = np.sqrt((off**2).mean(0))
    agree(rms, sklearn.metrics.root_mean_squared_error(r, c, multioutput="raw_values"))
    maximum = np.abs(off).max(0)
    agree(maximum, [sklearn.metrics.max_error(r[:, i], c[:, i]) for i in range(r.shape[1])])
    scaled = off[:, varies] / std[varies]
    along = np.sqrt((scaled**2).mean(1))
    agree(along, sklearn.metrics.root_mean_squared_error(scaled.T, np.zeros_like(scaled.T), multioutput="raw_values"))
    out = {
        "max": maximum.tolist(), "rms": rms.tolist(),
        "max_of_std": shares(maximum, deviations), "rms_of_std": shares(rms, deviations),
        "worst_max_of_std": worst(shares(maximum, deviations)), "worst_rms_of_std": worst(shares(rms, deviations)),
        "gripper_flips": [int((side(r, g) != side(c, g)).sum()) for g in grippers],
        "along_chunk": along.tolist(),
    }
    if demonstrated is not None:
        l1 = []
        for x in (r, c):
            x, d = x[:len(demonstrated), varies] / std[varies], demonstrated[:, varies] / std[varies]
            l1.append(agree(np.abs(x - d).mean(), sklearn.metrics.mean_absolute_error(d, x)))
        out["demonstration_l1"] = {"reference": float(l1[0]), "candidate": float(l1[1]), "rise": float(l1[1] - l1[0])}
    return out


def action_cases(rng):
    def case(samples, horizon, deviations, grippers, size, rows=None, change=None):
        width, std = len(deviations), np.array(deviations)
        scale = np.where(std > 0, std, 1)
        r = rng.normal(size=(samples, horizon, width)) * scale + rng.normal(size=width)
        for g in grippers:
            off = rng.choice([-1, 1], (samples, horizon)) * rng.uniform(0, 0.2, (samples, horizon))
            r[..., g["dimension"]] = g["threshold"] + off
        c = r + rng.normal(size=r.shape) * scale * size
        if change:
            change(r, c)
        d = None if rows is None else r[:, :rows] + rng.normal(size=(samples, rows, width)) * 0.3 * scale
        return r, c, deviations, grippers, d

    def at_threshold(r, c):
        # On the threshold is not above it.
        r[0, 0, 2], c[0, 0, 2] = 0.5, 0.5
        r[0, 1, 2], c[0, 1, 2] = 0.5, np.nextafter(0.5, 1)
        r[0, 2, 2], c[0, 2, 2] = 0.4, 0.5

    def one_late(r, c):
        c[:] = r
        c[1, -1, 0] += 0.75

    return {
        "usual": case(3, 8, (0.16, 0.17, 0.08, 0.25, 0.9), [{"dimension": 4, "threshold": 0.0}], 0.05, 8),
        "same": case(2, 4, (0.5, 2.0), [{"dimension": 1, "threshold": 0.25}], 0.0, 4),
        "no-deviation": case(2, 5, (0.3, 0.0, 1.5), [], 0.1, 3),
        "two-grippers": case(
            2, 10, (0.4, 0.2, 0.3, 0.1), [{"dimension": 2, "threshold": 0.5}, {"dimension": 3, "threshold": -1.0}],
            0.4, 10, at_threshold),
        "one-late-step": case(2, 6, (1.0, 3.0), [], 0.0, None, one_late),
        "one-step": case(1, 1, (0.01,), [{"dimension": 0, "threshold": 0.0}], 1.0, 1),
    }


# ---------------------------------------------------------------- depth

def spread(g):
    """sqrt(mean g^2 - mean(g)^2) in the centred form, which does not cancel."""
    ours = np.sqrt(((g - g.mean()) ** 2).mean())
    # SciPy warns where hardly anything differs.
    return agree(ours, scipy.stats.tstd(g, ddof=0)) if np.ptp(g) > 1e-5 else ours


def depth(r, c):
    """Maps [h, w], r zero where it is unknown, c positive."""
    r, c = r.astype(np.float64), c.astype(np.float64)
    known = r > 0
    x, y = r[known], c[known]
    g = np.log(y) - np.log(x)
    ratio = np.maximum(y / x, x / y)
    out = {
        "pixels": int(known.sum()),
        "abs_rel": agree((np.abs(y - x) / x).mean(), sklearn.metrics.mean_absolute_percentage_error(x, y)),
        "rmse": agree(np.sqrt(((y - x) ** 2).mean()), sklearn.metrics.root_mean_squared_error(x, y)),
        "silog": spread(g),
        "delta_1_25": (ratio < 1.25).mean(),
    }
    pairs = [(np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])]
    marked, steps = np.zeros(r.shape, bool), []
    for a, b in pairs:
        both = known[a] & known[b]
        step = np.log(np.where(both, r[b], 1)) - np.log(np.where(both, r[a], 1))
        edge = both & (np.abs(step) > EDGE)
        marked[a] |= edge
        marked[b] |= edge
        steps.append((np.log(c[b][edge]) - np.log(c[a][edge])) / step[edge])
    steps = np.concatenate(steps)
    out["edges"] = len(steps)
    out["edge_abs_rel"] = (np.abs(c - r)[marked] / r[marked]).mean() if len(steps) else None
    out["edge_breaks"] = ((steps < 0.5) | (steps > 2)).mean() if len(steps) else None
    return {k: v if v is None or isinstance(v, int) else float(v) for k, v in out.items()}


def depth_cases(rng):
    plane = 0.8 + 0.05 * np.mgrid[:12, :16][0].astype(np.float64)
    scene = plane.copy()
    scene[3:7, 4:9] = 0.5
    scene[8:11, 10:15] = 1.9
    holes = np.where(rng.random(scene.shape) < 0.2, 0, scene)

    def noise(size):
        return np.exp(rng.normal(size=scene.shape) * size)

    padded = np.pad(scene, 1, mode="edge")
    blurred = sum(padded[i:i + 12, j:j + 16] for i in range(3) for j in range(3)) / 9
    sharpened = np.exp(3 * (np.log(scene) - np.log(plane)) + np.log(plane))
    turned = np.exp(2 * np.log(plane) - np.log(scene))
    alone = np.zeros_like(scene)
    alone[5, 5], alone[9, 2] = 1.25, 3.0
    cases = {
        "usual": (scene, scene * noise(0.03)), "same": (scene, scene), "unknown": (holes, scene * noise(0.08)),
        "scaled": (scene, scene * 1.2), "on-the-limit": (np.full((4, 4), 0.5), np.full((4, 4), 0.625)),
        "far-off": (scene, scene * noise(0.4)), "blurred": (scene, blurred), "steeper": (scene, sharpened),
        "reversed": (scene, turned), "no-edges": (plane, plane * noise(0.02)), "lonely-pixels": (alone, scene),
        "one-pixel": (np.full((1, 1), 2.0), np.full((1, 1), 2.5)), "one-row": (scene[4:5], blurred[4:5]),
        "noise": (np.exp(rng.normal(size=(7, 5))), np.exp(rng.normal(size=(7, 5)))),
    }
    return {k: tuple(m.astype(np.float32) for m in maps) for k, maps in cases.items()}


# ---------------------------------------------------------------- stages, weights, losses

def stage(r, c):
    r, c = r.astype(np.float64).ravel(), c.astype(np.float64).ravel()
    noise, power = ((c - r) ** 2).sum(), (r**2).sum()
    agree(noise, scipy.spatial.distance.sqeuclidean(r, c))
    cosine = agree(c @ r / np.sqrt((c @ c) * power), 1 - scipy.spatial.distance.cosine(r, c))
    agree(cosine, sklearn.metrics.pairwise.cosine_similarity(r[None], c[None])[0, 0])
    gain = c @ r / power
    sqnr = None if noise == 0 else float(10 * np.log10(power / noise))
    return {"sqnr_db": sqnr, "cosine": float(cosine), "gain": float(gain), "gain_error": float(abs(gain - 1))}


def stage_cases(rng):
    r = rng.normal(size=(9, 16))
    step = np.abs(r).max(1, keepdims=True) / 127
    outlier = r.copy()
    outlier[:, 3] *= 60
    coarse = np.abs(outlier).max(1, keepdims=True) / 127
    cases = {
        "noise-1%": (r, r + 0.01 * rng.normal(size=r.shape)), "same": (r, r), "int8": (r, np.rint(r / step) * step),
        "int8-outlier": (outlier, np.rint(outlier / coarse) * coarse), "scale-1%-wrong": (r, r * 1.01), "half": (r, r / 2),
        "turned-round": (r, -r), "unrelated": (r, rng.normal(size=r.shape)),
        "one-row-wrong": (r, np.vstack([r[:1] * 1.01, r[1:]])),
    }
    return {k: tuple(x.astype(np.float32) for x in v) for k, v in cases.items()}


def flow(velocity, noise, wanted):
    target = noise - wanted
    return float(agree(((velocity - target) ** 2).mean(), sklearn.metrics.mean_squared_error(target, velocity)))


# ---------------------------------------------------------------- observations

def mix(z):
    """The output function of SplitMix64, as the page Observations has it."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def draws(count, resamples=RESAMPLES, seed=SEED):
    """[resamples, count] indices of observations: draw i of resample b is floor(u count / 2^64), u the output
    b count + i + 1."""
    with np.errstate(over="ignore"):
        number = np.arange(1, resamples * count + 1, dtype=np.uint64)
        u = mix(mix(np.array([seed], np.uint64)) + number * np.uint64(0x9E3779B97F4A7C15))
    n, low = np.uint64(count), np.uint64(0xFFFFFFFF)
    upper = ((u >> np.uint64(32)) * n + ((u & low) * n >> np.uint64(32))) >> np.uint64(32)
    for i in range(min(1000, len(u))):
        assert int(upper[i]) == int(u[i]) * count >> 64
    return upper.astype(np.int64).reshape(resamples, count)


def summary(values):
    """values: a row of seeds for each observation; rows may differ in length."""
    flat, means = np.concatenate(values), np.array([np.mean(v) for v in values])
    resampled = means[draws(len(means))].mean(1)
    interval = np.percentile(resampled, (2.5, 97.5))
    agree(interval, scipy.stats.mstats.mquantiles(resampled, (0.025, 0.975), alphap=1, betap=1))
    if len(means) > 1 and np.ptp(means) > 0:
        theirs = scipy.stats.bootstrap((means,), np.mean, n_resamples=RESAMPLES, method="percentile",
                                       rng=np.random.default_rng(0)).confidence_interval
        # Other draws: the ends differ by what 10 000 resamples leave to chance, a few percent of the width.
        assert np.abs(interval - theirs).max() < 0.05 * np.ptp(interval), (interval, theirs)
    percentiles = np.percentile(flat, PERCENTILES)
    agree(percentiles, scipy.stats.mstats.mquantiles(flat, np.array(PERCENTILES) / 100, alphap=1, betap=1))
    return {"values": [list(map(float, v)) for v in values],
            "largest": float(flat.max()), "smallest": float(flat.min()),
            "percentiles_of_samples": percentiles.tolist(),
            "percentiles_of_observations": np.percentile(means, PERCENTILES).tolist(),
            "mean": float(means.mean()), "interval": interval.tolist()}


def summary_cases(rng):
    def skewed(*shape):
        return rng.gamma(0.7, 0.02, shape)

    return {
        "16-observations": skewed(16, 1), "8-by-3-seeds": skewed(8, 3), "2-observations": skewed(2, 2),
        "one": skewed(1, 1), "alike": np.full((5, 2), 0.25), "negative": rng.normal(size=(12, 1)),
        "uneven-seeds": [skewed(n) for n in (1, 4, 2, 3, 1)], "one-far-off": np.append(np.full(19, 0.01), 0.9)[:, None],
    }


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([0, 91])
    expected = {"actions": {}, "depth": {}, "stages": {}}
    arrays = {"actions": {}, "depth": {}, "stages": {}}
    for name, (r, c, deviations, grippers, demonstrated) in action_cases(rng).items():
        arrays["actions"] |= {f"{name}.reference": r, f"{name}.candidate": c}
        if demonstrated is not None:
            arrays["actions"][f"{name}.demonstrations"] = demonstrated
        rows = demonstrated if demonstrated is not None else [None] * len(r)
        expected["actions"][name] = {
            "deviations": list(deviations), "grippers": grippers,
            "samples": [actions(a, b, deviations, grippers, d) for a, b, d in zip(r, c, rows, strict=True)]}
    for name, (r, c) in depth_cases(rng).items():
        arrays["depth"] |= {f"{name}.reference": r, f"{name}.candidate": c}
        expected["depth"][name] = depth(r, c)
    for name, (r, c) in stage_cases(rng).items():
        arrays["stages"] |= {f"{name}.reference": r, f"{name}.candidate": c}
        expected["stages"][name] = stage(r, c)
    noise, wanted = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    velocities = {k: noise - wanted + s * rng.normal(size=noise.shape)
                  for k, s in (("reference", 0.1), ("candidate", 0.12))}
    arrays["flow"] = {"noise": noise, "actions": wanted} | {f"velocity.{k}": v for k, v in velocities.items()}
    losses = {k: flow(v, noise, wanted) for k, v in velocities.items()}
    expected["flow"] = losses | {"rise": losses["candidate"] / losses["reference"] - 1}
    expected["percentiles"] = list(PERCENTILES)
    expected["bootstrap"] = {"seed": SEED, "resamples": RESAMPLES,
                             "first_draws": {str(n): draws(n, 4)[:2].tolist() for n in (1, 5, 16, 1000)}}
    expected["bootstrap"]["first_draws"]["1000"] = [row[:8] for row in expected["bootstrap"]["first_draws"]["1000"]]
    expected["observations"] = {k: summary(v) for k, v in summary_cases(rng).items()}
    for name, tensors in arrays.items():
        save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, out / f"{name}.safetensors")
    (out / "expected.json").write_text(json.dumps(expected, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
