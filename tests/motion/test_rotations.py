"""Rotation representations: round trips, conventions, and inputs that are no rotations."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from motionreg.errors import ConfigError
from motionreg.motion.rotations import WIDTHS, convert, gram_schmidt


@pytest.fixture
def matrices() -> torch.Tensor:
    rotvec = torch.randn(4, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    rotvec[0, 0] = 0
    rotvec[0, 1] *= 1e-7
    return convert(rotvec, 'rotvec', 'matrix')


@pytest.mark.parametrize(('source', 'target'), list(product(WIDTHS, WIDTHS)))
def test_there_and_back(matrices, source, target):
    x = convert(matrices, 'matrix', source)
    y = convert(x, source, target)
    assert y.shape == ((4, 5, 3, 3) if target == 'matrix' else (4, 5, WIDTHS[target]))
    torch.testing.assert_close(convert(y, target, source), x, atol=1e-7, rtol=0)
    torch.testing.assert_close(convert(y, target, 'matrix'), matrices, atol=1e-12, rtol=0)


def test_conventions():
    """A quarter turn about z takes x to y."""
    quarter = torch.tensor([0.0, 0.0, math.pi / 2], dtype=torch.float64)
    turned = convert(quarter, 'rotvec', 'matrix') @ torch.tensor([1.0, 0, 0], dtype=torch.float64)
    torch.testing.assert_close(turned, torch.tensor([0.0, 1, 0], dtype=torch.float64))
    root = math.sqrt(0.5)
    for rep, expected in (('quaternion', [root, 0, 0, root]), ('rot6d', [0, -1, 0, 1, 0, 0]),
                          ('rot6d_columns', [0, 1, 0, -1, 0, 0])):
        torch.testing.assert_close(convert(quarter, 'rotvec', rep), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize('rep', ['quaternion', 'rot6d', 'rot6d_columns'])
def test_numbers_that_are_no_rotation_become_one(rep):
    x = torch.randn(50, WIDTHS[rep], dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    matrix = convert(x, rep, 'matrix')
    torch.testing.assert_close(matrix @ matrix.mT, torch.eye(3, dtype=x.dtype).expand(50, 3, 3))
    torch.testing.assert_close(torch.linalg.det(matrix), torch.ones(50, dtype=x.dtype))
    torch.testing.assert_close(convert(3 * x, rep, 'matrix'), matrix)


@pytest.mark.parametrize('rep', ['quaternion', 'rot6d', 'rot6d_columns', 'rotvec'])
def test_zeros_are_the_identity_and_give_no_nan_gradient(rep):
    """As in padded frames, next to a frame that is none."""
    x = torch.zeros(2, WIDTHS[rep])
    x[1, 0], x[1, -1] = 1, 1
    x.requires_grad_()
    matrix = convert(x, rep, 'matrix')
    torch.testing.assert_close(matrix[0], torch.eye(3))
    (matrix * torch.arange(9.0).view(3, 3)).sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad[1].abs().sum() > 0


def test_parallel_rows_are_the_identity():
    torch.testing.assert_close(gram_schmidt(torch.tensor([[1.0, 2, 3], [2.0, 4, 6]])), torch.eye(3))


def test_gradients_are_right():
    generator = torch.Generator().manual_seed(2)
    for rep in ('quaternion', 'rot6d', 'rot6d_columns'):
        x = torch.randn(3, WIDTHS[rep], dtype=torch.float64, generator=generator, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x, rep=rep: convert(x, rep, 'matrix'), x)


def test_unknown_names_and_wrong_widths_say_what_is_there():
    with pytest.raises(ConfigError, match=r"no rotation representation 'rot6'. Did you mean 'rot6d'"):
        convert(torch.zeros(6), 'rot6', 'matrix')
    with pytest.raises(ConfigError, match=r'quaternion of shape \(2, 3\): expected \(..., 4\)'):
        convert(torch.zeros(2, 3), 'quaternion', 'matrix')
