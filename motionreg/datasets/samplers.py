"""Which sample comes when, in training and in tests, on any number of ranks.

A training sampler yields ``(index, draw)``: the dataset seeds a sample's augmentation from both, so that it depends
neither on workers nor on ranks nor on how often the run was resumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from motionreg.registry import DATA_SAMPLERS

Item = int | tuple[int, int]


@DATA_SAMPLERS.register_module()
class EpochSampler(Sampler[Item]):
    """One pass over the data set an epoch.

    With ``shuffle`` (training) it yields ``(index, draw)`` in an order that depends on seed and epoch, and all ranks
    get equally many. Without (validation, test) it yields plain indices in order, each exactly once over all ranks, so
    that the last ranks may get one less.

    Args:
        dataset: anything with a length.
        shuffle: see above.
        repeat: passes over the data that make one epoch (the RepeatDataset of pyskl's recipes).
        seed: order of the samples; None: one drawn and shared by all ranks.
        round_up: repeat a few samples so that all ranks get equally many. None: as ``shuffle`` says.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, repeat: int = 1, seed: int | None = None,
                 round_up: bool | None = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.size, self.shuffle, self.repeat = len(dataset), shuffle, repeat
        self.seed = sync_random_seed() if seed is None else seed
        self.round_up = shuffle if round_up is None else round_up
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration is."""
        self.epoch = epoch

    def __len__(self) -> int:
        total = self.size * self.repeat
        if self.round_up:
            return -(-total // self.world_size)
        return len(range(self.rank, total, self.world_size))

    def __iter__(self) -> Iterator[Item]:
        total = self.size * self.repeat
        order = np.random.default_rng([self.seed, self.epoch]).permutation(total) if self.shuffle else np.arange(total)
        places = np.arange(len(self)) * self.world_size + self.rank
        for place in order[places % total].tolist():
            index = place % self.size
            yield (index, self.epoch * self.repeat + place // self.size) if self.shuffle else index


@DATA_SAMPLERS.register_module()
class InfiniteSampler(Sampler[Item]):
    """Epochs without end or seam, for loops that count iterations. Yields ``(index, draw)``, draw = number of the pass.

    The ranks take turns in one common stream: N processes with batch B see what one process sees with batch N * B.

    Args:
        dataset: anything with a length.
        shuffle: a new order in every pass.
        seed: of these orders; None: one drawn and shared by all ranks.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.size, self.shuffle = len(dataset), shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self._skip = 0

    def skip(self, count: int) -> None:
        """Begin the next iteration after the first ``count`` items of this rank, at no cost: for a resumed run."""
        self._skip = count

    def __iter__(self) -> Iterator[Item]:
        place = self.rank + self._skip * self.world_size
        self._skip, current = 0, -1
        while True:
            draw, within = divmod(place, self.size)
            if draw != current:
                rng = np.random.default_rng([self.seed, draw])
                order, current = rng.permutation(self.size) if self.shuffle else np.arange(self.size), draw
            yield int(order[within]), draw
            place += self.world_size

    def __len__(self) -> int:
        """Items of one pass on this rank; the iteration itself does not end there."""
        return -(-self.size // self.world_size)
