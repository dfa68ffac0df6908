"""A generator of motions and a recogniser of their classes, for loops in which one learns from the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from motionreg.errors import ConfigError
from motionreg.models.motion_generator import MotionGenerator
from motionreg.models.recognizer import SkeletonRecognizer
from motionreg.registry import MODELS, PREPROCESSORS
from motionreg.structures import MotionSample


@MODELS.register_module()
class GeneratorAndRecognizer(BaseModel):
    """Training batches go to the generator, tests to the recogniser; a loop trains the latter (see
    GenerateSelectRetrainLoop).

    One optimiser serves both: weights without a gradient are left alone, so that they are two independent ones.

    Args:
        generator: config of a MotionGenerator.
        recognizer: config of a SkeletonRecognizer of the same classes.
        generator_from, recognizer_from: checkpoints that a training starts from, of the part alone or of both together;
            None: new weights.
        data_preprocessor: default ClipPreprocessor; the parts have their own.
        init_cfg: MMEngine weight initialisation.

    Raises:
        ConfigError: the parts are of other kinds, or differ in their number of classes.
        CheckpointError: a checkpoint does not fit (when a training starts).
    """

    trained_apart: ClassVar[tuple[str, ...]] = ('recognizer',)      # parts that training batches do not reach
    generator: MotionGenerator
    recognizer: SkeletonRecognizer

    def __init__(self, generator: Any, recognizer: Any, generator_from: str | Path | None = None,
                 recognizer_from: str | Path | None = None, data_preprocessor: Any = None,
                 init_cfg: Any = None) -> None:
        preprocessor = PREPROCESSORS.build(data_preprocessor or {'type': 'ClipPreprocessor'}, where='data_preprocessor')
        super().__init__(data_preprocessor=preprocessor, init_cfg=init_cfg)
        self.generator = _part(generator, 'generator', MotionGenerator)
        self.recognizer = _part(recognizer, 'recognizer', SkeletonRecognizer)
        ours, theirs = self.generator.generator.num_classes, self.recognizer.head.num_classes
        if ours != theirs:
            raise ConfigError(f'the generator has {ours} classes, the recogniser {theirs}: both are to have the same')
        self.sources = {'generator': generator_from, 'recognizer': recognizer_from}
        # The recogniser takes no part in the distributed steps: the loop trains it on one process and sends it around.
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(
            self, [f'recognizer.{name}' for name in self.recognizer.state_dict()])

    def init_weights(self) -> None:
        """Initialise, then load ``generator_from`` and ``recognizer_from``, strictly."""
        from motionreg.engine.checkpoint import load_weights, read_checkpoint  # here, because it imports this package

        super().init_weights()
        for name, path in self.sources.items():
            if path:
                weights = read_checkpoint(path)['state_dict']
                if any(key.startswith('recognizer.') for key in weights):      # of both parts
                    weights = {key.removeprefix(f'{name}.'): value for key, value in weights.items()
                               if key.startswith(f'{name}.')}
                load_weights(getattr(self, name), weights, path)

    def forward(self, inputs: Tensor, data_samples: list[MotionSample] | None = None, mode: str = 'tensor') -> Any:
        """The generator's losses (mode 'loss'), or what the recogniser says ('predict', 'tensor')."""
        part = self.generator if mode == 'loss' else self.recognizer
        return part(inputs, data_samples, mode)


def _part(config: Any, name: str, kind: type[nn.Module]) -> Any:
    part = MODELS.build(config, where=name)
    if not isinstance(part, kind):
        raise ConfigError(f'{name}: {type(part).__name__} is no {kind.__name__}')
    return part
