"""A report as one self-contained page: no script, nothing loaded from anywhere, charts as SVG drawn here."""

from collections.abc import Iterable, Sequence
from html import escape

from bridge.model import UNKNOWN, Score
from bridge.report import Day, Report
from bridge.scale import Scale

_WIDTH, _HEIGHT, _LEFT, _BASE = 720, 200, 44, 22
_MOST_BARS = 62
"""Days in a chart; longer times are put together in bars of equal length."""
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee6; --paper: #fff; --card: #f6f7f9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf0; --soft: #9aa5b4; --line: #353d49; --paper: #14181e; --card: #1c222b } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 760px; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem }
p, caption { color: var(--soft) } svg { width: 100%; height: auto; display: block }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft) } .axis { stroke: var(--line) }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .8rem; padding: 0;
  margin: 1.4rem 0 0 }
.numbers div { background: var(--card); border-radius: 8px; padding: .7rem .9rem }
.numbers dt { color: var(--soft); font-size: .85rem } .numbers dd { margin: 0; font-size: 1.5rem }
table { border-collapse: collapse; width: 100%; font-size: .92rem }
th, td { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere }
th { color: var(--soft); font-weight: 500 }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0; margin: .5rem 0 0; list-style: none;
  font-size: .85rem; color: var(--soft) }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em }
"""
_GOOD, _NEUTRAL, _BAD, _WORST, _UNKNOWN = "#26845c", "#8e9aaa", "#e28743", "#b22234", "#cfd5de"


def page(report: Report, scale: Scale, name: str) -> str:
    """The page as HTML. `name` is of what was tried, such as a file's."""
    colours = _colours(scale)
    labels = [(label, report.by_label.get(label, 0), colours[label]) for label in (*scale.labels, UNKNOWN)]
    parts = [
        f"<h1>Sentiment of {escape(name)}</h1>",
        f"<p>{_span(report)} Nothing was written anywhere. {report.unknown} of {report.messages} messages are unknown:"
        " there was nothing to score, or the scorer should not be trusted on them.</p>",
        _numbers(report),
        "<h2>Messages by label</h2>",
        _bars_across(labels, report.messages),
        "<h2>Messages by score</h2>",
        _histogram(report.by_score, scale, colours),
    ]
    if report.by_day:
        days = _grouped(report.by_day)
        parts += ["<h2>Messages over time</h2>", _stacked(days, scale, colours), _key(labels)]
        parts += ["<h2>Alerts over time</h2>", _alerts(days)]
    parts.append("<h2>Alerts by rule</h2>")
    parts.append(_table(("Rule", "Alerts"), [(rule, str(count)) for rule, count in report.alerts_by_rule.items()]))
    if report.worst:
        worst = [(one.ticket, _signed(one.score), one.label, " · ".join(one.indicators)) for one in report.worst]
        parts += ["<h2>Worst tickets</h2>", _table(("Ticket", "Score", "Label", "Because of"), worst, numbers=(1,))]
    if report.declining:
        falling = [
            (one.ticket, str(one.scores), _signed(one.direction), _signed(one.current_avg)) for one in report.declining
        ]
        heading = ("Ticket", "Scores", "Direction", "Average now")
        parts.append(f"<h2>Declining conversations ({report.declining_tickets})</h2>")
        parts.append(_table(heading, falling, numbers=(1, 2, 3)))
    if report.caveats:
        caveats = [(caveat, str(count)) for caveat, count in report.caveats.items()]
        parts += ["<h2>Caveats</h2>", _table(("Caveat", "Messages"), caveats)]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Sentiment of {escape(name)}</title>\n<style>{_STYLE}</style>\n<main>\n{body}\n</main>\n</html>\n"
    )


def _span(report: Report) -> str:
    if not report.by_day:
        return "The rows have no times."
    return f"{report.by_day[0].day:%d %B %Y} to {report.by_day[-1].day:%d %B %Y}."


def _numbers(report: Report) -> str:
    alerts = f"{report.alerts}" if report.alerts_a_day is None else f"{report.alerts_a_day:.1f}"
    told = [
        ("Messages", f"{report.messages:,}"),
        ("Tickets", f"{report.tickets:,}"),
        ("Average score", _signed(report.average)),
        ("Declining conversations", f"{report.declining_tickets:,}"),
        ("Alerts" if report.alerts_a_day is None else "Alerts a day", alerts),
    ]
    return '<dl class="numbers">' + "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in told) + "</dl>"


def _colours(scale: Scale) -> dict[str, str]:
    """Green above 0.2, grey around it, orange and red below, by where a label's bucket begins."""
    found = {UNKNOWN: _UNKNOWN}
    for label, edge in scale.buckets:
        found[label] = _GOOD if edge >= 20 else _NEUTRAL if edge >= -20 else _BAD if edge >= -70 else _WORST
    return found


def _bars_across(labels: Sequence[tuple[str, int, str]], whole: int) -> str:
    row, room = 30, _WIDTH - 110 - 120
    most = max([1, *(count for _, count, _ in labels)])
    drawn = []
    for place, (label, count, colour) in enumerate(labels):
        top, width = place * row, room * count / most
        share = count / whole if whole else 0.0
        drawn.append(
            f'<text x="100" y="{top + 19}" text-anchor="end">{escape(label)}</text>'
            f'<rect x="110" y="{top + 5}" width="{width:.1f}" height="20" rx="3" fill="{colour}"/>'
            f'<text x="{116 + width:.1f}" y="{top + 19}">{count:,} ({share:.1%})</text>'
        )
    return _svg(row * len(labels), drawn, "Messages by label")


def _histogram(by_score: Sequence[int], scale: Scale, colours: dict[str, str]) -> str:
    width = (_WIDTH - _LEFT) / len(by_score)
    bars = []
    for place, count in enumerate(by_score):
        low = -100 + 10 * place
        label = next(label for label, edge in scale.buckets if low + 5 >= edge)
        bars.append(((count, colours[label]),))
    marks = [(_LEFT + width * place, f"{-1 + place / 10:.1f}") for place in range(0, 21, 5)]
    return _chart(bars, marks, "Messages by score")


def _grouped(days: Sequence[Day]) -> list[tuple[str, list[Day]]]:
    first, last = days[0].day.toordinal(), days[-1].day.toordinal()
    size = -(-(last - first + 1) // _MOST_BARS)
    found: list[tuple[str, list[Day]]] = []
    bars: dict[int, list[Day]] = {}
    for day in days:
        bars.setdefault((day.day.toordinal() - first) // size, []).append(day)
    for place in range((last - first) // size + 1):
        name = type(days[0].day).fromordinal(first + place * size)
        found.append((f"{name:%d %b %y}", bars.get(place, [])))
    return found


def _stacked(days: Sequence[tuple[str, list[Day]]], scale: Scale, colours: dict[str, str]) -> str:
    order = [*reversed(scale.labels), UNKNOWN]
    bars = [[(sum(day.by_label[label] for day in of), colours[label]) for label in order] for _, of in days]
    return _chart(bars, _dates(days), "Messages over time")


def _alerts(days: Sequence[tuple[str, list[Day]]]) -> str:
    bars = [((sum(day.alerts for day in of), _WORST),) for _, of in days]
    return _chart(bars, _dates(days), "Alerts over time")


def _dates(days: Sequence[tuple[str, list[Day]]]) -> list[tuple[float, str]]:
    width, step = (_WIDTH - _LEFT) / len(days), max(1, -(-len(days) // 8))
    return [(_LEFT + width * (place + 0.5), days[place][0]) for place in range(0, len(days), step)]


def _chart(bars: Sequence[Sequence[tuple[int, str]]], marks: Iterable[tuple[float, str]], title: str) -> str:
    most = max([1, *(sum(count for count, _ in bar) for bar in bars)])
    room, width = _HEIGHT - _BASE - 12, (_WIDTH - _LEFT) / len(bars)
    base = _HEIGHT - _BASE
    drawn = [
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>'
        for value in sorted({0, most // 2, most})
        for y in (base - room * value / most,)
    ]
    for place, bar in enumerate(bars):
        top = float(base)
        for count, colour in bar:
            height = room * count / most
            top -= height
            if count:
                drawn.append(
                    f'<rect x="{_LEFT + width * place + width * 0.1:.1f}" y="{top:.1f}" width="{width * 0.8:.1f}"'
                    f' height="{height:.1f}" fill="{colour}"/>'
                )
    drawn += [f'<text x="{x:.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(name)}</text>' for x, name in marks]
    return _svg(_HEIGHT, drawn, title)


def _svg(height: int, drawn: Sequence[str], title: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH + 16} {height}" role="img" aria-label="{title}">{"".join(drawn)}</svg>'


def _key(labels: Sequence[tuple[str, int, str]]) -> str:
    items = (f'<li><i style="background:{colour}"></i>{escape(label)}</li>' for label, _, colour in labels)
    return f'<ul class="key">{"".join(items)}</ul>'


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = (1,)) -> str:
    def cells(row: Sequence[str], tag: str) -> str:
        kinds = (' class="n"' if place in numbers else "" for place in range(len(row)))
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for cell, kind in zip(row, kinds, strict=True))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{cells(heading, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def _signed(score: Score | int | None) -> str:
    return "-" if score is None else f"{score / 100:+.2f}"
