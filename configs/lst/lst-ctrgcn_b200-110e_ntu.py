_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import classification, lst_language, ntu_feeder, sgd_step

dataset = arg('dataset', 'ntu60')  # or 'ntu120'; both prepared with --preparation ctrgcn
split = arg('split', 'xsub')  # or 'xview' of NTU-60, 'xset' of NTU-120
stream = arg('stream', 'j')
epochs = arg('epochs', 110)
batch_size = arg('batch_size', 200)
seed = arg('seed', 0)
holdout = arg('holdout', False)
encoder = arg('encoder', 'minilm')
shuffle = arg('shuffle', -1)  # a seed gives every class the texts of another, as a control
faithful = arg('faithful', False)  # texts, bones and a tuned CLIP as in the original program

_to_stream, _language = lst_language(dataset, stream, encoder, shuffle, faithful=faithful)
_classes = 60 if dataset == 'ntu60' else 120
model = dict(
    type='LanguageSupervisedRecognizer',
    backbone=dict(type='CTRGCN', layout='nturgb+d-ctrgcn'),
    head=dict(type='GraphPoolHead', num_classes=_classes, in_channels=256, init_std=(2 / _classes) ** 0.5),
    language=_language)
train_dataloader, val_dataloader, test_dataloader = ntu_feeder(
    f'data/{dataset}-ctrgcn', split, stream, batch_size=batch_size, test_batch_size=200, seed=seed, holdout=holdout,
    to_stream=_to_stream, num_workers=2)
optim_wrapper, param_scheduler, train_cfg = sgd_step(lr=0.1, epochs=epochs, milestones=[90, 100], weight_decay=5e-4)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=200)
randomness = dict(seed=seed)
