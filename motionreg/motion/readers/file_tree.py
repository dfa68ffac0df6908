"""One view of a folder, a zip file, or a folder of zip files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from motionreg.errors import DataError


class FileTree:
    """Files with a certain suffix, wherever they lie.

    Args:
        src: a zip file, a folder (searched with its subfolders), or a folder with zip files that hold them.
        suffix: such as '.json', in small letters; files may have it in capitals.
        what: name of the data set, for messages.
        accept: which of these files belong to it, by their path in ``src`` (in a zip file of a folder: behind the
            name of the zip file).
        required: whether there must be such a file.

    Raises:
        DataError: ``src`` does not exist, is a damaged zip file, or holds no file with that suffix.
    """

    def __init__(self, src: str | Path, suffix: str, what: str, accept: Callable[[PurePath], bool] = lambda path: True,
                 required: bool = True) -> None:
        self.src = Path(src)
        self._accept = accept
        self._zips: dict[Path, zipfile.ZipFile] = {}
        self._members: dict[str, tuple[Path, str | None]] = {}
        if not self.src.exists():
            raise DataError(f'{self.src} does not exist. --src takes the {what} folder or zip file.')
        if self.src.is_file():
            self._add_zip(self.src, suffix, PurePath())
        else:
            for file in sorted(self.src.rglob('*')):
                if (file.suffix.lower() == suffix and not file.name.startswith('.')
                        and accept(file.relative_to(self.src))):
                    self._add(file.stem, file, None)
            if not self._members:
                for file in sorted(self.src.rglob('*.zip')):
                    self._add_zip(file, suffix, file.relative_to(self.src))
        if required and not self._members:
            raise DataError(f'{self.src}: no {suffix} file in it, nor in a zip file in it. --src takes the {what} '
                            'folder or zip file.')

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[str]:
        """Names without folder and suffix, sorted."""
        return iter(sorted(self._members))

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def where(self, name: str) -> str:
        """Path of a file, for messages."""
        path, member = self._members[name]
        return f'{path}:{member}' if member else str(path)

    def read(self, name: str) -> bytes:
        """Content of a file.

        Raises:
            DataError: it cannot be read, or its checksum in the zip file is wrong.
        """
        path, member = self._members[name]
        try:
            return path.read_bytes() if member is None else self._zips[path].read(member)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise DataError(f'{self.where(name)}: cannot be read ({error}). Copy or download it again.') from error

    def _add(self, name: str, path: Path, member: str | None) -> None:
        if name in self._members:
            where = f'{path}:{member}' if member else str(path)
            raise DataError(f'{where}: there is another file of that name, {self.where(name)}. '
                            'Name one folder with --src.')
        self._members[name] = path, member

    def _add_zip(self, path: Path, suffix: str, inside: PurePath) -> None:
        try:
            archive = self._zips[path] = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f'{path}: not a readable zip file ({error}). Download or copy it again.') from error
        for member in archive.namelist():
            file = PurePosixPath(member)
            if (file.suffix.lower() == suffix and '__MACOSX' not in file.parts and not file.name.startswith('.')
                    and self._accept(inside / file)):
                self._add(file.stem, path, member)
