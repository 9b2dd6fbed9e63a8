#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::yaml;

fn come(text: &str) -> String {
    let values = "a: {on: true, off: false, cron: '0 5 * * *', min: 7, tpl: '{{ .Values.a.min }} 4 * * *'}\nlist: ['1 2 * * *']\nb-c: {d: x}\n";
    let values = yaml::parse(values).unwrap().root;
    match known(text, Some(&values)) {
        Known::Text { text, .. } => text,
        Known::Missing(path) => format!("missing {path}"),
        Known::Computed => "computed".to_owned(),
    }
}

#[test]
fn both_forms_of_a_function_come_to_the_same() {
    let rows = [
        ("{{ default false .Values.a.on }}", "true"),
        ("{{ .Values.a.on | default false }}", "true"),
        // Helm takes `false` for nothing here.
        ("{{ default true .Values.a.off }}", "true"),
        ("{{ default \"0 6 * * *\" .Values.gone | quote }}", "0 6 * * *"),
        ("{{- .Values.gone | default .Values.a.cron | quote -}}", "0 5 * * *"),
        ("{{ tpl .Values.a.tpl . }}", "7 4 * * *"),
        ("{{ tpl .Values.a.cron $ | quote }}", "0 5 * * *"),
        ("\"{{ .Values.a.min }} 3 * * *\"", "7 3 * * *"),
        ("{{ .Values.gone | quote }}", "missing gone"),
        ("{{ required \"give it\" .Values.a.cron }}", "0 5 * * *"),
        ("{{ coalesce .Values.gone .Values.a.cron }}", "0 5 * * *"),
        ("{{ ternary \"x\" \"y\" .Values.a.off }}", "y"),
        ("{{ index .Values \"b-c\" \"d\" }}", "x"),
        ("{{ index .Values.list 0 }}", "1 2 * * *"),
        ("{{ printf \"%v 1 * * *\" .Values.a.min }}", "7 1 * * *"),
        ("{{ (.Values.a.cron | default \"z\") | trim }}", "0 5 * * *"),
        ("{{ `*/5 * * * *` }}", "*/5 * * * *"),
        ("'*/5 * * * *' # often", "*/5 * * * *"),
        ("{{ include \"x\" . }}", "computed"),
        ("{{ default (include \"x\" .) .Values.a.cron }}", "computed"),
        ("{{ if .Values.a.on }}true{{ end }}", "computed"),
        ("{{ \"open }}", "computed"),
        (">-", "computed"),
    ];
    for (text, wanted) in rows {
        assert_eq!(come(text), wanted, "{text}");
    }
    assert_eq!(come(&format!("{{{{ {} }}}}", "(".repeat(10_000))), "computed");
}
