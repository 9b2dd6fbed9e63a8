//! A workflow that does what something on a machine does: its backup in another failure domain.

use std::collections::BTreeSet;

use standin_core::automation::ScheduleSpec;
use standin_core::ident::AutomationId;

use super::function::{SETUP_NODE, secrets};
use super::slot::{self, Names};
use super::{drill, header, on, quoted};
use crate::host::node::Node;
use crate::host::{Errand, python};

/// The workflow for what `id` does, started by these schedules. `path` is where that is written.
pub(crate) fn of_errand(
    id: &AutomationId,
    path: &str,
    errand: &Errand,
    schedules: &[ScheduleSpec],
) -> String {
    let names = Names::beside(&["run"]);
    let title = format!("{} {} on GitHub (backup)", id.kind(), id.name());
    let mut out = header(id, path);
    out.push_str(&format!(
        "name: {}\nrun-name: {}\non:\n{}{}permissions: {{}}\nconcurrency:\n  group: {}\n  cancel-in-progress: false\n{}jobs:\n",
        quoted(&title),
        quoted(&format!("{title} ${{{{ inputs.standin-key }}}}")),
        on::schedules(schedules),
        on::dispatch(),
        quoted(&format!("standin-backup-{}-{}", id.kind(), id.name())),
        drill::block()
    ));
    out.push_str(&slot::indented(&slot::first(id, &names, slot::Told::NOTHING), "  "));
    let job = format!(
        "run:\n  needs: {}\n  if: {}\n  runs-on: ubuntu-latest\n  timeout-minutes: 60\n  permissions:\n    contents: read\n  steps:\n{}{}{}",
        names.slot,
        names.goes(),
        slot::checked_out(errand.checkout),
        set_up(errand),
        step(id, errand)
    );
    out.push_str(&format!("\n{}\n", slot::indented(&job, "  ").trim_end()));
    out.push_str(&format!("\n{}", slot::indented(&slot::last(id, &names, &["run"]), "  ")));
    // Blank lines of a program have no blanks.
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Node, Python and the packages, where they are needed.
fn set_up(errand: &Errand) -> String {
    let python = errand.python.as_deref().map(python::step).unwrap_or_default();
    format!("{}{python}", errand.node.as_ref().map(of_node).unwrap_or_default())
}

/// Node and its packages.
pub(super) fn of_node(node: &Node) -> String {
    let mut out = format!("    - uses: {SETUP_NODE}\n      with:\n        {}\n", node.version);
    if let Some(install) = node.install {
        out.push_str(&format!("    - run: {install}\n"));
        if !node.dir.is_empty() {
            out.push_str(&format!("      working-directory: {}\n", quoted(&node.dir)));
        }
    }
    out
}

/// The work itself.
fn step(id: &AutomationId, errand: &Errand) -> String {
    let mut out = format!("    - name: {}\n", quoted(&format!("What {id} does")));
    if !errand.dir.is_empty() {
        out.push_str(&format!("      working-directory: {}\n", quoted(&errand.dir)));
    }
    let all: BTreeSet<String> = errand.read.union(&errand.needed).cloned().collect();
    let mut lines = String::new();
    if !all.is_empty() {
        out.push_str(&format!("      env:\n{}", secrets(&all, "        ")));
        for name in &errand.needed {
            lines.push_str(&format!(
                ": \"${{{name}:?is set where it runs: make it a secret of this repository}}\"\n"
            ));
        }
        let list: Vec<&str> = errand.read.iter().map(String::as_str).collect();
        if !list.is_empty() {
            lines.push_str(&format!(
                "# What is no secret here is not set at all, rather than empty.\nfor name in {}; do [ -n \"${{!name}}\" ] || unset \"$name\"; done\n",
                list.join(" ")
            ));
        }
    }
    lines.push_str(&errand.run);
    out.push_str("      run: |\n");
    out.push_str(&lines.lines().map(|line| format!("        {line}\n")).collect::<String>());
    out
}
