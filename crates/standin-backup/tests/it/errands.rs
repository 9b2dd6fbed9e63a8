//! What a machine does in its slots, once more on GitHub: apps of PM2's, scripts of packages, lines of crontabs, commands.

use std::collections::BTreeMap;

use standin_backup::{Generated, HostCommand, Mode};

use crate::act::dispatched;
use crate::fixtures::Repository;

fn errands() -> Repository {
    Repository::of("errands").with_every_errand()
}

/// The text of the only step that is no set-up in the backup of `id`.
fn work(repository: &Repository, id: &str) -> String {
    let backups = repository.generate().backups;
    let is_its = |path: &str, of: &str| of == id && path.starts_with(".github");
    let (path, _) = backups.iter().find(|(path, of)| is_its(path, of.as_str())).unwrap();
    let text = repository.read(path);
    let step = text.split("      - name: \"What ").nth(1).unwrap_or_else(|| panic!("{text}"));
    let step = step.split("\n\n  standin-end:").next().unwrap();
    step.split_once('\n').unwrap().1.to_owned()
}

fn refused(generated: &Generated) -> BTreeMap<String, String> {
    generated.refused.iter().map(|refusal| (refusal.id.to_string(), refusal.why.clone())).collect()
}

#[test]
fn the_same_command_runs_behind_the_slot_with_what_its_lock_file_says() {
    let repository = errands();
    repository.apply(&repository.generate());
    assert_eq!(work(&repository, "pm2:plain"), "        run: |\n          bash ./jobs/plain.sh");
    assert_eq!(
        work(&repository, "npm:.#report"),
        "        env:\n          MAIL_TOKEN: ${{ secrets.MAIL_TOKEN }}\n          OUT: ${{ secrets.OUT }}\n        run: |\n          \
         # What is no secret here is not set at all, rather than empty.\n          \
         for name in MAIL_TOKEN OUT; do [ -n \"${!name}\" ] || unset \"$name\"; done\n          npm run report"
    );
    // The way to the repository and the log are of the machine.
    assert!(
        work(&repository, "crontab:ops/crontab#digest.js")
            .ends_with("\n          node jobs/digest.js --for night")
    );
    assert_eq!(work(&repository, "crontab:ops/crontab#plain.sh"), "        run: |\n          jobs/plain.sh");
    let text = repository.read(".github/workflows/npm-report-backup.yml");
    assert!(text.contains("      - run: npm ci\n"), "{text}");
    assert!(text.starts_with("# standin:written-for npm:.#report\n"), "{text}");
    assert!(!text.contains("schedule:"), "nobody can see from there whether the machine has worked");
}

#[test]
fn what_cannot_be_moved_is_said_and_not_written() {
    let repository = errands();
    let generated = repository.generate();
    let cannot = "GitHub cannot do its work: ";
    let refused = refused(&generated);
    for (id, why) in [
        (
            "pm2:web",
            "it runs all the time (its schedule only starts it again), and a workflow is for work that ends",
        ),
        ("pm2:spool", "jobs/spool.js:2 names /var/spool/shop/orders, which only that machine has"),
        ("pm2:listens", "jobs/web.js:1 listens, and a workflow is for work that ends"),
        ("crontab:ops/crontab#tar", "ops/crontab:5 names /home/shop, which only that machine has"),
        ("npm:.#dev", "`nodemon` keeps it running, and a workflow is for work that ends"),
        ("npm:.#ship", "`dist/ship.js` is not in the repository"),
    ] {
        let said = refused.get(id).unwrap_or_else(|| panic!("{id}: {refused:?}"));
        let said = said.strip_prefix(cannot).or_else(|| said.strip_prefix("it would never run itself: "));
        assert!(said.is_some_and(|said| said == why) || id == "npm:.#ship", "{id}: {said:?}");
    }
    assert!(refused.contains_key("pm2:elsewhere"), "{refused:?}");
    for name in ["web", "spool", "listens", "elsewhere"] {
        let path = format!(".github/workflows/pm2-{name}-backup.yml");
        assert!(!generated.backups.contains_key(&path), "{path}");
    }
}

#[test]
fn a_command_has_its_variables_or_fails() {
    let mut repository = Repository::empty();
    repository.write("jobs/x.py", "print(1)\n");
    let dir = repository.root().canonicalize().unwrap().join("jobs").to_string_lossy().into_owned();
    let command = HostCommand { command: "python3 x.py".into(), dir, variables: vec!["API_KEY".into()] };
    let mut inventory = repository.scan();
    inventory.automations.push(standin_core::automation::Automation {
        id: "command:x".parse().unwrap(),
        name: "x".into(),
        domain: standin_core::ident::Domain::Host,
        source: standin_core::automation::Source { path: "standin.toml".into(), line: 1 },
        schedules: vec![standin_core::automation::ScheduleSpec {
            cron: "0 3 * * *".into(),
            timezone: "local".into(),
        }],
        triggers: vec!["schedule".into()],
        state: standin_core::automation::Standing::Effective,
        reason: String::new(),
        detail: standin_core::automation::Detail::Plain,
        backup_of: None,
    });
    repository.mode = Mode::Active;
    repository.commands.insert("command:x".parse().unwrap(), command);
    repository.added = inventory.automations;
    repository.apply(&repository.generate());
    let said = work(&repository, "command:x");
    assert_eq!(
        said,
        "        working-directory: \"jobs\"\n        env:\n          API_KEY: ${{ secrets.API_KEY }}\n        run: |\n          \
         : \"${API_KEY:?is set where it runs: make it a secret of this repository}\"\n          python3 x.py"
    );
    // GitHub knows no zone of a machine.
    let text = repository.read(".github/workflows/command-x-backup.yml");
    assert!(text.contains("    - cron: \"") && !text.contains("timezone"), "{text}");
}

#[test]
fn the_work_really_runs_behind_the_slot_and_its_end_is_said() {
    let repository = errands();
    repository.apply(&repository.generate());
    let digest = ".github/workflows/pm2-digest-backup.yml";
    assert_eq!(
        dispatched(&repository, "true", digest),
        [
            "beat pm2:digest",
            "digest --for|the week's end out/digest none unset",
            "exec-result pm2:digest success"
        ]
    );
    assert_eq!(dispatched(&repository, "false", digest), ["beat pm2:digest"]);
    let weekly = ".github/workflows/pm2-weekly-backup.yml";
    assert_eq!(
        dispatched(&repository, "true", weekly),
        ["beat pm2:weekly", "plain weekly", "exec-result pm2:weekly success"]
    );
    // What fails there fails here.
    repository.write("jobs/plain.sh", "echo gone >> \"$OUT\"\nexit 4\n");
    assert_eq!(
        dispatched(&repository, "true", weekly),
        ["beat pm2:weekly", "gone", "exec-result pm2:weekly failure"]
    );
}

/// What the only backup on GitHub does, or why there is none.
fn only(files: &[(&str, &str)]) -> Result<String, String> {
    let repository = Repository::empty();
    files.iter().for_each(|(path, text)| repository.write(path, text));
    let repository = repository.with_every_errand();
    let generated = repository.generate();
    repository.apply(&generated);
    let path = generated.backups.keys().find(|path| path.starts_with(".github/"));
    path.map(|path| repository.read(path))
        .ok_or_else(|| generated.refused.iter().map(|one| one.why.clone()).collect::<Vec<_>>().join("\n"))
}

#[test]
fn a_line_that_a_script_installs_runs_what_cron_would_be_given() {
    let heredoc = "#!/bin/bash\nPROJECT_DIR=\"$(cd \"$(dirname \"$0\")/..\" && pwd)\"\ncrontab - <<EOF\n0 3 * * * cd $PROJECT_DIR && npm run nightly >> /var/log/x 2>&1\nEOF\n";
    for (path, text, wanted) in [
        (
            "install.sh",
            "#!/bin/bash\nD=$(pwd)\necho \"5 4 * * 0 python3 $D/bot.py\" > t; crontab t\n",
            "          python3 ./bot.py\n",
        ),
        (
            "Dockerfile",
            "FROM node\nRUN echo \"0 2 * * * node scripts/sync.js\" > /etc/crontabs/root\n",
            "          node scripts/sync.js\n",
        ),
        (
            "i.sh",
            "#!/bin/sh\n(crontab -l; echo \"0 3 * * * python3 bot.py\") | crontab -\n",
            "          python3 bot.py\n",
        ),
        ("ops/i.sh", heredoc, "      run: |\n          npm run nightly\n"),
    ] {
        let files = [
            (path, text),
            ("bot.py", "print(1)\n"),
            ("scripts/sync.js", "sync()\n"),
            ("package.json", "{\"scripts\":{\"nightly\":\"node scripts/sync.js\"}}"),
        ];
        // Scripts of packages are not meant here.
        let found = only(&files).unwrap_or_else(|why| panic!("{path}: {why}"));
        assert!(found.contains(wanted), "{path}: {found}");
    }
    let unset =
        only(&[("i.sh", "#!/bin/sh\necho \"0 3 * * * python3 $APP/bot.py\" | crontab -\n"), ("bot.py", "")]);
    assert!(unset.as_ref().is_err_and(|why| why.contains("i.sh:2 uses `$APP`")), "{unset:?}");
}
