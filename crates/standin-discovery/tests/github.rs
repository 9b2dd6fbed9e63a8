//! Workflows: what is found in each fixture, and whether GitHub's own parser agrees about what it would load.

#![allow(clippy::disallowed_methods, reason = "tests start the oracle and read where it is installed")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod github {
    pub(crate) mod fixtures;
    pub(crate) mod hostile;
    pub(crate) mod mutations;
    pub(crate) mod oracle;
}
