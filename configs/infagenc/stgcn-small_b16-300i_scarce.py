_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_cosine_iters, classification, recognizer_clips, scarce

dataset = arg('dataset', 'minimotion-infant')
frames = arg('frames', 32)
iters = arg('iters', 300)
batch_size = arg('batch_size', 16)
per_class = arg('per_class', 0)
generated = arg('generated', '')
augment = arg('augment', False)
fold = arg('fold', 0)
seed = arg('seed', 0)
subset_seed = arg('subset_seed', 0)
holdout = arg('holdout', False)

_set = scarce(dataset)
model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='STGCN', layout=_set['layout'], num_person=1, base_channels=16, num_stages=4,
                      inflate_stages=[2, 4], down_stages=[2, 4]),
    head=dict(type='GraphPoolHead', num_classes=_set['num_classes'], in_channels=64))
train_dataloader, val_dataloader, test_dataloader = recognizer_clips(
    dataset, frames, step=-1, augment=augment, holdout=holdout, fold=fold, batch_size=batch_size, seed=seed,
    only_training=dict(per_class=per_class or None, subset_seed=subset_seed, generated=generated or ()))
train_dataloader['sampler'] = dict(type='InfiniteSampler', seed=seed)
optim_wrapper, param_scheduler, train_cfg = adamw_cosine_iters(lr=3e-3, iters=iters)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
default_hooks = dict(checkpoint=dict(interval=iters, by_epoch=False), logger=dict(interval=100))
log_processor = dict(by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
