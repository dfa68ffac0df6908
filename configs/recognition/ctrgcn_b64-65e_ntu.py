_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import classification, ntu_feeder, sgd_step

dataset = arg('dataset', 'ntu60')  # or 'ntu120'; both prepared with --preparation ctrgcn
split = arg('split', 'xsub')  # or 'xview' of NTU-60, 'xset' of NTU-120
stream = arg('stream', 'j')
epochs = arg('epochs', 65)
batch_size = arg('batch_size', 64)
seed = arg('seed', 0)
holdout = arg('holdout', False)

_classes = 60 if dataset == 'ntu60' else 120
model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='CTRGCN', layout='nturgb+d-ctrgcn'),
    head=dict(type='GraphPoolHead', num_classes=_classes, in_channels=256, init_std=(2 / _classes) ** 0.5))
train_dataloader, val_dataloader, test_dataloader = ntu_feeder(
    f'data/{dataset}-ctrgcn', split, stream, batch_size=batch_size, seed=seed, holdout=holdout, num_workers=2)
optim_wrapper, param_scheduler, train_cfg = sgd_step(lr=0.1, epochs=epochs, milestones=[35, 55], weight_decay=4e-4)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=64)
randomness = dict(seed=seed)
