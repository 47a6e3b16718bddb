"""Networks that do not exist: generators, hidden truth, faults. Never made with the predictors that they test."""
