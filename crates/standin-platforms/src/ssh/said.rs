//! What the client and the command have said, in our words.

use super::{SshError, SshOptions};

/// How much of a command's last line an error repeats, in characters.
const KEPT_CHARS: usize = 200;

/// The longest word of a command that is repeated. Longer ones are rather keys than words.
const LONGEST_WORD: usize = 32;

/// Where the names of secrets end, in lower case.
const SECRETS: [&str; 7] = ["password", "passwd", "passphrase", "secret", "token", "key", "credential"];

/// Whether the machine has let the client in, before which no command is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// It has, or nobody knows.
    Open,
    /// It has not. What the client has said instead.
    Shut(String),
}

/// Reads the client's own log.
pub(super) fn door(log: &Option<String>) -> Door {
    match log {
        Some(log) if !log.lines().any(|line| line.starts_with("Authenticated to ")) => {
            Door::Shut(log.clone())
        }
        Some(_) | None => Door::Open,
    }
}

/// Why the machine has not let us in.
pub(super) fn refusal(log: &str, options: &SshOptions) -> SshError {
    let says = |words: &str| log.contains(words);
    let host = options.host.clone();
    if says("Host key verification failed") || says("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        return SshError::OtherHost(host);
    }
    if says("Unable to negotiate") && says("host key type") {
        return SshError::OtherHost(host);
    }
    if says("error in libcrypto") || says("invalid format") || says("incorrect passphrase") {
        return SshError::Secret(options.key_env.clone());
    }
    if says("Permission denied") || says("Too many authentication failures") {
        return SshError::Denied { user: options.user.clone(), host, variable: options.key_env.clone() };
    }
    if says("Could not resolve hostname") {
        return SshError::NoHost(host);
    }
    let why = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    SshError::Unreachable { host, port: options.port, why: crate::text::shown(why) }
}

/// The last line that says anything, without what may be a secret.
pub(super) fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut is_hidden = false;
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let (shown, hides) = shown_word(word, is_hidden);
        words.push(shown);
        is_hidden = hides;
    }
    let clean = words.join(" ").chars().filter(|c| !c.is_control()).take(KEPT_CHARS).collect::<String>();
    clean.trim().to_owned()
}

/// A word, and whether the next one is a secret.
fn shown_word(word: &str, is_secret: bool) -> (String, bool) {
    if is_secret {
        // `token = abc` names the secret one word earlier.
        return if matches!(word, "=" | ":") { (word.to_owned(), true) } else { ("***".to_owned(), false) };
    }
    if let Some((name, rest)) = word.split_once(['=', ':'])
        && is_secret_name(name)
    {
        let hides_next = rest.is_empty();
        return (format!("{name}=***"), hides_next);
    }
    // Addresses with a password, and what looks as if it were drawn by lot. Paths are long as well.
    let is_key =
        word.len() > LONGEST_WORD && !word.starts_with('/') && word.contains(|c: char| c.is_ascii_digit());
    let has_user = word.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    let shown = if is_key || has_user { "***".to_owned() } else { word.to_owned() };
    let lower = word.to_ascii_lowercase();
    (
        shown,
        SECRETS.iter().any(|name| {
            lower == *name || lower.ends_with(&format!("_{name}")) || lower == format!("--{name}")
        }),
    )
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.ends_with(secret))
}
