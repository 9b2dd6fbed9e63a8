//! Says what a function imports and does not get.

use standin_core::automation::{Severity, Standing};

use super::Function;
use super::imports::{Bundler, Followed, Gap, Imports, Why};
use super::site::Site;
use crate::findings::{Gathered, finding};
use crate::js::When;
use crate::limits::MAX_IMPORTED_FILES;
use crate::lines::quote;

/// Looks at all that a function is made of.
pub(super) fn find(
    function: &mut Function<'_>,
    bundler: Bundler,
    site: &Site,
    imports: &mut Imports<'_>,
    gathered: &mut Gathered,
) {
    let (gaps, followed) = imports.gaps(function.path, bundler);
    for gap in &gaps {
        match &gap.why {
            Why::Product => product(function, gap, site, gathered),
            Why::Gone if is_named(site, &gap.module) => product(function, gap, site, gathered),
            Why::Gone | Why::Ending(_) => gone(function, gap, bundler, gathered),
        }
    }
    if followed == Followed::Partly {
        let message = format!("it imports more than {MAX_IMPORTED_FILES} files: the rest was not looked at");
        let fix = "Nothing: what was looked at counts.";
        gathered.find(finding("netlify-imports-partly", Severity::Note, function.path, 1, message, fix));
    }
}

/// Whether the command that builds the site names the file.
fn is_named(site: &Site, module: &str) -> bool {
    let name = module.rsplit('/').next().unwrap_or(module);
    name.contains('.') && site.command().is_some_and(|command| command.contains(name))
}

/// What nobody makes.
fn gone(function: &mut Function<'_>, gap: &Gap, bundler: Bundler, gathered: &mut Gathered) {
    let module = quote(&gap.module);
    let what = match &gap.why {
        Why::Ending(there) => {
            let ending = there.rsplit_once('.').map_or("", |(_, ending)| ending);
            format!("`{module}` is not found, because Netlify's bundler does not try `.{ending}`")
        }
        Why::Gone | Why::Product => format!("`{module}` is not there"),
    };
    let (severity, state, then) = match (bundler, gap.when) {
        (Bundler::Modern | Bundler::Esbuild | Bundler::Copied, When::Guarded) => return,
        (Bundler::Traced, When::Guarded) => {
            (Severity::Warning, None, "and Netlify's default bundler may refuse that within `try`, too")
        }
        (Bundler::Modern | Bundler::Esbuild | Bundler::Traced, When::Start | When::Later) => {
            (Severity::Error, Some(Standing::Declared), "and Netlify refuses to build it")
        }
        (Bundler::Copied, When::Start) => {
            (Severity::Error, Some(Standing::Loadable), "and the function cannot start without it")
        }
        (Bundler::Copied, When::Later) => (Severity::Warning, None, "and whatever asks for it fails"),
    };
    let message = format!("{what}, {then}");
    if let Some(state) = state {
        let place = if gap.path == function.path { String::new() } else { format!("{}, ", quote(&gap.path)) };
        function.fall_short(state, &format!("{place}line {}: {message}", gap.line));
    }
    let fix = match (&gap.why, gap.when) {
        (Why::Ending(there), _) => {
            let name = there.rsplit('/').next().unwrap_or(there);
            format!("Write the name with its ending: `{}`.", quote(name))
        }
        (Why::Gone | Why::Product, When::Guarded) => {
            "Add the file, or say `node_bundler = \"esbuild\"` in netlify.toml.".to_owned()
        }
        (Why::Gone | Why::Product, When::Start | When::Later) => {
            "Correct the path, or add the file.".to_owned()
        }
    };
    gathered.find(finding("netlify-import-missing", severity, &gap.path, gap.line, message, &fix));
}

/// What a build may make, which the settings may name.
fn product(function: &mut Function<'_>, gap: &Gap, site: &Site, gathered: &mut Gathered) {
    if gap.when == When::Guarded {
        return;
    }
    let message = format!("`{}` is not there; a build may make it", quote(&gap.module));
    if site.command().is_none() {
        function.fall_short(Standing::Loadable, &format!("line {}: {message}", gap.line));
    }
    let fix = "Nothing, if the site's build makes it; else correct the path.";
    gathered.find(finding("netlify-import-built", Severity::Note, &gap.path, gap.line, message, fix));
}
