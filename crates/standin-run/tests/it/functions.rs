use standin_core::automation::{Detail, Flavour};
use standin_core::run::RunEnd;
use standin_run::tools::Tools;
use standin_run::work::Work;
use standin_run::{Flag, PrepareError, Trial};

use super::{Repository, ran};

const OK: RunEnd = RunEnd::Exited { code: 0 };

fn function(repo: &Repository, file: &str, crons: &[&str]) -> Work {
    let main = repo.path(file).to_str().unwrap().to_owned();
    let name = file.rsplit('/').next().unwrap().split('.').next().unwrap();
    let detail = Detail::NetlifyFunction { flavour: Flavour::Unknown, background: false, main };
    repo.work(&format!("netlify:{name}"), file, crons, &["schedule"], detail)
}

async fn called(files: &[(&str, &str)], crons: &[&str]) -> (RunEnd, String) {
    let repo = Repository::new(files);
    ran(repo.ready(&function(&repo, files[0].0, crons), Flag::Run, Trial::Real)).await
}

#[tokio::test]
async fn a_default_export_is_called_with_the_event_of_a_schedule() {
    let files = [
        (
            "netlify/functions/two.mjs",
            "import { helper } from '../lib/helper.mjs';
export default async (request, context) => {
  const { next_run } = await request.json();
  console.log(request.method, request.headers.get('x-nf-event'), next_run, helper());
  context.waitUntil(new Promise((done) => setTimeout(() => { console.log('afterwards'); done(); }, 50)));
};
export const config = { schedule: '@hourly' };
",
        ),
        ("netlify/lib/helper.mjs", "export const helper = () => process.env.STANDIN_DRILL ?? 'meant';\n"),
    ];
    let (end, text) = called(&files, &["@hourly"]).await;
    assert_eq!(end, OK, "{text}");
    assert!(text.contains("POST schedule 2026-11-22T05:00:00.000Z meant\n"), "{text}");
    assert!(text.contains("afterwards\n") && text.contains("two answered 204"), "{text}");
}

#[tokio::test]
async fn a_handler_is_called_as_lambda_calls_it_by_promise_and_by_callback() {
    let v1 = "exports.handler = async (event) => {
  console.log(event.httpMethod, event.headers['x-nf-event'], JSON.parse(event.body).next_run);
  return { statusCode: 200, body: 'did it' };
};\n";
    let (end, text) = called(&[("netlify/functions/one.js", v1)], &["0 * * * *"]).await;
    assert_eq!(end, OK, "{text}");
    assert!(
        text.contains("POST schedule 2026-11-22T05:00:00.000Z\n") && text.contains("answered 200 did it"),
        "{text}"
    );
    let callback = "exports.handler = (event, context, done) => setTimeout(() => done(null, { statusCode: 201 }), 20);\n";
    let (end, text) = called(&[("netlify/functions/three.js", callback)], &[]).await;
    assert!(end == OK && text.contains("three answered 201"), "{text}");
}

#[tokio::test]
async fn a_function_that_fails_fails_the_run() {
    let typed = "export const handler = async (event: { body: string }) => ({ statusCode: 500, body: 'no database' });\n";
    let (end, text) = called(&[("netlify/functions/typed.ts", typed)], &[]).await;
    assert!(end == RunEnd::Exited { code: 1 } && text.contains("answered 500 no database"), "{text}");
    let thrown = "export default async () => { throw new Error('out of luck'); };\n";
    let (end, text) = called(&[("netlify/functions/thrown.mjs", thrown)], &[]).await;
    assert!(end == RunEnd::Exited { code: 1 } && text.contains("out of luck"), "{text}");
    let broken = "import { gone } from './gone.mjs';\nexport default async () => gone();\n";
    let (end, text) = called(&[("netlify/functions/broken.mjs", broken)], &[]).await;
    assert!(end == RunEnd::Exited { code: 1 } && text.contains("gone.mjs"), "{text}");
    let empty = "export const config = { schedule: '@daily' };\n";
    let (end, text) = called(&[("netlify/functions/empty.mjs", empty)], &[]).await;
    assert!(end == RunEnd::Exited { code: 1 } && text.contains("exports neither"), "{text}");
}

#[tokio::test]
async fn a_dry_run_bundles_and_calls_nothing() {
    let file = "netlify/functions/two.mjs";
    let repo = Repository::new(&[(
        file,
        "console.log('loaded');\nexport default async () => console.log('called');\n",
    )]);
    let (end, text) = ran(repo.ready(&function(&repo, file, &[]), Flag::Drill, Trial::Dry)).await;
    assert_eq!((end, text.as_str()), (OK, "standin: two can be bundled\n"));
}

#[tokio::test]
async fn settings_of_the_site_reach_the_bundler() {
    let files = [
        (
            "netlify/functions/two.mjs",
            "import { readFileSync } from 'node:fs';
export default async () => console.log(readFileSync(new URL(decodeURIComponent('%2E%2E/%2E%2E/data/list%2Etxt'), import.meta.url), 'utf8'));\n",
        ),
        ("netlify.toml", "[functions]\nincluded_files = [\"data/*.txt\"]\nnode_bundler = \"nft\"\n"),
        ("data/list.txt", "from the data"),
    ];
    let (end, text) = called(&files, &[]).await;
    assert!(text.contains("from the data"), "{end:?} {text}");
    // Only because the site's settings say so: no bundler follows an address that only running it tells.
    let (_, without) = called(&[files[0], files[2]], &[]).await;
    assert!(!without.contains("from the data"), "{without}");
}

#[test]
fn what_is_missing_says_how_to_get_it() {
    let file = "netlify/functions/two.mjs";
    let mut repo = Repository::new(&[]);
    let gone = standin_run::prepare(&function(&repo, file, &[]), &repo.means(Flag::Run, Trial::Real));
    assert!(matches!(gone, Err(PrepareError::Gone(path)) if path.ends_with(file)));
    repo.env.retain(|name, _| name != "STANDIN_ZISI");
    repo.env.insert("PATH".into(), "/nowhere".into());
    let tools = Tools { root: &repo.root(), env: &repo.env };
    assert!(
        tools
            .bundler()
            .unwrap_err()
            .to_string()
            .contains("npm install --save-dev @netlify/zip-it-and-ship-it")
    );
    assert!(tools.node().unwrap_err().to_string().contains("STANDIN_NODE"));
}

#[tokio::test]
async fn what_ends_before_it_answers_has_failed() {
    for (file, text, said) in [
        (
            "netlify/functions/quits.mjs",
            "export default async () => process.exit(0);\n",
            "ended the process before it answered",
        ),
        ("netlify/functions/waits.mjs", "export default () => new Promise(() => {});\n", "never answered"),
        (
            "netlify/functions/wrong.mjs",
            "export default async () => ({ ok: true });\n",
            "Netlify takes a Response or nothing",
        ),
        (
            "netlify/functions/lacks.js",
            "const x = require('left-out');\nexports.handler = async () => x();\n",
            "run `npm ci`",
        ),
    ] {
        let (end, text) = called(&[(file, text)], &[]).await;
        assert!(end == RunEnd::Exited { code: 1 } && text.contains(said), "{file}: {end:?} {text}");
    }
}

#[tokio::test]
async fn a_handler_that_calls_back_without_naming_it_is_waited_for() {
    let late = "exports.handler = function () { const done = arguments[2]; setTimeout(() => { console.log('did it'); done(null, { statusCode: 200, body: 'late' }); }, 50); };\n";
    let (end, text) = called(&[("netlify/functions/late.js", late)], &[]).await;
    assert!(end == OK && text.contains("did it\n") && text.contains("answered 200 late"), "{text}");
    let silent = "exports.handler = (...all) => { setTimeout(() => console.log(all.length), 50); };\n";
    let (end, text) = called(&[("netlify/functions/silent.js", silent)], &[]).await;
    assert!(end == OK && text.contains("3\n") && text.contains("answered 204"), "{text}");
}

#[tokio::test]
async fn a_function_has_its_bundle_and_nothing_else_of_the_repository() {
    let read = "const fs = require('node:fs');
exports.handler = async () => {
  console.log(fs.existsSync('data/list.txt'), fs.existsSync('data/other.txt'), process.env.LAMBDA_TASK_ROOT === process.cwd());
  return { statusCode: 200 };
};\n";
    let files = [
        ("web/netlify/functions/read.js", read),
        ("netlify.toml", "[build]\nbase = \"web\"\n[functions]\nincluded_files = [\"data/list.txt\"]\n"),
        ("web/data/list.txt", "x"),
        ("web/data/other.txt", "x"),
    ];
    let (end, text) = called(&files, &[]).await;
    assert!(end == OK && text.contains("true false true\n"), "{end:?} {text}");
}
