#!/usr/bin/env bash
# Expected: a Ray Data job with a CheckpointConfig goes on where it was stopped, on the cluster that it was begun on.
# Seen: in Ray 2.60.0 the first run of a job needs the processors of its actors and one more, which its writes share. A run that
# finds a checkpoint also has a CheckpointFilter, an actor with a processor of its own (and 1 GiB of memory), and reads in tasks
# of their own before it, where the first run read in the actors. Neither number can be set. With two processors and one actor
# the first run ends, and the second waits without an end and without a word, no processor left; with three it ends.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install 'ray[data]==2.60.0'
# Ray on this machine alone, on the loopback address, without reports to its makers.
export RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 RAY_USAGE_STATS_ENABLED=0
cat >"$folder/job.py" <<'PYTHON'
import os
import sys
import threading

import ray
from ray.data.checkpoint import CheckpointConfig

folder, processors = sys.argv[1], int(sys.argv[2])
ray.init(
    num_cpus=processors, object_store_memory=100 << 20, include_dashboard=False, logging_level="error", log_to_driver=False
)


class Same:
    def __call__(self, batch):
        return batch


context = ray.data.DataContext.get_current()
context.enable_progress_bars = False
context.checkpoint_config = CheckpointConfig("id", f"{folder}/checkpoint", delete_checkpoint_on_success=False)


def stuck():
    print("stuck", ray.available_resources().get("CPU", 0.0), flush=True)
    ray.shutdown()
    os._exit(0)


# The first run has a hundred rows, the second a hundred more.
for count in (100, 200):
    timer = threading.Timer(60, stuck)
    timer.start()
    rows = ray.data.range(count, override_num_blocks=count // 10)
    pool = ray.data.ActorPoolStrategy(size=1)
    rows.map_batches(Same, batch_size=None, compute=pool, num_cpus=1).write_parquet(f"{folder}/out")
    timer.cancel()
    print("ended", count, ray.data.read_parquet(f"{folder}/checkpoint").count() if count == 100 else "", flush=True)
ray.shutdown()
PYTHON
for processors in 2 3; do
  echo "processors: $processors"
  mkdir "$folder/$processors"
  "$folder/venv/bin/python" "$folder/job.py" "$folder/$processors" "$processors" 2>"$folder/log" \
    | grep -E '^(ended|stuck)' | tee "$folder/seen-$processors"
done
grep -q '^ended 100' "$folder/seen-2"
grep -q '^stuck 0.0' "$folder/seen-2"
grep -q '^ended 200' "$folder/seen-3"
