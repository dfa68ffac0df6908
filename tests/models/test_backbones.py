"""Facts that hold for every registered graph network, head and loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from motionreg.errors import ConfigError, DataError
from motionreg.layouts import get_layout
from motionreg.models.backbones.graph_backbone import GraphBackbone, distinct_persons
from motionreg.models.layers import MultiScaleTemporalConv, SpatialGraphConv
from motionreg.registry import BACKBONES, HEADS, LOSSES, MODELS

BACKBONE_NAMES = [name for name in BACKBONES.names() if issubclass(BACKBONES.resolve(name), GraphBackbone)]
VARIANTS: list[dict[str, Any]] = [
    {},
    {'edge': 'fixed'}, {'edge': 'offset'}, {'edge': 'free'}, {'edge': 'mask'},
    {'spatial_order': 'aggregate'}, {'spatial_residual': True}, {'input_norm': 'per-person-joint'},
    {'input_norm': 'none'}, {'graph': {'strategy': 'stgcn_spatial', 'max_hop': 2, 'distances': 'true'}},
    {'temporal': 'multi-scale', 'mid_ratio': 0.25}, {'norm': 'group', 'act': 'gelu'}, {'ch_ratio': 1.5},
    {'in_channels': 8}, {'dropout': [0, 0.1, 0.2]}, {'ch_ratio': [2.5]}, {'ignore_joints': ['nose', 'left_wrist']},
]


def build(name: str, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    small = {'base_channels': 8, 'num_stages': 3, 'inflate_stages': [2], 'down_stages': [3]}
    return BACKBONES.build({'type': name, 'layout': 'coco', **small, **options})


def clip(persons: int = 2, channels: int = 3, frames: int = 9) -> torch.Tensor:
    return torch.randn(4, persons, frames, get_layout('coco').num_joints, channels,
                       generator=torch.Generator().manual_seed(1))


def clip_for(net: nn.Module) -> torch.Tensor:
    """A clip of 9 frames, or of the next lower number that the net takes."""
    return clip(frames=9 - 9 % net.frame_multiple)


@pytest.mark.parametrize('name', BACKBONE_NAMES)
def test_shape_and_declared_width(name: str) -> None:
    net = build(name)
    x = clip_for(net)
    assert net(x).shape == (4, 2, net.out_channels, (x.shape[2] + 1) // 2, 17)


@pytest.mark.parametrize('name', BACKBONE_NAMES)
def test_gradients_reach_every_parameter(name: str) -> None:
    net = build(name)
    net(clip_for(net)).square().sum().backward()
    assert [key for key, p in net.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize('name', BACKBONE_NAMES)
def test_persons_do_not_mix_at_inference(name: str) -> None:
    net = build(name).eval()
    x = clip_for(net)
    with torch.no_grad():
        together = net(x)
        changed = x.clone()
        changed[:, 1] = 0
        torch.testing.assert_close(net(changed)[:, 0], together[:, 0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize('name', BACKBONE_NAMES)
@pytest.mark.parametrize('input_norm', ['per-joint', 'per-person-joint'])
def test_sharing_empty_persons_is_exact(name: str, input_norm: str) -> None:
    net = build(name, input_norm=input_norm)
    for module in net.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2)
    net.eval()
    x = clip_for(net)
    x[0, 1] = x[2, 1] = x[3, 1] = x[3, 0] = 0
    assert distinct_persons(x)[0] is not None
    with torch.no_grad():
        shared = net(x)
        net.share_empty_persons = False
        torch.testing.assert_close(shared, net(x), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize('options', VARIANTS, ids=str)
def test_every_option_builds_and_trains(options: dict[str, Any]) -> None:
    net = build('STGCN', **options)
    out = net(clip(channels=options.get('in_channels', 3)))
    out.square().mean().backward()
    assert torch.isfinite(out).all()
    assert all(p.grad is not None for p in net.parameters())


def test_stgcnpp_is_stgcn_with_other_defaults() -> None:
    options = {'graph': 'spatial', 'edge': 'free', 'spatial_residual': True, 'temporal': 'multi-scale'}
    torch.manual_seed(0)
    a, b = build('STGCN', **options), build('STGCNpp')
    b.load_state_dict(a.state_dict())
    torch.testing.assert_close(a.eval()(clip()), b.eval()(clip()))


@pytest.mark.parametrize('options', [{'edge': 'learned'}, {'temporal': 'lstm'}, {'input_norm': 'VC'}, {'norm': 'BN'},
                                     {'act': 'rellu'}, {'spatial_order': 'pre'}, {'down_stages': [9]},
                                     {'ch_ratio': [2, 2]}, {'ignore_joints': ['noes']},
                                     {'ignore_joints': get_layout('coco').joints},
                                     {'dropout': [0.1]}, {'graph': 'spacial'},
                                     {'graph': {'strategy': 'spatial', 'k': 1}}])
def test_unknown_words_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        build('STGCN', **options)


@pytest.mark.parametrize('name', ['STGCN', 'STGCNpp'])
def test_joints_that_are_left_out_change_nothing(name: str) -> None:
    net = build(name, ignore_joints=['nose', 'left_wrist']).eval()
    x = clip()
    changed = x.clone()
    joints = [get_layout('coco').index(joint) for joint in ('nose', 'left_wrist')]
    changed[..., joints, :] += 1
    with torch.no_grad():
        assert net(x).shape == (4, 2, net.out_channels, 5, 15)
        assert torch.equal(net(x), net(changed))
    net.load_state_dict(build(name).state_dict())


def test_wrong_joints_or_channels_are_told() -> None:
    net = build('STGCN')
    with pytest.raises(DataError, match='17 joints with 2 channels'):
        net(clip(channels=2))
    with pytest.raises(DataError, match='num_person=2'):
        build('STGCN', input_norm='per-person-joint')(clip(persons=1))


def test_graph_convolution_equals_its_formula() -> None:
    torch.manual_seed(0)
    adjacency = torch.rand(3, 5, 5)
    for order in ('project', 'aggregate'):
        layer = SpatialGraphConv(4, 6, adjacency, edge='mask', order=order, norm='none', act='none')
        nn.init.uniform_(layer.edges.weight)
        x = torch.randn(2, 4, 7, 5)
        edges = layer.edges()
        if order == 'project':
            expected = torch.einsum('nkctv,kvw->nctw', layer.conv(x).view(2, 3, 6, 7, 5), edges)
        else:
            expected = layer.conv(torch.einsum('nctv,kvw->nkctw', x, edges).reshape(2, 12, 7, 5))
        torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)


def test_multi_scale_unit_needs_known_branches() -> None:
    with pytest.raises(ConfigError, match='temporal branch'):
        MultiScaleTemporalConv(8, 8, branches=[(3, 1), 'avg'])


def test_overfits_eight_samples() -> None:
    torch.manual_seed(0)
    model = MODELS.build({'type': 'SkeletonRecognizer', 'backbone': {
        'type': 'STGCNpp', 'layout': 'coco', 'base_channels': 8, 'num_stages': 3, 'inflate_stages': [3],
        'down_stages': [3]}, 'head': {'type': 'GraphPoolHead', 'num_classes': 8, 'in_channels': 16}})
    x, labels = torch.randn(8, 1, 12, 17, 3), torch.arange(8)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        loss = model.head.loss(model(x, mode='tensor'), labels)['loss_cls']
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    assert (model(x, mode='tensor').argmax(1) == labels).all()


@pytest.mark.parametrize('average', ['prob', 'logit'])
def test_test_clips_are_averaged(average: str) -> None:
    model = MODELS.build({'type': 'SkeletonRecognizer', 'average_clips': average, 'backbone': {
        'type': 'STGCN', 'layout': 'coco', 'base_channels': 8, 'num_stages': 2, 'inflate_stages': [],
        'down_stages': []}, 'head': {'type': 'GraphPoolHead', 'num_classes': 3, 'in_channels': 8}}).eval()
    x = torch.randn(2, 5, 1, 6, 17, 3)
    with torch.no_grad():
        logits = model(x, mode='tensor')
        samples = model(x, mode='predict')
    expected = logits.softmax(-1).mean(1) if average == 'prob' else logits.mean(1).softmax(-1)
    torch.testing.assert_close(torch.stack([sample.pred_scores for sample in samples]), expected)


def test_labels_outside_the_classes_are_told() -> None:
    head = HEADS.build({'type': 'GraphPoolHead', 'num_classes': 3, 'in_channels': 4})
    with pytest.raises(DataError, match='num_classes=3'):
        head.loss(torch.zeros(2, 3), torch.tensor([0, 3]))


def test_cross_entropy_equals_torch() -> None:
    logits, labels = torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 3])
    loss = LOSSES.build({'type': 'CrossEntropyLoss', 'label_smoothing': 0.1, 'class_weight': [1, 2, 3, 4],
                         'loss_weight': 0.5})
    expected = 0.5 * nn.functional.cross_entropy(logits, labels, torch.tensor([1., 2, 3, 4]), label_smoothing=0.1)
    torch.testing.assert_close(loss(logits, labels), expected)
    torch.testing.assert_close(LOSSES.build({'type': 'CrossEntropyLoss'})(logits, logits.softmax(1)),
                               nn.functional.cross_entropy(logits, logits.softmax(1)))
