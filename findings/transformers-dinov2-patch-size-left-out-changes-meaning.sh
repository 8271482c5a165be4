#!/usr/bin/env bash
# Expected: a configuration that transformers wrote with one version means the same to the next: a value that is left out
# because it is the default stays that value.
# Seen: Dinov2Config.patch_size was 16 in transformers 4.41.2 and is 14 in 4.57.6 and 5.24.0. A backbone_config of 16
# pixels, which to_diff_dict leaves out as the default, is read as 14 by the later versions, and one of 14 pixels that they
# leave out is read as 16 by the earlier one. The number of patches, and so the position table, differ; nothing warns.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 4.41.2 4.57.6 5.24.0; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" -q install "transformers==$version" "numpy<2.5"
done
ask() { "$folder/$1/bin/python" - "$2" 2>/dev/null; }
for version in 4.41.2 4.57.6 5.24.0; do
  ask "$version" "" <<'PYTHON'
import transformers
from transformers import Dinov2Config

found = Dinov2Config().patch_size
print("transformers", transformers.__version__, "Dinov2Config().patch_size =", found)
assert found == (16 if transformers.__version__ == "4.41.2" else 14), found
PYTHON
done
written=$(ask 4.41.2 "" <<'PYTHON'
import json
from transformers import Dinov2Config

print(json.dumps(Dinov2Config(patch_size=16).to_diff_dict()))
PYTHON
)
echo "written by 4.41.2 for patches of 16 pixels: $written"
case "$written" in *patch_size*) echo "patch_size is written"; exit 1 ;; esac
read_again=$(ask 5.24.0 "$written" <<'PYTHON'
import json
import sys
from transformers import Dinov2Config

print(Dinov2Config(**json.loads(sys.argv[1])).patch_size)
PYTHON
)
echo "read by 5.24.0: patches of $read_again pixels"
[ "$read_again" = 14 ]
