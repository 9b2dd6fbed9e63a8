//! End-to-end tests of Standin live in `it/`.
