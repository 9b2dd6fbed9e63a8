//! Bree's jobs: objects with a `cron` or an `interval`.

use std::collections::BTreeSet;

use super::super::calls::{Call, Known, known};
use super::super::dialect::Dialect;
use super::super::intervals;
use super::super::lex::{Placed, Token};
use super::super::objects::{Entry, Object};
use super::super::program::When;
use super::super::spans::time_of_day;
use super::super::zones::Zone;
use super::Source;
use crate::findings::Gathered;

impl<'a> Source<'a> {
    /// Adds the jobs of a file that uses Bree.
    pub(super) fn bree(&mut self, gathered: &mut Gathered) {
        if !self.names_module(&["bree"]) {
            return;
        }
        let zone = self.zone_of_bree();
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        for at in 0..self.all.len() {
            let is_key = matches!(self.token(at), Some(Token::Word("cron" | "interval")))
                && matches!(self.token(at.saturating_add(1)), Some(Token::Sign(':' | ',' | '}')));
            let Some(open) = (if is_key { self.opened(at, '{') } else { None }) else { continue };
            if !seen.insert(open) {
                continue;
            }
            let end = Call::read(self.all, open.saturating_add(1)).end;
            let Some(job) = self.all.get(open..end).and_then(|job| Object::of(self.all, job)) else {
                continue;
            };
            let Some(when) = self.job(&job, &zone) else { continue };
            let name = match job.get(&["name"]) {
                Entry::Is(name) => self.spelled(name),
                Entry::Absent | Entry::Unknown => None,
            };
            self.add(at, name, (when, "bree"), gathered);
        }
    }

    /// The zone that Bree itself is given, for the jobs without one.
    fn zone_of_bree(&self) -> Zone {
        let made = self.all.windows(3).position(|three| {
            matches!(three, [(_, Token::Word("new")), (_, Token::Word("Bree")), (_, Token::Sign('('))])
        });
        let Some(at) = made else { return Zone::Local };
        let call = Call::read(self.all, at.saturating_add(3));
        let options = call.arguments().first().and_then(|options| Object::of(self.all, options));
        match options.map(|options| options.get(&["timezone"])) {
            Some(Entry::Is(zone)) => Zone::of(self.all, zone),
            Some(Entry::Absent | Entry::Unknown) | None => Zone::Local,
        }
    }

    /// When a job runs. `None` for one that runs once, and for what is no job.
    fn job(&self, job: &Object<'a, 'a>, zone: &Zone) -> Option<When> {
        let zone = match job.get(&["timezone"]) {
            Entry::Is(zone) => Zone::of(self.all, zone),
            Entry::Absent | Entry::Unknown => zone.clone(),
        };
        if let Entry::Is(cron) = job.get(&["cron"]) {
            let is_named = matches!(job.get(&["name", "path"]), Entry::Is(_));
            // Without a name it may be another's table.
            let when = self.fields(cron, &zone);
            let is_read = matches!(when, When::Fields { .. } | When::Zoneless(..) | When::ByDefault(_));
            return (is_named || is_read).then_some(when);
        }
        match (job.get(&["interval"]), job.get(&["name", "path"]), job.get(&["jobs"])) {
            (Entry::Is(interval), Entry::Is(_), Entry::Absent | Entry::Unknown) => {
                self.interval_of(interval, &zone)
            }
            (_, _, _) => None,
        }
    }

    fn interval_of(&self, interval: &[Placed<'_>], zone: &Zone) -> Option<When> {
        match (known(self.all, interval), interval) {
            (Some(Known::Text(text)), _) if text.contains("${") => Some(When::Computed),
            (Some(Known::Text(text)), _) => Some(words(text, zone)),
            (Some(Known::ByDefault(text)), _) => Some(When::ByDefault(Box::new(words(text, zone)))),
            (None, [(_, Token::Word("false" | "null" | "undefined"))]) => None,
            (None, _) => match self.constants.whole(interval) {
                Some(0) => None,
                Some(ms) => Some(When::Every(intervals::span(ms))),
                None => Some(When::Computed),
            },
        }
    }
}

/// `at 12:00 am`, `every 5 minutes`, `5m`, `three hours`.
fn words(text: &str, zone: &Zone) -> When {
    let lower = text.trim().to_ascii_lowercase();
    if let Some((hour, minute)) = lower.strip_prefix("at ").and_then(time_of_day) {
        return zone.when(format!("{minute} {hour} * * *"), Dialect::Vixie);
    }
    let rest = lower.strip_prefix("every ").unwrap_or(&lower);
    let is_span = match rest.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
        [one] => one.starts_with(|c: char| c.is_ascii_digit()),
        [count, unit] => {
            let units = ["ms", "milli", "s", "m", "h", "d", "w", "y"];
            units.iter().any(|known| unit.starts_with(known))
                && !matches!(*count, "at" | "on" | "before" | "after")
        }
        _ => false,
    };
    if is_span { When::Every(rest.to_owned()) } else { When::Unread(text.to_owned()) }
}
