//! `triggers { cron('…') }` of a Jenkinsfile.

use super::Sheet;
use crate::contents::Names;
use crate::findings::Gathered;
use crate::lines::Lines;
use crate::scripts::lex::{Language, Token, tokens};
use crate::scripts::program::{self, When};

/// Adds the crons of a pipeline.
pub(super) fn read(sheet: &Sheet<'_>, gathered: &mut Gathered) {
    if !sheet.file.text.contains("cron") {
        return;
    }
    let lines = Lines::new(sheet.file.text);
    let all = tokens(sheet.file.text, Language::Java);
    let mut names = Names::default();
    for window in all.windows(3) {
        let [
            (offset, Token::Word(name @ ("cron" | "pollSCM"))),
            (_, Token::Sign('(')),
            (_, Token::Text(text)),
        ] = window
        else {
            continue;
        };
        let line = lines.at(*offset);
        if !sheet.file.more(line, gathered) {
            return;
        }
        let text = text.replace("\\n", "\n");
        let mut zone = "local".to_owned();
        for expression in
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            if let Some(named) = expression.strip_prefix("TZ=") {
                named.clone_into(&mut zone);
                continue;
            }
            let mut found = sheet.found(&mut names, name, line);
            let is_hashed = expression.contains('H')
                || matches!(
                    expression,
                    "@daily" | "@hourly" | "@weekly" | "@monthly" | "@midnight" | "@yearly" | "@annually"
                );
            // A place that Jenkins picks from the job's name.
            let when = if expression.contains('$') {
                When::Computed
            } else if is_hashed {
                When::Beyond(expression.to_owned())
            } else {
                When::cron(expression, zone.clone())
            };
            program::apply(sheet.file, &mut found, when, "Jenkins", gathered);
            sheet.file.add(found, gathered);
        }
    }
}
