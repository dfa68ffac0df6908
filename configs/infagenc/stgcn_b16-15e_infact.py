_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_constant, classification, recognizer_clips, scarce

dataset = arg('dataset', 'infact-posture')
frames = arg('frames', 90 if dataset == 'infact-trans' else 60)
epochs = arg('epochs', 15)
batch_size = arg('batch_size', 16)
generated = arg('generated', '')
seed = arg('seed', 0)
holdout = arg('holdout', False)

_set = scarce(dataset)
model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='STGCN', layout=_set['layout'], in_channels=6, graph='stgcn_spatial', edge='mask', num_person=1),
    head=dict(type='GraphPoolHead', num_classes=_set['num_classes'], in_channels=256))
train_dataloader, val_dataloader, test_dataloader = recognizer_clips(
    dataset, frames, rep='features', holdout=holdout, batch_size=batch_size, seed=seed,
    only_training=dict(generated=generated or ()))
optim_wrapper, param_scheduler, train_cfg = adamw_constant(lr=1e-4, epochs=epochs)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
default_hooks = dict(checkpoint=dict(interval=5))
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
