//! The agent under PM2: each watches the other.

use std::path::Path;

use standin_agent::state_dir::StateDir;
use standin_platforms::pm2::{HostedAgent, Pm2};

use crate::commands::parts;
use crate::exit::Failure;
use crate::project::{Project, Root};

/// Lets PM2 host the agent of this repository, and saves that in PM2's list.
pub(crate) async fn host(project: &Project, start: bool) -> Result<String, Failure> {
    let root = &project.root;
    root.state.create().map_err(Failure::io(format!("{} cannot be made", root.state.root().display())))?;
    let name = app_name(&root.path);
    let mut args = vec!["up".to_owned(), root.path.to_string_lossy().into_owned()];
    args.extend(["--hosted-as".to_owned(), name.clone()]);
    if start {
        args.push("--start".to_owned());
    }
    let app = HostedAgent {
        name: name.clone(),
        exe: this_program()?,
        args,
        cwd: root.path.clone(),
        out_log: log(&root.state, "pm2-out"),
        err_log: log(&root.state, "pm2-err"),
        env: pointers(project),
    };
    let pm2 = parts::pm2_of(root, &project.settings, String::new(), None);
    host_app(&pm2, app).await?;
    Ok(name)
}

async fn host_app(pm2: &Pm2, app: HostedAgent) -> Result<(), Failure> {
    pm2.host_agent(app).await.map_err(|error| Failure::Platform(error.to_string()))
}

/// Takes the agent out of PM2 and out of its saved list; PM2 ends it first.
pub(crate) async fn release(root: &Root, name: &str) -> Result<(), Failure> {
    let pm2 = parts::pm2_of(root, &root.settings()?, String::new(), None);
    pm2.unhost_agent(name, &this_program()?).await.map_err(|error| Failure::Platform(error.to_string()))
}

/// Where PM2 is must be the same for the agent as for this command; nothing else is passed on, since PM2 stores it.
fn pointers(project: &Project) -> Vec<(String, String)> {
    let home = parts::pm2_home(&project.root, &project.settings);
    let mut list = vec![("PM2_HOME".to_owned(), home.to_string_lossy().into_owned())];
    if let Ok(binary) = std::env::var("STANDIN_PM2") {
        list.push(("STANDIN_PM2".to_owned(), binary));
    }
    list
}

/// PM2's name for the agent of the repository in this folder.
fn app_name(root: &Path) -> String {
    let folder = root.file_name().unwrap_or_default().to_string_lossy();
    let clean: String = folder
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' })
        .collect();
    format!("standin-{clean}")
}

fn log(state: &StateDir, name: &str) -> std::path::PathBuf {
    state.logs().join(format!("{name}.log"))
}

/// The path of this program.
pub(crate) fn this_program() -> Result<std::path::PathBuf, Failure> {
    std::env::current_exe().map_err(Failure::io("the path of this program is not known"))
}
