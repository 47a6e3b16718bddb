"""The networks as they are trained, in PyTorch. Serving (``scores.py``, ``persistence.py``) needs none of this."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import SAGEConv

from fairlead.planners.drain import persistence, scores
from fairlead.planners.drain.scores import Reading


class SentryNet(nn.Module):
    """Sentry 3.3: GRU(5 -> 32), two GraphSAGE(64, mean) with ReLU, MLP(64 -> 32 -> 1); sizes from 3.4.2.

    Gives logits; the paper's score is their sigmoid. ``reading`` decides whether a GraphSAGE layer has a term for the
    server itself; which edges it is given is the caller's part of the reading.
    """

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        own_term = reading is not Reading.NEIGHBOURS
        self.temporal = nn.GRU(len(scores.SENTRY_FEATURES), scores.HIDDEN, batch_first=True)
        self.structure_1 = SAGEConv(scores.HIDDEN, scores.STRUCTURE, aggr="mean", root_weight=own_term)
        self.structure_2 = SAGEConv(scores.STRUCTURE, scores.STRUCTURE, aggr="mean", root_weight=own_term)
        self.decision_1 = nn.Linear(scores.STRUCTURE, scores.DECISION)
        self.decision_2 = nn.Linear(scores.DECISION, 1)

    def forward(self, sequence: Tensor, edges: Tensor) -> Tensor:
        """sequence [servers, windows, features], edges [2, 2 pairs] both ways -> logits [servers]."""
        embedding = self.temporal(sequence)[0][:, -1]
        embedding = torch.relu(self.structure_1(embedding, edges))
        embedding = torch.relu(self.structure_2(embedding, edges))
        logits: Tensor = self.decision_2(torch.relu(self.decision_1(embedding)))[:, 0]
        return logits


class PersistenceNet(nn.Module):
    """A failed pair's last windows -> logit of the share of its failed streams that will fail. Ours."""

    def __init__(self) -> None:
        super().__init__()
        feature_count = len(persistence.PERSISTENCE_FEATURES)
        self.temporal = nn.GRU(feature_count, persistence.HIDDEN, batch_first=True)
        self.decision_1 = nn.Linear(persistence.HIDDEN, persistence.DECISION)
        self.decision_2 = nn.Linear(persistence.DECISION, 1)

    def forward(self, sequence: Tensor) -> Tensor:
        """sequence [pairs, windows, features] -> logits [pairs]."""
        embedding = self.temporal(sequence)[0][:, -1]
        logits: Tensor = self.decision_2(torch.relu(self.decision_1(embedding)))[:, 0]
        return logits
