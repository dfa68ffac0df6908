_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_cosine, minimotion_rotations

frames = arg('frames', 48)
rep = arg('rep', 'rot6d')
epochs = arg('epochs', 60)
batch_size = arg('batch_size', 32)
seed = arg('seed', 0)
holdout = arg('holdout', False)

_codec = dict(type='RotationCodec', rep=rep, body='infant')
model = dict(
    type='MotionGenerator', codec=_codec, fps=30,
    generator=dict(type='ActionCVAE', num_classes=21, latent_dim=128, ff_size=256, num_layers=3))
train_dataloader, val_dataloader, test_dataloader = minimotion_rotations(
    _codec, frames=frames, subset='infant', batch_size=batch_size, seed=seed, holdout=holdout)
optim_wrapper, param_scheduler, train_cfg = adamw_cosine(lr=1e-3, epochs=epochs, weight_decay=0.01)
val_cfg, val_evaluator = (dict(), dict(type='ReconstructionMetric')) if holdout else (None, None)
test_cfg, test_evaluator = dict(), dict(type='ReconstructionMetric')
default_hooks = dict(checkpoint=dict(interval=10, rule='less'))
auto_scale_lr = dict(enable=False, base_batch_size=32)
randomness = dict(seed=seed)
