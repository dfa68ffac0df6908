"""Packaging of motionreg."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def requirements(name: str) -> list[str]:
    """Lines of requirements/<name>.txt without comments."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


extras = {name: requirements(name) for name in ('smpl', 'text', 'export', 'dev')}

setup(
    name='motionreg',
    version='0.1.0',
    description='A plugin-registry framework for skeleton and human-motion learning',
    long_description=(ROOT / 'README.md').read_text(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.10',
    packages=find_packages(include=['motionreg', 'motionreg.*']),
    package_data={'motionreg': ['**/*.json', '**/*.npz', '**/*.html', '**/*.js', '**/*.txt', '**/*.yaml', 'py.typed']},
    install_requires=requirements('base'),
    extras_require={**extras, 'all': sorted({line for name in extras if name != 'dev' for line in extras[name]})},
)
