#!/usr/bin/env bash
# Expected: transformers 5 writes what a backbone gives on as the stages it means, so that a reader of config.json finds
# numbers of layers.
# Seen: `out_indices` that count from the end are kept and written as they were given, beside `out_features` that name the
# stages; a reader that takes the numbers as layers fails on -10, and one that reads only `out_features` gets 3. Stage 0 is
# the stem, so that -1 of 12 layers is 12 and not 11. -13 is the stem too, and -14 an IndexError rather than the
# ValueError that 13 gives.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install transformers==5.24.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import transformers
from transformers import Dinov2Config

print("transformers", transformers.__version__)
config = Dinov2Config(num_hidden_layers=12, out_indices=[-10, -7, -4, -1]).to_dict()
print(config["out_indices"], config["out_features"])
assert config["out_indices"] == [-10, -7, -4, -1]
assert config["out_features"] == ["stage3", "stage6", "stage9", "stage12"]
assert Dinov2Config(num_hidden_layers=12, out_indices=[-13, 12]).out_features == ["stem", "stage12"]
for index, expected in ((-14, IndexError), (13, ValueError)):
    try:
        Dinov2Config(num_hidden_layers=12, out_indices=[index])
    except Exception as error:
        print(index, type(error).__name__)
        assert type(error) is expected, error
    else:
        raise AssertionError(index)
PYTHON
