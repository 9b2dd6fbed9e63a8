use super::*;

fn module(text: &str) -> Module {
    read_module(text, Path::new("/r/a/ecosystem.config.js")).unwrap()
}

fn whole(text: &str) -> Value<'static> {
    module(&format!("module.exports = {text}")).whole.unwrap().value
}

fn text(value: &Value<'static>, name: &str) -> String {
    value.get(name).and_then(Value::text).unwrap_or_else(|| panic!("{name} in {value:?}")).to_owned()
}

#[test]
fn what_is_spelled_out_is_read() {
    let value = whole(
        "{ a: `x`, b: __dirname + '/s.js', c: require('path').join(__dirname, '..', 'y'), d: process.cwd(),\n\
         e: !0, f: [1, -2], ['g' + 1]: `${__dirname}/z`, h: ('p'), i: import.meta.dirname }",
    );
    assert_eq!(text(&value, "a"), "x");
    assert_eq!(
        (text(&value, "b"), text(&value, "c"), text(&value, "d")),
        ("/r/a/s.js".into(), "/r/y".into(), "/r/a".into())
    );
    assert_eq!(value.get("e").unwrap().data, crate::value::Data::Bool(true));
    assert_eq!(
        (text(&value, "g1"), text(&value, "h"), value.entry("g1").unwrap().line),
        ("/r/a/z".into(), "p".into(), 2)
    );
}

#[test]
fn names_of_paths_are_followed() {
    let value = module(
        "import { resolve } from 'node:path'; import * as p from 'path';\n\
         const base = { dir: 'd' }; const more = [{ n: 1 }];\n\
         module.exports = { a: resolve('x'), b: p.join('q', base.dir), ...base, list: [...more, ...more] };",
    );
    let value = value.whole.unwrap().value;
    assert_eq!(
        (text(&value, "a"), text(&value, "b"), text(&value, "dir")),
        ("/r/a/x".into(), "q/d".into(), "d".into())
    );
    assert_eq!(value.get("list").unwrap().items().len(), 2);
}

#[test]
fn what_is_computed_is_said_without_its_text() {
    let value = module(
        "const apps = [1]; apps.sort(); let later = 'x'; later += 'y';\n\
         module.exports = { a: process.env.KEY, b: f('hush'), c: apps, d: later, e: x ? 'hush' : 2, ...other() }",
    );
    let value = value.whole.unwrap().value;
    let said: Vec<String> = value.entries().iter().map(|entry| format!("{:?}", entry.value.data)).collect();
    assert!(said.iter().all(|data| data.starts_with("Computed(") && !data.contains("hush")), "{said:?}");
    assert!(said[0].contains("process.env.KEY") && said[2].contains("changed"));
    assert!(matches!(value.look_up("zzz"), crate::value::Lookup::Computed(2)));
}

#[test]
fn data_of_other_files_is_followed_within_the_repository_alone() {
    let root = tempfile::tempdir().unwrap();
    let real = root.path().canonicalize().unwrap();
    let write = |name: &str, text: &str| std::fs::write(real.join(name), text).unwrap();
    write("a.yaml", "jobs:\n  - name: one\n");
    write("b.json5", "{ name: 'two', /* c */ }");
    write("loop.js", "module.exports = { ...require('./loop'), name: 'three' }");
    std::os::unix::fs::symlink("/etc/hostname", real.join("away.json")).unwrap();
    let text = "const yaml = require('js-yaml'); const fs = require('fs'); const JSON5 = require('json5');
        const a = yaml.load(fs.readFileSync('./a.yaml', 'utf8')).jobs[0].name;
        module.exports = { a, b: JSON5.parse(fs.readFileSync(__dirname + '/b.json5').toString()).name,
          c: require('./loop').name, away: require('./away.json'), out: require('../../etc/x.json'), pkg: require('dotenv') };";
    let trail = Trail::new();
    let whole = crate::asked::Root::new(real.clone());
    let reach = Some(Reach::new(&whole, &trail));
    let value = read_module_within(text, &real.join("x.config.js"), reach).unwrap().whole.unwrap().value;
    assert_eq!((text_of(&value, "a"), text_of(&value, "b"), text_of(&value, "c")), ("one", "two", "three"));
    for name in ["away", "out", "pkg"] {
        assert!(matches!(value.get(name).unwrap().data, crate::value::Data::Computed(_)), "{name}");
    }
}

fn text_of<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::text).unwrap_or("?")
}

#[test]
fn a_walk_through_functions_has_an_end() {
    let calls = "f(f(f(f(f(f(1))))));".repeat(1_000);
    let text = format!(
        "function f(x) {{ return f(x) }} const g = (x) => [...h(x), ...h(x)]; const h = (x) => [...g(x), ...g(x)];
        const apps = []; apps.push(...apps); module.exports = {{ a: f(1), b: g(1), apps }}; {calls}"
    );
    let value = module(&text).whole.unwrap().value;
    assert!(matches!(value.get("a").unwrap().data, crate::value::Data::Computed(_)));
}

#[test]
fn exports_of_all_forms() {
    let seen = module(
        "const h = 1; export const a = 's', b = 2; export function c() {} export { h as d, h as default };",
    );
    assert_eq!(seen.named.keys().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    assert!(seen.default.is_some() && seen.whole.is_none());
    let seen = module("exports.a = 1; module.exports.b = 2; exports.default = () => 1;");
    assert_eq!(seen.named.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert!(seen.default.is_some());
}

#[test]
fn constants_that_repeat_one_another_stay_small() {
    let mut text = String::from("const a0 = [1, 1];");
    for level in 1..60 {
        text.push_str(&format!("const a{level} = [a{0}, a{0}, a{0}, a{0}];", level - 1));
    }
    text.push_str("const x = y, y = x; module.exports = { a: a59, x };");
    assert!(module(&text).whole.is_some());
}

#[test]
fn a_fault_has_its_line() {
    let fault = read_module("const a = 1;\nconst b = ;\n", Path::new("/r/a.js")).unwrap_err();
    assert_eq!((fault.rule, fault.line), ("js-unparsable", 2));
    let fault = read_expression("{\n  \"a\": 1\n  \"b\": 2\n}", Path::new("/r/a.json")).unwrap_err();
    assert_eq!((fault.rule, fault.line), ("js-unparsable", 3));
    assert_eq!(
        read_expression("// c\n{ a: 'b' }", Path::new("/r/a.json")).unwrap().get("a").unwrap().line,
        2
    );
}

/// The stack must be enough for the worst text of its tokens, however the guard is fooled, in a debug build too.
#[test]
fn the_stack_is_enough_for_any_text() {
    let units = [
        "[",
        "(",
        "{",
        "{a:",
        "x=>",
        "!",
        "-\n",
        "a=",
        "a?b:",
        "if(a)",
        "new ",
        "typeof ",
        "`${",
        "f(",
        "[...",
        "a[",
        "(a=>",
        "function f(){",
        "class extends ",
        "(x)=>{",
        "async(",
        "<T>",
        "if(a);else ",
        "for(;;)",
        "do ",
        "a:",
        "a**",
        "type A=[",
        "type A=(",
        "let a:{b:",
        "keyof ",
    ];
    for source in [SourceType::unambiguous(), SourceType::ts()] {
        for unit in units {
            for count in [60, 1_500] {
                let text = unit.repeat(count);
                let read = || {
                    let allocator = Allocator::default();
                    Ok(Parser::new(&allocator, &text, source).parse().panicked)
                };
                // Most of these are no programs: only that they come back counts.
                drop(on_stack_for(guard::tokens(&text), read));
            }
        }
    }
}

#[test]
fn what_would_take_long_is_refused() {
    let cases =
        [("(a=", 5_000, "js-too-nested"), ("a<b<", 5_000, "js-too-nested"), ("!", 40_000, "js-too-large")];
    for (text, times, rule) in cases {
        let fault = read_module(&text.repeat(times), Path::new("/r/a.ts")).unwrap_err();
        assert_eq!(fault.rule, rule);
    }
}

#[test]
fn functions_that_multiply_their_list_stay_small() {
    let item = "1,".repeat(5_000);
    let copies = "x,".repeat(900);
    let text = format!(
        "const a = [[{item}]]; module.exports = {{ a: a.map((x) => [{copies}]).map((x) => [{copies}]) }};"
    );
    let value = module(&text).whole.unwrap().value;
    assert!(value.nodes() < crate::limits::MAX_JS_NODES * 2, "{}", value.nodes());
}

/// The names in the list of apps, `?` for what is computed.
fn named(text: &str) -> Vec<String> {
    let value = module(text).whole.unwrap().value;
    let apps = value.get("apps").unwrap_or(&value);
    let name = |item: &Value| item.get("n").and_then(Value::scalar).unwrap_or_else(|| "?".into());
    assert!(!apps.items().is_empty(), "{text}: {value:?}");
    apps.items().iter().map(name).collect()
}

#[test]
fn what_statements_add_is_added_and_what_is_unknown_takes_nothing_away() {
    let (a, b) = ("{ n: 'a' }", "{ n: 'b' }");
    for (text, expected) in [
        (format!("module.exports = {{}}; module.exports.apps = [{a}, {b}];"), "ab"),
        (format!("module.exports = {{ apps: [{a}] }}; module.exports.apps.push({b});"), "ab"),
        (format!("const c = {{ apps: [{a}] }}; c.apps.push({b}); module.exports = c"), "ab"),
        (format!("const c = {{}}; c.apps = [{a}]; module.exports = c; c.apps.unshift({b})"), "ba"),
        (format!("const c = module.exports = {{ apps: [] }}; c.apps.push({a}, {b});"), "ab"),
        (format!("exports = module.exports = {{ apps: [{a}] }}; exports.apps.push({b});"), "ab"),
        (format!("const c = {{}}; Object.assign(c, {{ apps: [{a}] }}); module.exports = c"), "a"),
        (format!("let apps = [{a}]; apps = apps.concat([{b}]); module.exports = {{ apps }}"), "ab"),
        (format!("let apps = [{a}]; apps = [...apps, {b}]; module.exports = {{ apps }}"), "ab"),
        (format!("const l = [{b}, {a}]; l.sort((x, y) => x.n < y.n); module.exports = l.reverse()"), "ba"),
        (
            "const l = []; function add(n) { l.push({ n }); } add('a'); add('b'); module.exports = l".into(),
            "ab",
        ),
        (
            "const l = []; const add = (n) => l.push({ n }); ['a', 'b'].forEach(add); module.exports = l"
                .into(),
            "ab",
        ),
        (
            "const l = []; for (let i = 1; i <= 3; i++) l.push({ n: i }); module.exports = { apps: l }"
                .into(),
            "123",
        ),
        (format!("const l = [{a}]; l[0].m = 2; l[1] = {b}; module.exports = l"), "ab"),
        (
            format!(
                "const l = [{a}]; for (let i = 0; i < os.cpus().length; i++) l.push({b}); module.exports = l"
            ),
            "a?",
        ),
        (
            format!("const l = [{a}]; if (fs.existsSync('x')) l.push({b}); module.exports = {{ apps: l }}"),
            "a?",
        ),
        (format!("const l = [{a}]; if (f()) {{ l.pop() }} l.push({b}); module.exports = l"), "a?b"),
        (
            format!(
                "const l = [{a}]; fs.readdirSync('x').forEach((n) => l.push({{ n }})); module.exports = l"
            ),
            "a?",
        ),
        (format!("const l = [{a}]; l.push(...more(), {b}); module.exports = l"), "a?b"),
        (format!("const c = {{ apps: [{a}] }}; if (f()) c.apps.push({b}); module.exports = c"), "a?"),
        (format!("const c = {{ apps: [{a}] }}; if (f()) c.apps = []; module.exports = c"), "a?"),
        (format!("const c = {{ apps: [{a}] }}; if (f()) c.deploy = {{}}; module.exports = c"), "a"),
        (format!("const c = {{ apps: [{a}] }}; Object.assign(c, more()); module.exports = c"), "a"),
        (format!("let l = [{a}]; l = withDefaults(l); module.exports = l"), "a?"),
        (format!("module.exports = [{a}, ...f().map((n) => n)].filter(Boolean)"), "a?"),
        (format!("module.exports = [{a}, {b}].filter((one) => on.has(one.n))"), "ab?"),
        (format!("module.exports = [{a}, {b}].filter((one) => one.n !== 'a')"), "b"),
        (format!("module.exports = [{a}].concat(...more(), {b})"), "a?b"),
    ] {
        assert_eq!(named(&text).concat(), expected, "{text}");
    }
    let apps = module("exports.apps = []; exports.apps.push({ n: 'a' });").named["apps"].value.clone();
    assert_eq!(apps.items().len(), 1);
    let apps = module("export const apps = []; apps.push({ n: 'a' });").named["apps"].value.clone();
    assert_eq!(apps.items().len(), 1);
    // Names in an unknown order would be other names.
    let texts =
        module("const l = ['b', 'a']; l.sort(); module.exports = l.map((n, i) => n + i)").whole.unwrap();
    assert!(matches!(texts.value.data, crate::value::Data::Computed(_)));
}
