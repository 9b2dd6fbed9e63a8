//! Whether a URL answers as it should.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use standin_core::mesh::claim::Probed;
use standin_http::reqwest::header::{AUTHORIZATION, HeaderValue};
use standin_http::reqwest::{Method, Url};
use standin_http::{Fault, Http};

use crate::text::{fix, shown};

/// Longest that a probe takes.
pub const LONGEST: Duration = Duration::from_secs(5);

/// How much of a page is read when a text is looked for in it, in bytes.
pub const MAX_PAGE: usize = 1024 * 1024;

/// How a URL is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// `GET`.
    Get,
    /// `HEAD`, which has no text.
    Head,
}

/// What is taken for no answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing is known: the network between may be what fails.
    Unknown,
    /// It is down. For endpoints that are reached from everywhere, or on the same machine.
    Down,
}

/// What to ask, and what the answer has to be.
#[derive(Debug, Clone)]
pub struct Check {
    /// The URL, which may hold secrets.
    pub url: SecretString,
    /// How.
    pub ask: Ask,
    /// The statuses that are well.
    pub status: RangeInclusive<u16>,
    /// A text that the answer has to hold.
    pub text: Option<String>,
    /// What it wants to be asked with.
    pub bearer: Option<SecretString>,
    /// How long it may take; at most [`LONGEST`].
    pub timeout: Duration,
    /// What no answer means.
    pub silence: Silence,
}

impl Check {
    /// A check that any success satisfies, and that silence leaves open.
    pub fn new(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            ask: Ask::Get,
            status: 200..=299,
            text: None,
            bearer: None,
            timeout: LONGEST,
            silence: Silence::Unknown,
        }
    }
}

/// What a probe saw, and why it means what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How it is.
    pub probed: Probed,
    /// Why.
    pub why: Why,
}

/// Why a probe says what it says. No text holds the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It answered as it should.
    AsExpected,
    /// It answered with another status.
    Status(u16),
    /// It wants to be asked less often, which says nothing of how it is.
    Limited,
    /// Its answer does not hold the text.
    NoText,
    /// Its answer is too long to be looked through.
    TooLong,
    /// It did not answer.
    Silent(String),
    /// The check cannot be made; the user corrects it.
    Unusable(&'static str),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsExpected => f.write_str("it answers as expected"),
            Self::Status(status) => write!(f, "it answers {status}"),
            Self::Limited => f.write_str("it wants to be asked less often (429)"),
            Self::NoText => f.write_str("its answer does not hold the expected text"),
            Self::TooLong => write!(f, "its answer is longer than {MAX_PAGE} bytes"),
            Self::Silent(why) => write!(f, "it does not answer: {why}; {}", fix(why)),
            Self::Unusable(why) => f.write_str(why),
        }
    }
}

/// Asks once.
pub async fn probe(http: &Http, check: &Check) -> Seen {
    let why = match Box::pin(ask(http, check)).await {
        Ok(why) | Err(why) => why,
    };
    let probed = match (&why, check.silence) {
        (Why::AsExpected, _) => Probed::Well,
        (Why::Status(_) | Why::NoText, _) | (Why::Silent(_), Silence::Down) => Probed::Down,
        (Why::Limited | Why::TooLong | Why::Unusable(_), _) | (Why::Silent(_), Silence::Unknown) => {
            Probed::Unknown
        }
    };
    Seen { probed, why }
}

async fn ask(http: &Http, check: &Check) -> Result<Why, Why> {
    let url = Url::parse(check.url.expose_secret().trim())
        .map_err(|_| Why::Unusable("its URL is none: it has to begin with https:// or http://"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Why::Unusable("its URL has to begin with https:// or http://"));
    }
    let method = match (check.ask, &check.text) {
        (Ask::Head, Some(_)) => return Err(Why::Unusable("HEAD has no text to look for: use GET")),
        (Ask::Head, None) => Method::HEAD,
        (Ask::Get, _) => Method::GET,
    };
    let mut request = http.client().request(method, url).timeout(check.timeout.min(LONGEST));
    if let Some(secret) = &check.bearer {
        let wrong = |_| Why::Unusable("its token holds characters that cannot be sent");
        let mut header =
            HeaderValue::try_from(format!("Bearer {}", secret.expose_secret())).map_err(wrong)?;
        header.set_sensitive(true);
        request = request.header(AUTHORIZATION, header);
    }
    let answer = match check.text {
        Some(_) => http.send(request, MAX_PAGE).await,
        None => http.head(request).await,
    };
    let reply = answer.map_err(silent)?;
    if reply.status == 429 && !check.status.contains(&429) {
        return Ok(Why::Limited);
    }
    if !check.status.contains(&reply.status) {
        return Ok(Why::Status(reply.status));
    }
    let holds = |text: &String| String::from_utf8_lossy(&reply.body).contains(text.as_str());
    Ok(if check.text.as_ref().is_none_or(holds) { Why::AsExpected } else { Why::NoText })
}

fn silent(fault: Fault) -> Why {
    match fault {
        Fault::Before(why) | Fault::Lost(why) => Why::Silent(shown(&why)),
        Fault::TooLong(_) => Why::TooLong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Said, Stub, http};

    async fn seen(answer: Said, change: impl FnOnce(&mut Check)) -> (Seen, Vec<String>) {
        let stub = Stub::start(move |_| answer.clone()).await;
        let mut check = Check::new(format!("{}/health?key=secret", stub.url));
        change(&mut check);
        let seen = probe(&http(), &check).await;
        assert!(!seen.why.to_string().contains("secret"), "{}", seen.why);
        (seen, stub.lines())
    }

    #[tokio::test]
    async fn an_answer_is_well_when_its_status_and_text_are() {
        let cases = [
            (200, "all ok", Some("ok"), Probed::Well),
            (204, "", None, Probed::Well),
            (200, "all ok", Some("fine"), Probed::Down),
            (500, "ok", Some("ok"), Probed::Down),
            (404, "", None, Probed::Down),
            (429, "", None, Probed::Unknown),
        ];
        for (status, body, text, expected) in cases {
            let (seen, _) =
                seen(Said::text(status, body), |check| check.text = text.map(str::to_owned)).await;
            assert_eq!(seen.probed, expected, "{status} {}", seen.why);
        }
        let (seen, lines) = seen(Said::text(404, ""), |check| {
            check.status = 404..=404;
            check.ask = Ask::Head;
        })
        .await;
        assert_eq!((seen.probed, lines), (Probed::Well, vec!["HEAD /health?key=secret".to_owned()]));
    }

    #[tokio::test]
    async fn a_long_page_is_read_only_when_a_text_is_looked_for() {
        let page = "x".repeat(MAX_PAGE + 1);
        assert_eq!(seen(Said::text(200, &page), |_| {}).await.0.probed, Probed::Well);
        let (seen, _) = seen(Said::text(200, &page), |check| check.text = Some("y".to_owned())).await;
        assert_eq!((seen.probed, seen.why), (Probed::Unknown, Why::TooLong));
    }

    #[tokio::test]
    async fn silence_means_what_the_check_says() {
        for (silence, expected) in [(Silence::Unknown, Probed::Unknown), (Silence::Down, Probed::Down)] {
            let change = |check: &mut Check| {
                check.timeout = Duration::from_millis(50);
                check.silence = silence;
            };
            assert_eq!(seen(Said::never(), change).await.0.probed, expected);
        }
    }

    #[tokio::test]
    async fn a_check_that_cannot_be_made_says_why_and_sends_nothing() {
        let (seen, lines) = seen(Said::text(200, ""), |check| {
            check.ask = Ask::Head;
            check.text = Some("ok".to_owned());
        })
        .await;
        assert!(matches!(seen.why, Why::Unusable(_)), "{}", seen.why);
        assert_eq!((seen.probed, lines.len()), (Probed::Unknown, 0));
        for url in ["", "localhost", "file:///etc/passwd"] {
            assert_eq!(probe(&http(), &Check::new(url)).await.probed, Probed::Unknown);
        }
    }
}
