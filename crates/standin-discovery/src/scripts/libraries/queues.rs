//! Jobs that a queue repeats: `upsertJobScheduler(id, { pattern })` of bullmq, `add(…, { repeat: { cron } })` of both.

use std::collections::BTreeSet;

use super::super::calls::{Call, Known, known};
use super::super::dialect::Dialect;
use super::super::intervals;
use super::super::lex::{Placed, Token};
use super::super::objects::{Entry, Object};
use super::super::program::When;
use super::super::zones::Zone;
use super::{Source, looks_like_fields};
use crate::findings::Gathered;

const MODULES: [&str; 4] = ["bullmq", "bull", "@nestjs/bullmq", "@nestjs/bull"];

impl<'a> Source<'a> {
    /// Adds the repeated jobs of the file.
    pub(super) fn queues(&mut self, gathered: &mut Gathered) {
        let is_bull = self.names_module(&MODULES);
        // The values that were read as arguments of a call.
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut jobs: Vec<(usize, Option<&'a str>, When)> = Vec::new();
        for at in 1..self.all.len() {
            let Some((name, repeat)) = self.queued(at, is_bull) else { continue };
            seen.extend(repeat.first().map(|(offset, _)| *offset));
            jobs.extend(self.repeat(repeat).map(|when| (at, name, when)));
        }
        for at in 0..self.all.len() {
            let Some([(_, Token::Word("repeat")), (_, Token::Sign(':')), rest @ ..]) = self.all.get(at..)
            else {
                continue;
            };
            let value = Call::read(rest, 0).arguments().first().copied().unwrap_or_default();
            if !is_bull || value.first().is_some_and(|(offset, _)| seen.contains(offset)) {
                continue;
            }
            if let Some(name) = self.holder(at)
                && Object::of(self.all, value).is_some()
            {
                jobs.extend(self.repeat(value).map(|when| (at, name, when)));
            }
        }
        jobs.sort_by_key(|(at, ..)| *at);
        for (at, name, when) in jobs {
            self.add(at, name, (when, "bullmq"), gathered);
        }
    }

    /// The name of a job and what repeats it, of a call at a place.
    fn queued(&self, at: usize, is_bull: bool) -> Option<(Option<&'a str>, &'a [Placed<'a>])> {
        let Some(Token::Word("upsertJobScheduler" | "add")) = self.token(at) else { return None };
        if !self.is_word_sign(at, '.') || self.token(at.saturating_add(1)) != Some(&Token::Sign('(')) {
            return None;
        }
        let call = Call::read(self.all, at.saturating_add(2));
        let name = call.arguments().first().and_then(|name| self.spelled(name));
        match self.token(at)? {
            Token::Word("upsertJobScheduler") => call.arguments().get(1).map(|repeat| (name, *repeat)),
            Token::Word("add") if is_bull => call.arguments().iter().skip(1).find_map(|options| {
                match Object::of(self.all, options)?.get(&["repeat"]) {
                    Entry::Is([(_, Token::Word("undefined" | "null" | "false"))]) => None,
                    Entry::Is(repeat) => Some((name, repeat)),
                    Entry::Absent | Entry::Unknown => None,
                }
            }),
            Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => None,
        }
    }

    /// When a job is repeated. `None` for what says nothing of it.
    fn repeat(&self, value: &'a [Placed<'a>]) -> Option<When> {
        let Some(object) = Object::of(self.all, value) else { return Some(When::Computed) };
        let zone = match object.get(&["tz"]) {
            Entry::Is(value) => Zone::of(self.all, value),
            Entry::Unknown => Zone::Computed,
            Entry::Absent => Zone::Local,
        };
        match (object.get(&["pattern", "cron"]), object.get(&["every"])) {
            (Entry::Is(pattern), _) => Some(self.fields(pattern, &zone)),
            (_, Entry::Is(every)) => {
                let ms = self.constants.whole(every);
                Some(ms.map_or(When::Computed, |ms| When::Every(intervals::span(ms))))
            }
            (Entry::Unknown, _) => Some(When::Computed),
            (Entry::Absent, _) => None,
        }
    }

    /// Fields in a zone, as far as they are spelled out.
    pub(super) fn fields(&self, pattern: &[Placed<'_>], zone: &Zone) -> When {
        let fields = |text: &str| {
            if looks_like_fields(text) {
                zone.when(text, Dialect::Vixie)
            } else {
                When::Unread(text.to_owned())
            }
        };
        match known(self.all, pattern) {
            Some(Known::Text(text)) if !text.contains("${") => fields(text),
            Some(Known::ByDefault(text)) => When::ByDefault(Box::new(fields(text))),
            Some(Known::Text(_)) | None => When::Computed,
        }
    }

    /// The name of the job that holds a place within the call that adds it. `None` in a call that takes one away.
    #[allow(clippy::option_option, reason = "a job may have no name, and a place no job")]
    fn holder(&self, at: usize) -> Option<Option<&'a str>> {
        let open = self.opened(at, '(');
        let called = open.and_then(|open| open.checked_sub(1)).and_then(|at| self.token(at));
        let first = open.and_then(|open| self.token(open.saturating_add(1)));
        match (called, first) {
            (Some(Token::Word(word)), _) if word.starts_with("remove") => None,
            (Some(Token::Word("add")), Some(Token::Text(name))) => Some(Some(*name)),
            (Some(Token::Word("addBulk")), _) => Some(self.named_above(at)),
            (_, _) => Some(None),
        }
    }

    /// The `name: '…'` of the job in a list in which a place stands.
    fn named_above(&self, at: usize) -> Option<&'a str> {
        let options = self.opened(at, '{')?;
        let job = self.opened(options, '{')?;
        let object =
            Object::of(self.all, self.all.get(job..Call::read(self.all, job.saturating_add(1)).end)?)?;
        match object.get(&["name"]) {
            Entry::Is(name) => self.spelled(name),
            Entry::Absent | Entry::Unknown => None,
        }
    }

    /// A name as far as it is a text, or that of a constant.
    pub(super) fn spelled(&self, name: &[Placed<'a>]) -> Option<&'a str> {
        match (known(self.all, name), name) {
            (Some(Known::Text(text)), _) if !text.contains("${") => Some(text),
            (None, [.., (_, Token::Word(word))]) => Some(word),
            _ => None,
        }
    }
}
