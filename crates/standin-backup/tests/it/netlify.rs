//! What Netlify's own bundler and Node make of the backups of functions.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::fixtures::Repository;
use crate::oracles::{every_fixture, run, tool};

/// What Netlify's bundler makes of these functions.
const BUNDLE: &str = "
const [module, out, ...files] = process.argv.slice(1);
import(module).then(async ({ zipFunction }) => {
  const told = [];
  for (const file of files) {
    const { name, schedule, runtimeAPIVersion: version } = await zipFunction(file, out, { config: { '*': { nodeBundler: 'esbuild' } } });
    told.push({ name, schedule, version });
  }
  process.stdout.write(JSON.stringify(told));
});
";

fn bundled(repository: &Repository, files: &[&str]) -> Vec<Value> {
    let netlify = tool("STANDIN_NETLIFY", "netlify/node_modules/.bin/netlify");
    let modules = netlify.ancestors().find(|dir| dir.ends_with("node_modules")).unwrap();
    let module = modules.join("@netlify/zip-it-and-ship-it/dist/main.js");
    // What functions import of Netlify's, as `npm install` would put it there.
    if !repository.root().join("node_modules").exists() {
        std::os::unix::fs::symlink(modules.canonicalize().unwrap(), repository.root().join("node_modules"))
            .unwrap();
    }
    let paths = files.iter().map(|file| repository.root().join(file));
    let mut command = Command::new("node");
    let output =
        run(command.args(["-e", BUNDLE]).arg(&module).arg(repository.root().join("out")).args(paths));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Calls a function as Netlify does, and says what the originals have done.
const CALL: &str = "
const [file] = process.argv.slice(1);
import(file).then(async ({ default: work }) => {
  const body = JSON.stringify({ next_run: 'soon' });
  const key = process.env.ORDERED;
  const headers = key ? { 'x-standin-key': key } : {};
  const request = new Request('http://localhost/.netlify/functions/x?a=1&a=2', { method: 'POST', body, headers });
  const answer = await work(request, { from: 'Netlify' });
  const told = { status: answer.status, text: await answer.text(), kind: answer.headers.get('x-kind') };
  process.stdout.write(JSON.stringify({ ...told, worked: globalThis.worked }));
}).catch((error) => { console.error(String(error)); process.exit(1); });
";

/// As a watcher orders it.
fn call(file: &Path) -> Result<Value, String> {
    call_with(file, &[("ORDERED", "k")])
}

fn call_with(file: &Path, env: &[(&str, &str)]) -> Result<Value, String> {
    let mut command = Command::new("node");
    command.args(["-e", CALL]).arg(file).env("MAIL_KEY", "k").env_remove("STANDIN_URL");
    let output = command.envs(env.iter().copied()).output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn netlify_would_schedule_every_backup() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    let found =
        bundled(&shop, &["netlify/functions/digest-backup.mjs", "netlify/functions/weekly-backup.mjs"]);
    for (name, hour) in [("digest-backup", "13"), ("weekly-backup", "12")] {
        let one = found.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{found:?}"));
        assert_eq!(one["version"], 2, "{one}");
        assert_eq!(one["schedule"].as_str().unwrap().split(' ').nth(1), Some(hour), "{one}");
    }
}

#[test]
fn a_backup_does_what_its_original_does() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    let digest = call(&shop.root().join("netlify/functions/digest-backup.mjs")).unwrap();
    assert_eq!(digest["worked"], json!([["digest", "soon", "k"]]));
    assert_eq!((&digest["status"], &digest["text"]), (&json!(200), &json!("sent")));
    let weekly = call(&shop.root().join("netlify/functions/weekly-backup.mjs")).unwrap();
    assert_eq!(weekly["worked"], json!([["weekly", "soon", "POST"]]));
    assert_eq!((&weekly["status"], &weekly["kind"]), (&json!(202), &json!("one")));
}

#[test]
fn a_backup_by_its_own_schedule_works_only_where_somebody_says_that_the_original_has_not() {
    let mut shop = Repository::of("shop");
    shop.apply(&shop.generate());
    let digest = shop.root().join("netlify/functions/digest-backup.mjs");
    assert!(call_with(&digest, &[]).unwrap_err().contains("nobody says whether netlify:digest"));
    for (health, worked) in [("healthy", Value::Null), ("failed", json!([["digest", "soon", "k"]]))] {
        let watcher = watcher(health);
        let said = call_with(&digest, &[("STANDIN_URL", &watcher), ("STANDIN_TOKEN", "t")]).unwrap();
        assert_eq!(said["worked"], worked, "{said}");
    }
    shop.mode = standin_backup::Mode::Active;
    shop.apply(&shop.generate());
    assert_eq!(call_with(&digest, &[]).unwrap()["worked"], json!([["digest", "soon", "k"]]));
}

#[test]
fn an_original_can_know_a_drill_and_in_a_dry_one_it_is_not_called() {
    let shop = Repository::of("shop");
    let text =
        "exports.handler = async () => ({ statusCode: 200, body: `drill ${process.env.STANDIN_DRILL}` });";
    shop.write("netlify/functions/weekly.js", text);
    shop.apply(&shop.generate());
    let weekly = shop.root().join("netlify/functions/weekly-backup.mjs");
    for (key, env, wanted) in [
        ("k", "", "drill undefined"),
        ("drill-1", "", "drill 1"),
        ("k", "1", "drill 1"),
        ("drill-dry-1", "", "netlify:weekly could do its work: a dry drill does not"),
    ] {
        let both = [("ORDERED", key), ("STANDIN_DRILL", env)];
        let env = if env.is_empty() { &both[..1] } else { &both[..] };
        assert_eq!(call_with(&weekly, env).unwrap()["text"], wanted, "{key} {env:?}");
    }
}

/// A watcher that answers once how the digest is, to whoever has the token.
fn watcher(health: &'static str) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines: Vec<String> = BufReader::new(stream.try_clone().unwrap())
            .lines()
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
            .collect();
        let is_right = lines[0].starts_with("GET /status ")
            && lines.iter().any(|line| line.eq_ignore_ascii_case("authorization: Bearer t"));
        let body = json!({ "targets": [{ "id": "netlify:digest", "health": health }] }).to_string();
        let status = if is_right { "200 OK" } else { "401 Unauthorized" };
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    });
    format!("http://{address}")
}

#[test]
fn a_backup_of_nothing_is_an_error_and_no_answer_of_200() {
    let shop = Repository::of("shop");
    shop.apply(&shop.generate());
    let backup = shop.root().join("netlify/functions/weekly-backup.mjs");
    for (text, said) in [
        (Some("exports.other = 1;"), "netlify:weekly exports neither a handler nor a default function"),
        (Some("exports.handler = (event, context, done) => done(new Error('broke'));"), "broke"),
        (None, "Cannot find module"),
    ] {
        match text {
            Some(text) => shop.write("netlify/functions/weekly.js", text),
            None => std::fs::remove_file(shop.root().join("netlify/functions/weekly.js")).unwrap(),
        }
        assert!(call(&backup).unwrap_err().contains(said), "{said}");
    }
}

#[test]
fn netlify_would_schedule_the_backups_of_every_fixture() {
    let mut seen = 0;
    for repository in every_fixture() {
        let generated = repository.generate();
        repository.apply(&generated);
        let inventory = repository.scan();
        for path in generated.backups.keys().filter(|path| path.contains("-backup.m")) {
            let backup =
                inventory.automations.iter().find(|automation| automation.source.path == *path).unwrap();
            let found = bundled(&repository, &[path.as_str()]);
            let one = &found[0];
            assert_eq!(one["name"], backup.id.name());
            assert_eq!(one["schedule"], backup.schedules[0].cron.as_str(), "{path}");
            seen += 1;
        }
    }
    assert!(seen > 2, "{seen}");
}
