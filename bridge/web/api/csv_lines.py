"""Lines of CSV (RFC 4180, October 2005), safe to open in a spreadsheet (OWASP, "CSV Injection")."""

import csv
import io
from collections.abc import Iterable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Iterable[object]) -> str:
    """One line with its end. Numbers and switches as JSON has them; text that would be a formula is made text."""
    line = io.StringIO()
    csv.writer(line).writerow([_cell(one) for one in cells])
    return line.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
