//! `standin.toml`: the commented defaults, and what the names of the backups alone do not say.

use standin_core::ident::AutomationId;
use standin_core::ownership;

/// The name of the file.
pub(crate) const FILE: &str = "standin.toml";

/// What helps an automation, where no name says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remedy {
    pub(crate) id: AutomationId,
    pub(crate) backup: AutomationId,
}

impl Remedy {
    /// The entry of `standin.toml`.
    pub(crate) fn entry(&self) -> String {
        format!("[[automation]]\nid = {}\nbackup = [\"again\", {}]\n", toml(&self.id), toml(&self.backup))
    }
}

/// The commented default that a new file says otherwise.
const NOT_HERE: &str = "#here = false";

/// What looks after a repository whose file Standin writes.
const AGENT: &str = "
# Who watches and acts: an agent on a machine (`standin up`), which GITHUB_TOKEN lets ask GitHub.
[[peer]]
kind = \"agent\"
";

/// The file of a repository that has none, from the commented defaults: with a watcher that starts the backups, and that
/// runs here what nothing else has helped.
pub(crate) fn file(defaults: &str, remedies: &[Remedy]) -> String {
    let defaults = defaults.replacen(NOT_HERE, "here = true", 1);
    let mut out = format!("# {}\n{defaults}{AGENT}", ownership::mark(None));
    for remedy in remedies {
        out.push_str(&format!("\n{}", remedy.entry()));
    }
    out
}

fn toml(id: &AutomationId) -> String {
    // An id has no control characters, so that JSON's form is TOML's, too.
    serde_json::to_string(id.as_str()).unwrap_or_default()
}
