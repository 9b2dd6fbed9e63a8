//! Netlify Blobs as a store of records, and of nothing else.
//!
//! Its conditional writes are none: several that expect the same state are all told that they have won. So there are no
//! cells here, and no decision is ever kept in it. Its lists may also be a minute old, which records bear.
//!
//! A function reaches it through the [`Door::Edge`] that Netlify names in its environment, with one request for each
//! read and write. From anywhere else it is [`Door::Api`]: each read and write first asks for a signed address.

mod fault;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, Version, WriteError};
use standin_http::reqwest::header::{ACCEPT, CACHE_CONTROL, ETAG};
use standin_http::reqwest::{Method, RequestBuilder, Url};
use standin_http::{Http, MAX_BODY, Reply};

pub use fault::{BlobsError, BlobsFault};

use super::escape::{decode, encode};
use super::gate::Gate;
use super::{MAX_NAME_BYTES, Object, Shelf};

/// More records than this are not read: they are counted in ones.
const MAX_RECORDS: usize = 200;

/// Pages of a list that are followed.
const MAX_PAGES: usize = 20;

/// How Netlify's own client asks for a signed address.
const SIGNED: &str = "application/json;type=signed-url";

/// Which way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// The public API, such as `https://api.netlify.com`, with a personal token.
    Api(String),
    /// The address in a function's own environment, preferably the uncached one, with the token beside it.
    Edge(String),
}

/// Which store, and who asks.
#[derive(Debug, Clone)]
pub struct BlobsSite {
    /// Which way in.
    pub door: Door,
    /// The site's id.
    pub site: String,
    /// The store's name, such as `standin`; at most 64 bytes.
    pub store: String,
    /// The token for this door.
    pub token: SecretString,
}

/// The records in a store of Netlify Blobs.
#[derive(Debug)]
pub struct NetlifyBlobs {
    http: Http,
    /// The address of the store, with a slash at its end.
    base: Url,
    is_signing: bool,
    token: SecretString,
    gate: Gate,
    heard: Mutex<Option<(StoreTime, Instant)>>,
    last: Mutex<Option<BlobsFault>>,
    /// What was read last, by name.
    known: Mutex<BTreeMap<String, Object>>,
}

#[derive(Deserialize)]
struct Page {
    blobs: Vec<Entry>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    etag: String,
}

#[derive(Deserialize)]
struct Signed {
    url: String,
}

impl NetlifyBlobs {
    /// On this store.
    ///
    /// # Errors
    /// [`BlobsError`] when the settings cannot be right. Nothing was sent.
    pub fn new(http: Http, site: &BlobsSite) -> Result<Self, BlobsError> {
        let is_word = |word: &str, most: usize| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !word.is_empty() && word.len() <= most && word.chars().all(is_plain) && !word.starts_with('.')
        };
        if !is_word(&site.site, 100) || !is_word(&site.store, 64) {
            return Err(BlobsError::Name { site: site.site.clone(), store: site.store.clone() });
        }
        if site.token.expose_secret().trim().is_empty() {
            return Err(BlobsError::NoToken);
        }
        let (address, path, is_signing) = match &site.door {
            Door::Api(address) => (address, "/api/v1/blobs", true),
            Door::Edge(address) => (address, "", false),
        };
        let base = format!("{}{path}/{}/site:{}/", address.trim_end_matches('/'), site.site, site.store);
        let base = Url::parse(&base).ok().filter(is_safe).ok_or(BlobsError::Address)?;
        Ok(Self {
            http,
            base,
            is_signing,
            token: site.token.clone(),
            gate: Gate::default(),
            heard: Mutex::new(None),
            last: Mutex::new(None),
            known: Mutex::new(BTreeMap::new()),
        })
    }

    /// Why the last request that failed did, while none has gone well since.
    pub fn last_fault(&self) -> Option<BlobsFault> {
        lock(&self.last).clone()
    }

    async fn look(&self) -> Result<Stamped<Vec<(String, Object)>>, BlobsFault> {
        let (at, listed) = self.list().await?;
        let before = std::mem::take(&mut *lock(&self.known));
        let mut found = BTreeMap::new();
        let mut failed = None;
        for (name, etag) in listed {
            let known = before.get(&name).filter(|object| *object.version.0 == *etag);
            let object = match known {
                Some(object) => Some(object.clone()),
                None => self.fetch(&name, &etag).await.unwrap_or_else(|fault| {
                    failed.get_or_insert(fault);
                    None
                }),
            };
            if let Some(object) = object {
                found.insert(name, object);
            }
            // One that does not come makes the whole look fail, so that nobody is taken for silent because of it.
            if failed.is_some() {
                break;
            }
        }
        lock(&self.known).extend(found.clone());
        match failed {
            Some(fault) => Err(fault),
            None => Ok(Stamped { at, value: found.into_iter().collect() }),
        }
    }

    /// The names and etags of all records.
    async fn list(&self) -> Result<(StoreTime, Vec<(String, String)>), BlobsFault> {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        let mut first = None;
        for _ in 0..MAX_PAGES {
            let mut url = self.base.clone();
            // The store's own address has no slash at its end.
            url.set_path(self.base.path().trim_end_matches('/'));
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let request = self.http.client().get(url).bearer_auth(self.token.expose_secret().trim());
            let reply = self.ask(request).await?;
            first.get_or_insert(self.time(&reply)?);
            // A store that nothing was ever written to is not there.
            if reply.status == 404 {
                break;
            }
            let page: Page = json(&success(reply)?)?;
            let named = page.blobs.into_iter().filter_map(|entry| Some((decode(&entry.key)?, entry.etag)));
            found.extend(named.take(MAX_RECORDS.saturating_sub(found.len())));
            cursor = page.next_cursor.filter(|cursor| !cursor.is_empty());
            if cursor.is_none() {
                break;
            }
        }
        Ok((first.ok_or(BlobsFault::Strange("no page"))?, found))
    }

    /// One record; `None` when it is not there any more.
    async fn fetch(&self, name: &str, listed: &str) -> Result<Option<Object>, BlobsFault> {
        let reply = match self.open(Method::GET, name).await? {
            None => return Ok(None),
            Some(request) => self.ask(request).await?,
        };
        if reply.status == 404 {
            return Ok(None);
        }
        let reply = success(reply)?;
        let version = Version(reply.header(ETAG.as_str()).unwrap_or(listed).into());
        Ok(Some(Object { version, bytes: reply.body }))
    }

    /// The request that reads or writes a record, once its address is known; `None` when there is no such record.
    async fn open(&self, method: Method, name: &str) -> Result<Option<RequestBuilder>, BlobsFault> {
        let url = self.base.join(&encode(name)).map_err(|_| BlobsFault::Strange("no address"))?;
        if !self.is_signing {
            let request = self.http.client().request(method, url);
            return Ok(Some(request.bearer_auth(self.token.expose_secret().trim())));
        }
        let request = self.http.client().request(method.clone(), url).header(ACCEPT, SIGNED);
        let reply = self.ask(request.bearer_auth(self.token.expose_secret().trim())).await?;
        if reply.status == 404 && method == Method::GET {
            return Ok(None);
        }
        let signed: Signed = json(&success(reply)?)?;
        // The address itself is the right to use it: it gets no token, and is never shown.
        let url = Url::parse(&signed.url)
            .ok()
            .filter(is_encrypted)
            .ok_or(BlobsFault::Strange("no signed address"))?;
        Ok(Some(self.http.client().request(method, url)))
    }

    async fn put(&self, name: &str, bytes: Bytes) -> Result<StoreTime, Failed> {
        let request = self.open(Method::PUT, name).await.map_err(Failed::Before)?;
        let request = request.ok_or(Failed::Before(BlobsFault::Missing))?;
        let request =
            request.header(CACHE_CONTROL, "max-age=0, stale-while-revalidate=60").body(bytes.clone());
        let done = async {
            let reply = success(self.ask(request).await?)?;
            Ok((self.time(&reply)?, reply.header(ETAG.as_str()).map(str::to_owned)))
        };
        let (at, etag) = done.await.map_err(Failed::of)?;
        if let Some(etag) = etag {
            // The own record need not be fetched.
            lock(&self.known).insert(name.to_owned(), Object { version: Version(etag.into()), bytes });
        }
        Ok(at)
    }

    /// Sends a request, unless Netlify wants to be left alone. Any answer is one but that of a limit.
    async fn ask(&self, request: RequestBuilder) -> Result<Reply, BlobsFault> {
        if let Some(wait) = self.gate.wait(Instant::now()) {
            return Err(BlobsFault::Limited(wait));
        }
        let reply = self.http.send(request, MAX_BODY).await?;
        let now = Instant::now();
        if let Some(at) = reply.date() {
            *lock(&self.heard) = Some((at.into(), now));
        }
        match self.gate.note(&reply, now) {
            Some(wait) => Err(BlobsFault::Limited(wait)),
            None => Ok(reply),
        }
    }

    /// The store's clock when it gave this answer; when it did not say, what it must be by now.
    fn time(&self, reply: &Reply) -> Result<StoreTime, BlobsFault> {
        if let Some(at) = reply.date() {
            return Ok(at.into());
        }
        let heard = *lock(&self.heard);
        let (at, then) = heard.ok_or(BlobsFault::Strange("no date"))?;
        Ok(at.plus(u64::try_from(then.elapsed().as_millis()).unwrap_or(u64::MAX)))
    }

    fn blame(&self, fault: &BlobsFault) {
        let mut last = lock(&self.last);
        let is_new =
            last.as_ref().is_none_or(|old| std::mem::discriminant(old) != std::mem::discriminant(fault));
        if is_new {
            tracing::warn!(target: "store", store = "netlify blobs", "{fault}");
        }
        *last = Some(fault.clone());
    }
}

/// How a write failed.
enum Failed {
    /// Nothing was written.
    Before(BlobsFault),
    /// It may have been written.
    After(BlobsFault),
}

impl Failed {
    fn of(fault: BlobsFault) -> Self {
        if fault.is_definite() { Self::Before(fault) } else { Self::After(fault) }
    }
}

impl Shelf for NetlifyBlobs {
    async fn read_all(&self) -> Result<Stamped<Vec<(String, Object)>>, ReadError> {
        match self.look().await {
            Ok(seen) => {
                *lock(&self.last) = None;
                Ok(seen)
            }
            Err(fault) => {
                self.blame(&fault);
                Err(ReadError::Unreachable)
            }
        }
    }

    async fn write(&self, name: &str, bytes: Bytes) -> Result<StoreTime, WriteError> {
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(WriteError::Refused);
        }
        match self.put(name, bytes).await {
            Ok(at) => {
                *lock(&self.last) = None;
                Ok(at)
            }
            Err(Failed::Before(fault)) => {
                self.blame(&fault);
                Err(WriteError::Refused)
            }
            Err(Failed::After(fault)) => {
                self.blame(&fault);
                Err(WriteError::Unknown)
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// No secret goes unencrypted over a network.
fn is_encrypted(url: &Url) -> bool {
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || url.scheme() == "http" && is_here
}

fn is_safe(url: &Url) -> bool {
    is_encrypted(url) && url.username().is_empty() && url.password().is_none() && url.query().is_none()
}

fn success(reply: Reply) -> Result<Reply, BlobsFault> {
    if reply.is_success() { Ok(reply) } else { Err(BlobsFault::of(&reply)) }
}

fn json<T: serde::de::DeserializeOwned>(reply: &Reply) -> Result<T, BlobsFault> {
    serde_json::from_slice(&reply.body).map_err(|_| BlobsFault::Strange("no such JSON"))
}
