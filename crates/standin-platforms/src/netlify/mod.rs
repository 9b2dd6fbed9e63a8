//! Netlify: a site is looked at, built again, put back to an earlier deploy; its functions are called.
//!
//! What is asked and what is done is described in `docs/platforms.md`. Everything is tried once. Netlify has no keys
//! that it deduplicates: a build is titled with its key, and is looked for before it is asked for. That is look, then
//! act: two watchers that do so in the same second both act.

mod act;
mod error;
mod invoke;
mod seen;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use standin_http::reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use standin_http::reqwest::{Method, RequestBuilder};
use standin_http::{Http, MAX_BODY, Reply};

pub use act::{Acted, Rebuild};
pub use error::NetlifyError;
pub use invoke::{Invocation, Mode};
pub use seen::{Builds, Deploy, DeployState, Lock, Schedule, Site, SiteSeen};

use crate::api::{encoded, unreadable, words};
use crate::gate::{Gate, Purpose};
use crate::text::shown;
use seen::{DeployJson, FunctionsJson, SiteJson};

/// Deploys that one look reads: one page.
pub const MAX_DEPLOYS: usize = 50;

/// Longest name, id or domain of a site, in bytes.
const MAX_SITE_BYTES: usize = 253;

/// Which site, and how it is reached.
#[derive(Debug, Clone)]
pub struct NetlifyOptions {
    /// Where the API is: `https://api.netlify.com/api/v1`.
    pub api_url: String,
    /// The id, the name or the domain of the site.
    pub site: String,
    /// What the API is asked with.
    pub token: SecretString,
    /// How long one request may take.
    pub timeout: Duration,
    /// After this long, a recovery that has not been sent is not sent any more: the right to it may have ended.
    pub send_within: Duration,
}

/// One site on Netlify. Cheap to clone; clones share what they know of limits.
#[derive(Debug, Clone)]
pub struct Netlify {
    http: Http,
    api: String,
    site: String,
    token: SecretString,
    header: HeaderValue,
    timeout: Duration,
    send_within: Duration,
    id: Arc<OnceLock<String>>,
    gate: Arc<Gate>,
}

impl Netlify {
    /// The site behind these options. Sends nothing.
    ///
    /// # Errors
    /// [`NetlifyError::Setting`] or [`NetlifyError::Secret`] when a setting is unusable.
    pub fn new(http: &Http, options: NetlifyOptions) -> Result<Self, NetlifyError> {
        let site = options.site.trim().to_owned();
        let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if site.is_empty()
            || site.len() > MAX_SITE_BYTES
            || !site.chars().all(is_known)
            || site.contains("..")
        {
            let fix = "it has to be the id, the name or the domain of a site";
            return Err(NetlifyError::Setting { what: "`site`", value: shown(&site), fix });
        }
        Ok(Self {
            http: http.clone(),
            api: address("`api-url`", &options.api_url)?,
            site,
            header: bearer(&options.token, "the token for Netlify")?,
            token: options.token,
            timeout: options.timeout,
            send_within: options.send_within,
            id: Arc::default(),
            gate: Arc::default(),
        })
    }

    /// The site as it is now.
    ///
    /// # Errors
    /// [`NetlifyError`], which names the fix.
    pub async fn site(&self) -> Result<Site, NetlifyError> {
        Ok(self.look_at_site(Purpose::Recovery).await?.1)
    }

    /// One look at the site, its deploys and its functions, in three requests.
    ///
    /// # Errors
    /// [`NetlifyError`]: nothing is then known. Functions that could not be listed are no error.
    pub async fn survey(&self) -> Result<SiteSeen, NetlifyError> {
        let (reply, site) = self.look_at_site(Purpose::Survey).await?;
        let deploys = self.deploys(Purpose::Survey, &site.id).await?;
        let functions = self.functions(&site.id).await.unwrap_or_default();
        Ok(SiteSeen { at: reply.date(), site, deploys, functions })
    }

    async fn look_at_site(&self, purpose: Purpose) -> Result<(Reply, Site), NetlifyError> {
        let id = match self.id.get() {
            Some(id) => id.clone(),
            None if is_id_or_domain(&self.site) => self.site.clone(),
            None => self.id_of_name(purpose).await?,
        };
        let reply =
            self.ask(purpose, self.request(Method::GET, &format!("/sites/{}", encoded(&id)))?).await?;
        if reply.status == 404 {
            return Err(NetlifyError::NoSite(self.site.clone()));
        }
        let site = self.read::<SiteJson>(&reply, "read the site")?.read();
        let _ = self.id.set(site.id.clone());
        Ok((reply, site))
    }

    async fn id_of_name(&self, purpose: Purpose) -> Result<String, NetlifyError> {
        let path = format!("/sites?name={}&filter=all&page=1&per_page=100", encoded(&self.site));
        let reply = self.ask(purpose, self.request(Method::GET, &path)?).await?;
        let sites: Vec<SiteJson> = self.read(&reply, "list sites")?;
        let found = sites.into_iter().find(|site| site.name == self.site);
        found.map(|site| site.id).ok_or_else(|| NetlifyError::NoSite(self.site.clone()))
    }

    async fn deploys(&self, purpose: Purpose, site: &str) -> Result<Vec<Deploy>, NetlifyError> {
        let path = format!("/sites/{}/deploys?page=1&per_page={MAX_DEPLOYS}", encoded(site));
        let reply = self.ask(purpose, self.request(Method::GET, &path)?).await?;
        let deploys: Vec<DeployJson> = self.read(&reply, "read deploys")?;
        let mut deploys: Vec<Deploy> = deploys.into_iter().take(MAX_DEPLOYS).map(DeployJson::read).collect();
        deploys.sort_by_key(|deploy| std::cmp::Reverse(deploy.created));
        Ok(deploys)
    }

    async fn functions(&self, site: &str) -> Result<Vec<String>, NetlifyError> {
        let path = format!("/sites/{}/functions", encoded(site));
        let reply = self.ask(Purpose::Survey, self.request(Method::GET, &path)?).await?;
        // Netlify's own specification says a list of groups; it has answered one group as well.
        let groups: Vec<FunctionsJson> = if reply.body.trim_ascii_start().starts_with(b"[") {
            self.read(&reply, "list functions")?
        } else {
            vec![self.read(&reply, "list functions")?]
        };
        let mut names: Vec<String> = groups.into_iter().flat_map(FunctionsJson::names).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, NetlifyError> {
        let request = self.http.client().request(method, format!("{}{path}", self.api)).timeout(self.timeout);
        Ok(request.header(AUTHORIZATION, self.header.clone()).header(ACCEPT, "application/json"))
    }

    /// Asks the API once. Any status is an answer, but for the refusals that say that a limit is used up.
    async fn ask(&self, purpose: Purpose, request: RequestBuilder) -> Result<Reply, NetlifyError> {
        self.gate.pass(purpose)?;
        let reply = Box::pin(self.http.send(request, MAX_BODY)).await?;
        self.gate.saw(&reply)?;
        Ok(reply)
    }

    fn read<T: DeserializeOwned>(&self, reply: &Reply, what: &'static str) -> Result<T, NetlifyError> {
        if !reply.is_success() {
            return Err(self.refusal(reply, what));
        }
        serde_json::from_slice(&reply.body).map_err(|error| NetlifyError::Unreadable(unreadable(&error)))
    }

    fn refusal(&self, reply: &Reply, what: &'static str) -> NetlifyError {
        let message = words(reply, self.token.expose_secret());
        match reply.status {
            401 => NetlifyError::Token,
            403 => {
                let detail = if message.is_empty() { message } else { format!("; Netlify says: {message}") };
                NetlifyError::Forbidden { what, detail }
            }
            404 => NetlifyError::NoSite(self.site.clone()),
            500..=599 => NetlifyError::Server(reply.status),
            200..=399 => NetlifyError::Unreadable(format!("status {}", reply.status)),
            status => NetlifyError::Refused { status, message },
        }
    }
}

/// Ids are UUIDs, or 24 hexadecimal digits; domains have a dot; names have neither form.
fn is_id_or_domain(site: &str) -> bool {
    let is_hex = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    let is_id = matches!(site.len(), 24 | 36) && site.bytes().all(is_hex);
    is_id || site.contains('.')
}

fn bearer(secret: &SecretString, what: &'static str) -> Result<HeaderValue, NetlifyError> {
    let text = secret.expose_secret();
    if text.trim().is_empty() {
        return Err(NetlifyError::Secret(what));
    }
    let mut header =
        HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| NetlifyError::Secret(what))?;
    header.set_sensitive(true);
    Ok(header)
}

/// An address of the web without a slash at its end, and without a user name.
fn address(what: &'static str, text: &str) -> Result<String, NetlifyError> {
    let fix = "it has to be an address such as https://HOST/api/v1, without a user name";
    let wrong = |value: String| NetlifyError::Setting { what, value, fix };
    let url = standin_http::reqwest::Url::parse(text.trim()).map_err(|_| wrong(shown(text)))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("an address with a user name".to_owned()));
    }
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
        return Err(wrong(shown(text)));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
