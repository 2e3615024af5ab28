//! Tests of the ready models.
