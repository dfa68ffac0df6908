"""What generated motions are worth: recognisers trained with and without them, at equal budgets."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from motionreg.apis.generate import GeneratedMotions
from motionreg.apis.run import find_checkpoint, test, train
from motionreg.config import load_config
from motionreg.engine.checkpoint import load_weights, newest_checkpoint, read_checkpoint
from motionreg.engine.generate_select_retrain import FOLDER
from motionreg.engine.passes import generate_like
from motionreg.errors import ConfigError, DataError
from motionreg.evaluation.compare import Comparison
from motionreg.evaluation.tables import format_table
from motionreg.motion.store import Store, is_store
from motionreg.motion.store_format import replace_file
from motionreg.motion.writer import StoreWriter
from motionreg.registry import DATASETS, MODELS
from motionreg.visualization.loop import plot_loop, read_loop

BASE = 'real'
ARMS: Mapping[str, Mapping[str, Any]] = {       # classic augmentation, and the generated motions that are added
    BASE: {},
    'augmented': dict(augment=True),
    'unselected': dict(motions='unselected'),
    'selected': dict(motions='selected'),
    'augmented, unselected': dict(augment=True, motions='unselected'),
    'augmented, selected': dict(augment=True, motions='selected')}


@dataclass
class SyntheticGain:
    """The experiment of InfAGenC on one data set: recognisers trained on the same real clips, with other things added.

    For a seed: train a recogniser on the real clips (the arm 'real') and a generator; run the loop that selects motions
    with both; make as many motions of each class, unselected, with the generator before the loop; train a recogniser
    from scratch for each further arm, for as many iterations. What is finished is not done again.

    Args:
        out: folder of the experiment.
        recognizer, generator, loop: config files of the three, with the arguments of configs/infagenc/*_scarce.py.
        options: config options of all three, such as ``dataset`` and ``per_class``. With ``holdout`` arms are scored
            on the validation split, for choices.
        own_options: further options of 'recognizer', 'generator' or 'loop'.
        arms: names in ``ARMS``; 'real' is always one.
    """

    out: Path
    recognizer: Path
    generator: Path
    loop: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    own_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    arms: Sequence[str] = tuple(ARMS)

    def __post_init__(self) -> None:
        unknown = [arm for arm in self.arms if arm not in ARMS]
        if unknown:
            raise ConfigError(f'{unknown[0]!r} is no arm; there are: {"; ".join(ARMS)}')
        self.arms = (BASE, *(arm for arm in self.arms if arm != BASE))
        for part in ('recognizer', 'generator', 'loop'):
            self.config(part, self.out)         # raises before anything is written
        said = self.out / 'settings.json'
        settings = json.loads(json.dumps({name: str(value) if isinstance(value, Path) else value for name, value
                                          in vars(self).items() if name not in ('out', 'arms')}, default=dict))
        if said.is_file() and read_json(said) != settings:
            raise ConfigError(f'{self.out} holds an experiment with other settings ({said.name}); take another folder')
        write_json(said, settings)

    def run(self, seed: int, fold: int | None = None) -> dict[str, float]:
        """Top-1 in % of every arm. The seed draws the real clips too, where ``options`` has per_class.

        Args:
            seed: of everything random.
            fold: of a data set with folds.
        """
        unit = self.unit(seed, fold)
        return {arm: unit.accuracy(arm) for arm in self.arms}

    def add_results(self, results: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
        """Keep results, by unit and arm, in ``results.json``. Returns all that are there."""
        file = self.out / 'results.json'
        every = read_json(file) if file.is_file() else {}
        for unit, found in results.items():
            every[unit] = {**every.get(unit, {}), **found}
        write_json(file, every)
        return every

    def unit(self, seed: int, fold: int | None = None) -> Unit:
        """A seed of the experiment."""
        name = f'seed-{seed}' if fold is None else f'fold-{fold}-seed-{seed}'
        return Unit(self, self.out / name, {'seed': seed, 'subset_seed': seed,
                                            **({} if fold is None else {'fold': fold})})

    def config(self, part: str, work_dir: Path, **options: Any) -> Config:
        """The config of a part with all options."""
        path = {'recognizer': self.recognizer, 'generator': self.generator, 'loop': self.loop}[part]
        config = load_config(path, {**self.options, **self.own_options.get(part, {}), **options})
        config.work_dir, config.log_level = str(work_dir), 'WARNING'
        return config


class Unit:
    """One seed of an experiment, in a folder of its own."""

    def __init__(self, experiment: SyntheticGain, folder: Path, options: Mapping[str, Any]) -> None:
        self.experiment, self.folder, self.options = experiment, folder, dict(options)

    def accuracy(self, arm: str) -> float:
        """Top-1 of the arm's recogniser. Where no motion was selected, it is that of the arm without motions."""
        folder = self.folder / arm.replace(', ', '+')
        result = folder / 'result.json'
        if not result.is_file():
            wanted = ARMS[arm]
            options = {'augment': wanted.get('augment', False)}
            motions = wanted.get('motions')
            if motions is not None:
                added = self.selected() if motions == 'selected' else self.unselected()
                if added is None:
                    return self.accuracy('augmented' if options['augment'] else BASE)
                options['generated'] = str(added)
            config = self._trained('recognizer', folder, **options)
            config.load_from = str(find_checkpoint('last', folder))
            if self.experiment.options.get('holdout'):
                config.test_dataloader = config.val_dataloader
            write_json(result, test(config))
        return float(read_json(result)['top1'])

    def generator(self) -> Path:
        """Checkpoint of the generator before the loop."""
        self._trained('generator', self.folder / 'generator')
        return find_checkpoint('last', self.folder / 'generator')

    def selected(self) -> Path | None:
        """Folder of the motions that the loop selected; None without any."""
        self.accuracy(BASE)
        real = find_checkpoint('last', self.folder / BASE)
        self._trained('loop', self.folder / 'loop', generator_from=str(self.generator()), recognizer_from=str(real))
        return self.folder / 'loop' / FOLDER if self._stores() else None

    def unselected(self) -> Path | None:
        """Store of as many motions of each class as were selected; None without any."""
        path = self.folder / 'unselected_motions'
        if self.selected() is None:
            return None
        if not path.is_dir():
            config = self.experiment.config('generator', self.folder / 'generator', **self.options)
            loop = self.experiment.config('loop', self.folder / 'loop', **self.options).train_cfg
            model = MODELS.build(config.model, where='model').eval()
            load_weights(model, read_checkpoint(self.generator())['state_dict'], self.generator())
            clips = DATASETS.build({**config.train_dataloader.dataset, 'test_mode': True})
            labels = np.sort(np.concatenate([store.labels for store in self._stores()]))
            motions = generate_like(model, clips, labels, self.options['seed'], loop.latents, loop.spread)
            with StoreWriter(path, layout=motions[0].layout, fps=motions[0].fps,
                             class_names=clips.class_names or ()) as store:
                for motion in motions:
                    store.add(motion)
        return path

    def _stores(self) -> list[Store]:
        """The motions that the rounds selected."""
        folders = sorted((self.folder / 'loop' / FOLDER).glob('round-*'))
        return [Store(folder) for folder in folders if is_store(folder)]

    def _trained(self, part: str, folder: Path, **options: Any) -> Config:
        """The config of a part, trained into a folder if it has not been; ``seconds.json`` there says it has, and how
        long its last stretch took."""
        config = self.experiment.config(part, folder, **self.options, **options)
        done = folder / 'seconds.json'
        if not done.is_file():
            start = time.perf_counter()
            config.resume = newest_checkpoint(folder)[0] is not None
            train(config)
            config.resume = False
            write_json(done, time.perf_counter() - start)
        return config


def draw_pictures(experiment: SyntheticGain, seed: int, fold: int | None = None) -> list[Path]:
    """The rounds of a seed, and real, reconstructed and generated motions, as files in the experiment's folder."""
    unit = experiment.unit(seed, fold)
    unit.selected()
    files = [experiment.out / name for name in ('rounds.png', 'motions.png', 'motions.gif')]
    plot_loop(read_loop(unit.folder / 'loop'), files[0])
    source = GeneratedMotions(experiment.generator, unit.generator(),
                              {**experiment.options, **experiment.own_options.get('generator', {}), **unit.options})
    labels = np.unique(DATASETS.build(source.config.train_dataloader.dataset).labels)[:6].tolist()
    pairs = source.reconstruct(labels, 'train', seed)
    frames = pairs[0][0].num_frames
    loop = experiment.config('loop', unit.folder / 'loop', **unit.options).train_cfg
    noise = 'training' if loop.latents == 'training' else 'random'
    motions = source.make(labels, (frames, frames), 3, seed, noise, loop.spread)
    for file in files[1:]:
        source.draw_grid(pairs, motions, file)
    return files


def read_json(file: Path) -> Any:
    """Raises DataError if it is damaged."""
    try:
        return json.loads(file.read_text(encoding='utf-8'))
    except ValueError as error:
        raise DataError(f'{file} is damaged ({error}). Delete it, and what it says is found out again') from error


def write_json(file: Path, content: Any) -> None:
    """Whole or not at all."""
    with replace_file(file) as target:
        target.write(json.dumps(content, indent=1).encode())


def gain_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """A row an arm: mean and standard deviation, mean difference to 'real' with 95 % interval and p of a paired t-test.

    Args:
        results: unit -> arm -> top-1. Arms that are not in all units are left out.
    """
    units = list(results)
    arms = [arm for arm in ARMS if all(arm in found for found in results.values())]
    rows = []
    for arm in arms:
        values, base = (np.array([results[unit][name] for unit in units]) for name in (arm, BASE))
        row: list[Any] = [arm, values.mean(), values.std(ddof=1) if len(units) > 1 else None]
        if arm == BASE or len(units) < 2:
            row += [None if arm == BASE else float((values - base).mean()), None, None]
        else:
            found = Comparison(base, values)
            row += [float(found.differences.mean()), '{:+.1f} to {:+.1f}'.format(*found.interval), found.p_value]
        rows.append([*row, ' '.join(f'{value:.1f}' for value in values)])
    return format_table(rows, ('trained on', 'top-1', 'std', 'gain', '95 % interval', 'p', ', '.join(units)))
