_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_constant, generator_clips, scarce

dataset = arg('dataset', 'infact-posture')
frames = arg('frames', 90 if dataset == 'infact-trans' else 60)
epochs = arg('epochs', 1100)
batch_size = arg('batch_size', 16)
seed = arg('seed', 0)
holdout = arg('holdout', False)

_set = scarce(dataset)
model = dict(type='MotionGenerator', codec=_set['codec'],
             generator=dict(type='ActionCVAE', num_classes=_set['num_classes']))
train_dataloader, val_dataloader, test_dataloader = generator_clips(
    dataset, frames, holdout=holdout, batch_size=batch_size, seed=seed)
optim_wrapper, param_scheduler, train_cfg = adamw_constant(lr=1e-4, epochs=epochs, val_interval=20)
val_cfg, val_evaluator = (dict(), dict(type='ReconstructionMetric')) if holdout else (None, None)
test_cfg, test_evaluator = dict(), dict(type='ReconstructionMetric')
default_hooks = dict(checkpoint=dict(interval=20, rule='less'))
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
