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

/// A scheduled app, as PM2's file in this folder says it.
fn app(dir: &str, app: &str) -> (String, String) {
    let text =
        format!("module.exports={{apps:[{{name:'j',autorestart:false,cron_restart:'0 3 * * *',{app}}}]}}\n");
    (format!("{dir}ecosystem.config.js"), text)
}

#[test]
fn packages_are_those_of_the_script() {
    let package = "{\"dependencies\":{\"x\":\"1\"}}";
    let whole = "{\"workspaces\":[\"a\"],\"dependencies\":{\"x\":\"1\"}}";
    let install =
        |dir: &str, what: &str| format!("      - run: {what}\n        working-directory: \"{dir}\"\n");
    for (dir, says, files, wanted) in [
        (
            "apps/job/",
            "script:'job.js'",
            vec![("apps/job/package.json", package), ("apps/job/package-lock.json", "{}")],
            install("apps/job", "npm ci"),
        ),
        (
            "",
            "script:'a/job.js'",
            vec![("a/package.json", package), ("a/yarn.lock", "")],
            install("a", "corepack enable && yarn install --frozen-lockfile"),
        ),
        (
            "",
            "script:'a/job.js'",
            vec![("a/package.json", package), ("package.json", package), ("package-lock.json", "{}")],
            install("a", "npm install"),
        ),
        (
            "",
            "script:'a/job.js'",
            vec![("a/package.json", package), ("package.json", whole), ("package-lock.json", "{}")],
            "      - run: npm ci\n      - name".to_owned(),
        ),
        (
            "",
            "script:'a/job.js'",
            vec![("a/package.json", package), ("a/.nvmrc", "20")],
            "node-version-file: a/.nvmrc\n".to_owned(),
        ),
    ] {
        let (path, text) = app(dir, says);
        let mut all =
            vec![(path.as_str(), text.as_str()), ("apps/job/job.js", "work()\n"), ("a/job.js", "work()\n")];
        all.extend(files);
        let found = only(&all).unwrap_or_else(|why| panic!("{says}: {why}"));
        assert!(found.contains(&wanted), "{wanted}\n{found}");
    }
}

#[test]
fn what_runners_do_not_have_is_installed_or_refused() {
    let of = |says: &str, more: &[(&str, &str)]| {
        let (path, text) = app("", says);
        let mut all = vec![(path.as_str(), text.as_str()), ("b.ts", "work()\n"), ("j.py", "work()\n")];
        all.extend(more);
        only(&all)
    };
    for (says, wanted) in [
        ("script:'curl',args:'-sf https://shop.example/tick'", "curl -sf https://shop.example/tick"),
        ("script:'/usr/bin/jq',args:'. package.json'", "jq . package.json"),
        ("script:'node',args:'j.js'", "node j.js"),
    ] {
        let found = of(says, &[("j.js", "work()\n")]).unwrap_or_else(|why| panic!("{says}: {why}"));
        assert!(found.contains(wanted), "{says}: {found}");
    }
    for (says, wanted) in [
        ("script:'acme-sync'", "`acme-sync` is a program of that machine"),
        ("script:'node',args:'gone.js'", "`gone.js` is not in the repository"),
    ] {
        let why = of(says, &[]);
        assert!(why.as_ref().is_err_and(|why| why.contains(wanted)), "{says}: {why:?}");
    }
    for program in ["bun", "deno", "tsx"] {
        let why = of(&format!("script:'b.ts',interpreter:'{program}'"), &[]);
        assert!(
            why.as_ref().is_err_and(|why| why.contains(&format!("`{program}` is not on GitHub's runners"))),
            "{why:?}"
        );
    }
    let why = of("script:'bun',args:'run b.ts'", &[]);
    assert!(why.as_ref().is_err_and(|why| why.contains("`bun` is not on GitHub's runners")), "{why:?}");
    let venv = "script:'j.py',interpreter:'./venv/bin/python'";
    let why = of(venv, &[]);
    assert!(why.as_ref().is_err_and(|why| why.contains("no requirements.txt says which")), "{why:?}");
    for says in [venv, "script:'j.py',interpreter:'python3'", "script:'j.py'"] {
        let found = of(says, &[("requirements.txt", "x==1\n")]).unwrap_or_else(|why| panic!("{says}: {why}"));
        assert!(found.contains("bin/pip\" install -r requirements.txt\n"), "{found}");
        assert!(!found.contains("venv/bin"), "{found}");
    }
    // The same of a line of a crontab.
    let line = |line: &str, more: &[(&str, &str)]| {
        let text = format!("0 3 * * * {line}\n");
        let mut all = vec![("ops/crontab", text.as_str()), ("j.py", "work()\n")];
        all.extend(more);
        only(&all)
    };
    for command in [".venv/bin/python j.py", ". venv/bin/activate && python j.py"] {
        assert!(line(command, &[]).is_err_and(|why| why.contains("no requirements.txt")), "{command}");
        let found = line(command, &[("requirements.txt", "x==1\n")]).unwrap_or_default();
        assert!(found.contains("          python j.py\n"), "{found}");
    }
    assert!(line("bun x.js && true", &[]).is_err_and(|why| why.contains("`bun` is not on")));
}

#[test]
fn a_function_below_the_root_has_the_packages_of_its_folder() {
    let repository = Repository::empty();
    let function = "export default () => fetch('x');\nexport const config = { schedule: '@daily' };\n";
    repository.write("apps/web/netlify.toml", "[functions]\n");
    repository.write("apps/web/netlify/functions/tick.mjs", function);
    repository.write("apps/web/package.json", "{\"dependencies\":{\"x\":\"1\"}}");
    repository.write("apps/web/package-lock.json", "{}");
    repository.apply(&repository.generate());
    let text = repository.read(".github/workflows/netlify-tick-backup.yml");
    assert!(text.contains("      - run: npm ci\n        working-directory: \"apps/web\"\n"), "{text}");
}

#[test]
fn what_runs_elsewhere_by_the_clock_is_named_with_its_reason() {
    let repository = Repository::empty();
    repository.write("package.json", "{\"dependencies\":{\"node-cron\":\"3\"}}");
    repository
        .write("jobs.js", "const cron = require('node-cron');\ncron.schedule('0 3 * * *', () => work());\n");
    repository.write("ops/crontab", "0 3 * * * make\n");
    repository.write("ops/x.timer", "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n");
    repository.write("ops/x.service", "[Service]\nExecStart=/usr/bin/make\n");
    let generated = repository.generate();
    let said = refused(&generated);
    let of = |kind: &str| said.iter().find(|(id, _)| id.starts_with(kind)).map(|(_, why)| why.as_str());
    assert_eq!(
        of("script:"),
        Some("Standin writes none for schedules within programs and of other platforms"),
        "{said:?}"
    );
    assert_eq!(of("systemd:"), Some("Standin writes none for what runs under systemd"), "{said:?}");
    assert!(of("crontab:").is_some_and(|why| why.ends_with("only when asked for")), "{said:?}");
    assert!(generated.refused.iter().all(standin_backup::Refusal::is_of_kind));
}

#[test]
fn a_repository_within_is_fetched_as_a_module_or_refused() {
    let (path, text) = app("", "script:'lib/job.js'");
    let files = [(path.as_str(), text.as_str()), ("lib/job.js", "work()\n"), ("lib/.git", "gitdir: x\n")];
    let why = only(&files);
    assert!(why.as_ref().is_err_and(|why| why.contains("`lib` is a repository of its own")), "{why:?}");
    let module = [(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib\n")];
    let found = only(&[files.as_slice(), &module].concat()).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(found.matches("submodules: true").count(), 1, "{found}");
}

#[test]
fn ends_of_lines_are_no_difference() {
    let repository = Repository::of("shop");
    repository.apply(&repository.generate());
    for path in crate::fixtures::tree(repository.root()) {
        let text = repository.read(&path);
        repository.write(&path, &text.replace('\n', "\r\n"));
    }
    assert_eq!(repository.generate().patches, []);
    let removed: Vec<String> = repository.remove().patches.into_iter().map(|patch| patch.path).collect();
    assert!(removed.iter().any(|path| path == "standin.toml"), "{removed:?}");
}
