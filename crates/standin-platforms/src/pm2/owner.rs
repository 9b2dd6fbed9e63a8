//! Whether something that PM2 lists, has saved or left behind is an app of the inventory.

use std::path::Path;

use standin_core::observation::OwnedApp;

/// Whether a process of this name, program and working directory is `app`.
///
/// The name must be the same, and the program must be the app's script. Where the script is no file, PM2 has looked it
/// up in PATH (`npm`) or given it to a shell (`sleep 100`): then the program's name must be that of the script or of a
/// shell, and its working directory must lie in the folder of the ecosystem file.
pub(super) fn owns(app: &OwnedApp, name: &str, exec_path: &str, cwd: &str) -> bool {
    app.name == name && runs_its_script(app, exec_path, cwd)
}

/// See [`owns`]; without the name.
pub(super) fn runs_its_script(app: &OwnedApp, exec_path: &str, cwd: &str) -> bool {
    if exec_path.is_empty() {
        return false;
    }
    if app.script == exec_path {
        return true;
    }
    match std::fs::canonicalize(&app.script) {
        Ok(script) if script.is_file() => std::fs::canonicalize(exec_path).is_ok_and(|path| path == script),
        Ok(_) | Err(_) => runs_a_command(app, exec_path, cwd),
    }
}

fn runs_a_command(app: &OwnedApp, exec_path: &str, cwd: &str) -> bool {
    let script = Path::new(&app.script);
    let program = Path::new(exec_path).file_name();
    let by_shell = script.file_name().is_some_and(|name| name.to_string_lossy().contains(' '))
        && program.is_some_and(|name| name == "bash" || name == "sh");
    (by_shell || (program.is_some() && program == script.file_name())) && lies_in_its_folder(app, cwd)
}

fn lies_in_its_folder(app: &OwnedApp, cwd: &str) -> bool {
    let (Some(folder), Ok(cwd)) = (Path::new(&app.file).parent(), std::fs::canonicalize(cwd)) else {
        return false;
    };
    std::fs::canonicalize(folder).is_ok_and(|folder| cwd.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use standin_core::ident::{AutomationId, Kind};

    fn app(dir: &Path, script: &str) -> OwnedApp {
        OwnedApp {
            id: AutomationId::new(Kind::Pm2, "web").unwrap(),
            name: "web".to_owned(),
            script: dir.join(script).display().to_string(),
            file: dir.join("ecosystem.config.js").display().to_string(),
        }
    }

    #[test]
    fn the_script_decides_also_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("web.js"), "").unwrap();
        std::fs::write(dir.path().join("other.js"), "").unwrap();
        std::os::unix::fs::symlink(dir.path().join("web.js"), dir.path().join("link.js")).unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        let cwd = at("");
        for script in ["web.js", "link.js"] {
            assert!(owns(&app(dir.path(), script), "web", &at("web.js"), &cwd));
            assert!(!owns(&app(dir.path(), script), "web", &at("other.js"), &cwd));
        }
        assert!(!owns(&app(dir.path(), "web.js"), "other", &at("web.js"), &cwd));
        assert!(!owns(&app(dir.path(), "web.js"), "web", "", &cwd));
    }

    #[test]
    fn a_script_that_was_removed_meanwhile_still_is_the_same() {
        let gone = app(Path::new("/nowhere"), "web.js");
        assert!(owns(&gone, "web", "/nowhere/web.js", "/"));
    }

    #[test]
    fn a_command_from_path_must_run_in_the_folder_of_its_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        let sub = dir.path().join("sub").display().to_string();
        assert!(owns(&app(dir.path(), "npm"), "web", "/usr/bin/npm", &sub));
        assert!(!owns(&app(dir.path(), "npm"), "web", "/usr/bin/npm", "/"));
        assert!(!owns(&app(dir.path(), "npm"), "web", "/usr/bin/node", &sub));
        assert!(owns(&app(dir.path(), "sleep 100"), "web", "/usr/bin/bash", &sub));
        assert!(!owns(&app(dir.path(), "sleep"), "web", "/usr/bin/bash", &sub));
    }
}
