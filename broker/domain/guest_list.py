"""Lists of guests as spreadsheets save them: CSV with a head, a comma, semicolon or tab between cells (FB-17)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from broker.domain.errors import Invalid
from broker.domain.text import printable

Row = tuple[int, dict[str, str] | str]  # line number, and the cells or what is wrong with them


def decoded(raw: bytes) -> str:
    """The text of a file: UTF-8 with or without a byte order mark. Raises Invalid for anything else."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("the file is no CSV in UTF-8: save it as “CSV UTF-8”", "file_encoding") from None
    if "\x00" in text:
        raise Invalid("the file is no CSV in UTF-8: it contains a NUL", "file_encoding")
    return text


def rows(source: Iterable[str], columns: Sequence[str]) -> Iterator[Row]:
    """The rows under the head, each with the columns that have a value. columns: the first is required. Raises Invalid."""
    lines = iter(source)
    try:
        names, delimiter, above = _head(lines, columns)
        reader = csv.reader(lines, delimiter=delimiter)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = reader.line_num + above
            while len(cells) > len(names) and not cells[-1].strip():
                cells.pop()
            if len(cells) > len(names):
                yield line, f"{len(cells)} cells under {len(names)} columns"
            else:
                values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
                yield line, {columns[0]: "", **values}
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(f"the file is no CSV in UTF-8: {type(error).__name__}", "file_encoding") from None


def _head(lines: Iterator[str], columns: Sequence[str]) -> tuple[list[str], str, int]:
    """(columns, delimiter, lines up to here), as spreadsheets write it: `sep=;`, blank lines and empty columns at the end (FB-17)."""
    delimiter, above = "", 0
    for line in lines:
        above += 1
        text = line.strip().strip('"')
        if text[:4].lower() == "sep=" and len(text) == 5:
            delimiter = text[4]
        elif text.strip(";, \t"):
            break
    else:
        first, *others = columns
        raise Invalid(
            f"the file is empty; its first line must name the columns: {first}, and any of {', '.join(others)}", "file_empty"
        )
    delimiter = delimiter or (";" if ";" in line and "," not in line else "\t" if "\t" in line and "," not in line else ",")
    names = [name.strip().lower() for name in next(csv.reader([line], delimiter=delimiter), [])]
    while names and not names[-1]:
        names.pop()
    _check_head(names, above, columns)
    return names, delimiter, above


def _check_head(names: list[str], line: int, columns: Sequence[str]) -> None:
    """Raise Invalid, with the name of the column that is wrong."""
    first, *others = columns
    right = f"columns are {first}, and any of {', '.join(others)}"
    unknown = next((name for name in names if name not in columns), None)
    twice = next((name for name in names if names.count(name) > 1), None)
    if unknown is not None:
        shown = printable(unknown, 80) if unknown else "without a name"
        raise Invalid(f"line {line}: unknown column {shown!r}; {right}", "file_columns")
    if twice is not None:
        raise Invalid(f"line {line}: column {twice!r} stands there twice; {right}", "file_columns")
    if first not in names:
        raise Invalid(f"line {line}: there is no column {first!r}; {right}", "file_columns")
