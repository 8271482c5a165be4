#!/usr/bin/env bash
# Expected: a config.json of transformers 5 with `rope_parameters` means what `rope_parameters` says; a `rope_scaling` left
# over from transformers 4 beside it is merged, refused, or at least reported.
# Seen: in transformers 5.24.0 a `rope_scaling` that is not empty takes the place of `rope_parameters` whole, without a
# word: the base of the rotation falls from the 1000000 stated in `rope_parameters` to the default of 10000, or to the
# top-level `rope_theta`. The other way round, `rope_theta` beside `rope_parameters` is passed over.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install transformers==5.24.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import warnings

import transformers
from transformers import GemmaConfig

warnings.simplefilter("error")
print("transformers", transformers.__version__)
stated = {"rope_type": "default", "rope_theta": 1e6}
cases = [
    ({"rope_parameters": dict(stated)}, 1e6),
    ({"rope_parameters": dict(stated), "rope_scaling": {"type": "default"}}, 1e4),
    ({"rope_parameters": dict(stated), "rope_scaling": {"type": "default"}, "rope_theta": 5e5}, 5e5),
    ({"rope_parameters": dict(stated), "rope_scaling": {}}, 1e6),
    ({"rope_parameters": dict(stated), "rope_theta": 5e5}, 1e6),
]
for config, expected in cases:
    # The dictionaries are changed in place, so they are shown first.
    words = repr(config)
    theta = GemmaConfig(**config).rope_parameters["rope_theta"]
    print(f"{words} -> {theta}")
    assert theta == expected, (words, theta, expected)
PYTHON
