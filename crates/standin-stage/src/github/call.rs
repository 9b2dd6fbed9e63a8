//! One request to a repository, and how it is refused.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::repo::Repo;
use crate::wire::{Reply, Request};

/// Hands out numbers that nothing else has.
#[derive(Debug)]
pub(crate) struct Ids(u64);

impl Ids {
    pub(crate) fn new() -> Self {
        Self(1_000)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// A request on its way through a repository. The world is locked meanwhile: each call is one atomic step.
pub(crate) struct Call<'a> {
    pub(crate) repo: &'a mut Repo,
    pub(crate) request: &'a Request,
    pub(crate) body: &'a Value,
    /// The plane's own address, without a slash at its end.
    pub(crate) base: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a mut Ids,
}

impl Call<'_> {
    /// A text in the body that has to be there.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Refusal> {
        self.body.get(name).and_then(Value::as_str).ok_or_else(|| missing(name))
    }

    /// The address of this repository in the API.
    pub(crate) fn url(&self) -> String {
        format!("{}/repos/{}", self.base, self.repo.full_name())
    }

    /// The part of a list that was asked for, with the links to its other pages.
    pub(crate) fn page<T>(&self, items: Vec<T>) -> Result<(Vec<T>, Option<String>), Refusal> {
        let number = |name, default| self.request.number(name, default).ok_or_else(|| invalid(name));
        let (size, page) = (number("per_page", 30)?.clamp(1, MAX_PAGE), number("page", 1)?.max(1));
        let pages = items.len().div_ceil(size).max(1);
        let link = |page: usize, rel: &str| {
            let mut query: Vec<String> = self
                .request
                .query
                .iter()
                .filter(|(name, _)| *name != "page")
                .map(|(name, value)| format!("{name}={}", escape(value)))
                .collect();
            query.push(format!("page={page}"));
            format!("<{}{}?{}>; rel=\"{rel}\"", self.base, self.request.path(), query.join("&"))
        };
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < pages {
            links.extend([link(page + 1, "next"), link(pages, "last")]);
        }
        let kept = items.into_iter().skip(size.saturating_mul(page - 1)).take(size).collect();
        Ok((kept, (!links.is_empty()).then(|| links.join(", "))))
    }
}

/// GitHub gives no more of a list at once.
const MAX_PAGE: usize = 100;

fn escape(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(crate) type Answered = Result<Reply, Refusal>;

/// Why a request is not carried out. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// The right that the token lacks.
    lacking: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), lacking: None }
    }

    /// The token may not do this: the header that the vendor sends names the right.
    pub(crate) fn lacking(right: &'static str) -> Self {
        Self { lacking: Some(right), ..Self::new(403, "Resource not accessible by integration") }
    }

    pub(crate) fn reply(&self) -> Reply {
        let link = "https://docs.github.com/rest";
        let status = self.status.to_string();
        let body = json!({ "message": self.message, "documentation_url": link, "status": status });
        let reply = Reply::json(self.status, &body);
        match self.lacking {
            Some(right) => reply.with("x-accepted-github-permissions", right),
            None => reply,
        }
    }
}

pub(crate) fn not_found() -> Refusal {
    Refusal::new(404, "Not Found")
}

pub(crate) fn missing(name: &str) -> Refusal {
    Refusal::new(422, format!("Invalid request.\n\n\"{name}\" wasn't supplied."))
}

pub(crate) fn invalid(name: &str) -> Refusal {
    Refusal::new(422, format!("Invalid request.\n\n\"{name}\" is not valid."))
}
