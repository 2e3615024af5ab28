//! Malformed models and texts, made by a generator.
