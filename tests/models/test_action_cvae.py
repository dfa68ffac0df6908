"""ActionCVAE: padding, durations, conditions, what is cheap and yet the same."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from motionreg.errors import CheckpointError, ConfigError, DataError
from motionreg.models.conversion import convert
from motionreg.models.generators import ActionCVAE
from motionreg.models.layers.transformer import Attention, DecoderLayer, Dropout, EncoderLayer, key_bias
from motionreg.models.losses import GaussianKLLoss, MaskedMSELoss, MaskedVelocityLoss

VARIANTS = [{}, {'encoder': 'average'}, {'condition': 'concat'}, {'condition': 'linear'}, {'positions': 'fraction'},
            {'encoder': 'average', 'condition': 'linear', 'positions': 'fraction'}]
variants = pytest.mark.parametrize('options', VARIANTS, ids=lambda options: '-'.join(options.values()) or 'published')
LABELS, LENGTHS = torch.tensor([0, 2, 1, 2]), torch.tensor([7, 1, 4, 9])


def build(**options) -> ActionCVAE:
    torch.manual_seed(0)
    return ActionCVAE(3, in_channels=12, latent_dim=16, ff_size=32, num_layers=2, num_heads=2, **options)


def joints(x: Tensor) -> Tensor:
    """Four joints, of which only directions count, as with rotations."""
    return nn.functional.normalize(x.unflatten(-1, (4, 3)), dim=-1)


def batch(width: int = 9) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    mask = torch.arange(width) < LENGTHS[:, None]
    return torch.randn(4, 9, 12)[:, :width] * mask[..., None], mask


@variants
def test_padded_frames_change_nothing(options: dict[str, str]) -> None:
    net = build(**options).eval()
    features, mask = batch()
    noise = torch.randn(4, 16)
    output, mu, logvar = net(features, mask, LABELS, noise)
    for padding in (torch.nan, torch.inf, 1e6):
        dirty = torch.nn.functional.pad(features.masked_fill(~mask[..., None], padding), (0, 0, 0, 3), value=padding)
        wide = torch.nn.functional.pad(mask, (0, 3))
        found = net(dirty, wide, LABELS, noise)
        torch.testing.assert_close(found[0][:, :9], output)
        assert not found[0][~wide].any()
        torch.testing.assert_close(found[1:], (mu, logvar))
    for row, length in enumerate(LENGTHS.tolist()):
        alone = net(features[row:row + 1, :length], mask[row:row + 1, :length], LABELS[row:row + 1],
                    noise[row:row + 1])
        torch.testing.assert_close(alone[0][0], output[row, :length])
        torch.testing.assert_close(alone[1][0], mu[row])


@variants
def test_padded_frames_change_no_loss_and_no_gradient(options: dict[str, str]) -> None:
    weights = {'rc': 1.0, 'rcxyz': 1.0, 'kl': 1e-2, 'vel': 0.5, 'velxyz': 0.5}
    features, mask = batch()
    noise = torch.randn(4, 16)
    gradients = []
    for padding in (0.0, torch.nan):
        net = build(losses=weights, **options).eval()
        losses = net.loss(features.masked_fill(~mask[..., None], padding), mask, LABELS, joints, noise)
        assert list(losses) == [f'loss_{name}' for name in weights]
        sum(losses.values()).backward()
        gradients.append({name: parameter.grad for name, parameter in net.named_parameters()})
    assert all(value is not None and value.isfinite().all() for value in gradients[0].values())
    torch.testing.assert_close(*gradients)


@variants
def test_every_parameter_that_counts_has_a_gradient(options: dict[str, str]) -> None:
    net = build(losses={'rc': 1.0, 'kl': 1e-2}, **options).train()
    features, mask = batch()
    sum(net.loss(features, mask, LABELS).values()).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_loss_falls() -> None:
    net = build(losses={'rc': 1.0, 'kl': 1e-5}, dropout=0.0)
    features, mask = batch()
    optimizer = torch.optim.AdamW(net.parameters(), 5e-3)
    first = None
    for _ in range(80):
        loss = sum(net.loss(features, mask, LABELS).values())
        first = first or loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5 * first


@variants
def test_samples_depend_on_seed_and_class_alone(options: dict[str, str]) -> None:
    net = build(**options).train()
    before = torch.get_rng_state()
    output, mask = net.sample(LABELS, LENGTHS, torch.Generator().manual_seed(3))
    again, _ = net.sample(LABELS, LENGTHS, torch.Generator().manual_seed(3))
    assert torch.equal(torch.get_rng_state(), before)
    assert net.training
    assert torch.equal(output, again)
    assert torch.equal(mask.sum(dim=1), LENGTHS)
    other, _ = net.sample((LABELS + 1) % 3, LENGTHS, torch.Generator().manual_seed(3))
    assert not torch.allclose(output, other)
    dropped, _ = net.sample(LABELS, LENGTHS, torch.Generator().manual_seed(3), dropout=True)
    assert not torch.allclose(output, dropped)


def test_attention_to_one_token_is_attention() -> None:
    torch.manual_seed(0)
    layer, x, token = Attention(16, 4), torch.randn(5, 3, 16), torch.randn(1, 3, 16)
    hidden = key_bias(torch.tensor([[True, False]] * 3), torch.float32)
    expected = layer(x, torch.cat((token, torch.randn(1, 3, 16))), hidden)
    torch.testing.assert_close(layer(x, token).expand(5, 3, 16), expected)


def test_dropped_attention_to_one_token_drops_whole_heads() -> None:
    torch.manual_seed(0)
    layer, token = Attention(16, 4, dropout=0.5).train(), torch.randn(1, 1, 16)
    layer.out.weight.data.copy_(torch.eye(16))
    heads = layer(torch.zeros(4000, 1, 16), token)[:, 0].unflatten(-1, (4, 4))
    kept = (heads != 0).any(dim=-1)
    assert torch.equal((heads != 0).all(dim=-1), kept)
    torch.testing.assert_close(kept.float().mean(dim=0), torch.full((4,), 0.5), atol=0.05, rtol=0)
    torch.testing.assert_close(heads.mean(dim=0).flatten(), layer.eval()(token, token).flatten(), atol=0.1, rtol=0.1)


def test_dropped_attention_is_attention_on_average() -> None:
    torch.manual_seed(0)
    layer, x = Attention(16, 4, dropout=0.2).train(), torch.randn(5, 1, 16)
    bias = key_bias(torch.arange(5)[None] < 4, x.dtype)
    mean = layer(x.expand(5, 8000, 16), bias=bias.expand(8000, -1, -1, -1)).mean(dim=1, keepdim=True)
    torch.testing.assert_close(mean, layer.eval()(x, bias=bias), atol=0.02, rtol=0)


def test_layers_are_those_of_torch() -> None:
    """Through the names of ACTOR's checkpoints, which are torch's. With a dropout too low to drop, both paths."""
    torch.manual_seed(0)
    ours = {'encoder': EncoderLayer(16, 4, 32, 1e-9), 'decoder': DecoderLayer(16, 4, 32, 1e-9)}
    mask = torch.arange(6) < torch.tensor([[6], [3]])
    x, memory, bias = torch.randn(6, 2, 16), torch.randn(1, 2, 16), key_bias(mask, torch.float32)
    for name, kind in (('encoder', nn.TransformerEncoderLayer), ('decoder', nn.TransformerDecoderLayer)):
        layer = kind(16, 4, 32, 0.0, 'gelu')
        weights, _ = convert({f'generator.{name}.0.{key}': value for key, value in ours[name].state_dict().items()},
                             'actioncvae', target='actor')
        prefix = f'{name}.seqTrans{name.capitalize()}.layers.0.'
        layer.load_state_dict({key.removeprefix(prefix): value for key, value in weights.items()})
        expected = layer(x, src_key_padding_mask=~mask) if name == 'encoder' else layer(
            x, memory, tgt_key_padding_mask=~mask)
        for training in (False, True):
            ours[name].train(training)
            found = ours[name](x, bias) if name == 'encoder' else ours[name](x, memory, bias)
            torch.testing.assert_close(found[mask.t()], expected[mask.t()])
            if name == 'encoder':
                torch.testing.assert_close(ours[name](x, bias, rows=2), found[:2])


@variants
def test_weights_go_to_actor_and_back(options: dict[str, str]) -> None:
    ours = {f'generator.{key}': value for key, value in build(**options).state_dict().items()}
    theirs, _ = convert(ours, 'actioncvae', target='actor')
    back, _ = convert(theirs, 'actioncvae', source='actor')
    assert set(back) == set(ours)
    assert all(torch.equal(back[key], value) for key, value in ours.items())
    table = 'decoder.sequence_pos_encoder.pe'
    with pytest.raises(CheckpointError, match='not the sinusoids'):
        convert({**theirs, table: theirs[table] + 1}, 'actioncvae', source='actor')


@pytest.mark.parametrize('rate', [0.0, 0.1, 0.5, 0.9, 1.0])
def test_dropout_keeps_its_share_and_the_mean(rate: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(101, 1001, requires_grad=True)
    y = Dropout(rate).train()(x)
    assert float((y == 0).float().mean()) == pytest.approx(rate, abs=0.005)
    if rate < 1:
        kept = y[y != 0]
        torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - rate)))
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    assert torch.equal(Dropout(rate).eval()(x), x)


def test_losses_by_hand() -> None:
    output, mask = torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]])
    target = torch.zeros(1, 3, 1)
    assert MaskedMSELoss(2.0)(output, target, mask).item() == 2 * (1 + 9) / 2
    assert MaskedVelocityLoss()(output, target, mask).item() == 4
    assert MaskedVelocityLoss()(output[:, :1], target[:, :1], mask[:, :1]).item() == 0
    mu, logvar = torch.tensor([[1.0, 0.0], [2.0, 0.0]]), torch.zeros(2, 2)
    assert GaussianKLLoss()(mu, logvar).item() == 2.5
    assert GaussianKLLoss('mean')(mu, logvar).item() == 2.5 / 4


def test_errors_say_what_to_do() -> None:
    features, mask = batch()
    with pytest.raises(ConfigError, match='add one, or leave out rcxyz and velxyz'):
        build().loss(features, mask, LABELS)
    with pytest.raises(ConfigError, match='hp: not a loss of ActionCVAE'):
        build(losses={'hp': 1.0})
    with pytest.raises(ConfigError, match="encoder must be one of tokens, average; got 'none'"):
        build(encoder='none')
    with pytest.raises(ConfigError, match='16 channels cannot be shared between 3 heads'):
        ActionCVAE(3, latent_dim=16, num_heads=3)
    with pytest.raises(DataError, match='check the codec'):
        build()(features[..., :6], mask, LABELS)
    with pytest.raises(DataError, match=r'labels 1\.\.3 do not fit num_classes=3'):
        build().sample(torch.tensor([1, 3]), torch.tensor([4, 4]))
    with pytest.raises(DataError, match='lengths start at 1'):
        build().sample(torch.tensor([1]), torch.tensor([0]))
