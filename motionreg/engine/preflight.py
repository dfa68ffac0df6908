"""Checks of a config before anything is built: every problem at once, each with its file and key."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motionreg import registry as registries
from motionreg.datasets.class_splits import get_class_split
from motionreg.datasets.zero_shot import check_no_unseen
from motionreg.engine.checkpoint import ON_MISMATCH, missing
from motionreg.engine.training_checks import paramwise_problems, validation_problems
from motionreg.errors import ConfigError, DataError, UserError, suggest
from motionreg.motion.readers.ntu_prepare import PREPARATIONS
from motionreg.registry import BuildError, Registry, argument_problems, value_problems

# Keys that hold components, and what kind they are; the keyword arguments that the Runner adds when it builds them.
KEYS: dict[str, tuple[Registry, tuple[str, ...]]] = {
    'model': (registries.MODELS, ()),
    'backbone': (registries.BACKBONES, ()),
    'head': (registries.HEADS, ()),
    'language': (registries.HEADS, ('layout', 'in_channels')),
    'encoder': (registries.TEXT_ENCODERS, ()),
    'loss': (registries.LOSSES, ()),
    'generator': (registries.GENERATORS, ()),
    'codec': (registries.CODECS, ()),
    'body_model': (registries.BODY_MODELS, ()),
    'adapter': (registries.ADAPTERS, ()),
    'data_preprocessor': (registries.PREPROCESSORS, ()),
    'dataset': (registries.DATASETS, ()),
    'pipeline': (registries.TRANSFORMS, ()),
    'sampler': (registries.DATA_SAMPLERS, ('dataset', 'seed')),
    'collate_fn': (registries.FUNCTIONS, ('data_batch', 'items', 'batch')),
    'optim_wrapper': (registries.OPTIM_WRAPPERS, ('optimizer',)),
    'optimizer': (registries.OPTIMIZERS, ('params',)),
    'param_scheduler': (registries.PARAM_SCHEDULERS, ('optimizer', 'convert_to_iter_based')),
    'train_cfg': (registries.LOOPS, ('runner', 'dataloader')),
    'val_cfg': (registries.LOOPS, ('runner', 'dataloader', 'evaluator')),
    'test_cfg': (registries.LOOPS, ('runner', 'dataloader', 'evaluator')),
    'val_evaluator': (registries.METRICS, ()),
    'test_evaluator': (registries.METRICS, ()),
    'custom_hooks': (registries.HOOKS, ()),
    'default_hooks': (registries.HOOKS, ()),
    'visualizer': (registries.VISUALIZERS, ()),
    'vis_backends': (registries.VISBACKENDS, ('save_dir',)),
    'log_processor': (registries.LOG_PROCESSORS, ()),
}
TOP_LEVEL = {
    *KEYS, 'args', 'auto_scale_lr', 'cfg', 'compile', 'custom_imports', 'default_scope', 'env_cfg', 'experiment_name',
    'find_unused_parameters', 'launcher', 'load_from', 'log_level', 'model_wrapper_cfg', 'on_mismatch', 'plugins',
    'randomness', 'resume', 'runner_type', 'sync_bn', 'test_dataloader', 'train_dataloader', 'val_dataloader',
    'work_dir',
}
DEFAULT_TYPES = {'train_cfg': None, 'val_cfg': 'ValLoop', 'test_cfg': 'TestLoop', 'optim_wrapper': 'OptimWrapper',
                 'log_processor': 'LogProcessor'}
LOWEST = {'batch_size': 1, 'num_workers': 0, 'max_epochs': 1, 'max_iters': 1, 'repeat': 1, 'val_interval': 1,
          'clip_len': 1, 'num_person': 1, 'num_samples': 1, 'per_class': 1, 'seed': 0}
TAKEN_BY_MMENGINE = {'by_epoch', 'convert_to_iter_based', 'priority', '_scope_'}
TAKEN_FROM_OPTIM_WRAPPER = {'constructor', 'paramwise_cfg'}


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a config: its key and a sentence. ``missing_data`` marks files that are not there yet."""

    key: str
    message: str
    missing_data: bool = False


def check_config(config: Any) -> list[Problem]:
    """All problems of a config, in the order of its keys. An empty list means it can run."""
    problems = list(_unknown_keys(config))
    for key in config:
        if key in KEYS:
            problems += _check_node(config[key], key, *KEYS[key])
        elif key.endswith('_dataloader') and config[key] is not None:
            problems += _check_dataloader(config[key], key)
    problems += [*_check_triples(config), *_check_weights(config)]
    problems += [Problem(*found) for found in validation_problems(config)]
    if all(problem.missing_data for problem in problems):
        problems += _check_fit(config)
    return problems


def require_valid(config: Any, source: str | Path) -> None:
    """Raise ConfigError with a table if the config has problems."""
    problems = check_config(config)
    if problems:
        raise ConfigError(format_problems(source, problems))


def format_problems(source: str | Path, problems: list[Problem]) -> str:
    """The table of a config's problems: a head line with the file, then a line a problem."""
    width = max(len(problem.key) for problem in problems)
    count = f'{len(problems)} problem' + 's' * (len(problems) > 1)
    return '\n'.join([f'{source}: {count}', *(f'  {p.key:{width}}  {p.message}' for p in problems)])


def _unknown_keys(config: Any) -> Iterator[Problem]:
    known = TOP_LEVEL | set(config.get('args') or {})
    for key in config:
        if key not in known and not key.startswith('_'):
            yield Problem(key, f'is not a key of a config.{suggest(key, known)} '
                               'A value that only the file itself uses starts with an underscore.')


def _check_node(node: Any, path: str, registry: Registry, supplied: tuple[str, ...]) -> Iterator[Problem]:
    """Check a component, a list of components, or a dict of named components, and everything inside."""
    if isinstance(node, (list, tuple)):
        for position, item in enumerate(node):
            yield from _check_node(item, f'{path}.{position}', registry, supplied)
        return
    if not isinstance(node, dict):
        return
    name = path.rpartition('.')[2]
    if name in ('default_hooks', 'optimizer_cfg') or ('type' not in node and name == 'param_scheduler'):
        for key, item in node.items():
            yield from _check_node(item, f'{path}.{key}', registry, supplied)
        return
    kind = node.get('type', _default_type(name, node))
    if kind is None:
        yield Problem(f'{path}.type', f"is missing; the config of a {registry.name} needs a 'type'.")
        return
    try:
        factory = registry.resolve(kind)
    except BuildError as error:
        yield Problem(f'{path}.type', error.message)
        return
    taken = TAKEN_BY_MMENGINE | (TAKEN_FROM_OPTIM_WRAPPER if name == 'optim_wrapper' else set())
    arguments = {key: value for key, value in node.items() if key != 'type' and key not in taken}
    yield from _too_low(node, path)
    for key, message in _argument_problems(factory, arguments, supplied):
        yield Problem(f'{path}.{key}' if key else path, message)
    for key, item in node.items():
        yield from _check_child(item, f'{path}.{key}', key)


def _check_child(item: Any, path: str, key: str) -> Iterator[Problem]:
    """Components inside a component: by their key, or, under other keys, by a type that some registry knows."""
    if isinstance(item, dict) and item.get('type') in registries.MODELS.names():
        yield from _check_node(item, path, registries.MODELS, ())       # an assembly in an assembly
    elif key in KEYS:
        yield from _check_node(item, path, *KEYS[key])
    elif isinstance(item, dict) and 'type' in item:
        factory = registries.find(item['type'])
        if factory is None:
            hint = suggest(str(item['type']), _all_names())
            yield Problem(f'{path}.type', f'{item["type"]!r} is not registered.{hint}')
        else:
            arguments = {argument: value for argument, value in item.items() if argument != 'type'}
            for argument, message in _argument_problems(factory, arguments, ()):
                yield Problem(f'{path}.{argument}' if argument else path, message)
            for inner, value in item.items():
                yield from _check_child(value, f'{path}.{inner}', inner)
    elif isinstance(item, (list, tuple)):
        for position, value in enumerate(item):
            yield from _check_child(value, f'{path}.{position}', '')


def _too_low(node: dict[str, Any], path: str) -> Iterator[Problem]:
    for key, lowest in LOWEST.items():
        if isinstance(node.get(key), int) and node[key] < lowest:
            yield Problem(f'{path}.{key}', f'is {node[key]}, it must be at least {lowest}')


def _argument_problems(factory: Any, arguments: dict[str, Any], supplied: tuple[str, ...]) -> list[tuple[str, str]]:
    """Wrong names and values of arguments, following **kwargs to the base classes that take them."""
    found = argument_problems(factory, arguments, supplied) + value_problems(factory, arguments)
    if inspect.isclass(factory) and _takes_any(factory.__init__):
        accepted: set[str] = set()
        for constructor in (vars(base).get('__init__') for base in factory.__mro__[:-1]):
            if constructor is not None:
                accepted |= set(inspect.signature(constructor).parameters)
                if not _takes_any(constructor):
                    found += [(arg, f'{factory.__name__} takes no {arg!r}.{suggest(arg, accepted - {"self"})}')
                              for arg in arguments if arg not in accepted]
                    break
    return found


def _takes_any(function: Any) -> bool:
    return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())


def _default_type(name: str, node: dict[str, Any]) -> str | None:
    if name == 'train_cfg':
        return 'EpochBasedTrainLoop' if node.get('by_epoch', 'max_epochs' in node) else 'IterBasedTrainLoop'
    return DEFAULT_TYPES.get(name)


def _all_names() -> set[str]:
    return {name for registry in registries.kinds().values() for name in registry.names()}


def _check_dataloader(node: dict[str, Any], path: str) -> Iterator[Problem]:
    from torch.utils.data import DataLoader

    known = {*inspect.signature(DataLoader).parameters, 'num_batch_per_epoch'}
    for key, item in node.items():
        if key not in known:
            yield Problem(f'{path}.{key}', f'a dataloader takes no {key!r}.{suggest(key, known)}')
        elif key in KEYS:
            yield from _check_node(item, f'{path}.{key}', *KEYS[key])
    yield from _too_low(node, path)
    for key in ('dataset', 'batch_size', 'sampler'):
        if key not in node and not (key != 'dataset' and 'batch_sampler' in node):
            yield Problem(f'{path}.{key}', 'is missing')
    yield from _missing_data(node.get('dataset') or {}, f'{path}.dataset')


def _missing_data(dataset: dict[str, Any], path: str) -> Iterator[Problem]:
    """A dataset's files that do not exist, with the command that makes them where its name tells."""
    data = dataset.get('data') if isinstance(dataset, dict) else None
    if not isinstance(data, (str, Path)) or Path(data).exists():
        return
    name = Path(data).name
    readers = registries.READERS.names()
    close = difflib.get_close_matches(name, readers, n=1, cutoff=0.5)
    make = close[0] if name not in readers and close else name
    hint = ''
    if make in readers:
        package = registries.READERS.resolve(make).__module__.partition('.')[0]
        plugin = '' if package == 'motionreg' else f' --plugin {package}'
        way = name.removeprefix(f'{make}-')     # as in data/ntu60-ctrgcn
        option = f' --preparation {way}' if way in PREPARATIONS else ''
        hint = f' Make it with: python tools/prepare_data.py {make}{plugin} --src <files> --out {data}{option}'
    yield Problem(f'{path}.data', f'{data} does not exist.{hint}', missing_data=True)


def _check_triples(config: Any) -> Iterator[Problem]:
    for part, keys in {'train': ('train_dataloader', 'train_cfg', 'optim_wrapper'),
                       'val': ('val_dataloader', 'val_cfg', 'val_evaluator'),
                       'test': ('test_dataloader', 'test_cfg', 'test_evaluator')}.items():
        missing = [key for key in keys if config.get(key) is None]
        if missing and len(missing) < len(keys):
            yield Problem(missing[0], f'is missing; {part} needs {", ".join(keys)} together, or none of them')


def _check_weights(config: Any) -> Iterator[Problem]:
    policy, source = config.get('on_mismatch', 'error'), config.get('load_from')
    if policy not in ON_MISMATCH:
        yield Problem('on_mismatch', f'is {policy!r}, it must be one of {", ".join(ON_MISMATCH)}')
    if isinstance(source, str) and not Path(source).is_file():
        yield Problem('load_from', str(missing(Path(source))))


def _check_fit(config: Any) -> Iterator[Problem]:
    """Whether data, backbone and head fit each other, found by building them."""
    if config.get('model') is None:
        yield Problem('model', 'is missing')
        return
    try:
        model = registries.MODELS.build(config.model, where='model')
    except BuildError as error:
        yield Problem(error.path or 'model', error.message)
        return
    except UserError as error:
        yield Problem('model', str(error))
        return
    yield from (Problem(*found) for found in paramwise_problems(config.get('optim_wrapper'), model))
    backbone, head = getattr(model, 'backbone', None), getattr(model, 'head', None)
    width = getattr(backbone, 'out_channels', None)
    taken = getattr(head, 'in_channels', width)
    if width is not None and taken != width:
        yield Problem('model.head.in_channels', f'is {taken}, the backbone puts out {width} channels')
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if config.get(key) is not None and not list(_missing_data(config[key]['dataset'], key)):
            yield from _check_dataset_fit(config[key], key, model, config)


def _check_dataset_fit(loader: dict[str, Any], name: str, model: Any, config: Any) -> Iterator[Problem]:
    path = f'{name}.dataset'
    backbone, head = getattr(model, 'backbone', None), getattr(model, 'head', None)
    try:
        dataset = registries.DATASETS.build(loader['dataset'], where=path)
        if len(dataset) == 0:
            yield Problem(path, 'has no samples')
            return
        item = dataset[0]
        if 'inputs' not in item:
            yield Problem(f'{path}.pipeline', "makes no 'inputs'; its last step is PackInputs")
            return
        shape = tuple(item['inputs'].shape)
    except BuildError as error:
        yield Problem(error.path or path, error.message)
        return
    except UserError as error:
        yield Problem(path, str(error))
        return
    sampler = loader.get('sampler') or {}
    size = len(dataset) * sampler.get('repeat', 1)
    if loader.get('drop_last') and sampler.get('type') != 'InfiniteSampler' and size < loader.get('batch_size', 1):
        yield Problem(f'{name}.batch_size', f"is {loader['batch_size']}, the {size} samples of an epoch do not fill "
                                            'one batch, and drop_last leaves it out')
    frames, joints, channels = shape[-3:]
    multiple = getattr(backbone, 'frame_multiple', 1)
    if frames % multiple:
        yield Problem(f'{path}.pipeline', f"makes clips of {frames} frames, the model's {type(backbone).__name__} "
                                          f'needs a multiple of {multiple}')
    norm = getattr(backbone, 'input_norm', None)
    if norm is not None and joints != norm.num_joints:
        yield Problem('model.backbone.layout', f'has {norm.num_joints} joints, the clips of {path} have {joints}')
    if norm is not None and channels != norm.channels:
        yield Problem('model.backbone.in_channels', f'is {norm.channels}, the clips of {path} have {channels} channels')
    theirs, ours = getattr(dataset, 'layout', None), getattr(backbone, 'layout', None)
    if theirs is not None and ours is not None and theirs.joints != ours.joints and joints == ours.num_joints:
        yield Problem('model.backbone.layout', f'is {ours.name!r}, the clips of {path} are {theirs.name!r}: as many '
                                               'joints, but not the same ones')
    classes = getattr(head, 'num_classes', None) if head is not None else getattr(
        getattr(model, 'language', None), 'num_classes', None)
    labels = getattr(dataset, 'labels', None)
    names = dataset.metainfo.get('class_names') if hasattr(dataset, 'metainfo') else None
    if classes is not None and labels is not None and name != 'test_dataloader' and (labels < 0).any():
        unlabelled = [index for index, label in enumerate(labels) if label < 0]
        yield Problem(path, f"has {len(unlabelled)} of {len(labels)} samples without a label, e.g. "
                            f"{str(dataset.ids[unlabelled[0]])!r}; look with tools/validate_data.py")
    elif classes is not None and labels is not None and len(labels) and int(labels.max()) >= classes:
        yield Problem('model.head.num_classes', f'is {classes}, {path} has labels up to {int(labels.max())}')
    elif classes is not None and names and len(names) != classes:
        yield Problem('model.head.num_classes', f'is {classes}, {path} has {len(names)} classes')
    bank = getattr(getattr(model, 'language', None), 'bank', None)
    if bank is not None and names and len(names) == len(bank):
        try:
            bank.check_classes(names, path)
        except DataError as error:
            yield Problem('model.language.texts', str(error))
    yield from _check_class_splits(config, dataset, name)


def _check_class_splits(config: Any, dataset: Any, name: str) -> Iterator[Problem]:
    """The class splits of the metrics against the classes of the data, and those that training may use."""
    for key in ('val_evaluator', 'test_evaluator'):
        metrics = config.get(key) or []
        for number, metric in enumerate(metrics if isinstance(metrics, (list, tuple)) else [metrics]):
            if not {'dataset', 'split'} <= set(metric):
                continue
            try:
                split = get_class_split(metric['dataset'], metric['split'])
                split = split.tuning() if metric.get('tuning') else split
                names = dataset.metainfo.get('class_names') if hasattr(dataset, 'metainfo') else None
                if names:
                    split.check_classes(names, f'{name}.dataset')
            except UserError as error:
                yield Problem(f'{key}.{number}.split', str(error))
                continue
            if name == 'train_dataloader' and hasattr(dataset, 'labels'):
                try:
                    check_no_unseen(dataset, split, where='it')
                except UserError as error:
                    yield Problem(f'{name}.dataset.classes', str(error))
