//! End-to-end tests.

mod example;
mod shims;
mod tidy;
