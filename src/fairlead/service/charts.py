"""The objective over time, and what it cost, as small multiples over one axis of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from fairlead.checks.limits import largest_count
from fairlead.predict.metrics import METRICS
from fairlead.service.simulated import WINDOW_S
from fairlead.service.story import Moment, Story
from fairlead.service.svg import drawing, element, line, path, text
from fairlead.service.telling import clock, ends

WIDTH, LEFT, RIGHT = 960.0, 92.0, 944.0
TOP, TALL, LOW, BETWEEN = 84.0, 210.0, 62.0, 58.0
Place = Callable[[float], float]
Series = Sequence[tuple[int, float]]  # window, value


def objective_chart(story: Story) -> str:
    """Failed streams on a logarithmic axis (so that 99.99 % can be read), servers down, fullest region."""
    down_top = TOP + TALL + BETWEEN
    use_top = down_top + LOW + BETWEEN
    height = use_top + LOW + 34
    content = "".join(
        (
            _failed_panel(story, TOP, TALL),
            _down_panel(story, down_top, LOW),
            _use_panel(story, use_top, LOW),
            _events(story, use_top + LOW),
            _time_axis(story, use_top + LOW),
        )
    )
    label = "Failed streams, servers down and load of the fullest region, window by window"
    return drawing(WIDTH, height, content, label)


def _x(story: Story, windows: float) -> float:
    """Of the moment that so many windows are over."""
    return LEFT + (RIGHT - LEFT) * windows / len(story.moments)


def _failed_panel(story: Story, top: float, height: float) -> str:
    largest = max(max(each.failed_count, each.without_failed_count) for each in story.moments)
    decades = max(2, math.ceil(math.log10(max(largest, 10))))
    bottom = top + height
    step = height / (decades + 1)

    def y(failed: float) -> float:
        """Nothing failed is the ground; one stream is a step above it, ten are two."""
        return bottom if failed < 1 else bottom - step * (1 + math.log10(failed))

    parts = [text(0, top - 18, "failed streams a window", class_="panel")]
    for decade in (0.0, *(10.0**power for power in range(decades + 1))):
        parts.append(line(LEFT, y(decade), RIGHT, y(decade), class_="grid"))
        parts.append(text(LEFT - 10, y(decade) + 4, f"{decade:,.0f}", class_="tick", text_anchor="end"))
    limit = y(story.slack_count)
    parts.append(element("rect", x=LEFT, y=top, width=RIGHT - LEFT, height=limit - top, class_="missed"))
    parts.append(line(LEFT, limit, RIGHT, limit, class_="limit"))
    words = f"{story.goal.slo_ratio:.2%} objective: at most {math.floor(story.slack_count + 1e-9)} may fail"
    parts.append(text(RIGHT, limit + 15, words, class_="limit-words", text_anchor="end"))
    without = [(each.window, float(each.without_failed_count)) for each in story.moments]
    kept = [(each.window, float(each.failed_count)) for each in story.moments]
    parts.append(_steps(story, without, y, "without"))
    if story.rehearsal is not None:
        start = story.rehearsal.window + 1
        undone = [(start + number, float(failed)) for number, failed in enumerate(story.rehearsal.failed_counts)]
        parts.append(_steps(story, undone, y, "undone"))
    parts.append(_steps(story, kept, y, "kept"))
    return "".join(parts)


def _down_panel(story: Story, top: float, height: float) -> str:
    cap = float(largest_count(story.goal.fleet_cap_ratio, story.world.network.server_count))
    series = [(each.window, float(each.down_count)) for each in story.moments]
    return _small_panel(story, top, height, series, cap, f"servers down, at most {cap:.0f}", "{:.0f}")


def _use_panel(story: Story, top: float, height: float) -> str:
    limit = story.limits.headroom_ratio
    use = METRICS["region_utilisation_max"]
    series = [(each.window, use(each.made.snapshot)) for each in story.moments]
    words = f"load of the fullest region over its surviving capacity, at most {limit:.0%}"
    return _small_panel(story, top, height, series, limit, words, "{:.0%}")


def _small_panel(story: Story, top: float, height: float, series: Series, limit: float, words: str, form: str) -> str:
    most = max(limit, *(value for _, value in series if not math.isnan(value)))
    bottom = top + height

    def y(value: float) -> float:
        return bottom - height * value / most

    parts = [text(0, top - 18, words, class_="panel")]
    for value in (0.0, limit):
        parts.append(line(LEFT, y(value), RIGHT, y(value), class_="limit" if value else "grid"))
        parts.append(text(LEFT - 10, y(value) + 4, form.format(value), class_="tick", text_anchor="end"))
    for window, value in series:
        if value > 0:
            x, width = _x(story, window), _x(story, window + 1) - _x(story, window)
            box = {"x": x + 1, "y": y(value), "width": width - 2, "height": bottom - y(value)}
            parts.append(element("rect", element("title", form.format(value)), **box, class_="bar"))
    return "".join(parts)


def _steps(story: Story, series: Series, y: Place, kind: str) -> str:
    """One level a window, joined by upright lines."""
    points = [
        point
        for window, value in series
        for point in ((_x(story, window), y(value)), (_x(story, window + 1), y(value)))
    ]
    return path(points, class_=f"series {kind}") if points else ""


def _events(story: Story, bottom: float) -> str:
    parts = []
    busy_until = -math.inf
    row = 0
    for moment, word, kind in events(story):
        x = _x(story, moment.window + 1)
        wide = 7.2 * len(word) + 14
        row = row + 1 if x < busy_until else 0
        busy_until = max(busy_until, x + wide) if row else x + wide
        y = 14.0 + 15 * (row % 3)
        parts.append(line(x, y + 4, x, bottom, class_=f"event {kind}"))
        parts.append(text(x + 5, y + 3, word, class_=f"event-words {kind}"))
    return "".join(parts)


def events(story: Story) -> Iterator[tuple[Moment, str, str]]:
    """What the chart marks, in order: the moment, a word or two, and its kind."""
    missed = story.missed_windows
    for place, moment in enumerate(story.moments):
        if missed and place == missed[0]:
            yield moment, "failure seen", "bad"
        if moment.drained:
            yield moment, f"{len(moment.drained)} drained", "act"
        elif moment.made.objections.violations:
            yield moment, "guard says no", "warn"
        if story.rehearsal is not None and story.rehearsal.window == moment.window:
            yield moment, "undo, rehearsed", "undo"
        if moment.restored:
            yield moment, f"{len(moment.restored)} restored", "good"


def _time_axis(story: Story, bottom: float) -> str:
    parts = []
    for windows in range(0, len(story.moments) + 1, 4):
        x = _x(story, windows)
        parts.append(line(x, bottom, x, bottom + 5, class_="axis"))
        parts.append(text(x, bottom + 20, clock(windows * WINDOW_S), class_="tick", text_anchor="middle"))
    assert ends(story.moments[-1]) == clock(len(story.moments) * WINDOW_S), "the axis ends with the story"
    return "".join(parts)
