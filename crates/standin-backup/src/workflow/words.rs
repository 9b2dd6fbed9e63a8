//! What programs of a job read of the event that started it, and of the workflow's name.
//!
//! Nothing can set a variable of GitHub's, so that these are read under names of ours.

use std::ops::Range;

use super::slot::{Asked, Outputs};

/// A word of a program, and what takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) range: Range<usize>,
    pub(super) text: String,
    pub(super) variable: Variable,
}

/// A variable of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    /// What started the primary.
    Event,
    /// Which of its cron expressions.
    Schedule,
    /// What it is called.
    Workflow,
}

impl Variable {
    const fn name(self) -> &'static str {
        match self {
            Self::Event => "STANDIN_EVENT_NAME",
            Self::Schedule => "STANDIN_SCHEDULE",
            Self::Workflow => "STANDIN_WORKFLOW",
        }
    }

    /// The line of an `env`, with the job that knows it.
    pub(super) fn line(self, slot: &str) -> String {
        let output = match self {
            Self::Event => "event",
            Self::Schedule => "cron",
            Self::Workflow => "workflow",
        };
        format!("{}: \"${{{{ needs.{slot}.outputs.{output} }}}}\"", self.name())
    }

    pub(super) const fn ask(self, outputs: &mut Outputs) {
        match self {
            Self::Event => outputs.event = Asked::Yes,
            Self::Schedule => outputs.cron = Asked::Yes,
            Self::Workflow => outputs.workflow = Asked::Yes,
        }
    }
}

/// Variables of GitHub's that differ in a backup.
const OF_GITHUB: [(&str, Variable); 2] =
    [("GITHUB_EVENT_NAME", Variable::Event), ("GITHUB_WORKFLOW", Variable::Workflow)];

/// What JavaScript on a runner is given of it.
const OF_CONTEXT: [(&str, Variable); 4] = [
    ("context.eventName", Variable::Event),
    ("context.payload.schedule", Variable::Schedule),
    ("context.payload?.schedule", Variable::Schedule),
    ("context.workflow", Variable::Workflow),
];

/// Words of a text for a shell or an interpreter; else why they cannot be replaced.
pub(super) fn in_run(raw: &str) -> Result<Vec<Word>, String> {
    let mut found = Vec::new();
    for (word, variable) in OF_GITHUB {
        for at in whole(raw, word).filter(|at| !is_in_comment(raw, *at)) {
            let before = raw.get(..at).unwrap_or_default();
            let end = at.saturating_add(word.len());
            if is_read(before, raw.get(end..).unwrap_or_default()) {
                found.push(Word { range: at..end, text: variable.name().to_owned(), variable });
            } else if is_handed_on(before) {
                return Err(format!("hands {word} to another program"));
            }
        }
    }
    if asks_the_file(raw) {
        return Err("reads the schedule or the inputs from the file of the event".to_owned());
    }
    Ok(found)
}

/// Words of a text for `actions/github-script`; else why they cannot be replaced.
pub(super) fn in_script(raw: &str) -> Result<Vec<Word>, String> {
    let mut found = in_run(raw)?;
    for (word, variable) in OF_CONTEXT {
        for at in whole(raw, word) {
            if raw.get(..at).is_some_and(|before| before.ends_with('.')) {
                return Err(format!("asks for `{word}` of an object that is not known"));
            }
            let text = format!("process.env.{}", variable.name());
            found.push(Word { range: at..at.saturating_add(word.len()), text, variable });
        }
    }
    let is_replaced = |at: usize| found.iter().any(|word| word.range.contains(&at));
    let apart = |word: &str| whole(raw, word).any(|at| !is_replaced(at));
    if apart("payload.schedule") || apart("eventName") && tells_apart(raw) {
        return Err("takes the event out of its context".to_owned());
    }
    Ok(found)
}

/// Whether a text reads which event it was, or what that brought, and does something else for a schedule or an order.
pub(super) fn asks(text: &str) -> bool {
    const READERS: [&str; 7] = [
        "github.event_name",
        "github['event_name']",
        "github_event_name",
        "eventname",
        "github.event.schedule",
        "payload.schedule",
        "github_event_path",
    ];
    let lower = without_comments(text).to_ascii_lowercase();
    READERS.iter().any(|reader| lower.contains(reader)) && tells_apart(&lower)
}

/// Whether a text compares the name of the workflow that runs.
pub(super) fn compares_name(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut named = whole(&lower, "github.workflow").chain(whole(&lower, "github_workflow"));
    named.next().is_some()
        && ["==", "!=", "= ", "contains(", "startswith("].iter().any(|sign| lower.contains(sign))
}

/// Whether a text tells a schedule, or an order, from other events.
fn tells_apart(text: &str) -> bool {
    text.contains("schedule") || text.contains("workflow_dispatch")
}

fn asks_the_file(raw: &str) -> bool {
    let text = without_comments(raw);
    text.contains("GITHUB_EVENT_PATH") && (text.contains("schedule") || text.contains(".inputs"))
}

/// The lines that are no comments of a shell.
fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Where a word stands as a whole.
fn whole<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let joins = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at.saturating_add(word.len())..).and_then(|after| after.chars().next());
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

fn is_in_comment(raw: &str, at: usize) -> bool {
    let line = raw.get(crate::edit::line_start(raw, at)..at).unwrap_or_default();
    line.trim_start().starts_with('#')
}

/// Whether a variable's name stands where its value is read.
fn is_read(before: &str, after: &str) -> bool {
    let is_quoted = |quote: char| before.ends_with(quote) && after.starts_with(quote);
    ["$", "${", "${#", "${!", "$env:", "${env:", ".env.", "environ."]
        .iter()
        .any(|opening| before.ends_with(opening))
        || is_quoted('\'')
        || is_quoted('"')
        || is_quoted('%')
}

/// Whether a variable's name is given to another program, which reads it itself.
fn is_handed_on(before: &str) -> bool {
    ["-e ", "--env ", "--env=", "-e="].iter().any(|option| before.ends_with(option))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn replaced(raw: &str, words: Vec<Word>) -> String {
        let mut edits = crate::edit::Edits::default();
        words.into_iter().for_each(|word| edits.replace(word.range, word.text));
        edits.apply(raw).unwrap()
    }

    #[test]
    fn variables_are_read_under_names_of_ours() {
        for (raw, wanted) in [
            ("[ \"$GITHUB_EVENT_NAME\" = schedule ]", "[ \"$STANDIN_EVENT_NAME\" = schedule ]"),
            (
                "echo ${GITHUB_EVENT_NAME:-x} $GITHUB_WORKFLOW",
                "echo ${STANDIN_EVENT_NAME:-x} $STANDIN_WORKFLOW",
            ),
            ("$env:GITHUB_EVENT_NAME -eq 'push'", "$env:STANDIN_EVENT_NAME -eq 'push'"),
            ("os.environ['GITHUB_EVENT_NAME']", "os.environ['STANDIN_EVENT_NAME']"),
            ("echo $GITHUB_WORKFLOW_REF", "echo $GITHUB_WORKFLOW_REF"),
            ("# $GITHUB_EVENT_NAME", "# $GITHUB_EVENT_NAME"),
            ("cat \"$GITHUB_EVENT_PATH\"", "cat \"$GITHUB_EVENT_PATH\""),
        ] {
            assert_eq!(replaced(raw, in_run(raw).unwrap()), wanted);
        }
        let script = "if (context.eventName === 'schedule') run(context.payload.schedule)";
        assert_eq!(
            replaced(script, in_script(script).unwrap()),
            "if (process.env.STANDIN_EVENT_NAME === 'schedule') run(process.env.STANDIN_SCHEDULE)"
        );
    }

    #[test]
    fn what_cannot_be_read_under_another_name_is_said() {
        assert!(in_run("jq -r .schedule \"$GITHUB_EVENT_PATH\"").is_err());
        assert!(in_run("docker run -e GITHUB_EVENT_NAME x").is_err());
        assert!(in_script("const { eventName } = context; eventName == 'schedule'").is_err());
        assert_eq!(in_script("const { eventName } = context; log(eventName)"), Ok(Vec::new()));
        assert!(asks("if: github.event_name == 'schedule'") && !asks("if: github.event_name == 'push'"));
        assert!(compares_name("github.workflow == 'X'") && !compares_name("${{ github.workflow }}-x"));
    }
}
