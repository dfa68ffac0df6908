_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import classification, nw_ucla, sgd_step

stream = arg('stream', 'j')
epochs = arg('epochs', 65)  # of five passes each
batch_size = arg('batch_size', 16)
seed = arg('seed', 0)
holdout = arg('holdout', False)

model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='CTRGCN', layout='nw-ucla', num_person=1),
    head=dict(type='GraphPoolHead', num_classes=10, in_channels=256, init_std=(2 / 10) ** 0.5))
train_dataloader, val_dataloader, test_dataloader = nw_ucla(
    stream, frames=52, batch_size=batch_size, repeat=5, seed=seed, holdout=holdout)
optim_wrapper, param_scheduler, train_cfg = sgd_step(lr=0.1, epochs=epochs, milestones=[50], weight_decay=1e-4)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
