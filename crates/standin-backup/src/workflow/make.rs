//! What a target of a makefile runs.

use std::collections::{BTreeMap, BTreeSet};

/// Targets that are followed from one.
const MAX_TARGETS: usize = 64;

/// How often variables of variables are put in.
const MAX_ROUNDS: usize = 3;

/// Longest line once its variables are put in.
const MAX_LINE: usize = 20_000;

#[derive(Debug, Default)]
struct Rule<'a> {
    targets: Vec<&'a str>,
    needs: Vec<&'a str>,
    recipe: Vec<&'a str>,
}

/// The lines that a shell is given for a target, and for what that needs; for the first one where none is named. `None`
/// where the file has no such target.
pub(super) fn said(text: &str, target: &str) -> Option<String> {
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let (rules, variables) = read(&text);
    let is_plain = |name: &&&str| !name.starts_with('.') && !name.contains('%');
    let first = rules.iter().flat_map(|rule| &rule.targets).find(is_plain).copied();
    let wanted = if target.is_empty() { first? } else { target };
    let has = |rule: &&Rule<'_>, name: &str| rule.targets.contains(&name);
    rules.iter().find(|rule| has(rule, wanted))?;
    // What asks outside of recipes asks for all of them.
    let asks = |line: &&str| !line.starts_with('\t') && line.contains("GITHUB_EVENT");
    let mut out: Vec<String> = text.lines().filter(asks).map(str::to_owned).collect();
    let mut open = vec![wanted];
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while let Some(next) = open.pop().filter(|_| done.len() < MAX_TARGETS) {
        if !done.insert(next) {
            continue;
        }
        for rule in rules.iter().filter(|rule| has(rule, next)) {
            open.extend(&rule.needs);
            out.extend(rule.recipe.iter().map(|line| expanded(line, &variables)));
        }
    }
    Some(out.join("\n"))
}

fn read(text: &str) -> (Vec<Rule<'_>>, BTreeMap<&str, &str>) {
    let mut rules: Vec<Rule<'_>> = Vec::new();
    let mut variables = BTreeMap::new();
    for line in text.lines() {
        if let Some(recipe) = line.strip_prefix('\t') {
            if let Some(rule) = rules.last_mut() {
                rule.recipe.push(recipe);
            }
            continue;
        }
        let bare = line.split('#').next().unwrap_or_default();
        if let Some((name, value)) = assigned(bare) {
            variables.insert(name, value);
        } else if let Some((targets, rest)) = bare.split_once(':') {
            let (needs, recipe) = rest.split_once(';').unwrap_or((rest, ""));
            rules.push(Rule {
                targets: targets.split_whitespace().collect(),
                needs: needs.split_whitespace().filter(|need| !matches!(*need, "|" | ":")).collect(),
                recipe: Some(recipe).filter(|recipe| !recipe.is_empty()).into_iter().collect(),
            });
        }
    }
    (rules, variables)
}

/// `NAME = VALUE`, also with `:=`, `?=` and `+=`.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+', '!']).trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    is_name.then(|| (name, value.trim()))
}

/// A line of a recipe as the shell gets it.
fn expanded(line: &str, variables: &BTreeMap<&str, &str>) -> String {
    let mut out = line.trim_start_matches(['@', '-', '+', ' ']).to_owned();
    out = out.replace("$(MAKE)", "make").replace("${MAKE}", "make");
    for _ in 0..MAX_ROUNDS {
        for (name, value) in variables.iter().filter(|(_, value)| value.len() < MAX_LINE) {
            if out.len() < MAX_LINE && out.contains(name) {
                out = out.replace(&format!("$({name})"), value).replace(&format!("${{{name}}}"), value);
            }
        }
    }
    out.replace("$$", "$")
}
