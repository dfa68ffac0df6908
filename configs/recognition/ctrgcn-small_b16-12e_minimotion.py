_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_cosine, classification, minimotion

stream = arg('stream', 'j')
epochs = arg('epochs', 12)
batch_size = arg('batch_size', 16)
seed = arg('seed', 0)
holdout = arg('holdout', False)

model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='CTRGCN', layout='smpl24', num_person=1, base_channels=24, num_stages=6, inflate_stages=[3, 5],
                  down_stages=[3, 5]),
    head=dict(type='GraphPoolHead', num_classes=24, in_channels=96,
              loss=dict(type='CrossEntropyLoss', label_smoothing=0.1)))
train_dataloader, val_dataloader, test_dataloader = minimotion(
    stream, frames=32, batch_size=batch_size, seed=seed, holdout=holdout)
optim_wrapper, param_scheduler, train_cfg = adamw_cosine(epochs=epochs)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
