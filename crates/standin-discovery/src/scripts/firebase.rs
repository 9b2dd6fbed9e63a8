//! Cloud Functions of Firebase: `functions.pubsub.schedule('…')` and `onSchedule('…')`.

use standin_core::ident::Domain;

use super::calls::{Call, Known, known, named, text};
use super::lex::{Language, Placed, Token};
use super::program::{Program, Runs, Task, When};
use super::spans;
use crate::contents::File;
use crate::findings::Gathered;

/// What its first and second generation read a schedule in.
const ZONES: (&str, &str) = ("America/Los_Angeles", "UTC");

/// How far behind a schedule its zone may stand, in tokens.
const MAX_CHAIN: usize = 12;

/// Adds the functions of a file.
pub(super) fn read(file: &File<'_>, gathered: &mut Gathered) {
    if !file.text.contains("firebase-functions") {
        return;
    }
    let mut program = Program::new(file, Language::JavaScript);
    let is_deployed = file.repository.entries.iter().any(|entry| entry.name() == "firebase.json");
    for at in 0..program.all.len() {
        let found = match program.all.get(at..) {
            Some(
                [
                    (_, Token::Word("pubsub")),
                    (_, Token::Sign('.')),
                    (_, Token::Word("schedule")),
                    (_, Token::Sign('(')),
                    ..,
                ],
            ) => first(&program.all, at.saturating_add(4)),
            Some([(_, Token::Word("onSchedule")), (_, Token::Sign('(')), ..]) => {
                second(&program.all, at.saturating_add(2))
            }
            _ => None,
        };
        let Some(when) = found else { continue };
        let name = export(&program.all, at).unwrap_or_default().to_owned();
        let runs = if is_deployed {
            Runs::Deployed(Domain::Elsewhere)
        } else {
            Runs::Nowhere("no firebase.json here says that it is deployed".to_owned())
        };
        program.add(Task { at, name: &name, reader: "Firebase", when, runs }, gathered);
    }
}

/// `.schedule('…').timeZone('…')`.
fn first(all: &[Placed<'_>], start: usize) -> Option<When> {
    let call = Call::read(all, start);
    let argument = call.positional(0)?;
    let behind = all.get(call.end..call.end.saturating_add(MAX_CHAIN).min(all.len())).unwrap_or_default();
    let zone = behind.windows(3).find_map(|three| match three {
        [(_, Token::Word("timeZone")), (_, Token::Sign('(')), (_, Token::Text(zone))] => Some(*zone),
        _ => None,
    });
    Some(when(all, argument, zone.unwrap_or(ZONES.0)))
}

/// `onSchedule('…', f)`, `onSchedule({ schedule: '…', timeZone: '…' }, f)`.
fn second(all: &[Placed<'_>], start: usize) -> Option<When> {
    let call = Call::read(all, start);
    let argument = call.arguments().first()?;
    if let [(_, Token::Sign('{')), inner @ ..] = argument {
        let options = Call::read(inner, 0);
        let zone = options.named("timeZone").and_then(text).unwrap_or(ZONES.1);
        return Some(options.named("schedule").map_or(When::Computed, |value| when(all, value, zone)));
    }
    named(argument).is_none().then(|| when(all, argument, ZONES.1))
}

fn when(all: &[Placed<'_>], argument: &[Placed<'_>], zone: &str) -> When {
    match known(all, argument) {
        Some(Known::Text(text) | Known::ByDefault(text)) if !text.contains("${") => {
            spans::appengine(text, zone)
        }
        Some(_) | None => When::Computed,
    }
}

/// The name that a function is exported by: the last `exports.x =` or `const x =` before it.
fn export<'t>(all: &[Placed<'t>], at: usize) -> Option<&'t str> {
    let before = all.get(..at)?;
    before.windows(2).rev().take(MAX_CHAIN.saturating_mul(3)).find_map(|two| match two {
        [(_, Token::Word(name)), (_, Token::Sign('='))] => Some(*name),
        _ => None,
    })
}
