//! How a backup that is drilled tells its jobs: by the variable that a drill on a host sets, or by an input.

use super::{Source, quoted, variables};
use crate::edit::Edits;
use crate::yaml::Entry;

/// The variable; also the name of the input, as people write names of inputs.
pub(super) const FLAG: &str = "STANDIN_DRILL";

/// Holds in a drill. Without an order there is no key, and it does not.
const IS_DRILL: &str = "startsWith(inputs.standin-key, 'drill-')";

/// The variable with its value: that of a drill on a host, else empty.
fn line() -> String {
    format!("{FLAG}: {}\n", quoted(&format!("${{{{ {IS_DRILL} && '1' || '' }}}}")))
}

/// The whole `env` of a workflow that has none.
pub(crate) fn block() -> String {
    format!("env:\n  {}", line())
}

/// Adds the variable to the `env` of a primary. One that it sets itself is its own, and an alias is left as it is.
pub(crate) fn add(source: &Source<'_>, env: &Entry, edits: &mut Edits) {
    let is_own = |entry: &Entry| entry.key.text().is_some_and(|name| name.eq_ignore_ascii_case(FLAG));
    if !env.value.entries().iter().any(is_own) {
        let _ = variables::add(source, env, &[line().trim_end().to_owned()], edits);
    }
}

/// What an input that asks for it is in the backup, where nobody fills it in.
pub(crate) fn asked() -> String {
    format!("({IS_DRILL} && true || '')")
}

/// Whether an input of a workflow that is called asks for it.
pub(crate) fn is_input(name: &str) -> bool {
    name.replace('-', "_").eq_ignore_ascii_case(FLAG)
}

/// What such an input is given, as an expression. `otherwise` is what it is when nothing is drilled.
pub(crate) fn input(kind: &str, otherwise: Option<&str>) -> String {
    match (kind, otherwise) {
        ("boolean", None) => IS_DRILL.to_owned(),
        ("boolean", Some(otherwise)) => format!("{IS_DRILL} || {otherwise}"),
        ("number", otherwise) => format!("{IS_DRILL} && 1 || {}", otherwise.unwrap_or("0")),
        (_, otherwise) => format!("{IS_DRILL} && '1' || {}", otherwise.unwrap_or("''")),
    }
}
