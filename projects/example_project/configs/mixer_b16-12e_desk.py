_base_ = ['../../../configs/_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import classification, loaders, sgd_cosine

plugins = ['example_project']
stream = arg('stream', 'j')
epochs = arg('epochs', 12)
batch_size = arg('batch_size', 16)
seed = arg('seed', 0)
holdout = arg('holdout', False)
data = arg('data', 'data/desk')

_pipeline = [dict(type='CenterOnJoint'), dict(type='FreezeJoints', share=0.1), dict(type='ToStream'),
             dict(type='UniformSample', clip_len=24, compat='none'), dict(type='FormatClip', num_person=1),
             dict(type='PackInputs')]
_splits = dict(train_split='train_fit', val_split='val') if holdout else dict(train_split='train')

model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='JointMixer', layout='desk9', channels=32),
    head=dict(type='GraphPoolHead', num_classes=4, in_channels=32))
train_dataloader, val_dataloader, test_dataloader = loaders(
    data, stream, _pipeline, _pipeline, batch_size=batch_size, seed=seed, **_splits)
optim_wrapper, param_scheduler, train_cfg = sgd_cosine(lr=0.05, epochs=epochs, weight_decay=5e-4)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
