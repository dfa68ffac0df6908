from __future__ import annotations

from itertools import chain, islice

import numpy as np
import pytest

from motionreg.datasets import EpochSampler, InfiniteSampler, samplers

WORLDS = [1, 2, 3, 4]
SIZES = [1, 7, 12]


@pytest.fixture
def on_ranks(monkeypatch: pytest.MonkeyPatch):
    """Build one sampler per rank of a world of that size."""
    def build(world_size: int, kind: type, *args: object, **options: object) -> list:
        built = []
        for rank in range(world_size):
            monkeypatch.setattr(samplers, 'get_dist_info', lambda rank=rank: (rank, world_size))
            built.append(kind(*args, **options))
        return built
    return build


@pytest.mark.parametrize('world_size', WORLDS)
@pytest.mark.parametrize('size', SIZES)
def test_evaluation_sees_every_sample_exactly_once(on_ranks, size: int, world_size: int) -> None:
    ranks = on_ranks(world_size, EpochSampler, range(size), shuffle=False, seed=0)
    seen = [list(sampler) for sampler in ranks]
    assert sorted(chain(*seen)) == list(range(size))
    assert [len(sampler) for sampler in ranks] == [len(part) for part in seen]
    assert max(map(len, seen)) - min(map(len, seen)) <= 1


@pytest.mark.parametrize('world_size', WORLDS)
@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('repeat', [1, 5])
def test_training_epoch_covers_every_draw_with_equal_ranks(on_ranks, size: int, world_size: int, repeat: int) -> None:
    ranks = on_ranks(world_size, EpochSampler, range(size), repeat=repeat, seed=3)
    for sampler in ranks:
        sampler.set_epoch(2)
    seen = [list(sampler) for sampler in ranks]
    wanted = {(index, 2 * repeat + again) for index in range(size) for again in range(repeat)}
    assert set(chain(*seen)) == wanted
    assert {len(part) for part in seen} == {len(ranks[0])} == {-(-size * repeat // world_size)}


def test_order_depends_on_seed_and_epoch_only() -> None:
    def order(seed: int, epoch: int) -> list:
        sampler = EpochSampler(range(20), seed=seed)
        sampler.set_epoch(epoch)
        return list(sampler)
    assert order(1, 4) == order(1, 4)
    assert [index for index, _ in order(1, 4)] != [index for index, _ in order(1, 5)]
    assert [index for index, _ in order(1, 4)] != [index for index, _ in order(2, 4)]


@pytest.mark.parametrize('world_size', WORLDS)
@pytest.mark.parametrize('kind', [EpochSampler, InfiniteSampler])
def test_ranks_together_see_what_one_process_sees(on_ranks, kind: type, world_size: int) -> None:
    batch, size = 3, 24
    alone = list(islice(on_ranks(1, kind, range(size), seed=5)[0], size))
    ranks = [iter(sampler) for sampler in on_ranks(world_size, kind, range(size), seed=5)]
    for start in range(0, size - world_size * batch + 1, world_size * batch):
        together = list(chain(*[islice(rank, batch) for rank in ranks]))
        assert sorted(together) == sorted(alone[start:start + world_size * batch])


@pytest.mark.parametrize('world_size', WORLDS)
def test_infinite_sampler_has_no_seam(on_ranks, world_size: int) -> None:
    size, passes = 7, 4
    ranks = [iter(sampler) for sampler in on_ranks(world_size, InfiniteSampler, range(size), seed=0)]
    stream = [next(ranks[place % world_size]) for place in range(size * passes)]
    for draw in range(passes):
        part = stream[draw * size:(draw + 1) * size]
        assert sorted(part) == [(index, draw) for index in range(size)]


@pytest.mark.parametrize('world_size', WORLDS)
@pytest.mark.parametrize('count', [0, 1, 5, 40])
def test_skip_resumes_an_endless_run(on_ranks, world_size: int, count: int) -> None:
    whole = [list(islice(sampler, 60)) for sampler in on_ranks(world_size, InfiniteSampler, range(9), seed=1)]
    for sampler, expected in zip(on_ranks(world_size, InfiniteSampler, range(9), seed=1), whole):
        sampler.skip(count)
        assert list(islice(sampler, 60 - count)) == expected[count:]


def test_indices_are_plain_ints() -> None:
    for item in chain(EpochSampler(range(3), shuffle=False, seed=0), *EpochSampler(range(3), seed=0),
                      *islice(InfiniteSampler(range(3), seed=0), 3)):
        assert type(item) is int


def test_seed_none_is_drawn() -> None:
    assert 0 <= EpochSampler(range(3)).seed < 2 ** 31


def test_order_is_a_fair_shuffle() -> None:
    firsts = np.zeros(5)
    for epoch in range(500):
        sampler = EpochSampler(range(5), seed=0)
        sampler.set_epoch(epoch)
        firsts[next(iter(sampler))[0]] += 1
    assert firsts.min() > 60
