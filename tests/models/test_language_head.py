"""Supervision by language: what is compared with what, what trains, and what is left at inference."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.model import ExponentialMovingAverage
from torch import nn

from motionreg.config import load_config
from motionreg.engine.preflight import check_config
from motionreg.errors import CheckpointError, ConfigError, DataError
from motionreg.layouts import get_layout, list_layouts
from motionreg.models.conversion import convert
from motionreg.models.conversion.rules import UNUSED
from motionreg.models.heads.language_head import build_language, derangement, pooling
from motionreg.models.losses import MultiPartKLLoss
from motionreg.models.losses.gather import gather_rows
from motionreg.registry import BACKBONES, MODELS
from motionreg.text import TextBank, TextEntry
from tests.models.language import LetterEncoder, bank, batch, recognizer


def total(losses: dict[str, torch.Tensor]) -> torch.Tensor:
    return losses['loss_cls'] + losses['loss_text']


def test_features_of_a_part_are_the_mean_over_its_joints(tmp_path: Path) -> None:
    head = recognizer(tmp_path).language
    features = torch.randn(3, 2, 16, 5, 20)
    arms = get_layout('nw-ucla').part_index('lst4')['arms']
    expected = head.projections['arms'](features[..., arms].mean(dim=(1, 3, 4)))
    torch.testing.assert_close(head(features)[head.slots.index('arms')], expected)


def test_a_frozen_encoder_reads_every_text_once_and_a_cache_keeps_it(tmp_path: Path) -> None:
    model = recognizer(tmp_path, synonyms=2)
    for _ in range(3):
        model(*batch(), mode='loss')
    texts = [text for call in model.language.encoder.calls for text in call]
    assert sorted(texts) == sorted(set(texts)) == sorted(model.language.texts)
    again = recognizer(tmp_path, synonyms=2)
    again(*batch(), mode='loss')
    assert again.language.encoder.calls == []


def test_a_tuned_encoder_reads_the_distinct_texts_of_a_batch_and_gets_gradients(tmp_path: Path) -> None:
    model = recognizer(tmp_path, frozen=False)
    inputs, samples = batch(size=6)
    total(model(inputs, samples, mode='loss')).backward()
    read, = model.language.encoder.calls
    classes = {int(sample.gt_label) for sample in samples}
    assert len(read) == len(set(read)) == len(classes) * len(model.language.slots)
    assert model.language.encoder.matrix.grad.abs().sum() > 0
    assert 'language.encoder.matrix' in model.state_dict()


def test_texts_encoded_once_give_the_loss_and_gradients_of_texts_encoded_for_every_sample(tmp_path: Path) -> None:
    model = recognizer(tmp_path, frozen=False).language
    features, labels = torch.randn(6, 1, 16, 3, 20), torch.tensor([0, 1, 1, 3, 0, 1])
    model.loss(features, labels)['loss_text'].backward()
    expected = model.encoder.matrix.grad.clone()
    model.zero_grad()
    texts = [[model.texts[model.choices[first[label]]] for label in labels] for first in model.first]
    every = torch.stack([model.encoder(of_slot).pooled for of_slot in texts])
    model.loss_fn(model(features), every, labels).backward()
    torch.testing.assert_close(model.encoder.matrix.grad, expected)


def test_every_synonym_is_drawn(tmp_path: Path) -> None:
    head = recognizer(tmp_path, synonyms=3).language
    table = head._vectors()
    drawn = head.text_features(torch.zeros(200, dtype=torch.long))[head.slots.index('global')]
    numbers = {int((table - vector).abs().sum(dim=1).argmin()) for vector in drawn}
    assert {head.texts[number] for number in numbers} == {'wave', 'wave xxx', 'wave yyy', 'wave zzz'}


def test_gradients_reach_every_parameter_and_the_log_gets_every_slot(tmp_path: Path) -> None:
    model = recognizer(tmp_path)
    losses = model(*batch(), mode='loss')
    total(losses).backward()
    assert [name for name, parameter in model.named_parameters() if parameter.grad is None] == []
    assert {name for name in losses if name.startswith('text_')} == {f'text_{slot}' for slot in model.language.slots}
    mean = torch.stack([losses[f'text_{slot}'] for slot in model.language.slots]).mean()
    torch.testing.assert_close(losses['loss_text'].detach(), 0.8 * mean)


def test_shuffled_classes_get_the_texts_of_others(tmp_path: Path) -> None:
    for seed in range(5):
        order = derangement(7, seed)
        assert sorted(order) == list(range(7))
        assert all(order[number] != number for number in range(7))
    plain, shuffled = recognizer(tmp_path).language, recognizer(tmp_path, shuffle_classes=1).language
    order = derangement(4, 1)
    torch.testing.assert_close(shuffled.text_features(torch.arange(4)), plain.text_features(torch.tensor(order)))


def test_inference_is_that_of_the_plain_recogniser(tmp_path: Path) -> None:
    model = recognizer(tmp_path).eval()
    plain = MODELS.build({'type': 'SkeletonRecognizer', 'backbone': model.backbone, 'head': model.head}).eval()
    model.language.forward = model.language.text_features = None    # must not be called
    inputs, _ = batch()
    with torch.no_grad():
        torch.testing.assert_close(model(inputs), plain(inputs), rtol=0, atol=0)
    assert set(plain.state_dict()) == {key for key in model.state_dict() if not key.startswith('language.')}


def test_wrong_part_sets_and_class_counts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"prompts ask for arms, hips, legs; part set 'sgar5'.* has .*torso"):
        recognizer(tmp_path, part_set='sgar5', prompts={'arms': '{arm}', 'hips': '{hip}', 'legs': '{leg}'})
    with pytest.raises(ConfigError, match=r'language\.texts describes 3 classes, head\.num_classes is 4'):
        recognizer(tmp_path, texts=bank(3))
    torch.testing.assert_close(pooling(get_layout('coco'), ['global'], 'any'), torch.full((17, 1), 1 / 17))


def reference(features: torch.Tensor, texts: torch.Tensor, labels: torch.Tensor, scale: float) -> torch.Tensor:
    """The loss of one part, entry by entry."""
    u, t = (x / x.norm(dim=1, keepdim=True) for x in (features, texts))
    size, result = len(labels), torch.zeros(())
    for rows, columns in ((u, t), (t, u)):
        for a in range(size):
            same = torch.tensor([10.0 * float(labels[a] == labels[b]) for b in range(size)]).softmax(0)
            found = torch.stack([scale * rows[a] @ columns[b] for b in range(size)]).log_softmax(0)
            result = result + (same * (same.log() - found)).sum() / size / 2
    return result


@pytest.mark.parametrize(('mode', 'scale'), [('raw', math.log(1 / 0.07)), ('exp', 1 / 0.07)])
def test_loss_is_the_divergence_written_out(mode: str, scale: float) -> None:
    features, texts, labels = torch.randn(2, 5, 6), torch.randn(2, 5, 6), torch.tensor([0, 1, 0, 2, 1])
    loss = MultiPartKLLoss(num_parts=2, logit_scale=mode, loss_weight=1.0, part_weights=[1, 3])
    parts = torch.stack([reference(features[part], texts[part], labels, scale) for part in range(2)])
    torch.testing.assert_close(loss.per_part(features, texts, labels).detach(), parts)
    torch.testing.assert_close(loss(features, texts, labels).detach(), 0.25 * parts[0] + 0.75 * parts[1])


def two_processes(rank: int, folder: str) -> None:
    """One of two ranks: half of the batch, through DistributedDataParallel."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    model = recognizer(Path(folder, 'cache'), synonyms=2, frozen=False)
    parallel = nn.parallel.DistributedDataParallel(model)
    inputs, samples = batch()
    mine = slice(4 * rank, 4 * rank + 4)
    torch.manual_seed(5)        # both draw their texts from one seed, as the whole batch does
    losses = parallel(inputs[mine], samples[mine], mode='loss')
    total(losses).backward()
    if rank == 0:
        torch.save({'text': losses['loss_text'].detach(),
                    'gradients': {name: p.grad for name, p in model.named_parameters()}}, f'{folder}/result.pt')
    del losses, parallel        # a group that DistributedDataParallel lets go last can wait for itself for ever
    dist.destroy_process_group()


def test_two_processes_have_the_loss_and_the_gradients_of_one_with_the_whole_batch(tmp_path: Path) -> None:
    processes = mp.spawn(two_processes, (str(tmp_path),), nprocs=2, join=False)
    end = time.monotonic() + 120
    while not processes.join(timeout=max(0, end - time.monotonic())):
        if time.monotonic() > end:
            for process in processes.processes:
                process.kill()
            pytest.fail('two processes did not end within 120 s')
    found = torch.load(tmp_path / 'result.pt')
    model = recognizer(tmp_path / 'cache', synonyms=2, frozen=False)
    torch.manual_seed(5)
    losses = model(*batch(), mode='loss')
    total(losses).backward()
    torch.testing.assert_close(found['text'], losses['loss_text'].detach(), rtol=1e-5, atol=1e-6)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found['gradients'][name], parameter.grad, rtol=1e-4, atol=1e-6, msg=name)


def test_alone_nothing_is_gathered() -> None:
    rows = torch.randn(3, 2)
    assert gather_rows(rows) is rows


def test_texts_in_another_order_than_the_classes_are_found_before_a_run(tiny_config: Path) -> None:
    """The store's classes are 'wave left', 'wave right', 'bow' and 'jump'."""
    config = load_config(tiny_config)
    texts = TextBank('moves', tuple(map(TextEntry, ('bow', 'jump', 'wave', 'wave right'))))
    language = {'type': 'LanguageHead', 'encoder': LetterEncoder(), 'prompts': 'label', 'texts': texts}
    config.model = {**config.model, 'type': 'LanguageSupervisedRecognizer', 'language': language}
    problem, *_ = check_config(config)
    assert problem.key == 'model.language.texts'
    assert "class 1 is 'wave right' there and 'jump' in the bank" in problem.message


def test_averaged_weights_can_follow_a_model_that_has_read_its_texts(tmp_path: Path) -> None:
    model = recognizer(tmp_path)
    average = ExponentialMovingAverage(model)
    model(*batch(), mode='loss')
    average.update_parameters(model)
    assert set(average.module.state_dict()) == set(model.state_dict())


def test_labels_without_texts_are_refused(tmp_path: Path) -> None:
    head = recognizer(tmp_path).language
    for label in (-1, 4):
        with pytest.raises(DataError, match=r"do not fit the 4 classes of text bank 'moves'"):
            head.text_features(torch.tensor([0, label]))


def test_the_loss_has_a_part_for_every_slot(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'num_parts is 3, the prompts have 5 slots: global, head'):
        recognizer(tmp_path, loss={'type': 'MultiPartKLLoss', 'num_parts': 3})
    ready = MultiPartKLLoss(num_parts=5)
    assert recognizer(tmp_path, loss=ready).language.loss_fn is ready


def test_sharp_targets_stay_finite_and_weights_are_weights() -> None:
    features, labels = torch.randn(1, 4, 6), torch.tensor([0, 1, 0, 2])
    assert torch.isfinite(MultiPartKLLoss(1, target_scale=500.0)(features, features, labels))
    for weights in ([0.0, 0.0], [-1.0, 2.0]):
        with pytest.raises(ConfigError, match='none below 0, and not all 0'):
            MultiPartKLLoss(2, part_weights=weights)


def test_joints_that_a_backbone_ignores_are_in_no_part(tmp_path: Path) -> None:
    layout = get_layout('nw-ucla')
    arms = layout.part_index('lst4')['arms']
    ignored = [layout.joints[arms[0]]]
    parts = recognizer(tmp_path, backbone='STGCN').backbone
    model = MODELS.build({
        'type': 'LanguageSupervisedRecognizer',
        'backbone': {'type': 'STGCN', 'layout': 'nw-ucla', 'num_person': 1, 'base_channels': 8, 'num_stages': 3,
                     'inflate_stages': [2], 'down_stages': [3], 'ignore_joints': ignored},
        'head': {'type': 'GraphPoolHead', 'num_classes': 4, 'in_channels': parts.out_channels},
        'language': {'type': 'LanguageHead', 'texts': bank(), 'encoder': LetterEncoder(), 'cache': str(tmp_path)}})
    pool = model.language.pool
    assert pool.shape == (19, 5)
    torch.testing.assert_close(pool.sum(dim=0), torch.ones(5))
    assert (pool[:, model.language.slots.index('arms')] > 0).sum() == len(arms) - 1
    assert model(*batch(), mode='loss')['loss_text'].isfinite()
    with pytest.raises(ConfigError, match='ignore_joints leaves no joint of arms'):
        pooling(layout, ['arms'], 'lst4', torch.tensor([joint for joint in range(20) if joint not in arms]))


def test_a_backbone_says_what_its_features_are_of(tmp_path: Path) -> None:
    class Bare(nn.Module):
        out_channels = 16

    with pytest.raises(ConfigError, match='backbone Bare has no attribute layout'):
        build_language({'type': 'LanguageHead', 'texts': bank(), 'encoder': LetterEncoder()}, Bare())


@pytest.mark.parametrize('layout', [name for name in list_layouts() if 'lst4' in get_layout(name).parts])
@pytest.mark.parametrize('backbone', ['STGCN', 'STGCNpp', 'CTRGCN', 'ShiftGCN'])
def test_every_backbone_learns_from_language_on_every_skeleton(backbone: str, layout: str, tmp_path: Path) -> None:
    size = {'num_stages': 2, 'base_channels': 8, 'inflate_stages': [2], 'down_stages': []}
    skeleton = get_layout(layout)
    network = BACKBONES.build({'type': backbone, 'layout': layout, 'num_person': 1, 'in_channels': skeleton.dims,
                               **size})
    model = MODELS.build({
        'type': 'LanguageSupervisedRecognizer', 'backbone': network,
        'head': {'type': 'GraphPoolHead', 'num_classes': 4, 'in_channels': network.out_channels},
        'language': {'type': 'LanguageHead', 'texts': bank(), 'encoder': LetterEncoder(), 'cache': str(tmp_path)}})
    samples = batch(2)[1]
    losses = model(torch.randn(2, 1, 8, skeleton.num_joints, skeleton.dims), samples, mode='loss')
    total(losses).backward()
    for projection in model.language.projections.values():
        assert projection.weight.grad.abs().sum() > 0


def test_a_tuned_encoder_stays_behind_when_weights_become_those_of_lst(tmp_path: Path) -> None:
    layers = {'num_stages': 2, 'base_channels': 8, 'inflate_stages': [], 'down_stages': []}
    model = MODELS.build({
        'type': 'LanguageSupervisedRecognizer', 'backbone': {'type': 'CTRGCN', 'layout': 'nw-ucla', **layers},
        'head': {'type': 'GraphPoolHead', 'num_classes': 4, 'in_channels': 8},
        'language': {'type': 'LanguageHead', 'texts': bank(), 'encoder': LetterEncoder(frozen=False)}})
    theirs, pairs = convert(model.state_dict(), 'ctrgcn', target='lst')
    assert ('language.encoder.matrix', UNUSED) in pairs
    assert {'linear_head.ViT-B/32.weight', 'part_list.3.bias', 'logit_scale'} <= set(theirs)
    with pytest.raises(CheckpointError, match=r'no place in a checkpoint of pyskl.*--deploy'):
        convert(model.state_dict(), 'ctrgcn', target='pyskl')
