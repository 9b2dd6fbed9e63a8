//! Services of compose files that keep a schedule: endless loops in their commands, crontabs that these install, tables of
//! `supercronic`, and labels that Ofelia and swarm-cronjob read.

use standin_core::automation::Standing;

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::scripts::dialect::Dialect;
use crate::scripts::program;
use crate::scripts::shell::{self, Pause};
use crate::value::{Data, Value};

/// Whether a file of this name is a compose file.
pub(super) fn is_named(name: &str) -> bool {
    let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose."))
}

/// Adds what the services keep running.
pub(super) fn read(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    let text = sheet.file.text;
    if !["while", "until", "for", "ofelia.", "swarm.cronjob", "cron"].iter().any(|word| text.contains(word)) {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let mut names = Names::default();
    let services = root.get("services").map(Value::entries).unwrap_or_default();
    let runs = |image: &str| {
        services.iter().any(|service| {
            service.value.get("image").and_then(Value::text).is_some_and(|named| named.contains(image))
        })
    };
    let (has_ofelia, has_swarm) = (runs("ofelia"), runs("swarm-cronjob"));
    for service in services {
        let Some(name) = service.key.name() else { continue };
        for key in ["entrypoint", "command"] {
            let Some(entry) = service.value.entry(key) else { continue };
            if let Some((script, line)) = script_of(&entry.value, service.value.get("entrypoint")) {
                shell::read_installed_by(sheet.file, &script.replace("$$", "$"), line, gathered);
            }
            let Some(command) = shell::command(&entry.value) else { continue };
            // Compose takes one of two dollars away.
            let command = command.replace("$$", "$");
            shell::read_table_of(sheet.file, &command, gathered);
            looped(sheet, (name, &command, entry.line), &mut names, gathered);
        }
        labels(sheet, &service.value, (has_ofelia, has_swarm), &mut names, gathered);
    }
}

/// The text that a command hands to a shell, and its line. What is handed to no shell pipes and writes nothing.
fn script_of(command: &Value<'_>, entrypoint: Option<&Value<'_>>) -> Option<(String, u32)> {
    let is_shell = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or(word);
        matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh")
    };
    let is_option = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    if let Data::List(items) = &command.data {
        let words: Vec<&str> = items.iter().map(|item| item.text().unwrap_or_default()).collect();
        let leads = |words: &[&str]| {
            words
                .windows(2)
                .position(|two| matches!(two, [shell, option] if is_shell(shell) && is_option(option)))
        };
        let given: Vec<&str> =
            entrypoint.map(Value::items).unwrap_or_default().iter().filter_map(Value::text).collect();
        let handed = match leads(&words) {
            Some(at) => items.get(at.saturating_add(2)),
            None if leads(&given).is_some_and(|at| at.saturating_add(2) == given.len()) => items.first(),
            None => None,
        };
        return handed.and_then(|item| Some((item.text()?.to_owned(), item.line)));
    }
    let text = command.text()?.trim();
    let (lead, behind) =
        text.split_once("c ").filter(|(lead, _)| lead.ends_with('-') || lead.contains(" -"))?;
    let mut words = lead.split_ascii_whitespace().rev();
    let (option, shell) = (words.next()?, words.next()?);
    let behind = behind.trim();
    let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = behind.strip_prefix(quote)?.strip_suffix(quote)?;
    let is_handed = is_shell(shell) && is_option(&format!("{option}c"));
    is_handed.then(|| (inner.replace(&format!("\\{quote}"), &quote.to_string()), command.line))
}

fn looped(
    sheet: &Sheet<'_>,
    (name, command, line): (&str, &str, u32),
    names: &mut Names,
    gathered: &mut Gathered,
) {
    let Some(pause) = shell::pause_of(command) else { return };
    if !sheet.file.more(line, gathered) {
        return;
    }
    let mut found = sheet.found(names, name, line);
    found.domain = standin_core::ident::Kind::Script.domain();
    match pause {
        Pause::Seconds(seconds) => found.trigger(format!("every {seconds}s")),
        Pause::Computed(_) => found.trigger("loop"),
    }
    sheet.file.add(found, gathered);
}

/// `ofelia.job-exec.NAME.schedule`, and `swarm.cronjob.schedule`.
fn labels(
    sheet: &Sheet<'_>,
    service: &Value<'_>,
    (has_ofelia, has_swarm): (bool, bool),
    names: &mut Names,
    gathered: &mut Gathered,
) {
    let deploy = service.get("deploy").and_then(|deploy| deploy.get("labels"));
    for (key, value, line) in [service.get("labels"), deploy].into_iter().flatten().flat_map(pairs) {
        let ofelia = key.strip_prefix("ofelia.job-").and_then(|rest| rest.strip_suffix(".schedule"));
        let (name, reader, is_run) = match ofelia {
            Some(rest) => {
                (rest.split_once('.').map_or(rest, |(_, name)| name).to_owned(), "Ofelia", has_ofelia)
            }
            None if key == "swarm.cronjob.schedule" => {
                ("swarm.cronjob".to_owned(), "swarm-cronjob", has_swarm)
            }
            None => continue,
        };
        if !sheet.file.more(line, gathered) {
            return;
        }
        let mut found = sheet.found(names, &name, line);
        found.domain = standin_core::ident::Kind::Script.domain();
        let has_seconds = value.split_ascii_whitespace().count() == 6;
        let dialect = if has_seconds { Dialect::RobfigSeconds } else { Dialect::Robfig };
        program::fields(sheet.file, &mut found, (&value, "local", dialect, line), reader, gathered);
        if !is_run {
            let reason = format!("{reader} starts it, and no service here is {reader}");
            found.fall_short(Standing::Loadable, reason);
        }
        sheet.file.add(found, gathered);
    }
}

/// Labels as a map or as a list of `key=value`.
fn pairs(labels: &Value<'_>) -> Vec<(String, String, u32)> {
    match &labels.data {
        Data::List(items) => {
            let texts = items.iter().filter_map(|item| Some((item.text()?.split_once('=')?, item.line)));
            texts
                .map(|((key, value), line)| (key.to_owned(), value.trim_matches('"').to_owned(), line))
                .collect()
        }
        Data::Map(entries) => entries
            .iter()
            .filter_map(|entry| Some((entry.key.name()?.to_owned(), entry.value.scalar()?, entry.line)))
            .collect(),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Computed(_) => Vec::new(),
    }
}
