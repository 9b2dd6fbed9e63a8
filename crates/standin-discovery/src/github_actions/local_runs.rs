//! What the steps of a workflow run of the repository itself: `node scripts/report.js`, `npm run report`. Only while nothing
//! but a checkout, set-up actions and installations has gone before, because anything else may make a file.

use standin_core::automation::{Finding, Severity};

use super::job_steps;
use crate::findings::finding;
use crate::limits::MAX_JOBS;
use crate::npm_scripts::{Callee, callees};
use crate::value::{Data, Value};

/// The rule of a file that is not there.
pub(super) const NO_FILE: &str = "step-file-missing";
/// The rule of a script of `package.json` that is not there.
pub(super) const NO_SCRIPT: &str = "step-script-missing";

/// Actions that put nothing of their own where the repository is.
const HARMLESS: [&str; 11] = [
    "actions/setup-",
    "actions/cache",
    "pnpm/action-setup",
    "oven-sh/setup-bun",
    "denoland/setup-deno",
    "ruby/setup-ruby",
    "astral-sh/setup-uv",
    "step-security/harden-runner",
    "docker/login-action",
    "aws-actions/configure-aws-credentials",
    "google-github-actions/auth",
];

/// How lines begin that install, print and look.
const INSTALLS: [&str; 19] = [
    "npm ci",
    "npm install",
    "npm i ",
    "yarn install",
    "yarn --",
    "pnpm install",
    "pnpm i ",
    "bun install",
    "corepack ",
    "pip install",
    "pip3 install",
    "python -m pip",
    "uv sync",
    "poetry install",
    "echo ",
    "ls",
    "node --version",
    "node -v",
    "npm --version",
];

/// Signs and words of lines that may do anything: look for a file first, write one, go elsewhere.
const INVOLVED: [&str; 22] = [
    "|", ">", "<", "`", "$(", ";", "{", "}", "\\", "if ", "then", "else", "for ", "while ", "case ", "[ ",
    "test -", "cd ", "pushd ", "npm pkg", "npm init", " & ",
];

/// What may be missing, as findings that are settled when all of the repository is known: the fix has its name.
pub(super) fn candidates(path: &str, root: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    // What is called from elsewhere checks out the repository of its caller.
    let is_called =
        root.get("on").is_some_and(|on| on.mentions("workflow_call") || on.get("workflow_call").is_some());
    if has_folder(root) || is_called {
        return found;
    }
    for job in root.get("jobs").map(Value::entries).unwrap_or_default().iter().take(MAX_JOBS) {
        if !has_folder(&job.value) {
            of_job(path, &job.value, &mut found);
        }
    }
    found
}

/// Whether its steps run elsewhere.
fn has_folder(place: &Value) -> bool {
    place.get("defaults").and_then(|defaults| defaults.get("run")).is_some()
}

fn of_job(path: &str, job: &Value, found: &mut Vec<Finding>) {
    let mut is_checked_out = false;
    for step in job_steps::of(job) {
        if let Some(uses) = step.get("uses").and_then(Value::text) {
            let name = uses.split('@').next().unwrap_or(uses);
            if name == "actions/checkout" && step.get("if").is_none() {
                let other = ["repository", "ref", "path", "sparse-checkout", "submodules"];
                let with = step.get("with");
                if other.iter().any(|key| with.and_then(|with| with.get(key)).is_some()) {
                    return;
                }
                is_checked_out = true;
            } else if !HARMLESS.iter().any(|start| name.starts_with(start)) {
                return;
            }
        }
        let Some(run) = step.entry("run") else { continue };
        let Some(text) = run.value.text() else { return };
        let is_harmless = if is_checked_out && is_plain(step) {
            of_script(path, text, run.line, found)
        } else {
            text.lines().all(is_install)
        };
        if !is_harmless {
            return;
        }
    }
}

/// Whether it runs where the repository is, in a shell of the usual kind, and fails when its command does.
fn is_plain(step: &Value) -> bool {
    let is_shell = step.get("shell").is_none_or(|shell| matches!(shell.text(), Some("bash" | "sh")));
    let may_fail = step.get("continue-on-error").is_some_and(|value| value.data != Data::Bool(false));
    let asks = step.get("if").and_then(Value::text).is_some_and(|text| text.contains("hashFiles"));
    is_shell && !may_fail && !asks && step.get("working-directory").is_none()
}

fn is_install(line: &str) -> bool {
    let line = line.trim();
    let is_bare = INSTALLS.iter().any(|start| line == start.trim());
    let is_written = line.contains(['|', '>', ';', '`']) || line.contains("&&") || line.contains("$(");
    line.is_empty()
        || line.starts_with('#')
        || is_bare
        || (!is_written && INSTALLS.iter().any(|s| line.starts_with(s)))
}

/// Adds what a script runs up to its first line that may make something. Whether there was none.
fn of_script(path: &str, text: &str, line: u32, found: &mut Vec<Finding>) -> bool {
    for written in text.lines().map(str::trim) {
        if is_install(written) || written.starts_with("set -") {
            continue;
        }
        if INVOLVED.iter().any(|part| written.contains(part)) {
            return false;
        }
        // Only the first of several commands in a line is sure to find what the checkout has left.
        let first = written.split("&&").next().unwrap_or(written);
        if written.contains("&&") && is_install(first) {
            continue;
        }
        for callee in callees(first) {
            let (rule, name) = match callee {
                Callee::File { folder, path } if folder.is_empty() => (NO_FILE, path),
                Callee::Script { folder, name } if folder.is_empty() => (NO_SCRIPT, name),
                Callee::File { .. }
                | Callee::Script { .. }
                | Callee::Either { .. }
                | Callee::Other { .. }
                | Callee::Like { .. }
                | Callee::Program(_) => {
                    continue;
                }
            };
            found.push(finding(rule, Severity::Warning, path, line, "", name));
        }
        return false;
    }
    true
}
