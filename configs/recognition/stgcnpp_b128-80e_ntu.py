_base_ = ['../_base_/default_runtime.py']

from motionreg.config import arg
from motionreg.recipes import classification, ntu, sgd_cosine

dataset = arg('dataset', 'ntu60')  # or 'ntu120'
split = arg('split', 'xsub')  # or 'xview' of NTU-60, 'xset' of NTU-120
stream = arg('stream', 'j')
epochs = arg('epochs', 16)  # of five passes each
batch_size = arg('batch_size', 16)  # of each of eight processes
seed = arg('seed', 0)
holdout = arg('holdout', False)

model = dict(
    type='SkeletonRecognizer',
    backbone=dict(type='STGCNpp', layout='nturgb+d'),
    head=dict(type='GraphPoolHead', num_classes=60 if dataset == 'ntu60' else 120, in_channels=256))
train_dataloader, val_dataloader, test_dataloader = ntu(
    f'data/{dataset}', split, stream, batch_size=batch_size, test_batch_size=8, repeat=5, seed=seed, holdout=holdout,
    num_workers=2)
optim_wrapper, param_scheduler, train_cfg = sgd_cosine(lr=0.1, epochs=epochs, weight_decay=5e-4)
val_cfg, val_evaluator, test_cfg, test_evaluator = classification(holdout)
auto_scale_lr = dict(enable=False, base_batch_size=128)
randomness = dict(seed=seed)
