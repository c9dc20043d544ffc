"""The short form of the benchmarks, the code that it shares with the long form, and the GPU script on a CPU."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from imbench.training.measure import (
    CPU,
    Shape,
    Turns,
    in_turns,
    one_thread,
    pack_of,
    plain_loop,
    sample_data,
    step_flops,
)
from imbench.training.mlp import MLP

GPU_SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu.py"


@pytest.fixture(scope="module")
def gpu():
    spec = importlib.util.spec_from_file_location("imbench_gpu_script", GPU_SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_contestants_take_turns_and_the_first_turn_does_not_count() -> None:
    clock, played = [0.0], []

    def play(name: str, lengths: list[float]):
        def call() -> None:
            played.append(name)
            clock[0] += lengths.pop(0)

        return call

    turns = in_turns(
        {"a": play("a", [99.0, 6.0, 8.0, 4.0]), "b": play("b", [77.0, 2.0, 2.0, 4.0])}, 3, lambda: clock[0]
    )
    assert "".join(played) == "abababab"
    assert turns.seconds == {"a": (6.0, 8.0, 4.0), "b": (2.0, 2.0, 4.0)}
    assert turns.median("a") == 6.0
    assert turns.ratio("a", "b") == 3.0
    assert turns.spread("a", "b") == (1.0, 4.0)


def test_what_slows_a_turn_does_not_change_the_ratio() -> None:
    quiet, busy = Turns({"a": (4.0, 4.0), "b": (1.0, 1.0)}), Turns({"a": (4.0, 40.0), "b": (1.0, 10.0)})
    assert quiet.ratio("a", "b") == busy.ratio("a", "b") == 4.0


def test_operations_are_those_that_torch_counts() -> None:
    """Against torch's own counter on the same network trained by autograd."""
    from torch.utils.flop_counter import FlopCounterMode

    mlp, batch = MLP(10, 3, hidden=24), 16
    network = torch.nn.Sequential(
        torch.nn.Linear(10, 24), torch.nn.ReLU(), torch.nn.Linear(24, 24), torch.nn.ReLU(), torch.nn.Linear(24, 3)
    )
    with FlopCounterMode(display=False) as counter:
        network(torch.rand(batch, 10)).sum().backward()
    assert step_flops(mlp, batch) == counter.get_total_flops()


def test_pack_and_loop_train_and_a_pack_names_its_cells_by_number() -> None:
    data, shape = sample_data(768, features=4, share=0.2), Shape(hidden=8, batch=64, steps=400)
    with one_thread():
        assert torch.get_num_threads() == 1
        together = pack_of(3, shape, data)()
        (second,) = pack_of(1, shape, data, first=1)()
        network = plain_loop(shape, data)
    np.testing.assert_array_equal(together[1](data.x_test), second(data.x_test))
    assert not np.array_equal(together[0](data.x_test), second(data.x_test))
    with torch.no_grad():
        loop = torch.softmax(network(torch.from_numpy(data.x_validation.copy())), 1).numpy()
    for scores in (loop, second(data.x_validation)):
        rare = scores[data.y_validation == 1, 1].mean()
        assert rare > 1.5 * scores[data.y_validation == 0, 1].mean()


def test_the_loop_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    plain_loop(Shape(hidden=4, batch=32, steps=2), sample_data(96, features=3, share=0.2))
    # the loader draws its base seed from the global generator, so all of it runs inside a fork
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.slow
def test_bench_prints_a_table_or_json(cli) -> None:
    code, out, err = cli("bench", "--quick")
    assert code == 0
    assert "measuring" in err
    assert "pack against a DataLoader loop" in out
    assert "10,000 cells of 1000 steps would take" in out
    code, out, err = cli("bench", "--quick", "--json")
    found = json.loads(out)
    assert (code, "measuring" in err) == (0, False)
    assert list(found) == ["machine", "engine", "harness", "start_up", "estimate"]
    engine, harness, estimate = found["engine"], found["harness"], found["estimate"]
    assert 0.02 < engine["roofline"] < 1.2
    assert engine["ratio_to_loop_spread"][0] <= engine["ratio_to_loop"] <= engine["ratio_to_loop_spread"][1]
    assert engine["ratio_to_loop"] > 1
    assert min(harness.values()) > 0
    worker = (estimate["ms_of_training"] + harness["job"] / harness["cells_of_a_job"]) / estimate["workers"]
    per_cell = max(worker, harness["scoring"] + harness["store"])
    assert estimate["hours"] == pytest.approx(10_000 * per_cell / 3.6e6)


def test_without_a_gpu_the_script_says_so_in_one_line(gpu, capsys, tmp_path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has one")
    out = tmp_path / "gpu.json"
    assert gpu.main(["--out", str(out)]) == 8
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "expected a CUDA device" in said.err
    assert not out.exists()


def test_the_gpu_script_measures_any_device(gpu, capsys, tmp_path) -> None:
    out = tmp_path / "gpu.json"
    words = ["--device", "cpu", "--packs", "1", "3", "--hidden", "8", "--batch", "32", "--steps", "50"]
    assert gpu.main([*words, "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert [row["cells"] for row in found["speed"]] == [1, 3]
    assert found["left_out"] == []
    assert found["machine"]["torch"] == torch.__version__
    assert found["machine"]["name"]
    assert found["equality"] == {"cells": 3, "steps": 20, "largest": 0.0, "tolerance": gpu.TOLERANCE, "equal": True}
    assert found["synchronisations"]["per_step"] is None
    assert "times the loop" in capsys.readouterr().out


def test_the_gpu_script_says_what_it_had_no_time_for(gpu) -> None:
    found = gpu.measure(CPU, packs=[2], hidden=[8], batch=[32], steps=50, rows=192, seconds=0.0)
    assert found["speed"] == []
    assert found["left_out"] == [{"cells": 2, "hidden": 8, "batch": 32}]


@pytest.mark.gpu
def test_a_step_waits_for_nothing_on_a_gpu(gpu) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    found = gpu.synchronisations(4, Shape(batch=64, device=torch.device("cuda")), sample_data(768))
    assert found["per_step"] == 0
