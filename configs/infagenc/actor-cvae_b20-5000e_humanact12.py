_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import actor_clips, actor_set, adamw_constant

dataset = arg('dataset', 'humanact12')
_set = actor_set(dataset)
frames = arg('frames', 60)
epochs = arg('epochs', _set['epochs'])
batch_size = arg('batch_size', 20)
translation = arg('translation', False)
seed = arg('seed', 0)

_codec = dict(type='RotationCodec', body='adult', translation=translation)
model = dict(
    type='MotionGenerator', codec=_codec,
    generator=dict(type='ActionCVAE', num_classes=_set['num_classes'], losses=dict(rc=1.0, rcxyz=1.0, kl=1e-5)))
train_dataloader, test_dataloader = actor_clips(dataset, _codec, frames, batch_size=batch_size, seed=seed)
optim_wrapper, param_scheduler, train_cfg = adamw_constant(lr=1e-4, epochs=epochs)
test_cfg, test_evaluator = dict(), dict(type='ReconstructionMetric')
default_hooks = dict(checkpoint=dict(interval=100))
auto_scale_lr = dict(enable=False, base_batch_size=20)
randomness = dict(seed=seed)
