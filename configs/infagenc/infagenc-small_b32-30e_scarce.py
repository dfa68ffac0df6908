_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_constant, classification, generator_clips, recognizer_clips, scarce

dataset = arg('dataset', 'minimotion-infant')
generator_from = arg('generator_from', '')
recognizer_from = arg('recognizer_from', '')
frames = arg('frames', 32)
epochs = arg('epochs', 30)
interval = arg('interval', 10)
repeat = arg('repeat', 3)
batch_size = arg('batch_size', 32)
per_class = arg('per_class', 0)
candidates = arg('candidates', 10)
latents = arg('latents', 'training')
spread = arg('spread', 3.0)
random_selection = arg('random_selection', False)
fold = arg('fold', 0)
seed = arg('seed', 0)
subset_seed = arg('subset_seed', 0)
holdout = arg('holdout', False)

_set = scarce(dataset)
_subset = dict(per_class=per_class or None, subset_seed=subset_seed)
model = dict(
    type='GeneratorAndRecognizer', generator_from=generator_from, recognizer_from=recognizer_from,
    generator=dict(
        type='MotionGenerator', codec=_set['codec'], normalize=True,
        generator=dict(type='ActionCVAE', num_classes=_set['num_classes'], latent_dim=64, ff_size=256, num_layers=2,
                       dropout=0.0, losses=dict(rc=1.0, rcxyz=1.0, kl=1e-6, velxyz=1.0))),
    recognizer=dict(
        type='SkeletonRecognizer',
        backbone=dict(type='STGCN', layout=_set['layout'], num_person=1, base_channels=16, num_stages=4,
                          inflate_stages=[2, 4], down_stages=[2, 4]),
        head=dict(type='GraphPoolHead', num_classes=_set['num_classes'], in_channels=64)))
_clips = dict(step=-1, holdout=holdout, fold=fold, batch_size=batch_size, seed=seed, only_training=_subset)
train_dataloader, _, _ = generator_clips(dataset, frames, repeat=repeat, **_clips)
_recognizer_train, val_dataloader, test_dataloader = recognizer_clips(dataset, frames, **_clips)
optim_wrapper, param_scheduler, _ = adamw_constant(lr=5e-4, epochs=epochs, weight_decay=0.01)
_selector = (dict(type='RandomSelector') if random_selection
             else dict(type='RatioSelector', incomplete='leave_out', reference='real'))
train_cfg = dict(
    type='GenerateSelectRetrainLoop', max_epochs=epochs, val_interval=interval, interval=interval,
    recognizer_data=_recognizer_train['dataset'], selector=_selector, per_class=candidates, latents=latents,
    spread=spread, batch_size=16, seed=seed)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
custom_hooks = [dict(type='MeasureFeaturesHook')]
default_hooks = dict(checkpoint=dict(interval=interval))
auto_scale_lr = dict(enable=False, base_batch_size=32)
randomness = dict(seed=seed)
