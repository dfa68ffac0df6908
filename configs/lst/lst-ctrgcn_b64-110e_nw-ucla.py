_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import classification, lst_language, nw_ucla, sgd_step

stream = arg('stream', 'j')
epochs = arg('epochs', 110)  # of five passes each
batch_size = arg('batch_size', 64)
seed = arg('seed', 0)
holdout = arg('holdout', False)
encoder = arg('encoder', 'minilm')
shuffle = arg('shuffle', -1)  # a seed gives every class the texts of another, as a control
faithful = arg('faithful', False)  # texts, bones and a tuned CLIP as in the original program

_to_stream, _language = lst_language('nw-ucla', stream, encoder, shuffle, loss_weight=1.0, faithful=faithful)
model = dict(
    type='LanguageSupervisedRecognizer',
    backbone=dict(type='CTRGCN', layout='nw-ucla', num_person=1),
    head=dict(type='GraphPoolHead', num_classes=10, in_channels=256, init_std=(2 / 10) ** 0.5),
    language=_language)
train_dataloader, val_dataloader, test_dataloader = nw_ucla(
    stream, frames=52, batch_size=batch_size, repeat=5, seed=seed, holdout=holdout, to_stream=_to_stream)
optim_wrapper, param_scheduler, train_cfg = sgd_step(lr=0.2, epochs=epochs, milestones=[90, 100], weight_decay=4e-4)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=64)
randomness = dict(seed=seed)
