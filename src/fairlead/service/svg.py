"""The few marks that the report's drawings are made of, as SVG text; numbers in pixels of the drawing."""

from __future__ import annotations

import html
from collections.abc import Sequence


def element(tag: str, content: str = "", /, **attributes: object) -> str:
    """``<tag ...>content</tag>``; ``class_`` and ``stroke_width`` become ``class`` and ``stroke-width``.

    >>> element("circle", cx=1.0, cy=2.5, r=3, class_="server")
    '<circle cx="1" cy="2.5" r="3" class="server"/>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(number(value))}"' for name, value in attributes.items()
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def number(value: object) -> str:
    """At most one decimal: a tenth of a pixel is not seen."""
    return f"{round(value, 1):g}" if isinstance(value, float) else str(value)


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """Words at a place."""
    return element("text", html.escape(words), x=float(x), y=float(y), **attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    """A straight line."""
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), **attributes)


def path(points: Sequence[tuple[float, float]], **attributes: object) -> str:
    """An open line through points."""
    steps = "L".join(f"{number(float(x))} {number(float(y))}" for x, y in points)
    return element("path", d=f"M{steps}", fill="none", **attributes)


def drawing(width: float, height: float, content: str, label: str) -> str:
    """A drawing that fills the width of its column; ``label`` is read to those who cannot see it."""
    return element(
        "svg",
        element("title", html.escape(label)) + content,
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )
