"""Pieces of configs as functions: a variant is an argument, not another file.

Every function returns plain dictionaries, so that a config can change what it gets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from motionreg.datasets.class_splits import get_class_split
from motionreg.datasets.zero_shot import frame50
from motionreg.errors import ConfigError
from motionreg.evaluation.alignment import SUPPORT
from motionreg.motion.minimotion import ensure_minimotion
from motionreg.motion.minimotion.dataset import Subset

Config = dict[str, Any]
Loaders = tuple[Config, Config | None, Config]


def loaders(data: str, stream: str, train_pipeline: list[Config], test_pipeline: list[Config], *, batch_size: int,
            test_batch_size: int = 64, train_split: str = 'train', val_split: str | None = None,
            test_split: str = 'test', repeat: int = 1, seed: int = 0, num_workers: int = 0,
            classes: Mapping[str, Sequence[int]] | None = None, only_training: Config | None = None,
            **dataset: Any) -> Loaders:
    """Train, validation and test dataloaders over the splits of one Store or pyskl file.

    Args:
        data: path of the Store or .pkl.
        stream: 'j', 'b', 'jm', 'bm', 'k2', ...
        train_pipeline, test_pipeline: transforms.
        batch_size: per process.
        val_split: None for no validation during training.
        repeat: passes over the data that make an epoch.
        seed: of order and augmentation.
        num_workers: loader processes; 0 loads in the main process, fast enough for small data.
        classes: 'train', 'val', 'test' -> class ids, the only ones that samples are taken of; for zero-shot
            recognition, see :func:`zero_shot`.
        only_training: further arguments of the MotionDataset of training alone, such as per_class and generated.
        dataset: further arguments of MotionDataset.
    """
    def loader(part: str, split: str) -> Config:
        training = part == 'train'
        chosen = dict(classes=list(classes[part])) if classes else {}
        chosen.update(only_training or {} if training else {})
        pipeline = train_pipeline if training else test_pipeline
        return dict(
            batch_size=batch_size if training else test_batch_size,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            drop_last=training,
            sampler=dict(type='EpochSampler', shuffle=training, seed=seed, repeat=repeat if training else 1),
            dataset=dict(type='MotionDataset', data=data, split=split, stream=stream, seed=seed,
                         test_mode=not training, pipeline=[dict(step) for step in pipeline], **chosen, **dataset))

    return loader('train', train_split), loader('val', val_split) if val_split else None, loader('test', test_split)


def nw_ucla(stream: str = 'j', frames: int = 32, data: str = 'data/nw-ucla', holdout: bool = False,
            to_stream: Config | None = None, **options: Any) -> Loaders:
    """NW-UCLA, views 1 and 2 against view 3, prepared as CTR-GCN's feeder does.

    Args:
        frames: length of a clip.
        holdout: train on part of the training subjects and validate on the rest.
        to_stream: transform that makes the stream; default ToStream.
        options: arguments of :func:`loaders`.
    """
    normalise: list[Config] = [dict(type='CenterOnJoint'), dict(type='RandomView'), dict(type='MinMaxNormalize')]
    finish: list[Config] = [to_stream or dict(type='ToStream'), dict(type='FormatClip', num_person=1),
                            dict(type='PackInputs')]
    pipeline: list[Config] = [*normalise, dict(type='RepeatSample', clip_len=frames), *finish]
    return loaders(data, stream, pipeline, pipeline, **_splits(holdout), **options)


def utd_mhad(stream: str = 'j', frames: int = 40, data: str = 'data/utd-mhad', holdout: bool = False,
             **options: Any) -> Loaders:
    """UTD-MHAD, odd subjects against even ones: centred on the body, turned and scaled a little in training.

    Args:
        frames: length of a clip.
        holdout: train on part of the training subjects and validate on the rest.
        options: arguments of :func:`loaders`.
    """
    pipeline: list[Config] = [
        dict(type='CenterOnJoint'), dict(type='RandomRotation', theta=0.3), dict(type='RandomScale', scale=0.1),
        dict(type='ToStream'), dict(type='UniformSample', clip_len=frames), dict(type='FormatClip', num_person=1),
        dict(type='PackInputs')]
    return loaders(data, stream, pipeline, pipeline, **_splits(holdout), **options)


def ntu(data: str = 'data/ntu60', split: str = 'xsub', stream: str = 'j', frames: int = 100, test_clips: int = 10,
        holdout: bool = False, **options: Any) -> Loaders:
    """NTU RGB+D 60 or 120 in pyskl's preparation, as its recipes sample and normalise it.

    Args:
        data: a Store made with ``prepare_data.py ntu60 --preparation pyskl``, or pyskl's own ntu60_3danno.pkl.
        split: 'xsub' or 'xview' for NTU-60, 'xsub' or 'xset' for NTU-120.
        frames: length of a clip.
        test_clips: clips a test sample is sampled into.
        holdout: train on part of the training subjects and validate on the rest.
        options: arguments of :func:`loaders`.
    """
    def pipeline(num_clips: int) -> list[Config]:
        return [dict(type='PreNormalize3D'), dict(type='ToStream'),
                dict(type='UniformSample', clip_len=frames, num_clips=num_clips),
                dict(type='FormatClip', num_person=2), dict(type='PackInputs')]

    return loaders(data, stream, pipeline(1), pipeline(test_clips), layout='nturgb+d', **_ntu_splits(split, holdout),
                   **options)


def ntu_feeder(data: str = 'data/ntu60', split: str = 'xsub', stream: str = 'j', frames: int = 64,
               holdout: bool = False, to_stream: Config | None = None, **options: Any) -> Loaders:
    """NTU RGB+D 60 or 120 as the feeder of CTR-GCN and LST prepares it: a part of the clip, resized, and turned.

    Args:
        data: a Store made with ``prepare_data.py ntu60 --preparation ctrgcn``.
        split: 'xsub' or 'xview' for NTU-60, 'xsub' or 'xset' for NTU-120.
        frames: length of a clip.
        holdout: train on part of the training subjects and validate on the rest.
        to_stream: transform that makes the stream; default ToStream.
        options: arguments of :func:`loaders`.
    """
    pipeline: list[Config] = [
        dict(type='CropResize', window=frames), dict(type='RandomRotation', theta=0.3),
        to_stream or dict(type='ToStream'), dict(type='FormatClip', num_person=2), dict(type='PackInputs')]
    return loaders(data, stream, pipeline, pipeline, layout='nturgb+d-ctrgcn', **_ntu_splits(split, holdout), **options)


def frame50_clips(data: str, split: str = 'xsub', stream: str = 'j', frames: int = 50, holdout: bool = False,
                  **options: Any) -> Loaders:
    """NTU RGB+D or PKU-MMD as SMIE and PGFA learn from it: 50 frames of two persons, each centred and to the front.

    Args:
        data: a Store made with ``prepare_data.py <set> --preparation aimclr``.
        split: 'xsub' or another half of the data set's ``<split>_train`` and ``<split>_val``.
        frames: 64 for Shift-GCN: resampled from the 50.
        holdout: train on part of the training subjects and validate on the rest.
        options: arguments of :func:`loaders`.
    """
    pipeline: list[Config] = [*frame50(frames), dict(type='ToStream'), dict(type='FormatClip', num_person=2),
                              dict(type='PackInputs')]
    return loaders(data, stream, pipeline, pipeline, **_ntu_splits(split, holdout), **options)


def minimotion(stream: str = 'j', frames: int = 32, root: str = 'data/minimotion', subset: Subset = 'all',
               holdout: bool = False, **options: Any) -> Loaders:
    """MiniMotion, synthetic motion that is made on first use: other subjects and one more camera in the test.

    Args:
        frames: length of a clip.
        root: folder of the generated stores.
        subset: 'all', 'adult' or 'infant'.
        holdout: train on part of the training subjects and validate on the rest.
        options: arguments of :func:`loaders`.
    """
    pipeline: list[Config] = [
        dict(type='CenterOnJoint'), dict(type='RandomRotation', theta=(0.1, 0.6, 0.1)),
        dict(type='RandomScale', scale=0.1), dict(type='ToStream'), dict(type='UniformSample', clip_len=frames),
        dict(type='FormatClip', num_person=1), dict(type='PackInputs')]
    data = str(ensure_minimotion(root, subset=subset))
    return loaders(data, stream, pipeline, pipeline, **_splits(holdout), **options)


SCARCE: Mapping[str, Config] = {     # data sets that motions are generated for: what their configs have to know
    'minimotion-infant': dict(layout='smpl24', num_classes=21, codec=dict(type='RotationCodec', body='infant'),
                              normalize=[dict(type='FaceForward')], classes=(5, 11, 14, 15, 17, 18, 19, 20)),
    'hdm05': dict(layout='smpl24', num_classes=11, codec=dict(type='RotationCodec', body='adult'),
                  normalize=[dict(type='FaceForward')]),
    'babypose': dict(layout='mediapipe33-up', num_classes=6,
                     codec=dict(type='JointCodec', layout='mediapipe33-up', center='each_frame')),
    'infact-posture': dict(layout='smpl24', num_classes=5, codec=dict(type='RotationCodec', body='infant')),
    'infact-trans': dict(layout='smpl24', num_classes=4, codec=dict(type='RotationCodec', body='infant')),
}


def scarce(dataset: str | Config) -> Config:
    """What there is to know of a data set that motions are generated for.

    Args:
        dataset: 'minimotion-infant', 'hdm05', 'babypose', 'infact-posture' or 'infact-trans'; or, for clips of one's
            own, a dict of what is returned, with ``data``, their store.

    Returns:
        ``layout``, ``num_classes``, ``codec``, ``normalize``, the first steps of a pipeline, and ``classes``, which of
        them clips are taken of (None: all). Of MiniMotion these are eight that differ by more than a repetition.

    Raises:
        ConfigError: another data set.
    """
    if isinstance(dataset, dict):
        return {'normalize': [], 'classes': None, **dataset}
    if dataset not in SCARCE:
        raise ConfigError(f'dataset is {", ".join(SCARCE)} here, not {dataset!r}')
    return {'normalize': [], 'classes': None, **SCARCE[dataset]}


def generator_clips(dataset: str | Config, frames: int = 60, step: int = 1, holdout: bool = False, fold: int = 0,
                    **options: Any) -> Loaders:
    """Clips as a generator of motions learns from them: encoded windows of consecutive frames, nothing else changed.

    Args:
        dataset: see :func:`scarce`.
        frames: length of a clip; a shorter one repeats its last frame.
        step: take every step-th frame; -1: the largest step that fits.
        holdout: train on part of the training subjects and validate on the rest.
        fold: of babypose.
        options: arguments of :func:`loaders`, such as only_training=dict(per_class=5).
    """
    chosen = scarce(dataset)
    pipeline: list[Config] = [dict(type='ConsecutiveSample', clip_len=frames, step=step), *chosen['normalize'],
                              dict(type='EncodeMotion', codec=chosen['codec']),
                              dict(type='FormatClip', num_person=1), dict(type='PackInputs')]
    return _scarce_loaders(dataset, pipeline, holdout, fold, **options)


def recognizer_clips(dataset: str | Config, frames: int = 60, step: int = 1, augment: bool = False, rep: str = 'joints',
                     holdout: bool = False, fold: int = 0, **options: Any) -> Loaders:
    """The same clips for a recogniser: real ones as a generator would make them, so that nothing else tells them apart.

    Args:
        dataset, frames, step, holdout, fold, options: see :func:`generator_clips`.
        augment: turn, scale and shake clips in training.
        rep: 'joints', positions of the joints; 'features', what the codec makes of them.
    """
    chosen = scarce(dataset)
    codec = chosen['codec']
    shape = [dict(type='ThroughCodec', codec=codec)] if rep == 'joints' else [dict(type='EncodeMotion', codec=codec)]
    changes = [dict(type='RandomRotation', theta=0.3), dict(type='RandomScale', scale=0.1),
               dict(type='RandomGaussianNoise', sigma=0.01)] if augment else []
    pipeline: list[Config] = [dict(type='ConsecutiveSample', clip_len=frames, step=step), *chosen['normalize'], *shape,
                              *changes,
                              dict(type='ToStream'), dict(type='FormatClip', num_person=1), dict(type='PackInputs')]
    return _scarce_loaders(dataset, pipeline, holdout, fold, **options)


def _scarce_loaders(dataset: str | Config, pipeline: list[Config], holdout: bool, fold: int,
                    **options: Any) -> Loaders:
    if isinstance(dataset, dict):
        data, splits = dataset['data'], _splits(holdout)
    elif dataset == 'minimotion-infant':
        data, splits = str(ensure_minimotion('data/minimotion', subset='infant')), _splits(holdout)
    elif dataset == 'babypose':
        if holdout:
            raise ConfigError('babypose has five folds and no validation split: leave out holdout')
        data, splits = 'data/babypose', dict(train_split=f'fold{fold}_train', test_split=f'fold{fold}_val')
    elif dataset.startswith('infact'):
        data, splits = f'data/{dataset}', dict(val_split='val' if holdout else None)
    else:
        data, splits = f'data/{dataset}', _splits(holdout)
    chosen = scarce(dataset)['classes']
    classes: dict[str, Any] | None = dict.fromkeys(('train', 'val', 'test'), chosen) if chosen else None
    return loaders(data, 'j', pipeline, pipeline, classes=classes, **splits, **options)


ACTOR: Mapping[str, Config] = {     # adult data sets of ACTOR; of the first it has no test clips
    'humanact12': dict(num_classes=12, epochs=5000, test_split='train'),
    'uestc': dict(num_classes=40, epochs=1000, test_split='test')}


def actor_set(dataset: str) -> Config:
    """``num_classes``, ``epochs`` and ``test_split`` of a data set that ACTOR is published with.

    Raises:
        ConfigError: another data set.
    """
    if dataset not in ACTOR:
        raise ConfigError(f'dataset is {", ".join(ACTOR)} here, not {dataset!r}')
    return dict(ACTOR[dataset])


def actor_clips(dataset: str, codec: Config, frames: int = 60, step: int = 1, **options: Any) -> tuple[Config, Config]:
    """Train and test dataloaders of encoded windows of consecutive frames.

    Args:
        dataset: see :func:`actor_set`; its store is data/<dataset>.
        codec: of the features.
        frames, step: see :func:`generator_clips`.
        options: arguments of :func:`loaders`.
    """
    pipeline: list[Config] = [dict(type='ConsecutiveSample', clip_len=frames, step=step),
                              dict(type='EncodeMotion', codec=codec), dict(type='FormatClip', num_person=1),
                              dict(type='PackInputs')]
    train, _, test = loaders(f'data/{dataset}', 'j', pipeline, pipeline, test_split=actor_set(dataset)['test_split'],
                             **options)
    return train, test


def _splits(holdout: bool) -> Config:
    return dict(train_split='train_fit', val_split='val') if holdout else dict(train_split='train')


def _ntu_splits(split: str, holdout: bool) -> Config:
    train, val = (f'{split}_train_fit', f'{split}_train_val') if holdout else (f'{split}_train', None)
    return dict(train_split=train, val_split=val, test_split=f'{split}_val')


def language(texts: str, encoder: str = 'minilm', shuffle: int = -1, loss_weight: float = 0.8) -> Config:
    """The language head of LST, corrected: own texts with clean prompts, a frozen encoder.

    Args:
        texts: text bank, by name or file.
        encoder: see :func:`text_encoder`.
        shuffle: a seed gives every class the texts of another, as a control; -1 leaves them.
        loss_weight: of the text loss, against the cross-entropy.
    """
    return dict(type='LanguageHead', texts=texts, encoder=text_encoder(encoder),
                shuffle_classes=None if shuffle < 0 else shuffle,
                loss=dict(type='MultiPartKLLoss', loss_weight=loss_weight))


def text_encoder(path: str = 'minilm', **options: Any) -> Config:
    """A frozen text encoder by what is there: a CLIP text tower, or else a sentence encoder.

    Args:
        path: 'minilm', 'mpnet', or a file or folder; one with 'clip' in its name holds a CLIP.
        options: further arguments of the encoder, such as frozen=False.
    """
    kind = 'CLIPTextEncoder' if 'clip' in Path(path).name.lower() else 'SentenceEncoder'
    return dict(type=kind, path=path, **options)


def lst_language(dataset: str, stream: str, encoder: str = 'minilm', shuffle: int = -1, loss_weight: float = 0.8,
                 faithful: bool = False) -> tuple[Config | None, Config]:
    """The transform that makes the stream and the language head: :func:`language`, or :func:`published_language`.

    Args:
        dataset, stream, encoder, shuffle, loss_weight: see there.
        faithful: as published; has a text encoder, texts and weights of its own.

    Raises:
        ConfigError: a choice that the published program does not leave.
    """
    if not faithful:
        return None, language(dataset, encoder, shuffle, loss_weight)
    if encoder != 'minilm' or shuffle >= 0:
        raise ConfigError('faithful=True has its own text encoder and texts; leave out encoder and shuffle. For CLIP '
                          'from another folder: --cfg-options model.language.encoder.path=<folder>')
    return published_language(dataset, stream)


def published_language(dataset: str, stream: str, clip: str = 'weights/clip-vit-base-patch32') -> tuple[Config, Config]:
    """The streams and the language head of LST as its program has them, faults included.

    Bones are modes of InfoGCN, for NW-UCLA with descendants for ancestors, where not even the joint stream is left
    alone; the bone streams pool other joints; CLIP's text tower trains along at the full rate, from LST's texts and
    prompts as they are.

    Args:
        dataset: 'ntu60', 'ntu120' or 'nw-ucla'. Its texts are data/texts/lst-<dataset>.yaml, made with
            tools/prepare_texts.py.
        stream: 'j', 'b', 'jm' or 'bm'.
        clip: folder or file with the text tower of CLIP ViT-B/32.

    Returns:
        A transform in place of ToStream, and the config of the head.
    """
    ucla, bone = dataset == 'nw-ucla', stream.startswith('b')
    to_mode = dict(type='ToMode', joint=6, descendants=True) if ucla else dict(type='ToMode', joint=8, root='spine_mid')
    head = dict(type='LanguageHead', texts=f'data/texts/lst-{dataset}.yaml', prompts='lst-published',
                encoder=dict(type='CLIPTextEncoder', path=clip, frozen=False),
                part_set='lst4_published_bone' if bone else 'lst4',
                loss=dict(type='MultiPartKLLoss', loss_weight=1.0 if ucla else 0.8))
    return to_mode, head


def sgd_cosine(lr: float = 0.1, epochs: int = 80, weight_decay: float = 5e-4, nesterov: bool = True,
               warmup_epochs: int = 0, val_interval: int = 1) -> tuple[Config, list[Config], Config]:
    """SGD with momentum 0.9 and a cosine to zero, stepped every iteration.

    Returns:
        optim_wrapper, param_scheduler, train_cfg.
    """
    optimizer = dict(type='SGD', lr=lr, momentum=0.9, weight_decay=weight_decay, nesterov=nesterov)
    return _cosine(optimizer, epochs, warmup_epochs, val_interval)


def adamw_cosine(lr: float = 3e-3, epochs: int = 30, weight_decay: float = 0.05, warmup_epochs: int = 3,
                 val_interval: int = 1) -> tuple[Config, list[Config], Config]:
    """AdamW with a linear warm-up and a cosine to zero, stepped every iteration: for short runs from scratch.

    Returns:
        optim_wrapper, param_scheduler, train_cfg.
    """
    return _cosine(dict(type='AdamW', lr=lr, weight_decay=weight_decay), epochs, warmup_epochs, val_interval)


def adamw_cosine_iters(lr: float = 3e-3, iters: int = 600, weight_decay: float = 0.05, warmup: int = 50,
                       val_interval: int | None = None) -> tuple[Config, list[Config], Config]:
    """The same by iterations, for runs whose budget shall not depend on how many clips there are.

    Its dataloader takes an InfiniteSampler.

    Returns:
        optim_wrapper, param_scheduler, train_cfg.
    """
    warmup = min(warmup, iters - 1)
    start = [dict(type='LinearLR', start_factor=0.04, by_epoch=False, begin=0, end=warmup)] if warmup else []
    cosine = dict(type='CosineAnnealingLR', eta_min=0, by_epoch=False, begin=warmup, end=iters, T_max=iters - warmup)
    return (dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=lr, weight_decay=weight_decay)),
            [*start, cosine], dict(type='IterTrainLoop', max_iters=iters, val_interval=val_interval or iters))


def adamw_constant(lr: float = 1e-4, epochs: int = 100, weight_decay: float = 0.01,
                   val_interval: int = 1) -> tuple[Config, list[Config], Config]:
    """AdamW at one rate throughout, that of ACTOR and InfAGenC.

    Returns:
        optim_wrapper, param_scheduler, train_cfg.
    """
    return (dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=lr, weight_decay=weight_decay)), [],
            dict(by_epoch=True, max_epochs=epochs, val_interval=val_interval))


def sgd_step(lr: float = 0.1, epochs: int = 65, milestones: Sequence[int] = (35, 55), warmup_epochs: int = 5,
             weight_decay: float = 4e-4, val_interval: int = 1, nesterov: bool = True,
             warmup_start: int = 1) -> tuple[Config, list[Config], Config]:
    """SGD with momentum 0.9, the learning rate set once an epoch: that of CTR-GCN and LST.

    In epoch e, counted from 0, it is lr (e + warmup_start) / warmup_epochs until that is lr, then
    lr 0.1^(number of milestones <= e). PGFA starts at 0 (here 1e-9 lr, which MMEngine
    can go on from): its first epoch moves no weight.

    Returns:
        optim_wrapper, param_scheduler, train_cfg.
    """
    optimizer = dict(type='SGD', lr=lr, momentum=0.9, weight_decay=weight_decay, nesterov=nesterov)
    warmup = [dict(type='LinearLR', start_factor=max(warmup_start / warmup_epochs, 1e-9), by_epoch=True, begin=0,
                   end=warmup_epochs + 1 - warmup_start)] if warmup_epochs > warmup_start else []
    steps = dict(type='MultiStepLR', milestones=list(milestones), gamma=0.1, by_epoch=True)
    return (dict(type='OptimWrapper', optimizer=optimizer), [*warmup, steps],
            dict(by_epoch=True, max_epochs=epochs, val_interval=val_interval))


def _cosine(optimizer: Config, epochs: int, warmup_epochs: int,
            val_interval: int) -> tuple[Config, list[Config], Config]:
    warmup_epochs = min(warmup_epochs, epochs - 1)
    warmup = [dict(type='LinearLR', start_factor=0.04, by_epoch=True, begin=0, end=warmup_epochs,
                   convert_to_iter_based=True)] if warmup_epochs else []
    cosine = dict(type='CosineAnnealingLR', eta_min=0, by_epoch=True, begin=warmup_epochs, end=epochs,
                  T_max=epochs - warmup_epochs, convert_to_iter_based=True)
    return (dict(type='OptimWrapper', optimizer=optimizer), [*warmup, cosine],
            dict(by_epoch=True, max_epochs=epochs, val_interval=val_interval))


def classification(holdout: bool = False) -> tuple[Config | None, Config | None, Config, Config]:
    """val_cfg, val_evaluator, test_cfg, test_evaluator of a classification task."""
    metric = dict(type='ClassificationMetric')
    return (dict() if holdout else None), (dict(metric) if holdout else None), dict(), dict(metric)


def zero_shot(dataset: str, split: str, tuning: bool = False,
              aligner: Config | None = None) -> tuple[dict[str, Sequence[int]], list[Config]]:
    """Which classes training, validation and test take samples of, and the metrics of zero-shot recognition.

    Args:
        dataset, split: see :func:`motionreg.datasets.get_class_split`.
        tuning: hold out the validation classes of the split too, as unseen ones, and leave those out that are really
            unseen: for choices, such as that of gamma.
        aligner: config of an aligner; default PrototypeAligner.

    Returns:
        ``classes`` for the dataloaders, and test evaluators.
    """
    found = get_class_split(dataset, split)
    found = found.tuning() if tuning else found
    every = (*found.unseen, *found.seen)
    named = dict(dataset=dataset, split=split, tuning=tuning)
    return (dict(train=found.seen, val=every if tuning else found.seen, test=every),
            [dict(type='ZeroShotMetric', **named),
             dict(type='AlignedZeroShotMetric', aligner=aligner or dict(type='PrototypeAligner'), **named)])


PGFA: Mapping[str, Config] = {      # of its settings: which split comes first, and the aligner's support
    'ntu60': dict(setting_1='smie_1', setting_2='synse_55_5', support=SUPPORT['ntu60'], lr=0.05),
    'ntu120': dict(setting_1='smie_4', setting_2='synse_110_10', support=SUPPORT['ntu120'], lr=0.005),
    'pku-mmd': dict(setting_1='smie_7', setting_2='smie_7', support=SUPPORT['pku-mmd'], lr=0.05)}


def pgfa(dataset: str) -> Config:
    """What PGFA chooses by data set: ``setting_1`` and ``setting_2``, a split of each; ``support``; ``lr``.

    Raises:
        ConfigError: another data set.
    """
    if dataset not in PGFA:
        raise ConfigError(f'dataset is {", ".join(PGFA)} here, not {dataset!r}; the other configs of configs/pgfa are '
                          'for other data sets')
    return PGFA[dataset]


def pgfa_language(dataset: str, prompts: str = 'sentence', encoder: str = 'minilm', method: str = 'pgfa',
                  faithful: bool = False) -> Config:
    """:func:`zero_shot_language`, or the head of PGFA as its program has it.

    That reads the short sentences with all-mpnet-base-v2; its texts are data/texts/pgfa-<dataset>.yaml, made with
    tools/prepare_texts.py.

    Args:
        dataset, prompts, encoder, method: see there.
        faithful: as published.

    Raises:
        ConfigError: a choice that the published program does not leave.
    """
    if not faithful:
        return zero_shot_language(dataset, prompts, encoder, method)
    if (prompts, encoder, method) != ('sentence', 'minilm', 'pgfa'):
        raise ConfigError('faithful=True has its own texts, text encoder and method; leave out prompts, encoder and '
                          'method')
    return zero_shot_language(f'data/texts/pgfa-{dataset}.yaml', 'description', 'mpnet')


def zero_shot_language(texts: str, prompts: str = 'sentence', encoder: str = 'minilm', method: str = 'pgfa') -> Config:
    """The head of zero-shot recognition, with any texts.

    Args:
        texts: text bank, by name or file, with texts of all classes, seen and unseen.
        prompts: 'sentence', 'description' (the first sentence), 'label' or 'lst' (texts of parts).
        encoder: see :func:`text_encoder`.
        method: 'pgfa', batches contrasted with their texts at a fixed temperature of 0.07; or 'vae', a latent space
            that skeletons and texts share, on the features of a classifier.

    Raises:
        ConfigError: no such method.
    """
    named = dict(texts=texts, prompts=prompts, encoder=text_encoder(encoder))
    if method == 'pgfa':
        return dict(type='LanguageHead', loss=dict(type='MultiPartKLLoss', logit_scale='exp', learn_scale=False,
                                                   loss_weight=1.0), **named)
    if method == 'vae':
        return dict(type='CrossModalVAEHead', **named)
    raise ConfigError(f"method is 'pgfa' or 'vae', not {method!r}")
