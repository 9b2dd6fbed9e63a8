//! `standin scan`.

use std::path::Path;

use standin_core::automation::Severity;
use standin_engine::json_v1::ScanV1;
use standin_engine::render::pages;

use crate::cli::Format;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// Prints what runs by itself; ends with 1 when a finding is worse than a note.
pub(crate) fn scan(path: Option<&Path>, format: Format) -> Result<Exit, Failure> {
    let project = Project::load(path)?;
    let mut scan = ScanV1::from(&project.resolved.inventory);
    scan.findings.extend(project.resolved.findings.iter().map(Into::into));
    output::print(&scan, pages::scan, format)?;
    let found = scan.findings.iter().any(|f| f.severity > Severity::Note);
    Ok(if found { Exit::Found } else { Exit::Fine })
}
