//! One automation: from what is known of it to its level.

use super::{Acts, Backup, Covered, Flaw, Level, Next, Said, Start, Step, Subject, Terms, Work, Writable};
use crate::drill::{Drill, Outcome};
use crate::ident::Domain;
use crate::time::later;

/// How far `subject` is covered, why, and what is missing.
pub fn judge(subject: &Subject, terms: Terms) -> Covered {
    let mut evidence = Vec::new();
    let (level, next) = climb(subject, terms, &mut evidence);
    Covered {
        id: subject.id.clone(),
        domain: subject.domain,
        priority: subject.priority,
        level,
        evidence,
        next,
    }
}

fn climb(subject: &Subject, terms: Terms, evidence: &mut Vec<String>) -> (Level, Option<Next>) {
    if !subject.broken.is_empty() {
        let because = format!("it would not run itself: {}", subject.broken);
        return (Level::Unwatched, next(Level::Watched, Step::Mend, because));
    }
    if subject.watchers.is_empty() {
        let because = "nobody would notice if it stopped".to_owned();
        return (Level::Unwatched, next(Level::Watched, Step::Watch(subject.hint.clone()), because));
    }
    let names: Vec<&str> = subject.watchers.iter().map(|watcher| watcher.name.as_str()).collect();
    evidence.push(format!("watched by {}", names.join(", ")));

    let good: Vec<&Backup> =
        subject.backups.iter().filter(|b| b.flaw.is_none() && is_started(subject, b)).collect();
    if good.is_empty() {
        return (Level::Watched, Some(to_backed_up(subject)));
    }
    for backup in &good {
        evidence.push(said(backup));
    }
    let elsewhere: Vec<&Backup> =
        good.iter().filter(|backup| backup.domain != subject.domain).copied().collect();
    if elsewhere.is_empty() {
        // What stands elsewhere already, and only does not count yet, is nearer than anything new.
        if let Some((step, because)) = flawed(subject, |backup| backup.domain != subject.domain) {
            return (Level::BackedUp, next(Level::CrossDomain, step, because));
        }
        let because = format!("its backup fails together with it: both are on {}", subject.domain);
        return (Level::BackedUp, next(Level::CrossDomain, Step::BackElsewhere(subject.domain), because));
    }
    let Some(_) = elsewhere.iter().find(|backup| is_started_from_outside(subject, backup)) else {
        let because = format!("only watchers on {} would start its backup", subject.domain);
        let step = watch_elsewhere(subject, subject.domain);
        return (Level::BackedUp, next(Level::CrossDomain, step, because));
    };
    let drilled = elsewhere.iter().filter(|backup| is_started_from_outside(subject, backup));
    match rehearsed(subject, drilled.copied(), terms) {
        Ok(proof) => {
            evidence.push(proof);
            (Level::Drilled, None)
        }
        Err(because) => (Level::CrossDomain, next(Level::Drilled, Step::Drill, because)),
    }
}

/// The sentence of the newest drill that counts, or why none does.
fn rehearsed<'a>(
    subject: &Subject,
    backups: impl Iterator<Item = &'a Backup>,
    terms: Terms,
) -> Result<String, String> {
    let mut why = "its backup was never run".to_owned();
    for backup in backups {
        let of_this = || subject.drills.iter().filter(|drill| drill.backup == backup.drilled_as);
        let Some(drill) = newest(of_this().filter(|drill| !drill.dry)) else {
            if newest(of_this()).is_some() {
                why = "its drill was dry: the backup itself did not run".to_owned();
            }
            continue;
        };
        let day = drill.at.strftime("%F");
        match &drill.outcome {
            Outcome::Passed if later(drill.at, terms.drilled_within) >= terms.now => {
                return Ok(format!(
                    "{} was drilled on {day}, in {:.1} s",
                    backup.id,
                    drill.took.as_secs_f64()
                ));
            }
            Outcome::Passed => why = format!("the last drill of {} is too old: {day}", backup.id),
            Outcome::Failed { why: reason } => {
                why = format!("the last drill of {} failed: {reason}", backup.id);
            }
        }
    }
    Err(why)
}

fn newest<'a>(drills: impl Iterator<Item = &'a Drill>) -> Option<&'a Drill> {
    drills.max_by_key(|drill| drill.at)
}

/// What keeps an automation without a backup that counts from having one: the flaw of the first, if there is one.
fn to_backed_up(subject: &Subject) -> Next {
    let unstarted = subject.backups.iter().find(|backup| backup.flaw.is_none());
    let (step, because) = match (flawed(subject, |_| true), unstarted) {
        (Some(flawed), _) => flawed,
        (None, Some(backup)) => {
            let because = format!("{} does not count: {}", backup.id, Flaw::NobodyStartsIt);
            (watch_elsewhere(subject, subject.domain), because)
        }
        (None, None) => match &subject.writable {
            Writable::Yes => (Step::Back, "nothing else does its work".to_owned()),
            Writable::No(why) => (
                Step::BackByHand,
                format!("nothing else does its work, and Standin can write nothing that does: {why}"),
            ),
            Writable::Decided => {
                let because =
                    "nothing else does its work: standin.toml says what helps, and names nothing that does";
                (Step::BackByHand, because.to_owned())
            }
        },
    };
    Next { to: Level::BackedUp, step, because }
}

/// The step for the first backup with a flaw among these, and why it does not count.
fn flawed(subject: &Subject, among: impl Fn(&Backup) -> bool) -> Option<(Step, String)> {
    let mut backups = subject.backups.iter().filter(|backup| among(backup));
    let (backup, flaw) = backups.find_map(|backup| Some((backup, backup.flaw.as_ref()?)))?;
    Some((step_of(subject, backup, flaw), format!("{} does not count: {flaw}", backup.id)))
}

fn step_of(subject: &Subject, backup: &Backup, flaw: &Flaw) -> Step {
    match flaw {
        Flaw::Outdated => Step::Renew,
        Flaw::Missing | Flaw::DoesNothing(_) => match (&subject.writable, backup.said) {
            (Writable::Yes | Writable::No(_) | Writable::Decided, Said::InSettings) => {
                Step::Replace(backup.id.clone())
            }
            (Writable::Yes, Said::ByItself) => Step::Back,
            (Writable::No(_) | Writable::Decided, Said::ByItself) => Step::BackByHand,
        },
        Flaw::NotHere(_) => match backup.said {
            Said::InSettings => Step::Replace(backup.id.clone()),
            Said::ByItself => Step::BackByHand,
        },
        Flaw::NotNamed | Flaw::OnlyItsName => Step::Name(backup.id.clone()),
        Flaw::NotEffective(_) => Step::MendBackup(backup.id.clone()),
        Flaw::NobodyStartsIt => watch_elsewhere(subject, backup.domain),
        Flaw::AgentNeverRan => Step::Watch(subject.awaited.clone().unwrap_or_else(|| subject.hint.clone())),
    }
}

/// A watcher that is named already only has to be brought to life.
fn watch_elsewhere(subject: &Subject, domain: Domain) -> Step {
    subject.awaited.clone().map_or(Step::WatchElsewhere(domain), Step::Watch)
}

fn is_started(subject: &Subject, backup: &Backup) -> bool {
    match backup.start {
        Start::Schedule => true,
        Start::Watcher => subject.watchers.iter().any(|watcher| watcher.acts == Acts::Yes),
    }
}

fn is_started_from_outside(subject: &Subject, backup: &Backup) -> bool {
    match backup.start {
        Start::Schedule => true,
        Start::Watcher => {
            let outside = |w: &super::Watcher| w.acts == Acts::Yes && w.domain != subject.domain;
            subject.watchers.iter().any(outside)
        }
    }
}

fn said(backup: &Backup) -> String {
    let started = match backup.start {
        Start::Schedule => "has its own schedule",
        Start::Watcher => "is started by a watcher",
    };
    let work = match backup.work {
        Work::Generated => "was written from it",
        Work::Named => "does the same by your word",
    };
    format!("{} on {} {work} and {started}", backup.id, backup.domain)
}

fn next(to: Level, step: Step, because: String) -> Option<Next> {
    Some(Next { to, step, because })
}
