"""What mail programs write around a customer's words, by language: the lists of `history.txt` and `footers.txt`."""

from importlib.resources import files


def _read() -> dict[str, tuple[str, ...]]:
    lists: dict[str, list[str]] = {}
    name = ""
    here = files("bridge.text")
    for line in "\n".join((here / name).read_text("utf-8") for name in ("history.txt", "footers.txt")).splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            lists[name] = []
        elif line and not line.startswith("#"):
            lists[name] += [_ends(phrase.casefold()) for phrase in line.partition(" = ")[2].split(" | ")]
    return {name: tuple(phrases) for name, phrases in lists.items()}


def _ends(phrase: str) -> str:
    """A phrase with the blanks at its ends, which the file writes as `_`."""
    inner = phrase.strip("_")
    start = phrase.index(inner)
    return " " * start + inner + " " * (len(phrase) - start - len(inner))


_LISTS = _read()

WROTE = _LISTS["wrote"]
QUOTING = _LISTS["quoting"]
LEADS = _LISTS["leads"]
DAYS = _LISTS["days"]
SEPARATORS = frozenset(_LISTS["separators"])
ABOVE_THIS = _LISTS["above_this"]
FROM = frozenset(_LISTS["from"])
OTHER_HEADERS = frozenset(_LISTS["other_headers"])
MOBILE = _LISTS["mobile"]
DEVICES = _LISTS["devices"]
DISCLAIMERS = _LISTS["disclaimers"]
LEGAL = _LISTS["legal"]
LIST_FOOTERS = _LISTS["list_footers"]
BANNERS = _LISTS["banners"]
CLOSINGS = frozenset(_LISTS["closings"])
FORM_FIELDS = frozenset(_LISTS["form_fields"])
