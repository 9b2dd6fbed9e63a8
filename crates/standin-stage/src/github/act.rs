//! Runs a workflow with the real `act`.

use std::path::PathBuf;

use super::Hub;
use super::runner::RunRequest;
use super::runs::Conclusion;

/// Where `act` is, and with what it runs workflows.
#[derive(Debug, Clone)]
pub struct Act {
    /// The program.
    pub program: PathBuf,
}

pub(crate) async fn carry(_hub: &Hub, _act: &Act, _repository: &str, _request: &RunRequest) -> Conclusion {
    Conclusion::StartupFailure
}
