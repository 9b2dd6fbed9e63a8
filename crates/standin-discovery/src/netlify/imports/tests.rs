use crate::tests::{rules, scan_of, standing};

const V2: &str = "export default async () => {};";
const V1: &str = "exports.handler = async () => ({ statusCode: 200 });";
const ESM: &str = "export const handler = async () => ({ statusCode: 200 });";
const MISSING: &str = "netlify-import-missing";

/// The files that the functions below find.
const THERE: [(&str, &str); 11] = [
    ("netlify/functions/lib/real.mjs", "export default 1;"),
    ("netlify/functions/lib/real.cjs", "module.exports = 1;"),
    ("netlify/functions/lib/typed.ts", "export default 1;"),
    ("netlify/functions/lib/typed2.mts", "export default 1;"),
    ("netlify/functions/lib/dir/index.js", "module.exports = 1;"),
    ("netlify/functions/lib/package/package.json", "{\"main\": \"src/main\"}"),
    ("netlify/functions/lib/package/src/main.js", "module.exports = 1;"),
    ("netlify/functions/lib/data.json", "{}"),
    ("netlify/functions/lib/style.css", ""),
    ("netlify/functions/lib/empty/read.me", ""),
    ("netlify/functions/lib/types.ts", "import type { A } from './gone';\nexport const x = 1;"),
];

fn of(file: &str, code: &str) -> (String, Vec<(String, u32)>) {
    let path = format!("netlify/functions/{file}");
    let inventory = scan_of(&[&THERE[..], &[(&path, code)]].concat());
    let name = file.split_once('.').unwrap().0;
    let said = rules(&inventory, &path).iter().map(|(rule, line)| ((*rule).to_owned(), *line)).collect();
    (standing(&inventory, &format!("netlify:{name}")).0, said)
}

#[test]
fn what_the_bundler_cannot_resolve_is_refused() {
    // Each was tried with the bundler itself.
    for (file, code) in [
        ("a.mjs", "import { w } from './lib/gone.mjs'; w();"),
        ("a.mjs", "import { w } from './lib/gone.mjs';"),
        ("a.mjs", "import './lib/gone.mjs';"),
        ("a.mjs", "const f = () => import('./lib/gone.mjs');"),
        ("a.mjs", "const f = () => import(`./lib/gone.mjs`);"),
        ("a.mjs", "if (process.env.X !== 'y') { await import('./lib/gone.mjs'); }"),
        ("a.mjs", "try { (async () => { await import('./lib/gone.mjs'); })(); } catch {}"),
        ("a.mjs", "try { f(); } catch { await import('./lib/gone.mjs'); }"),
        ("a.mjs", "import a from './lib/gone.json' with { type: 'json' };"),
        ("a.mjs", "import a from './lib/real'; a();"),
        ("a.mjs", "import a from './lib/empty'; a();"),
        ("a.mjs", "import a from '../../src/gone';"),
        ("a.ts", "import { A } from '../../src/gone'; A();"),
        ("a.ts", "import A from './lib/gone'; export { A };"),
        ("a.ts", "export { type A } from './lib/gone';"),
        ("a.ts", "export * from './lib/gone';"),
        ("a.ts", "import a = require('./lib/gone');"),
        ("a.ts", "import a from './lib/gone.js'; a();"),
        ("a.ts", "import { type B, c } from './lib/gone'; c();"),
        ("a.tsx", "import Gone from './lib/gone'; const a = <Gone />;"),
    ] {
        let code = format!("{code} {V2}");
        assert_eq!(of(file, &code), ("declared".to_owned(), vec![(MISSING.to_owned(), 1)]), "{code}");
    }
    for (file, code) in [
        ("a.js", "const { w } = require('../gone');"),
        ("a.js", "exports.f = async () => require('./lib/gone');"),
        ("a.js", "if (process.env.X) { require('./lib/gone'); }"),
        ("a.js", "const a = require('./lib/empty');"),
        ("a.js", "const a = require('./lib/gone.json');"),
        ("a.js", "const a = require('./lib/typed');"),
        ("a.cjs", "const a = require('./lib/gone');"),
    ] {
        let code = format!("{code} {V1}");
        assert_eq!(of(file, &code), ("declared".to_owned(), vec![(MISSING.to_owned(), 1)]), "{code}");
    }
    let code = format!("import a from './lib/gone.js';\na(); {ESM}");
    assert_eq!(of("a.mjs", &code), ("declared".to_owned(), vec![(MISSING.to_owned(), 1)]));
}

#[test]
fn what_the_bundler_resolves_or_leaves_alone_is_not() {
    for (file, code) in [
        ("a.mjs", "let a; try { a = await import('./lib/gone.mjs'); } catch {}"),
        ("a.mjs", "const f = () => import('./lib/gone.mjs').catch(() => 0);"),
        ("a.mjs", "import('./lib/gone.mjs').then((a) => a, () => 0);"),
        ("a.mjs", "import('./lib/gone.mjs').then((a) => a).catch(() => 0);"),
        ("a.mjs", "const f = (n) => import('./lib/gone-' + n);"),
        ("a.mjs", "const f = (n) => import(`./lib/${n}.mjs`);"),
        ("a.mjs", "if (false) { await import('./lib/gone.mjs'); }"),
        ("a.mjs", "false && import('./lib/gone.mjs');"),
        (
            "a.mjs",
            "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); require('./lib/gone');",
        ),
        ("a.mjs", "const p = new URL('./lib/gone.txt', import.meta.url);"),
        ("a.mjs", "import a from './lib/real.mjs?x'; a();"),
        (
            "a.mjs",
            "import a from './lib/data'; import b from './lib/dir'; import c from './lib/package'; a(b, c);",
        ),
        ("a.mjs", "import './lib/style.css';"),
        ("a.mjs", "import a from 'some-package'; import b from '#own'; import c from '@/lib/gone'; a(b, c);"),
        ("a.mjs", "import a from '../../node_modules/some/gone.js'; a();"),
        ("a.mjs", "import a from '../../../elsewhere/gone.js'; a();"),
        ("a.js", "import a from './lib/typed.js'; a();"),
        ("a.mjs", "import a from './lib/typed2.mjs'; a();"),
        (
            "a.ts",
            "import type { A } from './lib/gone'; import { type B } from './lib/gone'; const a: A | B = 1;",
        ),
        ("a.ts", "import { A } from './lib/gone'; const a: A = 1;"),
        ("a.ts", "import { A } from './lib/gone'; type T = typeof A;"),
        ("a.ts", "import { A } from './lib/gone'; class B implements A {} new B();"),
        ("a.ts", "import { A } from './lib/gone'; export type { A };"),
        (
            "a.ts",
            "import {} from './lib/gone'; export type * from './lib/gone'; export type { C } from './lib/gone';",
        ),
        ("a.ts", "import { x } from './lib/types'; x();"),
        ("a.ts", "function f(require: any) { require('./lib/gone'); }"),
    ] {
        let code = format!("{code} {V2}");
        assert_eq!(of(file, &code), ("effective".to_owned(), vec![]), "{code}");
    }
    for (file, code) in [
        ("a.js", "const p = () => require.resolve('./lib/gone');"),
        (
            "a.js",
            "const a = require('./lib/dir/'); const b = require('./lib/data'); const c = require('./lib/package');",
        ),
        ("a.ts", "import a from './lib/real'; a();"),
    ] {
        let code = if file == "a.js" { format!("{code} {V1}") } else { format!("{code} {ESM}") };
        assert_eq!(of(file, &code), ("effective".to_owned(), vec![]), "{code}");
    }
    // What is copied and not bundled is found out about when it runs.
    let lazy = "export const handler = async () => import('./lib/gone.mjs');";
    assert_eq!(of("a.js", lazy), ("effective".to_owned(), vec![(MISSING.to_owned(), 1)]));
    let at_once = format!("import a from './lib/gone.js'; a(); {ESM}");
    assert_eq!(of("a.js", &at_once), ("loadable".to_owned(), vec![(MISSING.to_owned(), 1)]));
    // Its own bundler does not know `try`: that is worth a word, and no more.
    let tried = format!("try {{ require('./lib/gone'); }} catch {{}} {V1}");
    assert_eq!(of("a.js", &tried), ("effective".to_owned(), vec![(MISSING.to_owned(), 1)]));
}

#[test]
fn what_is_imported_is_followed_to_where_something_is_missing() {
    let code = "import './lib/one.mjs'; export default f; export const config = { schedule: '@daily' };";
    let inventory = scan_of(&[
        ("netlify/functions/a.mjs", code),
        ("netlify/functions/lib/one.mjs", "export * from '../../../src/two.mjs';"),
        ("src/two.mjs", "import './one.mjs';\nimport '../netlify/functions/lib/one.mjs';\n"),
    ]);
    assert_eq!(rules(&inventory, "src/two.mjs"), [(MISSING, 1)]);
    let (state, reason) = standing(&inventory, "netlify:a");
    assert!(
        state == "declared" && reason.starts_with("src/two.mjs, line 1: `./one.mjs` is not there"),
        "{reason}"
    );
}

#[test]
fn the_settings_name_the_bundler() {
    let tried = format!("try {{ require('./gone'); }} catch {{}} {V1}");
    let cases = [
        ("[functions]\nnode_bundler = 'esbuild'\n", tried.clone(), 0, "effective"),
        ("[functions.a]\nnode_bundler = 'esbuild'\n", tried, 0, "effective"),
        ("[functions]\nnode_bundler = 'nft'\n", format!("require('./gone'); {V1}"), 1, "loadable"),
        ("[functions]\nnode_bundler = 'none'\n", format!("import './gone.js'; {V2}"), 1, "loadable"),
    ];
    for (toml, code, count, state) in cases {
        let inventory = scan_of(&[("netlify.toml", toml), ("netlify/functions/a.js", &code)]);
        assert_eq!(inventory.findings.len(), count, "{toml}: {:?}", inventory.findings);
        assert_eq!(standing(&inventory, "netlify:a").0, state, "{toml}");
    }
}

#[test]
fn what_a_build_may_make_is_a_note() {
    let build = "[build]\ncommand = 'npm run build'\n";
    let named = "[build]\ncommand = 'node gen.js > netlify/functions/table.json'\n";
    let ignore = (".gitignore", "made/\n");
    for (toml, module, state) in [
        (build, "../../dist/server.js", "effective"),
        (build, "./generated/client.js", "effective"),
        (build, "../../made/x.js", "effective"),
        (named, "./table.json", "effective"),
        ("", "../../dist/server.js", "loadable"),
        ("", "../../made/x", "loadable"),
        ("", "./schema.gen.js", "loadable"),
    ] {
        let code = format!("import a from '{module}'; a(); {V2}");
        let inventory = scan_of(&[("netlify.toml", toml), ignore, ("netlify/functions/a.mjs", &code)]);
        assert_eq!(rules(&inventory, "netlify/functions/a.mjs"), [("netlify-import-built", 1)], "{module}");
        assert_eq!(standing(&inventory, "netlify:a").0, state, "{module}");
    }
    // What is in the repository is no product, whatever its folder is called, and a folder of people's may be missing.
    for (module, kept) in [("./dist/b.js", "netlify/functions/dist/a.js"), ("./lib/b.js", "src/a.js")] {
        let code = format!("import a from '{module}'; a(); {V2}");
        let inventory = scan_of(&[("netlify.toml", build), (kept, ""), ("netlify/functions/a.mjs", &code)]);
        assert_eq!(standing(&inventory, "netlify:a").0, "declared", "{module}");
    }
    let modules = "[submodule \"shared\"]\n\tpath = shared\n\turl = ../shared.git\n";
    let code = format!("import a from '../../shared/a.js'; a(); {V2}");
    let inventory = scan_of(&[(".gitmodules", modules), ("netlify/functions/a.mjs", &code)]);
    assert_eq!((standing(&inventory, "netlify:a").0.as_str(), &inventory.findings), ("effective", &vec![]));
}
