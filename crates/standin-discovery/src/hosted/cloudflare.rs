//! `triggers.crons` of a Worker, in `wrangler.toml` or `wrangler.json`.

use standin_core::automation::{Severity, Standing};

use super::Sheet;
use crate::contents::Names;
use crate::files;
use crate::findings::Gathered;
use crate::lines::quote;
use crate::scripts::dialect::Dialect;
use crate::value::{Key, Value};

/// Adds the crons of a Worker and of its environments.
pub(super) fn read(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.contains("crons") {
        return;
    }
    let Some(root) = sheet.value(gathered) else { return };
    let worker = root.get("name").and_then(Value::text).unwrap_or("worker");
    let mut names = Names::default();
    crons(sheet, &root, &root, worker, &mut names, gathered);
    for environment in root.get("env").map(Value::entries).unwrap_or_default() {
        if let Key::Named(name) = &environment.key {
            crons(sheet, &root, &environment.value, &format!("{worker}-{name}"), &mut names, gathered);
        }
    }
}

fn crons(
    sheet: &Sheet<'_>,
    root: &Value,
    part: &Value,
    name: &str,
    names: &mut Names,
    gathered: &mut Gathered,
) {
    let list = part.get("triggers").and_then(|triggers| triggers.get("crons"));
    for cron in list.map(Value::items).unwrap_or_default() {
        if !sheet.file.more(cron.line, gathered) {
            return;
        }
        let mut found = sheet.found(names, name, cron.line);
        sheet.schedule(&mut found, Some(cron), ("UTC", Dialect::Cloudflare, "Cloudflare"), gathered);
        if let Some((main, line)) = without_handler(sheet, root, part) {
            let message = format!("nothing in {} handles `scheduled`, which the cron calls", quote(&main));
            found.fall_short(Standing::Loadable, &message);
            let fix = "Export `async scheduled(event, env, ctx)` beside `fetch`.";
            sheet.file.say(("cloudflare-no-handler", Severity::Error, line), message, fix, gathered);
        }
        sheet.file.add(found, gathered);
    }
}

/// The main file and its line, if it is there and has all of its exports in itself, and none of them is the handler.
fn without_handler(sheet: &Sheet<'_>, root: &Value, part: &Value) -> Option<(String, u32)> {
    let main = part.get("main").or(root.get("main"))?;
    let path = main.text()?.trim_start_matches("./");
    let folder = sheet.file.folder();
    let path = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    let text = files::read(sheet.file.repository.root, &path).ok()?;
    let spells_out = text.contains("export default {") && !text.contains("...");
    (spells_out && !text.contains("scheduled")).then_some((path, main.line))
}
