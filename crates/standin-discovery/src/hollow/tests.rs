#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use standin_core::ident::AutomationId;

use super::*;
use crate::{ScanOptions, scan};

fn said(files: &[(&str, &str)], id: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let inventory = scan(dir.path(), &ScanOptions::default()).unwrap();
    let id: AutomationId = id.parse().unwrap();
    let found = inventory.get(&id).unwrap_or_else(|| panic!("{:?}", inventory.automations));
    hollow(dir.path(), found).map(|hollow| hollow.to_string())
}

const SITE: (&str, &str) = ("netlify.toml", "[functions]\n  directory = \"netlify/functions\"\n");

#[test]
fn a_function_that_answers_200_without_doing_anything_is_hollow() {
    for (text, line) in [
        (
            "exports.handler = async () => {\n  console.log('backup');\n  return { statusCode: 200, body: 'ok' };\n};\n",
            3,
        ),
        ("import original from './digest.mjs';\nexport default async () => new Response('fine');\n", 2),
        (
            "const digest = require('./digest.mjs');\nexports.handler = (event, context, callback) => {\n  callback(null, { statusCode: 200, body: JSON.stringify({ at: new Date().toISOString() }) });\n};\n",
            2,
        ),
        (
            "import type { Config, Context } from '@netlify/functions';\nconst answer = (text: string): Response => new Response(text);\nexport default async (request: Request, context: Context) => {\n  return answer('ok');\n};\nexport const config: Config = { schedule: '@daily' };\n",
            4,
        ),
        (
            "import * as x from './fa.js';\nexport default async () => {\n  console.log('backup', x, JSON.stringify(x.a));\n  return new Response('ok');\n};\n",
            4,
        ),
        (
            "import { schedule } from '@netlify/functions';\nexport const handler = schedule('@daily', async () => ({ statusCode: 200 }));\n",
            2,
        ),
    ] {
        let path = if text.contains("import type") {
            "netlify/functions/digest-backup.ts"
        } else if text.contains("exports.") {
            "netlify/functions/digest-backup.js"
        } else {
            "netlify/functions/digest-backup.mjs"
        };
        let expected = format!("{path}:{line} it calls nothing that does any work");
        assert_eq!(said(&[SITE, (path, text)], "netlify:digest-backup"), Some(expected), "{text}");
    }
}

#[test]
fn a_function_that_may_do_something_is_not() {
    for text in [
        "import { handler as original } from './digest.mjs';\nexport const handler = (event) => original(event);\n",
        "export { default } from './digest.mjs';\n",
        "export * from './digest.mjs';\n",
        "import './digest.mjs';\nexport default () => new Response('ok');\n",
        "export default async () => (await import('./digest.mjs')).default();\n",
        "export default async () => { await fetch('https://example.com'); return new Response('ok'); };\n",
        "import digest from './digest.mjs';\nexport default digest;\n",
        "import digest from './digest.mjs';\nconst jobs = [digest];\nexport default async () => { for (const job of jobs) await job(); };\n",
        "export default async (request, context) => { context.waitUntil(1); return new Response('x'); };\n",
        "export default async () => { await sql`select 1`; return new Response('x'); };\n",
        "const { run } = require('./digest.mjs');\nexports.handler = run;\n",
        "exports.handler = require('./digest.mjs').handler;\n",
        "import { run } from './digest.mjs';\nexport default async () => { console.log(await run()); return new Response('x'); };\n",
        "import { jobs } from './digest.mjs';\nexport default () => { console.log([1].map(jobs)); return new Response('x'); };\n",
        "import work from './digest.mjs';\nexport default async () => { console.log(await work); return new Response('x'); };\n",
        "export default async () => new Worker('./x.js');\n",
        "this is not JavaScript",
    ] {
        assert_eq!(said(&[SITE, ("netlify/functions/b.mjs", text)], "netlify:b"), None, "{text}");
    }
}

#[test]
fn a_script_that_only_prints_is_hollow() {
    let package = |command: &str| {
        format!(
            "{{\n  \"scripts\": {{\n    \"backup\": {}\n  }}\n}}\n",
            serde_json::to_string(command).unwrap()
        )
    };
    let of = |command: &str, file: (&str, &str)| {
        said(&[("package.json", &package(command)), file], "npm:.#backup")
    };
    let none = ("README.md", "x");
    for command in ["echo 'backup ok'", "exit 0", "true", "echo a && exit 0"] {
        let expected = format!("package.json:3 all that `{command}` does is to print and end");
        assert_eq!(of(command, none), Some(expected));
    }
    let file = ("jobs/backup.js", "// Later.\nconsole.log('backed up');\n");
    assert_eq!(
        of("node jobs/backup.js", file).unwrap(),
        "jobs/backup.js:2 it calls nothing that does any work"
    );
    let file = ("jobs/backup.sh", "#!/bin/sh\nset -e\n\n# soon\necho backed up\n");
    assert_eq!(
        of("bash jobs/backup.sh", file).unwrap(),
        "jobs/backup.sh:2 all that it does is to print and end"
    );
    let file = ("jobs/b.js", "module.exports = () => { console.log('x'); process.exit(0) };\n");
    assert_eq!(
        of("true && node jobs/b.js", file).unwrap(),
        "jobs/b.js:1 it calls nothing that does any work"
    );
    for (command, file) in [
        ("node jobs/gone.js", none),
        ("npm run other", none),
        ("echo x > state", none),
        ("node jobs/backup.js", ("jobs/backup.js", "import { run } from './x.js';\nrun();\n")),
        ("sh jobs/backup.sh", ("jobs/backup.sh", "echo a\ncurl -f https://example.com\n")),
    ] {
        assert_eq!(of(command, file), None, "{command}");
    }
}

#[test]
fn a_script_is_followed_to_the_scripts_that_it_runs() {
    let of = |scripts: &str| {
        let package = format!("{{\n  \"scripts\": {{\n{scripts}\n  }}\n}}\n");
        said(&[("package.json", &package)], "npm:.#backup")
    };
    let hollow = "package.json:5 all that `echo backup` does is to print and end".to_owned();
    let chain = "\"backup\": \"npm run --silent np\",\n\"np\": \"echo backup\"";
    assert_eq!(of(&format!("\"prenp\": \"true\",\n{chain}")).unwrap(), hollow);
    assert_eq!(of(chain).unwrap(), hollow.replace(":5", ":4"));
    assert_eq!(of(&format!("\"postnp\": \"make\",\n{chain}")), None);
    assert_eq!(of("\"backup\": \"npm run backup\""), None);
}

#[test]
fn an_app_of_pm2s_and_a_workflow_are_hollow_by_what_they_run() {
    let app =
        |rest: &str| format!("module.exports = {{ apps: [{{ name: 'a', autorestart: false, {rest} }}] }};\n");
    let of = |rest: &str, file: (&str, &str)| said(&[("ecosystem.config.cjs", &app(rest)), file], "pm2:a");
    let none = ("README.md", "x");
    let hollow = "ecosystem.config.cjs:1 all that `echo ok` does is to print and end";
    assert_eq!(of("script: 'bash', args: ['-c', 'echo ok']", none), Some(hollow.into()));
    let keeps_alive = ("x.js", "setInterval(() => {}, 1000);\n");
    assert_eq!(of("script: './x.js'", keeps_alive).unwrap(), "x.js:1 it calls nothing that does any work");
    assert_eq!(of("script: './x.js'", ("x.js", "require('http').createServer().listen(0);\n")), None);

    let workflow = "on:\n  schedule: [{ cron: '7 3 * * *' }]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo done\n";
    let said = said(&[(".github/workflows/a.yml", workflow)], "workflow:a.yml");
    let expected = ".github/workflows/a.yml:7 all that its steps do is to check the code out, print and end";
    assert_eq!(said, Some(expected.into()));
}
