_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import frame50_clips, pgfa, pgfa_language, sgd_step, zero_shot

dataset = arg('dataset', 'ntu60')  # or 'ntu120', 'pku-mmd'; all prepared with --preparation aimclr
split = arg('split', pgfa(dataset)['setting_2'])  # or synse_48_12 of ntu60, synse_96_24 of ntu120
tuning = arg('tuning', False)  # hold out the split's validation classes: for choices, such as that of gamma
prompts = arg('prompts', 'sentence')  # or 'label', 'description', or 'lst' for texts of parts
encoder = arg('encoder', 'minilm')
method = arg('method', 'pgfa')  # or 'vae', the baseline of SynSE's kind
stream = arg('stream', 'j')
epochs = arg('epochs', 50)
batch_size = arg('batch_size', 128)
seed = arg('seed', 0)
holdout = arg('holdout', False)
faithful = arg('faithful', False)  # texts, graph and schedule as in the original program

_classes, _evaluators = zero_shot(dataset, split, tuning, dict(
    type='PrototypeAligner', support=pgfa(dataset)['support']))
model = dict(
    type='ZeroShotRecognizer',
    backbone=dict(type='ShiftGCN', layout='nturgb+d'),
    language=pgfa_language(dataset, prompts, encoder, method, faithful))
train_dataloader, val_dataloader, test_dataloader = frame50_clips(
    f'data/{dataset}-aimclr', stream=stream, frames=64, batch_size=batch_size, seed=seed, holdout=holdout or tuning,
    classes=_classes, num_workers=2)
test_dataloader = val_dataloader if tuning else test_dataloader
optim_wrapper, param_scheduler, train_cfg = sgd_step(
    lr=pgfa(dataset)['lr'], epochs=epochs, milestones=[50, 80] if faithful else [35, 45],
    weight_decay=5e-4, nesterov=False, warmup_start=0 if faithful else 1)
val_cfg, val_evaluator = (dict(), _evaluators[0]) if holdout or tuning else (None, None)
test_cfg, test_evaluator = dict(), _evaluators
auto_scale_lr = dict(enable=False, base_batch_size=128)
randomness = dict(seed=seed)
