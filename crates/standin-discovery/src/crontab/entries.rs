//! One line of a crontab.

/// Whether lines name the user that runs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    WithUser,
    WithoutUser,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'t> {
    /// Empty, or a comment.
    Nothing,
    Variable {
        name: &'t str,
        value: &'t str,
    },
    Entry {
        time: Time<'t>,
        user: Option<&'t str>,
        command: &'t str,
    },
    Bad {
        message: String,
    },
}

/// When an entry runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time<'t> {
    Reboot,
    /// Five fields, or a name.
    Fields(&'t str),
}

/// Users that images and distributions have.
const USERS: [&str; 12] = [
    "root", "www-data", "nobody", "daemon", "ubuntu", "debian", "ec2-user", "node", "postgres", "app",
    "deploy", "nginx",
];

/// Reads a line.
pub(crate) fn line(text: &str, columns: Columns) -> Line<'_> {
    let text = text.trim_end_matches('\r').trim_start();
    if text.trim().is_empty() || text.starts_with('#') {
        return Line::Nothing;
    }
    if let Some((name, value)) = variable(text) {
        return Line::Variable { name, value };
    }
    let bad = |message: &str| Line::Bad { message: message.to_owned() };
    let Some((time, rest)) = time(text) else {
        return bad("this line has fewer than five fields and a command");
    };
    let (user, command) = match columns {
        Columns::WithoutUser => (None, rest),
        Columns::WithUser => match word(rest) {
            Some((user, command)) => (Some(user), command),
            None => return bad("this line has no user"),
        },
    };
    if command.trim().is_empty() {
        return match user {
            Some(_) => bad("this line has a user or a command, and both are needed"),
            None => bad("this line has no command"),
        };
    }
    Line::Entry { time, user, command: command.trim() }
}

/// Whether most lines have the name of a known user behind their five fields.
pub(crate) fn names_users(text: &str) -> bool {
    let named = |line: &str| match self::line(line, Columns::WithUser) {
        Line::Entry { user: Some(user), .. } => Some(USERS.contains(&user)),
        Line::Entry { user: None, .. } | Line::Nothing | Line::Variable { .. } | Line::Bad { .. } => None,
    };
    let (mut users, mut others) = (0_usize, 0_usize);
    for is_user in text.lines().filter_map(named) {
        if is_user {
            users = users.saturating_add(1);
        } else {
            others = others.saturating_add(1);
        }
    }
    users > others
}

/// `NAME=value`, `NAME = "value"`.
fn variable(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim().trim_matches(['"', '\'']);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name, value.trim().trim_matches(['"', '\''])))
}

/// The time at the start of an entry, and what follows.
pub(crate) fn time(text: &str) -> Option<(Time<'_>, &str)> {
    if text.starts_with('@') {
        let (name, rest) = word(text)?;
        return Some((if name == "@reboot" { Time::Reboot } else { Time::Fields(name) }, rest));
    }
    let mut rest = text;
    for _ in 0..5 {
        rest = word(rest)?.1;
    }
    let fields = text.get(..text.len().saturating_sub(rest.len()))?;
    Some((Time::Fields(fields.trim_end()), rest))
}

/// The six or seven fields that `supercronic` also reads: a field for years behind the five, and one for seconds before
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Long<'t> {
    /// As they are written.
    pub(crate) fields: &'t str,
    pub(crate) seconds: Option<&'t str>,
    pub(crate) five: &'t str,
    pub(crate) years: &'t str,
    pub(crate) command: &'t str,
}

/// The fields of a line of `supercronic`'s, where it has more than five: it tries seven of them first, and six then.
pub(crate) fn long(text: &str) -> Option<Long<'_>> {
    let text = text.trim_end_matches('\r').trim_start();
    [7_usize, 6].into_iter().find_map(|count| {
        let mut rest = text;
        let (mut seconds, mut first) = (None, text);
        for at in 0..count.saturating_sub(1) {
            let (word, behind) = word(rest)?;
            rest = behind;
            if at == 0 && count == 7 {
                (seconds, first) = (Some(word), rest);
            }
        }
        let five = first.get(..first.len().saturating_sub(rest.len()))?.trim_end();
        let (years, command) = word(rest)?;
        let fields = text.get(..text.len().saturating_sub(command.len()))?.trim_end();
        let is_long = looks_like_fields(five) && seconds.is_none_or(looks_like_fields) && is_years(years);
        (is_long && !command.is_empty()).then_some(Long { fields, seconds, five, years, command })
    })
}

/// `*`, `2030`, `2026-2028`, `*/2`.
fn is_years(field: &str) -> bool {
    let (range, step) = field.split_once('/').map_or((field, None), |(range, step)| (range, Some(step)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_year =
        |text: &str| text.len() == 4 && is_number(text) && (text.starts_with("19") || text.starts_with("20"));
    let is_range = range == "*" || range.split(',').all(|one| one.split('-').all(is_year));
    is_range && step.is_none_or(is_number)
}

/// Whether five fields look like those of a crontab: what is in no field of any cron is another text.
pub(crate) fn looks_like_fields(fields: &str) -> bool {
    let is_field = |field: &str| {
        field.starts_with(|c: char| c.is_ascii_digit() || c == '*')
            || [
                "sun", "mon", "tue", "wed", "thu", "fri", "sat", "jan", "feb", "mar", "apr", "may", "jun",
                "jul",
            ]
            .iter()
            .any(|name| field.to_ascii_lowercase().starts_with(name))
    };
    let allowed = |field: &str| {
        field.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '*' | '/' | ',' | '-' | '?' | '#'))
    };
    fields.split_ascii_whitespace().all(|field| is_field(field) && allowed(field))
}

/// The first word, and what follows without the blanks between.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    if text.is_empty() {
        return None;
    }
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    Some((text.get(..end)?, text.get(end..)?.trim_start()))
}
