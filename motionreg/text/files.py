"""Text banks as YAML or JSON files, and those that come with the package."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from motionreg.errors import DataError, suggest
from motionreg.motion.store_format import replace_file
from motionreg.text.bank import TextBank, TextEntry

BANKS = Path(__file__).parent / 'banks'
SUFFIXES = ('.yaml', '.yml', '.json')
_FIRST_OF = {'ntu60': ('ntu120', 60)}
_BANK_KEYS = ('name', 'origin', 'licence', 'generated', 'classes')
_CLASS_KEYS = ('label', 'synonyms', 'sentences', 'parts')


def list_banks() -> list[str]:
    """Names of the banks that come with the package."""
    files = {path.stem for path in BANKS.glob('*.yaml')}
    return sorted({*files, *(name for name, (whole, _) in _FIRST_OF.items() if whole in files), 'minimotion'})


def load_bank(bank: str | Path | TextBank) -> TextBank:
    """The bank that is meant.

    Args:
        bank: a name of ``list_banks``; a YAML or JSON file; or a TextBank, returned as it is.

    Raises:
        DataError: an unknown name, no such file, or a file that is not a text bank; the message names file and key.
    """
    if isinstance(bank, TextBank):
        return bank
    if bank == 'minimotion':
        from motionreg.text.minimotion import minimotion_bank  # here, because it loads the grammar

        return minimotion_bank()
    if bank in list_banks():
        whole, count = _FIRST_OF.get(str(bank), (bank, None))
        found = _read(BANKS / f'{whole}.yaml')
        return found if count is None else replace(found.first(count), name=str(bank))
    path = Path(bank)
    if path.suffix not in SUFFIXES:
        raise DataError(f"'{bank}' is neither a text bank of the package nor a {' or '.join(SUFFIXES)} file."
                        f'{suggest(str(bank), list_banks())} Banks: {", ".join(list_banks())}.')
    if not path.exists():
        raise DataError(f'{path} does not exist. Published texts become such a file with tools/prepare_texts.py, new '
                        f'ones with tools/generate_texts.py; banks of the package: {", ".join(list_banks())}.')
    return _read(path)


def save_bank(bank: TextBank, path: str | Path) -> None:
    """Write a bank as YAML or, if the name ends so, JSON. The file appears when it is complete.

    Raises:
        DataError: another ending.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise DataError(f'{path}: a text bank is a {" or ".join(SUFFIXES)} file.')
    classes = [_filled({'label': entry.label, 'synonyms': list(entry.synonyms), 'sentences': list(entry.sentences),
                        'parts': dict(entry.parts)}) for entry in bank]
    content = _filled({'name': bank.name, 'origin': bank.origin, 'licence': bank.licence,
                       'generated': dict(bank.generated or {}), 'classes': classes})
    text = (json.dumps(content, indent=1, ensure_ascii=False) if path.suffix == '.json' else
            yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120))
    with replace_file(path) as file:
        file.write(text.encode())


def _filled(content: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if value}


def read_text(path: Path) -> str:
    """The content of a UTF-8 file.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return path.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: not UTF-8 at byte {error.start}; save it as UTF-8.') from None
    except OSError as error:
        raise DataError(f'{path}: {error.strerror or error}.') from None


def _read(path: Path) -> TextBank:
    text = read_text(path)
    try:
        content = json.loads(text) if path.suffix == '.json' else yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError) as error:     # a ValueError is bad JSON, or no date such as 2024-13-01
        raise DataError(f'{path}: not {"JSON" if path.suffix == ".json" else "YAML"}: {" ".join(str(error).split())}'
                        ) from None
    return _bank(content, path)


class _Loader(getattr(yaml, 'CSafeLoader', yaml.SafeLoader)):  # type: ignore[misc]
    """Reads plain data only, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f'{key.value!r} is there twice', key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _bank(content: Any, path: Path) -> TextBank:
    """A bank from what a file holds."""
    _check_keys(content, _BANK_KEYS, str(path), required='classes')
    where = f"{path}: 'classes'"
    if not isinstance(content['classes'], list) or not content['classes']:
        raise DataError(f'{where} is {_short(content["classes"])}, expected a list of at least one class.')
    entries = tuple(_entry(one, f'{where}[{index}]') for index, one in enumerate(content['classes']))
    texts = {key: _text(content.get(key, ''), f'{path}: {key!r}') for key in ('name', 'origin', 'licence')}
    generated = content.get('generated')
    if generated is not None and not isinstance(generated, dict):
        raise DataError(f"{path}: 'generated' is {_short(generated)}, expected keys and values.")
    return TextBank(texts['name'] or path.stem, entries, texts['origin'], texts['licence'], generated)


def _entry(content: Any, where: str) -> TextEntry:
    _check_keys(content, _CLASS_KEYS, where, required='label')
    label = _text(content['label'], f"{where} 'label'")
    where = f'{where} ({label!r})'
    parts = content.get('parts', {})
    if not isinstance(parts, dict):
        raise DataError(f"{where} 'parts' is {_short(parts)}, expected a text for each part, such as head: ...")
    try:
        return TextEntry(label, _texts(content, 'synonyms', where), _texts(content, 'sentences', where),
                         {_text(part, f"{where} a key of 'parts'"): _text(text, f"{where} 'parts.{part}'")
                          for part, text in parts.items()})
    except DataError as error:
        raise DataError(str(error) if str(error).startswith(where) else f'{where}: {error}') from None


def _check_keys(content: Any, known: Iterable[str], where: str, required: str) -> None:
    if not isinstance(content, Mapping):
        raise DataError(f'{where} is {_short(content)}, expected the keys {", ".join(known)}.')
    for key in content:
        if key not in known:
            raise DataError(f'{where}: unknown key {key!r}.{suggest(str(key), known)} Keys: {", ".join(known)}.')
    if required not in content:
        raise DataError(f'{where}: {required!r} is missing.')


def _texts(content: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    texts = content.get(key, [])
    if not isinstance(texts, list):
        raise DataError(f'{where} {key!r} is {_short(texts)}, expected a list of texts.')
    return tuple(_text(text, f'{where} {key!r}[{index}]') for index, text in enumerate(texts))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f'{where} is {_short(value)}, expected a text; put it in quotes.')
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return 'empty' if value is None else text if len(text) <= 40 else f'{text[:37]}...'
