//! The few calls of GitHub's REST API that a store needs, each tried once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use standin_core::mesh::clock::StoreTime;
use standin_http::reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH, LINK};
use standin_http::reqwest::{RequestBuilder, Url};
use standin_http::{Http, MAX_BODY, Reply};

use super::fault::{GithubFault, RepositoryError};
use super::note::Note;
use crate::shared::gate::Gate;

/// The longest list of refs that is read, in bytes: 10,000 refs take about half of it.
const MAX_LISTING: usize = 8 * 1024 * 1024;

/// GitHub gives all matching refs at once; a server that pages them is followed so far.
const MAX_PAGES: usize = 100;

/// The tree of every commit: one file that says what this is. Git names it by its content, so the name is known.
const TREE: &str = "edafadacc4b3e284cc68182bc050c61db1468b2d";
const README: &str = "Kept by Standin. This is no branch: do not merge it, do not check it out.\n";

/// Which repository, and who asks.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The API's address: `https://api.github.com`, or `https://HOST/api/v3`.
    pub api: String,
    /// Whose repository.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// A token with the right `contents: write`.
    pub token: SecretString,
}

/// The name of a commit, as hexadecimal digits.
pub(super) type Sha = Arc<str>;

/// How a ref may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// Only to a commit that comes after where it is.
    Forward,
    /// Anywhere.
    Anywhere,
}

/// The refs whose names begin alike.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) at: StoreTime,
    /// What to ask with next time.
    pub(super) etag: Option<String>,
    /// Their names without `refs/`, and where they point; `None` when nothing has changed since the etag.
    pub(super) refs: Option<Vec<(String, Sha)>>,
}

/// A commit of ours.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) note: Note,
    /// When it was made, on GitHub's clock unless its writer lied. Good enough to throw old ones away, and no more.
    pub(super) made: Option<Timestamp>,
}

/// One repository.
#[derive(Debug)]
pub(super) struct Repo {
    http: Http,
    base: Url,
    token: SecretString,
    gate: Gate,
    tree: Mutex<Sha>,
    /// The store's clock when it was last heard, and the own one then.
    heard: Mutex<Option<(StoreTime, Instant)>>,
    last: Mutex<Option<GithubFault>>,
}

#[derive(Deserialize)]
struct RefAnswer {
    #[serde(rename = "ref")]
    name: String,
    object: ObjectAnswer,
}

#[derive(Deserialize)]
struct ObjectAnswer {
    sha: String,
}

#[derive(Deserialize)]
struct CommitAnswer {
    sha: String,
    message: String,
    committer: Option<PersonAnswer>,
}

#[derive(Deserialize)]
struct PersonAnswer {
    date: Option<String>,
}

impl Repo {
    pub(super) fn new(http: Http, repository: &Repository) -> Result<Self, RepositoryError> {
        let Repository { api, owner, name, token } = repository;
        let is_word = |word: &str| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !word.is_empty()
                && word.len() <= 100
                && word.chars().all(is_plain)
                && !word.starts_with("..")
                && word != "."
        };
        if !is_word(owner) || !is_word(name) {
            return Err(RepositoryError::Name(format!("{owner}/{name}")));
        }
        if token.expose_secret().trim().is_empty() {
            return Err(RepositoryError::NoToken);
        }
        let base = format!("{}/repos/{owner}/{name}/git/", api.trim_end_matches('/'));
        let base = Url::parse(&base).map_err(|_| RepositoryError::Api)?;
        let is_here = matches!(base.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let has_secret = !base.username().is_empty() || base.password().is_some() || base.query().is_some();
        if has_secret || !(base.scheme() == "https" || base.scheme() == "http" && is_here) {
            return Err(RepositoryError::Api);
        }
        Ok(Self {
            http,
            base,
            token: token.clone(),
            gate: Gate::default(),
            tree: Mutex::new(TREE.into()),
            heard: Mutex::new(None),
            last: Mutex::new(None),
        })
    }

    /// Where a ref points, by its name without `refs/`; `None` when GitHub says that it is not there, which it also says
    /// of a repository that the token may not see.
    pub(super) async fn head(&self, path: &str) -> Result<(StoreTime, Option<Sha>), GithubFault> {
        let url = self.url(&format!("ref/{}", in_url(path)))?;
        let reply = self.ask(self.http.client().get(url), MAX_BODY).await?;
        if reply.status == 404 {
            return Ok((self.time(&reply)?, None));
        }
        let reply = success(reply)?;
        let found: RefAnswer = json(&reply)?;
        if found.name.strip_prefix("refs/") != Some(path) {
            return Err(GithubFault::Strange("another ref than was asked for"));
        }
        Ok((self.time(&reply)?, Some(sha(found.object.sha)?)))
    }

    /// All refs whose names begin with `prefix`, at most 10,000. With an `etag`, only if they have changed.
    pub(super) async fn matching(&self, prefix: &str, etag: Option<&str>) -> Result<Listing, GithubFault> {
        let mut next = Some(self.url(&format!("matching-refs/{}", in_url(prefix)))?);
        let mut refs = Vec::new();
        let mut first: Option<(StoreTime, Option<String>)> = None;
        for _ in 0..MAX_PAGES {
            let Some(url) = next.take() else { break };
            let mut request = self.http.client().get(url);
            if let Some(etag) = etag.filter(|_| first.is_none()) {
                request = request.header(IF_NONE_MATCH, etag);
            }
            let reply = self.ask(request, MAX_LISTING).await?;
            if reply.status == 304 && first.is_none() && etag.is_some() {
                return Ok(Listing { at: self.time(&reply)?, etag: etag.map(str::to_owned), refs: None });
            }
            let reply = success(reply)?;
            for found in json::<Vec<RefAnswer>>(&reply)? {
                let Some(name) = found.name.strip_prefix("refs/").filter(|name| name.starts_with(prefix))
                else {
                    return Err(GithubFault::Strange("another ref than was asked for"));
                };
                if refs.len() < crate::shared::MAX_LISTED {
                    refs.push((name.to_owned(), sha(found.object.sha)?));
                }
            }
            next = self.next(&reply);
            // An etag speaks for one page only.
            let etag = reply.header(ETAG.as_str()).filter(|_| next.is_none()).map(str::to_owned);
            let at = self.time(&reply)?;
            first.get_or_insert((at, etag));
        }
        let (at, etag) = first.ok_or(GithubFault::Strange("no page"))?;
        Ok(Listing { at, etag, refs: Some(refs) })
    }

    /// What a commit keeps.
    pub(super) async fn commit(&self, sha: &str) -> Result<Written, GithubFault> {
        let url = self.url(&format!("commits/{sha}"))?;
        let reply = success(self.ask(self.http.client().get(url), MAX_BODY).await?)?;
        let found: CommitAnswer = json(&reply)?;
        if found.sha != sha {
            return Err(GithubFault::Strange("another commit than was asked for"));
        }
        let note =
            Note::parse(&found.message).ok_or_else(|| GithubFault::Foreign(format!("commit {sha}")))?;
        let made = found.committer.and_then(|person| person.date?.parse().ok());
        Ok(Written { note, made })
    }

    /// Makes a commit that no ref points at yet: nothing that anybody sees. Any fault means that nothing was done.
    pub(super) async fn make(&self, note: &Note, parent: Option<&str>) -> Result<Sha, GithubFault> {
        let message = note.message();
        let made = match self.make_on(&message, parent).await {
            // The first commit of all: the tree is not there yet.
            Err(GithubFault::Missing | GithubFault::Refused { status: 422, .. }) => {
                self.plant().await?;
                self.make_on(&message, parent).await?
            }
            made => made?,
        };
        if made.message != message {
            return Err(GithubFault::Strange("a commit's message came back changed"));
        }
        sha(made.sha)
    }

    async fn make_on(&self, message: &str, parent: Option<&str>) -> Result<CommitAnswer, GithubFault> {
        let parents: Vec<&str> = parent.into_iter().collect();
        let tree = lock(&self.tree).clone();
        let body = json!({ "message": message, "tree": &*tree, "parents": parents });
        json(&self.post("commits", &body).await?)
    }

    /// Makes the tree that all commits have.
    async fn plant(&self) -> Result<(), GithubFault> {
        let file = json!({ "path": "README", "mode": "100644", "type": "blob", "content": README });
        let made: ObjectAnswer = json(&self.post("trees", &json!({ "tree": [file] })).await?)?;
        *lock(&self.tree) = sha(made.sha)?;
        Ok(())
    }

    /// Makes a ref that is not there yet.
    pub(super) async fn create(&self, path: &str, to: &Sha) -> Result<StoreTime, GithubFault> {
        let reply = self.post("refs", &json!({ "ref": format!("refs/{path}"), "sha": &**to })).await?;
        self.moved(&reply, to)
    }

    /// Moves a ref that is there.
    pub(super) async fn update(&self, path: &str, to: &Sha, how: Move) -> Result<StoreTime, GithubFault> {
        let url = self.url(&format!("refs/{}", in_url(path)))?;
        let body = json!({ "sha": &**to, "force": how == Move::Anywhere });
        let reply = success(self.ask(self.http.client().patch(url).json(&body), MAX_BODY).await?)?;
        self.moved(&reply, to)
    }

    /// Deletes a ref, wherever it points.
    pub(super) async fn delete(&self, path: &str) -> Result<StoreTime, GithubFault> {
        let url = self.url(&format!("refs/{}", in_url(path)))?;
        let reply = success(self.ask(self.http.client().delete(url), MAX_BODY).await?)?;
        self.time(&reply)
    }

    /// Every commit has a name that no other one has, so a ref that points at ours was moved by us.
    fn moved(&self, reply: &Reply, to: &Sha) -> Result<StoreTime, GithubFault> {
        let found: RefAnswer = json(reply)?;
        if found.object.sha != **to {
            return Err(GithubFault::Strange("a ref that points elsewhere"));
        }
        self.time(reply)
    }

    async fn post(&self, what: &str, body: &Value) -> Result<Reply, GithubFault> {
        let url = self.url(what)?;
        success(self.ask(self.http.client().post(url).json(body), MAX_BODY).await?)
    }

    /// Sends a request, unless GitHub wants to be left alone. Any answer is one but that of a limit.
    async fn ask(&self, request: RequestBuilder, limit: usize) -> Result<Reply, GithubFault> {
        if let Some(wait) = self.gate.wait(Instant::now()) {
            return Err(GithubFault::Limited(wait));
        }
        let request = request
            .bearer_auth(self.token.expose_secret().trim())
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28");
        let reply = self.http.send(request, limit).await?;
        let now = Instant::now();
        if let Some(at) = reply.date() {
            *lock(&self.heard) = Some((at.into(), now));
        }
        match self.gate.note(&reply, now) {
            Some(wait) => Err(GithubFault::Limited(wait)),
            None => Ok(reply),
        }
    }

    /// GitHub's clock when it gave this answer; when it did not say, what it must be by now.
    fn time(&self, reply: &Reply) -> Result<StoreTime, GithubFault> {
        if let Some(at) = reply.date() {
            return Ok(at.into());
        }
        let heard = *lock(&self.heard);
        let (at, then) = heard.ok_or(GithubFault::Strange("no date"))?;
        Ok(at.plus(u64::try_from(then.elapsed().as_millis()).unwrap_or(u64::MAX)))
    }

    /// The next page, if it is of the same server: the token goes nowhere else.
    fn next(&self, reply: &Reply) -> Option<Url> {
        let links = reply.header(LINK.as_str())?;
        let link = links.split(',').find(|link| link.contains("rel=\"next\""))?;
        let url = Url::parse(link.split_once('<')?.1.split_once('>')?.0).ok()?;
        (url.origin() == self.base.origin()).then_some(url)
    }

    fn url(&self, path: &str) -> Result<Url, GithubFault> {
        self.base.join(path).map_err(|_| GithubFault::Strange("no address"))
    }

    /// Keeps and logs why something went wrong, once for each reason.
    pub(super) fn blame(&self, fault: &GithubFault) {
        let mut last = lock(&self.last);
        let is_new =
            last.as_ref().is_none_or(|old| std::mem::discriminant(old) != std::mem::discriminant(fault));
        if is_new {
            tracing::warn!(target: "store", store = "github refs", "{fault}");
        }
        *last = Some(fault.clone());
    }

    /// Forgets why something went wrong: it goes well again.
    pub(super) fn praise(&self) {
        *lock(&self.last) = None;
    }

    pub(super) fn last_fault(&self) -> Option<GithubFault> {
        lock(&self.last).clone()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path within the API: slashes of a ref's name are written `%2F`, as GitHub's own clients do.
fn in_url(text: &str) -> String {
    text.replace('/', "%2F")
}

fn success(reply: Reply) -> Result<Reply, GithubFault> {
    if reply.is_success() { Ok(reply) } else { Err(GithubFault::of(&reply)) }
}

fn json<T: DeserializeOwned>(reply: &Reply) -> Result<T, GithubFault> {
    serde_json::from_slice(&reply.body).map_err(|_| GithubFault::Strange("no such JSON"))
}

/// Names of objects become part of addresses, so they are looked at.
fn sha(text: String) -> Result<Sha, GithubFault> {
    if is_sha(&text) { Ok(text.into()) } else { Err(GithubFault::Strange("no name of an object")) }
}

pub(super) fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
