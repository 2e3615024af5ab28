//! Go: Monte-Carlo search with potential-model pruning.
