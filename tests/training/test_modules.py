"""Any module stacks: a pack equals its cells alone, and a module written like the mlp learns like the mlp."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from imbench.matrix.cell import Budget
from imbench.training.loop import train_pack
from imbench.training.member import Member, resample
from imbench.training.modules import ModuleBackbone
from imbench.training.optimiser import RowAdam
from imbench.training.trained import Trained

from .problems import RECIPES, problem

#: Batched kernels of vmap sum in another order than single ones.
TOLERANCE = 1e-4


def tanh_net() -> nn.Module:
    return nn.Sequential(nn.Linear(11, 16), nn.Tanh(), nn.LayerNorm(16), nn.Linear(16, 8), nn.ReLU())


def members(recipes, blocks):
    return [Member(recipe=recipe, data=data, rows=resample(data, recipe)) for data in blocks for recipe in recipes]


def test_a_pack_of_modules_equals_each_alone():
    data = problem(0)
    recipes = [RECIPES[name] for name in ("plain", "focal", "interpolate", "balanced", "mixup")]
    backbone = ModuleBackbone(tanh_net, width=8, n_classes=2)
    budget = Budget(steps=40, batch_size=32, evaluations=2)
    packed = train_pack(members(recipes, [data]), backbone, budget, torch.device("cpu"))
    for together, member in zip(packed, members(recipes, [data]), strict=True):
        (alone,) = train_pack([member], backbone, budget, torch.device("cpu"))
        assert isinstance(together, Trained), together
        assert isinstance(alone, Trained), alone
        np.testing.assert_allclose(together(data.x_test), alone(data.x_test), rtol=0, atol=TOLERANCE)


def test_gradients_equal_those_of_the_module_itself():
    backbone = ModuleBackbone(tanh_net, width=8, n_classes=3)
    flat = torch.stack([backbone.initial(torch.Generator().manual_seed(seed)) for seed in (0, 1)])
    stack = backbone.stack(flat, 16)
    x, upstream = torch.randn(2, 16, 11), torch.randn(2, 16, 8)
    features = stack.features(x, None)
    stack.backward(upstream)
    for cell in range(2):
        module = tanh_net()
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                start, shape = backbone.places[name]
                parameter.copy_(flat[cell, start : start + shape.numel()].view(shape))
        expected = module(x[cell])
        torch.testing.assert_close(features[cell], expected.detach())
        expected.backward(upstream[cell])
        for name, parameter in module.named_parameters():
            start, shape = backbone.places[name]
            torch.testing.assert_close(stack.grad[cell, start : start + shape.numel()].view(shape), parameter.grad)


def test_initial_weights_come_from_the_stream_alone():
    backbone = ModuleBackbone(tanh_net, width=8, n_classes=2)
    torch.manual_seed(1)
    first = backbone.initial(torch.Generator().manual_seed(5))
    state = torch.random.get_rng_state()
    second = backbone.initial(torch.Generator().manual_seed(5))
    assert torch.equal(first, second)
    assert torch.equal(state, torch.random.get_rng_state())
    assert not torch.equal(first, backbone.initial(torch.Generator().manual_seed(6)))


def test_buffers_are_refused():
    with pytest.raises(ValueError, match=r"buffer '1\.running_mean'"):
        ModuleBackbone(lambda: nn.Sequential(nn.Linear(11, 8), nn.BatchNorm1d(8)), 8, 2).size  # noqa: B018


def test_padding_between_parameters_stays_zero():
    backbone = ModuleBackbone(tanh_net, width=8, n_classes=2)
    flat = torch.stack([backbone.initial(torch.Generator().manual_seed(0))])
    stack = backbone.stack(flat, 16)
    stack.features(torch.randn(1, 16, 11), None)
    stack.backward(torch.randn(1, 16, 8))
    RowAdam(flat, stack.grad, weight_decay=0.1).step([0.1])
    used = torch.zeros(backbone.size, dtype=torch.bool)
    for start, shape in backbone.places.values():
        used[start : start + shape.numel()] = True
    used[backbone.head_start :] = True
    assert (flat[0, ~used] == 0).all()
