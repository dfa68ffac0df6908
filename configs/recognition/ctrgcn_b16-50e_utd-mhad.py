_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_cosine, classification, utd_mhad

stream = arg('stream', 'j')
epochs = arg('epochs', 50)
batch_size = arg('batch_size', 16)
seed = arg('seed', 0)
holdout = arg('holdout', False)

model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='CTRGCN', layout='utd-mhad', num_person=1),
    head=dict(type='GraphPoolHead', num_classes=27, in_channels=256,
              loss=dict(type='CrossEntropyLoss', label_smoothing=0.1)))
train_dataloader, val_dataloader, test_dataloader = utd_mhad(
    stream, frames=40, batch_size=batch_size, seed=seed, holdout=holdout)
optim_wrapper, param_scheduler, train_cfg = adamw_cosine(epochs=epochs)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
