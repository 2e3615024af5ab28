//! Benches, each beside a plain baseline
