_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_constant, classification, generator_clips, recognizer_clips, scarce

dataset = arg('dataset', 'infact-posture')
generator_from = arg('generator_from', '')
recognizer_from = arg('recognizer_from', '')
frames = arg('frames', 90 if dataset == 'infact-trans' else 60)
epochs = arg('epochs', 200)
interval = arg('interval', 10)
evaluate_interval = arg('evaluate_interval', 1)
batch_size = arg('batch_size', 16)
faithful = arg('faithful', False)
seed = arg('seed', 0)
holdout = arg('holdout', False)

_set = scarce(dataset)
model = dict(
    type='GeneratorAndRecognizer', generator_from=generator_from, recognizer_from=recognizer_from,
    generator=dict(type='MotionGenerator', codec=_set['codec'],
                   generator=dict(type='ActionCVAE', num_classes=_set['num_classes'])),
    recognizer=dict(
        type='SkeletonRecognizer',
        backbone=dict(type='STGCN', layout=_set['layout'], in_channels=6, graph='stgcn_spatial', edge='mask',
                      num_person=1),
        head=dict(type='GraphPoolHead', num_classes=_set['num_classes'], in_channels=256)))
_clips = dict(holdout=holdout, batch_size=batch_size, seed=seed)
train_dataloader, _, _ = generator_clips(dataset, frames, **_clips)
_recognizer_train, val_dataloader, test_dataloader = recognizer_clips(dataset, frames, rep='features', **_clips)
optim_wrapper, param_scheduler, _ = adamw_constant(lr=1e-4)
train_cfg = dict(
    type='GenerateSelectRetrainLoop', max_epochs=epochs, val_interval=interval, interval=interval,
    evaluate_interval=evaluate_interval, recognizer_data=_recognizer_train['dataset'],
    selector=dict(type='RatioSelector', original_ratios=faithful), retrain_epochs=3, batch_size=batch_size,
    generate=dict(dropout=faithful), seed=seed)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
default_hooks = dict(checkpoint=dict(interval=interval))
auto_scale_lr = dict(enable=False, base_batch_size=16)
randomness = dict(seed=seed)
