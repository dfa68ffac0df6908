from __future__ import annotations

import numpy as np
import pytest

from motionreg.evaluation.tables import format_table


def test_words_stand_left_and_numbers_right():
    table = format_table([['wave', 12, 93.456], ['sit down', 3, np.float32(100)]], ['class', 'clips', 'top-1'])
    assert table.splitlines() == [
        'class     clips   top-1',
        '--------  -----  ------',
        'wave         12   93.46',
        'sit down      3  100.00']


def test_unknown_values_are_dashes_and_digits_can_be_chosen():
    lines = format_table([['a', None, float('nan')], ['b', 7, 0.12346]], ['name', 'n', 'loss'], digits=4).splitlines()
    assert lines[2:] == ['a     -       -', 'b     7  0.1235']


def test_numbers_formatted_by_the_caller_stand_right_and_names_with_line_breaks_stay_on_one_line():
    assert format_table([['5.0%', 'a\nb'], ['12.5%', 'c']], ['share', 'name']).splitlines()[2:] == [
        ' 5.0%  a b', '12.5%  c']


def test_wide_characters_count_double():
    lines = format_table([['挥手', 1], ['wave', 2]], ['class', 'n']).splitlines()
    assert lines[2:] == ['挥手   1', 'wave   2']


def test_no_rows_leave_the_header():
    assert format_table([], ['a', 'bc']) == 'a  bc\n-  --'


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match='row 1 has 1 cells, the header has 2'):
        format_table([[1, 2], [3]], ['a', 'b'])
