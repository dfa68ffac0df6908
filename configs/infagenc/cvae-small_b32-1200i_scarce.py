_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_cosine_iters, generator_clips, scarce

dataset = arg('dataset', 'minimotion-infant')
frames = arg('frames', 32)
iters = arg('iters', 1200)
batch_size = arg('batch_size', 32)
per_class = arg('per_class', 0)
fold = arg('fold', 0)
seed = arg('seed', 0)
subset_seed = arg('subset_seed', 0)
holdout = arg('holdout', False)

_set = scarce(dataset)
model = dict(
    type='MotionGenerator', codec=_set['codec'], normalize=True,
    generator=dict(type='ActionCVAE', num_classes=_set['num_classes'], latent_dim=64, ff_size=256, num_layers=2,
                   dropout=0.0, losses=dict(rc=1.0, rcxyz=1.0, kl=1e-6, velxyz=1.0)))
train_dataloader, val_dataloader, test_dataloader = generator_clips(
    dataset, frames, step=-1, holdout=holdout, fold=fold, batch_size=batch_size, seed=seed,
    only_training=dict(per_class=per_class or None, subset_seed=subset_seed))
train_dataloader['sampler'] = dict(type='InfiniteSampler', seed=seed)
optim_wrapper, param_scheduler, train_cfg = adamw_cosine_iters(lr=2e-3, iters=iters, weight_decay=0.01)
val_cfg, val_evaluator = (dict(), dict(type='ReconstructionMetric')) if holdout else (None, None)
test_cfg, test_evaluator = dict(), dict(type='ReconstructionMetric')
custom_hooks = [dict(type='MeasureFeaturesHook')]
default_hooks = dict(checkpoint=dict(interval=iters, by_epoch=False, rule='less'), logger=dict(interval=200))
log_processor = dict(by_epoch=False)
auto_scale_lr = dict(enable=False, base_batch_size=32)
randomness = dict(seed=seed)
