//! What went wrong, in the words that decisions are made by.

use std::path::PathBuf;

/// Why there is no answer. Neither variant's text holds a URL, since URLs may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The request never left: no connection could be made. It had no effect and will have none.
    #[error("no connection: {0}")]
    Before(String),
    /// The request may have left and may have had, or may still have, its effect.
    #[error("no answer: {0}")]
    Lost(String),
    /// The server answered more than is read. The request may have had its effect.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

/// Why there is no client. Nothing was sent; the message names what to change.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The file of roots cannot be read.
    #[error("the certificates in {} cannot be used: {why}; SSL_CERT_FILE has to name a PEM file", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client cannot be built.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}

impl Fault {
    /// A connection that was refused is definite; one that timed out may have been made after all, and what follows
    /// a connection may have arrived.
    pub(crate) fn of(error: reqwest::Error) -> Self {
        let is_before = error.is_builder() || (error.is_connect() && !error.is_timeout());
        let words = words(error);
        if is_before { Self::Before(words) } else { Self::Lost(words) }
    }
}

/// The whole chain of causes on one line, without the URL.
pub(crate) fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = inner.source();
    }
    text
}
