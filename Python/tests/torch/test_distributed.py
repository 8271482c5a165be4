"""Data-parallel training wraps the module as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from .support import Bundles, Goldens


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("process_group")
def test_data_parallel_training_takes_steps(bundle: Bundles, golden: Goldens) -> None:
    case = golden("depthvla_batch2_missing")
    alone, wrapped = (case.model(bundle("plain"), torch.float32) for _ in range(2))
    parallel = DistributedDataParallel(wrapped, find_unused_parameters=True)
    for model in (alone, parallel):
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        for _ in range(3):
            optimizer.zero_grad()
            model(case.observation, case.targets).total.backward()
            optimizer.step()
    state = wrapped.state_dict()
    for name, value in alone.state_dict().items():
        torch.testing.assert_close(state[name], value, msg=name)
