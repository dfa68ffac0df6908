_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import adamw_cosine, nw_ucla, zero_shot, zero_shot_language

split = arg('split', 'random_8_2_1')
tuning = arg('tuning', False)  # hold out the split's validation classes: for choices, such as that of gamma
prompts = arg('prompts', 'sentence')  # or 'label', 'description', or 'lst' for texts of parts
encoder = arg('encoder', 'minilm')
method = arg('method', 'pgfa')  # or 'vae', the baseline of SynSE's kind
stream = arg('stream', 'j')
epochs = arg('epochs', 20)
batch_size = arg('batch_size', 32)
seed = arg('seed', 0)
holdout = arg('holdout', False)

model = dict(
    type='ZeroShotRecognizer',
    backbone=dict(type='STGCN', layout='nw-ucla', num_person=1, graph='spatial', base_channels=16,
                  inflate_stages=[5, 8, 10], ch_ratio=[2, 2, 4], dropout=0.1),
    language=zero_shot_language('nw-ucla', prompts, encoder, method))
_classes, _evaluators = zero_shot('nw-ucla', split, tuning)
train_dataloader, val_dataloader, test_dataloader = nw_ucla(
    stream, frames=32, batch_size=batch_size, seed=seed, holdout=holdout or tuning, classes=_classes)
test_dataloader = val_dataloader if tuning else test_dataloader
optim_wrapper, param_scheduler, train_cfg = adamw_cosine(epochs=epochs)
val_cfg, val_evaluator = (dict(), _evaluators[0]) if holdout or tuning else (None, None)
test_cfg, test_evaluator = dict(), _evaluators
auto_scale_lr = dict(enable=False, base_batch_size=32)
randomness = dict(seed=seed)
