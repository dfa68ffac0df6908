from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from motionreg.cli import make_split
from motionreg.datasets.class_splits import (
    ClassSplit,
    draw_class_split,
    get_class_split,
    list_class_splits,
    load_class_split,
    save_class_split,
)
from motionreg.errors import DataError
from motionreg.text import load_bank

DATA = Path(os.environ.get('MOTIONREG_DATA_DIR', Path(__file__).parents[3] / 'shared' / 'data'))
COLLECTED = DATA / 'zsl_splits' / 'splits.json'
ALL = [get_class_split(*name.split('/')) for name in list_class_splits()]


def split(**changes: object) -> ClassSplit:
    return replace(ClassSplit('mine', 'one', 6, (4, 1), validation=(0,), withheld=(5,)), **changes)


@pytest.mark.skipif(not COLLECTED.is_file(), reason='no collected splits (set MOTIONREG_DATA_DIR)')
def test_every_published_list_is_there_and_equal() -> None:
    collected = json.loads(COLLECTED.read_text())
    families = [*collected['splits'], *({**one, 'family': 'one_shot'} for one in collected['one_shot'])]
    for record in families:
        found = get_class_split(record['dataset'], record['name'])
        assert found.unseen == tuple(record.get('unseen') or record['novel']), found
        assert found.family == record['family'], found
        if 'seen' in record:
            assert (found.num_classes, sorted(found.seen + found.withheld)) == (record['num_classes'], record['seen'])
    assert len(families) == len([found for found in ALL if found.family != 'random'])


@pytest.mark.parametrize('found', ALL, ids=str)
def test_lists_share_no_class_and_leave_none_out(found: ClassSplit) -> None:
    assert sorted(found.fit + found.validation + found.unseen + found.withheld) == list(range(found.num_classes))
    assert found.origin
    if found.family == 'random':
        assert found.num_classes == len(load_bank(found.dataset))
    if found.validation:
        tuning = found.tuning()
        assert (tuning.unseen, tuning.seen) == (found.validation, found.fit)
        assert not {*tuning.seen, *tuning.unseen} & set(found.unseen)


@pytest.mark.parametrize('found', [found for found in ALL if found.family == 'random'], ids=str)
def test_committed_random_splits_are_those_of_their_seeds(found: ClassSplit) -> None:
    _, _, unseen, seed = found.name.split('_')
    drawn = draw_class_split(found.dataset, found.num_classes, int(unseen), int(seed))
    assert (drawn.name, drawn.unseen, drawn.validation) == (found.name, found.unseen, found.validation)


def test_a_random_split_is_another_one_with_another_seed() -> None:
    assert len({draw_class_split('mine', 50, 5, seed).unseen for seed in range(9)}) == 9
    assert draw_class_split('mine', 9, 3, 0, validation=0).validation == ()
    assert len(draw_class_split('mine', 10, 6, 0).validation) == 2
    for impossible in (dict(unseen=10), dict(unseen=5, validation=5)):
        with pytest.raises(DataError, match='no class to train on is left'):
            draw_class_split('mine', 10, seed=0, **impossible)
    with pytest.raises(DataError, match='at least 1 and 0'):
        draw_class_split('mine', 10, 0, 0)


def test_published_validation_classes_are_seen_classes_of_their_split() -> None:
    found = get_class_split('ntu120', 'rv24_0')
    assert (found.name, found.family) == ('synse_val_24', 'synse_val')
    whole = get_class_split('ntu120', 'ru24')
    assert found.unseen == whole.validation == whole.tuning().unseen
    assert found.withheld == whole.unseen
    assert found.seen == whole.tuning().seen


def test_validation_classes_can_be_drawn_where_none_are_published() -> None:
    found = get_class_split('ntu60', 'smie_1')
    drawn = found.with_validation()
    assert found.tuning() == drawn.tuning()
    assert len(drawn.validation) == 5
    assert set(drawn.validation) < set(found.seen)
    assert len(get_class_split('ntu60', 'ru30').with_validation().validation) == 15
    assert drawn == found.with_validation(5, seed=0) != found.with_validation(5, seed=1)


def test_one_shot_lists_keep_their_order_and_name_exemplars() -> None:
    assert get_class_split('pku', 'one_shot_pku_10').unseen[:4] == (10, 30, 40, 0)
    found = get_class_split('ntu120', 'one_shot_full_20')
    for label, exemplar in zip(found.unseen, found.exemplars, strict=True):
        assert int(exemplar[-3:]) == label + 1


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(unseen=(6,)), r'mine/one: class 6 is not one of the 6 classes, 0 to 5'),
    (dict(unseen=(4, 4)), 'class 4 is listed twice'),
    (dict(unseen=(0,)), 'class 0 is listed twice'),
    (dict(unseen=()), 'no unseen class'),
    (dict(validation=(0, 2, 3)), 'no class to train on is left'),
    (dict(class_names=('a',)), '1 class names for 6 classes'),
    (dict(exemplars=('a',)), '1 exemplars for 2 unseen classes')])
def test_an_impossible_split_cannot_be_made(changes: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(**changes)


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(DataError, match=r"no class splits for 'ntu61'\. Did you mean 'ntu60'"):
        get_class_split('ntu61', 'smie_1')
    with pytest.raises(DataError, match=r"ntu60 has no class split 'smie_4'. Did you mean 'smie_\d'"):
        get_class_split('ntu60', 'smie_4')


@pytest.mark.parametrize('suffix', ['.yaml', '.json'])
def test_a_file_of_ones_own_stands_wherever_a_split_is_named(suffix: str, tmp_path: Path) -> None:
    own = split(class_names=tuple('abcdef'), note='mine')
    path = tmp_path / f'own{suffix}'
    save_class_split(own, path)
    assert get_class_split('mine', path) == get_class_split('mine', str(path)) == get_class_split('mine', own) == own
    with pytest.raises(DataError, match="mine/one is for 'mine', not for 'ntu60'"):
        get_class_split('ntu60', path)


def test_a_file_needs_two_keys(tmp_path: Path) -> None:
    path = tmp_path / 'short.yaml'
    path.write_text('num_classes: 3\nunseen: [1]')
    assert get_class_split('any', path) == ClassSplit('any', 'short', 3, (1,))


@pytest.mark.parametrize(('text', 'message'), [
    ('unseen: [1]', "own.yaml: 'num_classes' is missing"),
    ('[1, 2]', 'own.yaml: not a class split, expected the keys num_classes and unseen'),
    ('{num_classes: 3, unsen: [1]}', "unknown key 'unsen'. Did you mean 'unseen'"),
    ('{num_classes: 3, unseen: 1}', "'unseen' is 1, expected a list of numbers"),
    ('{num_classes: 3, unseen: [wave]}', r"'unseen' is \['wave'\], expected a list of numbers"),
    ('{num_classes: true, unseen: [1]}', "'num_classes' is True, expected a number"),
    ('{num_classes: 3, unseen: [3]}', r'own.yaml: class split own: class 3 is not one of the 3 classes'),
    ('{', 'own.yaml: cannot be read')])
def test_a_file_that_is_wrong_says_where(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / 'own.yaml').write_text(text)
    with pytest.raises(DataError, match=message):
        load_class_split(tmp_path / 'own.yaml')


def test_missing_files_and_other_endings_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'none\.yaml does not exist\. tools/make_split.py writes'):
        get_class_split('mine', tmp_path / 'none.yaml')
    with pytest.raises(DataError, match=r'a class split is a \.yaml'):
        save_class_split(split(), tmp_path / 'own.txt')


def test_classes_are_compared_with_those_of_the_data() -> None:
    own = split(class_names=tuple('abcdef'))
    own.check_classes(['A', 'b', 'c', 'd', 'e', 'f'], 'data/mine')
    split().check_classes(tuple('fedcba'), 'data/mine')
    with pytest.raises(DataError, match='data/mine has 2 classes, class split mine/one is for 6'):
        own.check_classes('ab', 'data/mine')
    with pytest.raises(DataError, match="class 1 is 'c' in data/mine and 'b' in class split mine/one"):
        own.check_classes('acbdef', 'data/mine')


def test_make_split_writes_what_draw_class_split_draws(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / 'split.yaml'
    options = ['--unseen', '5', '--seed', '1', '--out', str(out)]
    assert make_split.main(['--num-classes', '27', *options]) == 0
    assert get_class_split('utd-mhad', out) == draw_class_split('utd-mhad', 27, 5, 1)
    assert '22 seen and 5 unseen classes' in capsys.readouterr().out
    with pytest.raises(DataError, match=r'split.yaml exists already.*--overwrite'):
        make_split.main(['--num-classes', '27', *options])
    assert make_split.main(['--names', 'utd-mhad', '--dataset', 'utd-mhad', *options, '--overwrite']) == 0
    named = load_class_split(out)
    assert named.class_names == load_bank('utd-mhad').labels
    assert f'{named.unseen[0]} {named.class_names[named.unseen[0]]}' in capsys.readouterr().out
    with pytest.raises(DataError, match='--num-classes or --names'):
        make_split.main([*options, '--overwrite'])
    with pytest.raises(DataError, match='27 class names for 20 classes'):
        make_split.main(['--num-classes', '20', '--names', 'utd-mhad', *options, '--overwrite'])


@pytest.mark.parametrize(('options', 'message'), [
    ({'seed': -1}, 'a seed is 0 to 4294967295'), ({'num_classes': -5}, '2 unseen of -5 classes'),
    ({'unseen': 0}, '0 unseen and 0 validation classes')])
def test_numbers_that_draw_nothing_are_told(options: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        draw_class_split('own', **{'num_classes': 9, 'unseen': 2, 'seed': 0, **options})


def test_a_file_is_for_as_many_classes_as_the_data_set_has() -> None:
    with pytest.raises(DataError, match='for 20 classes, utd-mhad has 27'):
        get_class_split('utd-mhad', ClassSplit('', 'own', 20, unseen=(1,)))
