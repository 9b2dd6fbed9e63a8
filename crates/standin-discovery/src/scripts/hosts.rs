//! Whether the repository says who runs something that cannot run by itself.

use crate::files;
use crate::limits::MAX_HOST_FILES;
use crate::registry::Repository;
use crate::walk::{Entry, Nature};

/// The first file that starts a program in whose line all of the first words and one of the others stand.
pub(super) fn runs(repository: &Repository<'_>, all: &[&str], any: &[&str]) -> Option<String> {
    let starters =
        repository.entries.iter().filter(|entry| entry.nature == Nature::File && is_starter(entry));
    starters.take(MAX_HOST_FILES).find_map(|entry| {
        let text = files::read(repository.root, &entry.path).unwrap_or_default();
        let says = text.lines().any(|line| {
            !line.trim_start().starts_with('#')
                && all.iter().all(|word| line.contains(word))
                && any.iter().any(|word| line.contains(word))
        });
        says.then(|| entry.path.clone())
    })
}

/// Files that say which programs run: of Docker, of Heroku and its like, of supervisors, and crontabs.
fn is_starter(entry: &Entry) -> bool {
    if crate::contents::is_aside(&entry.path) {
        return false;
    }
    let name = entry.name().to_ascii_lowercase();
    let is_compose = (name.starts_with("docker-compose") || name.starts_with("compose"))
        && (name.ends_with(".yml") || name.ends_with(".yaml"));
    is_compose
        || name.starts_with("dockerfile")
        || name.starts_with("procfile")
        || name.starts_with("supervisor")
        || matches!(
            name.as_str(),
            "fly.toml" | "render.yaml" | "ecosystem.config.js" | "ecosystem.config.cjs"
        )
        || [".service", ".sh", ".cron", ".crontab"].iter().any(|ending| name.ends_with(ending))
        || name == "crontab"
        || entry.folder().ends_with("cron.d")
}
