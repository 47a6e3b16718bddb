"""The demo's story in plain words, for a terminal and for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from fairlead.checks.audit import Severity
from fairlead.checks.limits import largest_count
from fairlead.service.show import percent, print_plan
from fairlead.service.simulated import WINDOW_S
from fairlead.service.story import Moment, Story


def headline(story: Story) -> str:
    """What came of it, in one sentence."""
    missed, without = story.missed_windows, story.missed_without
    if not without:
        return "Nothing failed: the objective held throughout."
    if not story.regained:
        return f"The objective was missed for {duration(len(missed))}; Fairlead could not bring it back."
    return f"The objective was missed for {duration(len(missed))} instead of {duration(len(without))}."


def duration(window_count: int) -> str:
    """So many windows in minutes and seconds."""
    minutes, rest = divmod(int(window_count * WINDOW_S), 60)
    parts = [f"{minutes} minute" + ("s" if minutes != 1 else "")] if minutes else []
    parts += [f"{rest} seconds"] if rest or not minutes else []
    return " ".join(parts)


def setting(story: Story) -> tuple[str, str]:
    """The network, and what is asked of it."""
    network, goal = story.world.network, story.goal
    regions, sites = (len(set(network.servers.array(name).tolist())) for name in ("region", "data_center"))
    may_fail = int(np.floor(story.slack_count + 1e-9))
    most_down = int(largest_count(goal.fleet_cap_ratio, network.server_count))
    return (
        f"A simulated relay network: {network.server_count} servers in {sites} data centers and {regions} regions "
        f"carry {network.total_demand_count:,} streams in every window of {WINDOW_S:.0f} seconds.",
        f"The objective is that {goal.slo_ratio:.2%} of them work, so at most {may_fail} may fail in a window. The "
        f"safety budget is that at most {most_down} servers are down and at least {goal.region_floor_ratio:.0%} of "
        "every region stays up.",
    )


def hidden_truth(story: Story) -> Iterator[str]:
    """What really happened, which no planner was told."""
    for fault in story.world.faults:
        begins, heals = (clock(window * WINDOW_S) for window in (fault.start_window, fault.end_window))
        least, most = f"{fault.loss_ratio.min():.0%}", f"{fault.loss_ratio.max():.0%}"
        paths = "1 path loses" if len(fault.pairs) == 1 else f"{len(fault.pairs)} paths lose"
        yield (
            f"{fault.course.value} failure of {fault.kind.value.replace('_', ' ')} {fault.place}, {begins} to {heals}: "
            f"{paths} {least if least == most else f'{least} to {most}'} of the packets"
        )


def clock(seconds: float) -> str:
    """Minutes and seconds since the start: ``2:30``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def ends(moment: Moment) -> str:
    """When the window ended."""
    return clock((moment.window + 1) * WINDOW_S)


def happenings(story: Story, moment: Moment) -> tuple[str, ...]:
    """What is worth saying about a window, in order; empty where nothing is."""
    said: list[str] = []
    missed = moment.failed_count > story.slack_count
    before = next((each for each in story.moments if each.window == moment.window - 1), None)
    missed_before = before is not None and before.failed_count > story.slack_count
    if missed and not missed_before:
        said.append(f"the objective is lost: {moment.failed_count:,} streams fail")
    elif missed:
        said.append(f"{moment.failed_count:,} streams still fail")
    elif missed_before:
        said.append("the objective holds again")
    objections = moment.made.objections.violations
    if moment.drained:
        said.append(f"take {listed(moment.drained)} offline")
        if objections:
            why = f"{objections[0].rule}: {objections[0].what}"
            waiting = [name for name in _wanted(moment) if name not in moment.drained]
            said.append(f"{listed(waiting)} must wait ({why})")
    elif objections:
        said.append(
            f"the guard refuses to drain {listed(_wanted(moment))} ({objections[0].rule}: {objections[0].what})"
        )
    if moment.restored:
        said.append(f"bring {listed(moment.restored)} back: healthy long enough")
    error = moment.made.receipt.error
    if error is not None:
        said.append(f"stopped: {error}")
    return tuple(said)


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else "nothing"


def undo_words(story: Story) -> tuple[str, ...]:
    """Whether every change could be taken back, and what taking all drains back would have done."""
    changed = [moment for moment in story.moments if moment.drained or moment.restored]
    exact = all(moment.reversible for moment in changed)
    first = (
        f"{len(changed)} times something was changed; undone at once, on a twin of the network, "
        + ("every time" if exact else "not every time")
        + " the network was bit for bit the one from before."
    )
    tried = story.rehearsal
    if tried is None or not tried.failed_counts:
        return (first,)
    return (
        first,
        f"At {clock((tried.window + 1) * WINDOW_S)} all drains were undone on a twin: {listed(tried.servers)} came "
        f"back in one step, and {tried.failed_counts[0]:,} streams failed in the next window, for the failure was "
        "still there.",
    )


def print_story(console: Console, story: Story) -> None:
    """The whole story, window by window; quiet windows in a row are one line."""
    for sentence in setting(story):
        console.print(Text(sentence))
    console.print()
    first = story.first_drain
    before = [moment for moment in story.moments if first is None or moment.window <= first.window]
    console.print(_timeline(story, before))
    if first is not None:
        console.print()
        console.rule(Text(f"The plan of {ends(first)}"), align="left", style="dim")
        print_plan(console, first.made.snapshot, first.made.plan, story.goal, first.made.verdict)
        console.rule(style="dim")
        console.print()
        console.print(_timeline(story, [moment for moment in story.moments if moment.window > first.window]))
    console.print()
    for line in (*audit_words(story), *undo_words(story)):
        console.print(Text(line))
    console.print()
    console.print(Text("The truth, which the planner was not told:", style="dim"))
    for line in hidden_truth(story):
        console.print(Text(f"- {line}", style="dim"))
    console.print()
    console.print(Text(headline(story), style="bold green" if story.regained else "bold red"))


def audit_words(story: Story) -> tuple[str, ...]:
    """What the audits found, in one sentence, and what was not as promised."""
    found = [(moment, finding) for moment in story.moments for finding in moment.findings]
    kept = sum(finding.severity is Severity.INFO for _, finding in found)
    sentences = [f"The audit held {len(found)} promises against the next window: {kept} were kept."]
    sentences += [
        f"{ends(moment)} {finding.where}: {finding.what} "
        f"(promised {finding.promised:.6g}, measured {finding.measured:.6g})"
        for moment, finding in found
        if finding.severity is not Severity.INFO
    ]
    return tuple(sentences)


def _timeline(story: Story, moments: Sequence[Moment]) -> Grid:
    grid = Grid(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("time", "failed", "success", "down"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("what happens", overflow="fold")
    for group in quiet_together(story, moments):
        first, last = group[0], group[-1]
        missed = last.failed_count > story.slack_count
        time = ends(first) if first is last else f"{ends(first)} - {ends(last)}"
        words = "; ".join(happenings(story, first)) or quiet_words(first)
        style = "red" if missed else "green" if happenings(story, first) else "dim"
        grid.add_row(
            time, f"{last.failed_count:,}", percent(last.success_ratio), f"{last.down_count}", words, style=style
        )
    return grid


def quiet_together(story: Story, moments: Sequence[Moment]) -> Iterator[Sequence[Moment]]:
    """Windows of which nothing is to be said, in a row and with as many servers down, as one group."""
    group: list[Moment] = []
    for moment in moments:
        alike = group and (moment.failed_count, moment.down_count) == (group[-1].failed_count, group[-1].down_count)
        if group and (not alike or happenings(story, moment) or happenings(story, group[-1])):
            yield group
            group = []
        group.append(moment)
    if group:
        yield group


def quiet_words(moment: Moment) -> str:
    """What a window of which nothing is to be said is called."""
    return "the objective holds, with those servers down" if moment.down_count else "quiet"


def _wanted(moment: Moment) -> tuple[str, ...]:
    table = moment.made.snapshot.named("servers")
    return tuple(
        str(name)
        for edit in moment.made.proposed.edits
        for name in table.array(table.key[0])[edit.rows[~edit.after]].tolist()
    )
