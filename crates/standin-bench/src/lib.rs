//! Benches that need more than a timer: each is a module here and a subcommand of `standin-bench`.

pub mod lateness;
pub mod machine;
