#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use std::collections::BTreeMap;
use std::time::Duration;

use standin_core::run::RunEnd;

use super::*;
use crate::process::run;
use crate::tools::Environment;
use crate::work::{Ends, Work};
use crate::{Flag, prepare};

struct Place(tempfile::TempDir);

impl Place {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = place.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn app(&self, script: &str, interpreter: Option<&str>, node_args: &[&str], args: &[&str]) -> Work {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Work::Pm2(Pm2Work {
            name: "job".into(),
            file: "ecosystem.config.js".into(),
            script: if self.path(script).exists() {
                self.path(script).to_str().unwrap().into()
            } else {
                script.into()
            },
            dir: self.0.path().to_str().unwrap().into(),
            interpreter: interpreter.map(str::to_owned),
            interpreter_args: words(node_args),
            args: words(args),
            env_names: vec!["DB".into()],
        })
    }

    fn script(&self, path: &str) -> Work {
        let (script, dir) = (self.path(path), self.0.path().to_str().unwrap().to_owned());
        Work::Program { script: script.to_str().unwrap().into(), dir, ends: Ends::Never }
    }

    fn prepared(&self, work: &Work, trial: Trial) -> Result<Ready, PrepareError> {
        let path = std::env::var_os("PATH").unwrap();
        let env = Environment::from([("PATH".into(), path), ("DB".into(), "of the host".into())]);
        let (root, variables) = (self.0.path().to_owned(), BTreeMap::new());
        prepare(work, &Means { root, env, secrets: None, variables, flag: Flag::Run, trial })
    }

    async fn ran(&self, work: &Work) -> (i32, String) {
        done(self.prepared(work, Trial::Real).unwrap()).await
    }

    async fn checked(&self, work: &Work) -> i32 {
        done(self.prepared(work, Trial::Dry).unwrap()).await.0
    }
}

async fn done(ready: Ready) -> (i32, String) {
    let ended = run(ready, Duration::from_secs(60), std::future::pending(), |_, _| {}).await;
    let code = if let RunEnd::Exited { code } = ended.end { code } else { -1 };
    (code, ended.tail)
}

const CONFIG: (&str, &str) = (
    "ecosystem.config.js",
    "module.exports = { apps: [{ name: 'job', script: 'x', env: { DB: 'of the app', N: 1, GONE: undefined } }] };",
);

#[tokio::test]
async fn an_app_has_what_its_file_sets() {
    let place = Place::new(&[
        CONFIG,
        (
            "job.js",
            "console.log(process.env.DB, process.env.N, process.env.GONE, ...process.argv.slice(2));\nprocess.exit(process.argv.length);",
        ),
    ]);
    let (code, said) = place.ran(&place.app("job.js", None, &[], &["--a", "b c"])).await;
    assert_eq!((code, said.as_str()), (4, "of the app 1 undefined --a b c\n"));
}

#[tokio::test]
async fn each_kind_of_file_is_read_as_pm2_reads_it() {
    for (name, text) in [
        ("apps.json", "{ /* mine */ apps: [{ name: 'job', env: { DB: 'of the app' } }] }"),
        ("apps.yml", "apps:\n  - name: job\n    env: { DB: of the app }\n"),
        (
            "apps.config.cjs",
            "module.exports = [{ script: 'x/job.js', args: ['more'], env: { DB: 'of the app' } }];",
        ),
    ] {
        let place = Place::new(&[(name, text), ("job.sh", "echo $DB \"$@\"; exit 3")]);
        let Work::Pm2(work) = place.app("job.sh", None, &[], &[]) else { unreachable!() };
        let (code, said) = place.ran(&Work::Pm2(Pm2Work { file: name.into(), ..work })).await;
        let wanted = if name.ends_with("cjs") { "of the app more\n" } else { "of the app\n" };
        assert_eq!((code, said.as_str()), (3, wanted), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let place = Place::new(&[("apps.toml", "env"), ("job.sh", "echo $DB")]);
    let Work::Pm2(work) = place.app("job.sh", None, &[], &[]) else { unreachable!() };
    let work = Work::Pm2(Pm2Work { file: "apps.toml".into(), ..work });
    let ready = place.prepared(&work, Trial::Real).unwrap();
    assert!(ready.differences[0].what.ends_with("is not set here (DB)"), "{:?}", ready.differences);
    let gone =
        Place::new(&[("ecosystem.config.js", "module.exports = { apps: [], env: 1 }"), ("job.sh", "")]);
    let (code, said) = gone.ran(&gone.app("job.sh", None, &[], &[])).await;
    assert!(code == 1 && said.contains("it has no app job any more"), "{said}");
}

#[tokio::test]
async fn programs_and_commands_are_started_as_pm2_starts_them() {
    let place = Place::new(&[
        ("package.json", "{ \"scripts\": { \"a\": \"node a.js\" } }"),
        ("a.js", "console.log('a', ...process.argv.slice(2))"),
        (".env.job", "MODE=full\n"),
        ("mode.js", "console.log(process.env.MODE)"),
        ("tool", "console.log('by node')"),
    ]);
    let ran = async |work: Work| place.ran(&work).await;
    assert_eq!(ran(place.app("bash", None, &[], &["-c", "echo $0 done", "x"])).await, (0, "x done\n".into()));
    assert_eq!(ran(place.app("node", None, &[], &["a.js", "--x"])).await, (0, "a --x\n".into()));
    let (code, said) = ran(place.app("npm", None, &[], &["run", "a", "--", "--y"])).await;
    assert!(code == 0 && said.contains("a --y\n"), "{said}");
    let (code, said) = ran(place.app("npm run a", None, &[], &[])).await;
    assert!(code == 0 && said.contains("\na\n"), "{said}");
    assert_eq!(ran(place.app("python3", Some("none"), &[], &["-c", "print(1)"])).await, (0, "1\n".into()));
    assert_eq!(ran(place.app("mode.js", None, &["--env-file=.env.job"], &[])).await, (0, "full\n".into()));
    assert_eq!(ran(place.app("tool", None, &[], &[])).await, (0, "by node\n".into()));
    let error = |work: Work| place.prepared(&work, Trial::Dry).unwrap_err().to_string();
    assert!(error(place.app("no-such-program", None, &[], &[])).contains("is no program on the path"));
    assert!(
        error(place.app("a.js", Some("./venv/bin/python"), &[], &[]))
            .contains("venv/bin/python is not there")
    );
    assert!(error(place.app("a.js", Some("none"), &[], &[])).contains("chmod +x"));
}

#[tokio::test]
async fn a_script_is_started_by_its_ending_or_its_first_line() {
    let place = Place::new(&[
        ("a.py", "print('py')"),
        ("tool", "#!/usr/bin/env python3\nprint('tool')"),
        ("plain", "echo no"),
    ]);
    assert_eq!(place.ran(&place.script("a.py")).await, (0, "py\n".into()));
    assert_eq!(place.ran(&place.script("tool")).await, (0, "tool\n".into()));
    let error = place.prepared(&place.script("plain"), Trial::Real).unwrap_err();
    assert!(matches!(error, PrepareError::NotAProgram(_)));
}

#[tokio::test]
async fn typescript_is_for_what_runs_it() {
    let place = Place::new(&[("a.ts", "const a: number = 1; console.log(a)")]);
    match place.prepared(&place.script("a.ts"), Trial::Real) {
        Ok(ready) => assert_eq!(done(ready).await.1.lines().next(), Some("1")),
        Err(error) => assert!(error.to_string().contains("install Bun or Node 22.18"), "{error}"),
    }
    let place = Place::new(&[("a.ts", ""), ("node_modules/.bin/tsx", "#!/bin/sh\necho by tsx\n")]);
    let tsx = place.path("node_modules/.bin/tsx");
    std::fs::set_permissions(&tsx, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(place.ran(&place.script("a.ts")).await, (0, "by tsx\n".into()));
}

#[tokio::test]
async fn a_dry_run_reads_the_script_and_runs_nothing() {
    let place = Place::new(&[
        ("good.py", "open('ran', 'w')"),
        ("bad.py", "def ("),
        ("good.sh", "touch ran"),
        ("bad.sh", "if"),
        ("good.js", "require('fs').writeFileSync('ran', '')"),
        ("bad.js", "const ="),
    ]);
    for ending in ["py", "sh", "js"] {
        assert_eq!(place.checked(&place.script(&format!("good.{ending}"))).await, 0, "{ending}");
        assert_ne!(place.checked(&place.script(&format!("bad.{ending}"))).await, 0, "{ending}");
    }
    for (program, file, inline) in
        [("python3", "good.py", "-c"), ("bash", "good.sh", "-c"), ("node", "good.js", "-e")]
    {
        let app = |interpreter, args: &[&str]| place.app(program, interpreter, &[], args);
        // A program of that name may be a script of a manager's, which PM2 gives to Node.
        let interpreters: &[_] = if program == "python3" { &[Some("none")] } else { &[None, Some("none")] };
        for interpreter in interpreters.iter().copied() {
            assert_eq!(place.checked(&app(interpreter, &[file, "--all"])).await, 0, "{program}");
            assert_ne!(
                place.checked(&app(interpreter, &[&file.replace("good", "bad")])).await,
                0,
                "{program}"
            );
            // What is no file is not read.
            assert_eq!(place.checked(&app(interpreter, &[inline, "exit 3"])).await, 0, "{program}");
        }
        let gone = place.prepared(&app(Some("none"), &[&file.replace("good", "gone")]), Trial::Dry);
        assert!(matches!(gone, Err(PrepareError::Gone(_))), "{program}");
    }
    let preloaded = place.app("node", None, &[], &["-r", "dotenv/config", "bad.js"]);
    assert_ne!(place.checked(&preloaded).await, 0);
    assert!(!place.path("ran").exists());
    let gone = place.prepared(&place.script("gone.js"), Trial::Dry);
    assert!(matches!(gone, Err(PrepareError::Gone(_))));
}

#[test]
fn a_dry_command_is_one_whose_program_and_script_are_there() {
    let place = Place::new(&[
        ("job.py", ""),
        ("bin/tool", ""),
        ("package.json", "{ \"scripts\": { \"a\": \"b\" } }"),
    ]);
    let dir = place.0.path().to_str().unwrap().to_owned();
    let of = |command: &str| {
        let (command, env) = (command.to_owned(), BTreeMap::new());
        let work = crate::work::ShellWork { command, dir: dir.clone(), env, env_from: vec![] };
        place.prepared(&Work::Shell(work), Trial::Dry).err().map(|error| error.to_string())
    };
    for command in [
        "python3 job.py --all",
        "cd x && y",
        "bin/tool",
        "FOO=1 no-such",
        "$PROGRAM x",
        "if a; then b; fi",
        "python3 -m x.y",
        "test -f gone.txt",
    ] {
        assert_eq!(of(command), None, "{command}");
    }
    for (command, said) in [
        ("no-such-program x", "no-such-program is no program"),
        ("node gone.js", "gone.js is not there"),
        ("./gone", "gone is not there"),
    ] {
        assert!(of(command).is_some_and(|error| error.contains(said)), "{command}");
    }
    let npm =
        |script: &str| place.prepared(&Work::Npm { dir: dir.clone(), script: script.into() }, Trial::Dry);
    assert!(npm("a").is_ok());
    assert!(npm("gone").unwrap_err().to_string().contains("has no script `gone`"));
}
