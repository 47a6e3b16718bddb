"""The demo's report: one HTML page that loads nothing, runs nothing, and reads in light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterator

from fairlead import __version__
from fairlead.checks.audit import Severity
from fairlead.checks.evidence import evidence
from fairlead.checks.limits import largest_count
from fairlead.model import Plan, Servers, Snapshot
from fairlead.predict.overlay import active_users
from fairlead.service import show
from fairlead.service.atlas import legend, world_map
from fairlead.service.charts import objective_chart
from fairlead.service.page import Cell, figure, key_figures, page, paragraph, section, table
from fairlead.service.story import Moment, Story
from fairlead.service.telling import (
    duration,
    ends,
    happenings,
    headline,
    hidden_truth,
    quiet_together,
    quiet_words,
    setting,
    undo_words,
)

METRIC_WORDS = {
    "success_ratio": "streams that work, of the original demand",
    "served_ratio": "streams that work where they are, not moved",
    "qoe_cost": "cost to users and coverage of all servers down",
    "offline_count": "servers down",
    "region_up_ratio_min": "servers up in the thinnest region",
    "region_utilisation_max": "load over surviving capacity in the fullest region",
    "next_success_ratio": "streams expected to work in the coming windows",
}
SERIES_KEY = (
    '<p class="legend"><span class="key"><span class="swatch"></span>with Fairlead</span>'
    '<span class="key"><span class="swatch without"></span>had nobody acted</span>'
    '<span class="key"><span class="swatch undone"></span>had the drains been undone</span>'
    '<span class="key"><span class="swatch limit"></span>objective or limit</span></p>'
)


def report_page(story: Story) -> str:
    """The whole page."""
    return page(f"Fairlead demo: {headline(story)}", _body(story))


def _body(story: Story) -> Iterator[str]:
    yield "<header>" + paragraph("Fairlead demo, a simulated relay network", "kind")
    yield f"<h1>{headline(story)}</h1>" + "".join(paragraph(words, "lede") for words in setting(story))
    yield key_figures(_key_figures(story)) + "</header>"
    yield section("The objective over time", SERIES_KEY, figure(objective_chart(story)))
    yield section("What happened", _timeline(story))
    first = story.first_drain
    if first is None:
        return
    after = _calm_after(story, first)
    yield section(
        "The network before and after",
        legend(),
        '<div class="maps">',
        figure(
            world_map(first.made.snapshot, "Servers before the plan"),
            f"Before: the window that ended at {ends(first)}. Lines are paths with failed streams.",
        ),
        figure(
            world_map(after.made.snapshot, "Servers after the plan"),
            f"After: the window that ended at {ends(after)}. Users of drained servers are served by their neighbours.",
        ),
        "</div>",
    )
    plan, snapshot = first.made.plan, first.made.snapshot
    yield section("The plan", *_plan(plan, snapshot, first))
    yield section("Safety", *_safety(story, first))
    yield section("Audit", *_audit(story))
    yield section("Undo", *(paragraph(words) for words in undo_words(story)))
    yield section(
        "The hidden truth",
        paragraph("What was really wrong. The planner saw only streams, loss, round-trip times and users.", "note"),
        "<ul>" + "".join(f"<li>{words}</li>" for words in hidden_truth(story)) + "</ul>",
    )
    yield _footer(story, plan)


def _key_figures(story: Story) -> Iterator[tuple[str, str]]:
    missed, without = story.missed_windows, story.missed_without
    yield duration(len(missed)), f"objective missed; {duration(len(without))} had nobody acted"
    failed = sum(moment.failed_count for moment in story.moments)
    failed_without = sum(moment.without_failed_count for moment in story.moments)
    yield f"{failed_without - failed:,}", f"failed streams avoided, of {failed_without:,}"
    first = story.first_drain
    if first is not None:
        most = max(moment.down_count for moment in story.moments)
        cap = int(largest_count(story.goal.fleet_cap_ratio, story.world.network.server_count))
        yield f"{most} of {story.world.network.server_count}", f"servers down at most; the budget was {cap}"
        gap = first.made.proposed.bound.gap
        yield (
            ("not proven" if math.isnan(gap) else f"{gap:.1%}"),
            "gap to the cheapest possible plan",
        )
    yield ("yes" if story.restored else "no"), "every server is back at the end"


def _timeline(story: Story) -> str:
    rows = []
    for group in quiet_together(story, story.moments):
        first, last = group[0], group[-1]
        missed = first.failed_count > story.slack_count
        words = "; ".join(happenings(story, first)) or quiet_words(first)
        rows.append(
            (
                Cell(ends(first) if first is last else f"{ends(first)} to {ends(last)}", "w"),
                Cell(f"{last.failed_count:,}", "n bad" if missed else "n"),
                Cell(show.percent(last.success_ratio), "n bad" if missed else "n"),
                Cell(str(last.down_count), "n"),
                Cell(words[:1].upper() + words[1:], "" if happenings(story, first) else "soft"),
            )
        )
    heads = ("window ends", Cell("failed", "n"), Cell("success", "n"), Cell("down", "n"), "what happened")
    return table(heads, rows)


def _calm_after(story: Story, first: Moment) -> Moment:
    """The first window after the drains in which the objective holds, else the last of all."""
    later = [moment for moment in story.moments if moment.window > first.window]
    return next((moment for moment in later if moment.failed_count <= story.slack_count), story.moments[-1])


def _plan(plan: Plan, snapshot: Snapshot, first: Moment) -> Iterator[str]:
    servers, users = snapshot[Servers], active_users(snapshot)
    why = {reason.row: reason.text for reason in plan.reasons if reason.row >= 0}
    yield paragraph(f"{show.headline(plan)} Made from the window that ended at {ends(first)}.")
    whole = first.made.proposed
    yield paragraph(f"Cost {whole.bound.cost:.1f}; best possible: {show.bound_words(whole)}.")
    if whole is not plan:
        yield paragraph(f"That is the whole plan; the part of it that may be done now costs {plan.bound.cost:.1f}.")
    yield table(
        (Cell("start", "n"), "action", "server", "region", Cell("users", "n"), "reason"),
        [
            (
                Cell(f"+{edit.start_s:g} s", "n"),
                Cell(edit.action, "w"),
                Cell(str(servers.server[row]), "w"),
                Cell(str(servers.region[row]), "w"),
                Cell("" if math.isnan(users[row]) else f"{users[row]:.0f}", "n"),
                Cell(why.get(row, "")),
            )
            for edit in plan.edits
            for row in edit.rows.tolist()
        ],
    )
    for words in show.other_reasons(snapshot, plan):
        yield paragraph(words)
    yield "<h3>Effects, as predicted</h3>"
    yield table(
        ("metric", Cell("before", "n"), Cell("after", "n"), Cell("margin", "n")),
        [
            (
                METRIC_WORDS.get(effect.metric, effect.metric),
                Cell(_measure(effect.metric, effect.before), "n"),
                Cell(_measure(effect.metric, effect.after), "n"),
                Cell(f"{effect.margin:.1e}" if effect.margin else "0", "n soft"),
            )
            for effect in plan.effects
        ],
    )


def _measure(metric: str, value: float) -> str:
    if math.isnan(value):
        return "not known"
    if metric.endswith("success_ratio") or metric == "served_ratio":
        return show.percent(value)
    if "ratio" in metric or "utilisation" in metric:
        return f"{value:.1%}"
    return f"{value:,.1f}" if metric == "qoe_cost" else f"{value:.0f}"


def _safety(story: Story, first: Moment) -> Iterator[str]:
    yield paragraph(
        "Every plan passes the guard twice: when it is made, and wave by wave right before it is applied. "
        "A rule that objects stops what it objects to; giving capacity back is always allowed."
    )
    yield table(("rule", "what it asks", Cell("this plan", "n"), Cell("limit", "n")), _rules(story, first))
    said = [(moment, broken) for moment in story.moments for broken in moment.made.objections.violations]
    if said:
        yield "<h3>Objections</h3>"
        yield table(
            ("window ends", "rule", "what was wrong", "where", Cell("got", "n"), Cell("limit", "n")),
            [
                (
                    Cell(ends(moment), "w"),
                    Cell(broken.rule, "warn"),
                    broken.what,
                    broken.where,
                    Cell(f"{broken.got:.4g}", "n"),
                    Cell(f"{broken.limit:.4g}", "n"),
                )
                for moment, broken in said
            ],
        )


def _rules(story: Story, first: Moment) -> Iterator[tuple[Cell | str, ...]]:
    plan, limits, snapshot = first.made.plan, story.limits, first.made.snapshot
    fleet = snapshot[Servers].row_count
    after = {effect.metric: effect.after for effect in plan.effects}
    down, most = after["offline_count"], largest_count(limits.fleet_cap_ratio, fleet)
    drains = sum(int((~edit.after).sum()) for edit in plan.edits)
    per_hour = largest_count(limits.drains_per_hour_ratio, fleet)
    found = evidence(snapshot)
    rows = [row for edit in plan.edits for row in edit.rows[~edit.after].tolist()]
    witnesses = min((int(found.witness_count[row]) for row in rows), default=0)
    yield "G1", "servers down, at every step of the plan", _n(f"{down:.0f}"), _n(f"at most {most:.0f}")
    yield (
        "G1",
        "servers up in the thinnest region",
        _n(f"{after['region_up_ratio_min']:.0%}"),
        _n(f"at least {limits.region_floor_ratio:.0%}"),
    )
    yield "G2", "servers drained within an hour", _n(f"{drains}"), _n(f"at most {per_hour:.0f}")
    use = after["region_utilisation_max"]
    yield (
        "G3",
        "load of the fullest region over its surviving capacity",
        _n("not known" if math.isnan(use) else f"{use:.0%}"),
        _n(f"at most {limits.headroom_ratio:.0%}"),
    )
    yield (
        "G4",
        "fewest witnesses against a drained server",
        _n(f"{witnesses}"),
        _n(f"at least {limits.witness_count:.0f}, or 1 believed"),
    )
    yield (
        "G12",
        "share of all paths that fail: if most do, the eye is ill",
        _n(f"{found.failing_pair_ratio:.1%}"),
        _n(f"below {limits.sick_ratio:.0%}"),
    )


def _n(words: str) -> Cell:
    return Cell(words, "n")


def _audit(story: Story) -> Iterator[str]:
    found = [(moment, finding) for moment in story.moments for finding in moment.findings]
    kept = sum(finding.severity is Severity.INFO for _, finding in found)
    yield paragraph(
        f"After every change the next window is held against what was promised: {kept} of {len(found)} were kept. "
        "Below are the first plan's promises, and all that were not kept."
    )
    first = found[0][0] if found else None
    looks = {Severity.INFO: "good", Severity.WARNING: "warn", Severity.CRITICAL: "bad"}
    yield table(
        ("window ends", "promise", Cell("promised", "n"), Cell("measured", "n"), "finding"),
        [
            (
                Cell(ends(moment), "w"),
                METRIC_WORDS.get(finding.where.removeprefix("effect "), finding.where),
                Cell(_measure(finding.where.removeprefix("effect "), finding.promised), "n"),
                Cell(_measure(finding.where.removeprefix("effect "), finding.measured), "n"),
                Cell(finding.what, looks[finding.severity]),
            )
            for moment, finding in found
            if moment is first or finding.severity is not Severity.INFO
        ],
    )


def _footer(story: Story, plan: Plan) -> str:
    lines = (
        f"Fairlead {__version__}; seed {story.seed}; planner {plan.planner}; snapshot {plan.basis}. "
        "The same seed tells the same story.",
        "The network is invented and so are its failures; nothing outside this page was touched.",
        "Outlines of the land: Natural Earth, public domain, by way of world-atlas (ISC).",
    )
    return "<footer>" + "".join(paragraph(words) for words in lines) + "</footer>"
