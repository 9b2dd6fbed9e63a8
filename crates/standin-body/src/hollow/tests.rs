//! Repositories that claimed to be covered, each by something that would not have worked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use jiff::Timestamp;
use standin_config::covering::{Agent, Known, covering};
use standin_core::coverage::{Covered, Level, Terms, judge};

use super::*;
use crate::repository::load;

/// A workflow that really runs, each night.
const NIGHTLY: (&str, &str) = (
    ".github/workflows/nightly.yml",
    "on:\n  schedule: [{ cron: '17 3 * * *' }]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: make nightly }]\n",
);

/// A function that really works, each morning, and says so.
const DIGEST: (&str, &str) = (
    "netlify/functions/digest.mjs",
    "export default async () => fetch('https://example.com/digest');\nexport const config = { schedule: '0 6 * * *' };\n",
);

const SITE: (&str, &str) = ("netlify.toml", "[functions]\n  directory = \"netlify/functions\"\n");

const AGENT: &str = "[[peer]]\nkind = \"agent\"\n";

/// How `id` is covered in a repository of these files, where an agent watches and acts.
fn covered(files: &[(&str, &str)], settings: &str, id: &str) -> Covered {
    let dir = tempfile::tempdir().unwrap();
    let settings = format!("{AGENT}{settings}");
    for (path, text) in files.iter().copied().chain([("standin.toml", settings.as_str())]) {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let repository = load(dir.path()).unwrap();
    let hollow = hollow_backups(&repository.root, &repository.resolved, &repository.mesh);
    let resolved = &repository.resolved;
    let stopped = stopped_backups(&repository.root, &repository.resolved, &repository.mesh);
    let known = Known { hollow, stopped, agent: Agent::HasRun, ..Known::default() };
    let joined =
        covering(&repository.settings, (&resolved.inventory, &resolved.watches), &repository.mesh, &known);
    let subject = joined.subjects.iter().find(|subject| subject.id.as_str() == id);
    let terms = Terms { now: Timestamp::UNIX_EPOCH, drilled_within: Duration::from_secs(86_400) };
    judge(subject.unwrap_or_else(|| panic!("{id}: {:?}", joined.left_out)), terms)
}

/// The level, and why it is not higher.
fn said(files: &[(&str, &str)], settings: &str, id: &str) -> (Level, String) {
    let covered = covered(files, settings, id);
    (covered.level, covered.next.map(|next| next.because).unwrap_or_default())
}

const DIGEST_ENTRY: &str = "[[automation]]\nid = \"netlify:digest\"\nheartbeats = true\nbackup = [\"again\", \"netlify:digest-backup\"]\n";

#[test]
fn backup_functions_that_answered_200_without_doing_anything() {
    let backup = |text: &'static str| [SITE, DIGEST, ("netlify/functions/digest-backup.mjs", text)];
    let answers = "export default async () => {\n  console.log('backup ran');\n  return new Response('ok', { status: 200 });\n};\n";
    let (level, because) = said(&backup(answers), DIGEST_ENTRY, "netlify:digest");
    assert_eq!(level, Level::Watched);
    assert_eq!(
        because,
        "netlify:digest-backup does not count: it does nothing but say that it ran: netlify/functions/digest-backup.mjs:3 it calls nothing that does any work"
    );
    let works = "export { default } from './digest.mjs';\n";
    assert_eq!(said(&backup(works), DIGEST_ENTRY, "netlify:digest").0, Level::BackedUp);
}

#[test]
fn schedules_that_netlify_never_read() {
    // Written for it, and started by nobody: Netlify passes over `config` beside a `handler`.
    let inert = "// standin:written-for netlify:digest\nimport { work } from './digest.mjs';\nexport const handler = () => work();\nexport const config = { schedule: '0 12 * * *' };\n";
    let files = [SITE, DIGEST, ("netlify/functions/digest-backup.mjs", inert)];
    let entry = "[backup]\nmode = \"active\"\n[[automation]]\nid = \"netlify:digest\"\nheartbeats = true\nbackup = [\"again\"]\n";
    let (level, because) = said(&files, entry, "netlify:digest");
    assert_eq!(level, Level::Watched);
    assert!(
        because.contains("it would not run: Netlify passes over `config` beside a `handler`"),
        "{because}"
    );
}

#[test]
fn pm2_files_that_pm2_never_recognised() {
    let app =
        "module.exports = { apps: [{ name: 'nightly-here', script: './x.js', autorestart: false }] };\n";
    let entry = "[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"again\", \"pm2:nightly-here\"]\n";
    let script = ("x.js", "require('node:child_process').execSync('make nightly');\n");
    let unknown = [NIGHTLY, script, ("backup-apps.js", app)];
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in unknown {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(dir.path().join("standin.toml"), format!("{AGENT}{entry}")).unwrap();
    // What PM2 would not read is no app that anything could name.
    let error = load(dir.path()).unwrap_err().to_string();
    assert!(
        error.contains("`pm2:nightly-here` of `workflow:nightly.yml` is not in this repository"),
        "{error}"
    );
    let known = [NIGHTLY, script, ("backup.config.js", app)];
    assert_eq!(said(&known, entry, "workflow:nightly.yml").0, Level::CrossDomain);
    // A shell that prints stands in for nothing.
    let prints = "module.exports = { apps: [{ name: 'nightly-here', script: 'bash', args: ['-c', 'echo backup ok'], autorestart: false }] };\n";
    let (level, because) = said(&[NIGHTLY, ("backup.config.js", prints)], entry, "workflow:nightly.yml");
    assert_eq!(level, Level::Watched);
    assert!(
        because.ends_with("backup.config.js:1 all that `echo backup ok` does is to print and end"),
        "{because}"
    );
}

#[test]
fn backup_workflows_that_github_refused() {
    for (text, why) in [
        (
            "on: workflow_dispatch\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: make, runs: x }]\n",
            "it would not run: ",
        ),
        (
            "true: { workflow_dispatch: }\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n",
            "it would not run: ",
        ),
        (
            "on: workflow_dispatch\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          echo backup\n          exit 0\n",
            "it does nothing but say that it ran: .github/workflows/nightly-backup.yml:7 ",
        ),
    ] {
        let files = [NIGHTLY, (".github/workflows/nightly-backup.yml", text)];
        let (level, because) = said(&files, "", "workflow:nightly.yml");
        assert_eq!(level, Level::Watched, "{text}");
        let start = format!("workflow:nightly-backup.yml does not count: {why}");
        assert!(because.starts_with(&start), "{because}");
    }
}

#[test]
fn commands_and_scripts_that_only_print() {
    let entry = |command: &str| {
        format!(
            "[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"again\", \"command:here\"]\n[[automation]]\nname = \"here\"\ncommand = \"{command}\"\n"
        )
    };
    assert_eq!(said(&[NIGHTLY], &entry("make nightly"), "workflow:nightly.yml").0, Level::CrossDomain);
    for (command, why) in [
        ("node scripts/gone.js", "standin.toml:7 it runs scripts/gone.js, which does not exist"),
        ("npm run gone", "package.json has no script `gone`"),
        ("npm run np", "package.json:2 all that `echo backup` does is to print and end"),
        ("sh noop2.sh && node noop3.js", "noop2.sh:2 all that it does is to print and end"),
        ("standin run workflow:gone.yml", "there is no workflow:gone.yml that it could run"),
        ("standin run workflow:idle.yml", ".github/workflows/idle.yml:1 all that its steps do"),
    ] {
        let idle =
            "on: workflow_dispatch\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: echo }]\n";
        let files = [
            NIGHTLY,
            ("package.json", "{\n  \"scripts\": { \"np\": \"echo backup\" }\n}\n"),
            ("noop2.sh", "#!/bin/sh\n: > /dev/null; true\n"),
            ("noop3.js", "module.exports = () => {console.log('a'); process.exit(0)}\n"),
            (".github/workflows/idle.yml", idle),
        ];
        let (level, because) = said(&files, &entry(command), "workflow:nightly.yml");
        assert_eq!(level, Level::Watched, "{command}");
        assert!(because.contains(why), "{because}");
    }
    assert_eq!(said(&[NIGHTLY], &entry("no-such-binary --do"), "workflow:nightly.yml").0, Level::CrossDomain);
    let (level, because) = said(&[NIGHTLY], &entry("echo ok && true"), "workflow:nightly.yml");
    assert_eq!(level, Level::Watched);
    assert!(
        because.contains("standin.toml:7 all that `echo ok && true` does is to print and end"),
        "{because}"
    );
    let package = ("package.json", "{\n  \"scripts\": { \"nightly\": \"exit 0\" }\n}\n");
    let npm = "[[automation]]\nid = \"workflow:nightly.yml\"\nbackup = [\"again\", \"npm:.#nightly\"]\n";
    let (level, because) = said(&[NIGHTLY, package], npm, "workflow:nightly.yml");
    assert_eq!(level, Level::Watched);
    assert!(because.contains("package.json:2 all that `exit 0` does"), "{because}");
}
