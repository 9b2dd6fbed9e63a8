//! `standin scan`.

mod evaluate;

use std::path::Path;

use standin_core::automation::Severity;
use standin_discovery::{ScanOptions, computed_configurations};
use standin_engine::json_v1::ScanV1;
use standin_engine::render::{self, Extent, sarif};

use crate::cli::{Format, ScanArgs, ScanFormat};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::project::Project;

/// Prints what runs by itself; ends with 1 when a finding is worse than a note.
pub(crate) fn scan(path: Option<&Path>, args: &ScanArgs) -> Result<Exit, Failure> {
    let mut project = Project::load(path)?;
    if args.evaluate {
        let files = computed_configurations(&project.resolved.inventory);
        let evaluated = evaluate::run(&project.root.path, &files)?;
        project = Project::load_with(path, &ScanOptions { evaluated, ..ScanOptions::default() })?;
    }
    let Project { resolved, .. } = project;
    let mut scan = ScanV1::from(resolved.inventory);
    scan.findings.extend(resolved.findings.into_iter().map(Into::into));
    let extent = if args.all { Extent::Whole } else { Extent::Short };
    let page = |scan: &ScanV1| render::scan(scan, extent);
    match args.format {
        ScanFormat::Text => output::print(&scan, page, Format::Text)?,
        ScanFormat::Json => output::print(&scan, page, Format::Json)?,
        ScanFormat::Markdown => output::print(&scan, page, Format::Markdown)?,
        ScanFormat::Html => output::print(&scan, page, Format::Html)?,
        ScanFormat::Sarif => {
            let sarif = sarif(&scan, env!("CARGO_PKG_VERSION"));
            output::print(&sarif, |_| page(&scan), Format::Json)?;
        }
    }
    let found = scan.findings.iter().any(|f| f.severity > Severity::Note);
    // The process ends now: the system takes all of it back at once, which is faster than piece by piece.
    std::mem::forget((scan, resolved.watches, resolved.commands));
    Ok(if found { Exit::Found } else { Exit::Fine })
}
