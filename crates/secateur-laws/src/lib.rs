//! The laws that criteria and families claim, as property tests
