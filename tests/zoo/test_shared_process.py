"""What the members of a pack share: a process, and the one clock by which a hang among them is noticed."""

from __future__ import annotations

import os
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from imbench import Recipe
from imbench.execution.attempt import Attempt, Limits
from imbench.execution.job import Item, Job
from imbench.execution.wire import encode
from imbench.matrix.cell import Budget, Coordinates
from imbench.strategy.parts import Resampled
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.mlp import MLP
from imbench.training.shared import Numerics, undisturbed
from tests.training.problems import Focal, problem


def working(attempt: Attempt, item: int | None) -> None:
    attempt.read(b"".join(encode({"kind": "working", "item": item, "doing": "training"}, None)))


def test_items_that_run_together_are_given_up_after_one_silence_and_not_after_all_their_times() -> None:
    attempt = Attempt(Job("a:b", None, tuple(Item(at, f"item-{at}") for at in range(20))), Limits(timeout=10.0))
    attempt.spend(150.0)  # start-up has said nothing yet, and has the time of all
    for _ in range(4):
        working(attempt, None)
        attempt.spend(9.9)
    assert attempt.verdict is None
    attempt.spend(0.2)
    assert attempt.verdict is not None
    assert attempt.verdict.status == "timeout"
    assert attempt.verdict.reason == "gave no sign of life for 10 s (training)"
    outcomes, back = attempt.end(-9, starved=False)
    assert outcomes == [], "nobody is guilty yet"
    assert [len(job.items) for job in back] == [10, 10]


def test_a_pack_says_how_far_it_is() -> None:
    def slow(logits, labels, facts):
        time.sleep(0.1)
        return Focal()(logits, labels, facts)

    data = problem()
    recipe = Recipe(loss=slow)
    said: list[str] = []
    member = Member(recipe=recipe, data=data, rows=resample(data, recipe))
    budget = Budget(steps=12, batch_size=16, evaluations=0)
    train_pack([member], MLP(11, 2, hidden=8), budget, torch.device("cpu"), tell=said.append)
    assert 2 <= len(said) <= 6
    assert all(text.endswith("of 12") for text in said)


def test_a_strategy_leaves_the_process_as_it_found_it(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def state() -> tuple[object, ...]:
        mask = os.umask(0o022)
        os.umask(mask)
        numerics = Numerics()
        return (
            numerics.torch, numerics.numpy, torch.get_default_device(), torch.is_grad_enabled(),
            Path.cwd(), dict(os.environ), mask, list(warnings.filters),
        )  # fmt: skip

    def wreck() -> None:
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_num_threads(3)
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(True)
        np.seterr(all="raise")
        warnings.simplefilter("ignore")
        os.chdir("/")
        os.environ.clear()
        os.umask(0o777)
        raise LookupError

    before = state()
    with pytest.raises(LookupError), undisturbed():
        wreck()
    assert state() == before


def test_global_generators_start_from_the_block_and_not_from_what_ran_before() -> None:
    def drawn(seed: int) -> tuple[float, float]:
        with undisturbed(Coordinates(dataset="d", ratio="natural", seed=seed)):
            return float(np.random.random()), float(torch.rand(()))

    first = drawn(0)
    np.random.random(100)
    torch.rand(100)
    assert drawn(0) == first
    assert drawn(1) != first


def test_a_loss_that_changes_how_torch_computes_is_not_felt_by_its_neighbours() -> None:
    """Steps of the neighbours come after the call that changed it, in the very same pack."""

    def wrecking(logits, labels, facts):
        losses = Focal()(logits, labels, facts)
        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(2)
        np.seterr(all="raise")
        return losses

    def augment_by_default_type(inputs, labels, counts, generator):
        from imbench import Mixture

        halves = torch.full((len(labels),), 0.5)  # of the default type
        shifted = inputs + torch.zeros(1).to(halves.dtype)
        assert shifted.dtype == torch.float32
        return Mixture(shifted, ((labels, halves), (labels.flip(0), halves)))

    data = problem()
    recipes = [Recipe(loss=wrecking), Recipe(augment=augment_by_default_type)]
    members = [Member(recipe=recipe, data=data, rows=resample(data, recipe)) for recipe in recipes]
    budget = Budget(steps=40, batch_size=32, evaluations=2)
    before = Numerics()
    packed = train_pack(members, MLP(11, 2, hidden=8), budget, torch.device("cpu"))
    assert Numerics() == before
    again = Member(recipe=recipes[1], data=data, rows=resample(data, recipes[1]))
    (alone,) = train_pack([again], MLP(11, 2, hidden=8), budget, torch.device("cpu"))
    assert not isinstance(packed[1], Exception), packed[1]
    assert not isinstance(alone, Exception)
    np.testing.assert_array_equal(packed[1](data.x_test), alone(data.x_test))


def test_what_a_part_changes_while_it_trains_is_put_back(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def careless(counts, effective, progress):
        os.environ["LEFT_BEHIND"] = "1"
        os.chdir("/")
        return np.ones(len(counts))

    data, recipe = problem(), Recipe(weight=careless)
    member = Member(recipe=recipe, data=data, rows=resample(data, recipe))
    budget = Budget(steps=4, batch_size=16, evaluations=1)
    (trained,) = train_pack([member], MLP(11, 2, hidden=8), budget, torch.device("cpu"))
    assert not isinstance(trained, Exception), trained
    assert "LEFT_BEHIND" not in os.environ
    assert Path.cwd() == tmp_path


def test_rows_that_a_pack_shares_stay_read_only() -> None:
    data = problem()

    def writing(view, rng):
        view.x[:] = 0
        return Resampled(keep=np.arange(len(view.y)))

    with pytest.raises(ValueError, match="read-only"):
        resample(data, Recipe(resample=writing))
    for array in (data.x_train, data.y_train, data.x_validation, data.y_validation, data.x_test):
        assert not array.flags.writeable
