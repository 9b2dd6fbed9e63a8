//! `standin scan`.

use std::path::Path;

use standin_core::automation::Severity;
use standin_engine::json_v1::ScanV1;
use standin_engine::render::{pages, sarif};

use crate::cli::{Format, ScanFormat};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// Prints what runs by itself; ends with 1 when a finding is worse than a note.
pub(crate) fn scan(path: Option<&Path>, format: ScanFormat) -> Result<Exit, Failure> {
    let project = Project::load(path)?;
    let mut scan = ScanV1::from(&project.resolved.inventory);
    scan.findings.extend(project.resolved.findings.iter().map(Into::into));
    match format {
        ScanFormat::Text => output::print(&scan, pages::scan, Format::Text)?,
        ScanFormat::Json => output::print(&scan, pages::scan, Format::Json)?,
        ScanFormat::Markdown => output::print(&scan, pages::scan, Format::Markdown)?,
        ScanFormat::Html => output::print(&scan, pages::scan, Format::Html)?,
        ScanFormat::Sarif => {
            let sarif = sarif(&scan, env!("CARGO_PKG_VERSION"));
            output::print(&sarif, |_| pages::scan(&scan), Format::Json)?;
        }
    }
    let found = scan.findings.iter().any(|f| f.severity > Severity::Note);
    Ok(if found { Exit::Found } else { Exit::Fine })
}
