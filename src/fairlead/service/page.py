"""The few pieces of HTML that the report is made of; every text is escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table, and how it looks: ``n`` number, ``w`` unbroken, ``good``, ``bad``, ``warn``, ``soft``."""

    text: str
    look: str = ""


def page(title: str, body: Iterable[str]) -> str:
    """A document that needs nothing but itself."""
    style = (resources.files("fairlead.service") / "report.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what stands under it."""
    name = title.lower().replace(" ", "-")
    return f'<section id="{html.escape(name)}">\n<h2>{html.escape(title)}</h2>\n' + "\n".join(parts) + "\n</section>"


def paragraph(words: str, look: str = "") -> str:
    """One paragraph."""
    return f'<p class="{look}">{html.escape(words)}</p>' if look else f"<p>{html.escape(words)}</p>"


def figure(drawn: str, caption: str = "") -> str:
    """A drawing with words under it."""
    under = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{drawn}{under}</figure>"


def table(heads: Sequence[Cell | str], rows: Iterable[Sequence[Cell | str]]) -> str:
    """A table; a column's head takes the look of a number from its own cell."""
    head = "".join(_cell("th", each) for each in heads)
    body = "\n".join("<tr>" + "".join(_cell("td", each) for each in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def key_figures(figures: Iterable[tuple[str, str]]) -> str:
    """Large numbers with a few words under each."""
    boxes = "".join(
        f"<div><b>{html.escape(value)}</b><span>{html.escape(words)}</span></div>" for value, words in figures
    )
    return f'<div class="figures">{boxes}</div>'


def _cell(tag: str, cell: Cell | str) -> str:
    text, look = (cell.text, cell.look) if isinstance(cell, Cell) else (cell, "")
    return f'<{tag} class="{look}">{html.escape(text)}</{tag}>' if look else f"<{tag}>{html.escape(text)}</{tag}>"
