//! Building a site again, and putting it back to an earlier deploy.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Sent;
use standin_http::reqwest::{Method, Url};
use standin_http::{MAX_BODY, Reply};
use tokio::time::Instant;

use super::seen::{Builds, Deploy, DeployJson, DeployState, Lock, Site};
use super::{Netlify, NetlifyError};
use crate::api::{encoded, words};
use crate::gate::Purpose;

/// How a build is asked for.
#[derive(Debug, Clone)]
pub enum Rebuild {
    /// By a build hook. Its whole address, which is a secret: whoever has it may build.
    Hook(SecretString),
    /// By the API, with the token.
    Api,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// What is known of it. A deploy that was there before under the same key counts as accepted.
    pub sent: Sent,
    /// The deploy, where Netlify tells.
    pub deploy: Option<String>,
    /// Why not, or why it is unknown.
    pub error: Option<NetlifyError>,
}

impl From<Result<Option<String>, NetlifyError>> for Acted {
    fn from(result: Result<Option<String>, NetlifyError>) -> Self {
        match result {
            Ok(deploy) => Self { sent: Sent::Accepted, deploy, error: None },
            Err(error) => Self { sent: error.sent(), deploy: None, error: Some(error) },
        }
    }
}

impl Acted {
    /// What went wrong before anything was sent that has an effect.
    pub(super) const fn before(error: NetlifyError) -> Self {
        Self { sent: Sent::Refused, deploy: None, error: Some(error) }
    }
}

#[derive(Debug, Deserialize)]
struct BuildAnswer {
    /// Every build has one: what has none is no answer of Netlify's.
    #[serde(rename = "id")]
    _id: String,
    deploy_id: Option<String>,
}

impl Netlify {
    /// Builds the site anew, as a deploy titled with the key, unless there is one that has not failed.
    ///
    /// Look, then act: two watchers that do so at the same time both build.
    pub async fn rebuild(&self, how: &Rebuild, key: &EffectKey, attempt: u8) -> Acted {
        let latest = Instant::now() + self.send_within;
        let seen = async {
            let site = self.look_at_site(Purpose::Recovery).await?.1;
            let deploys = self.deploys(Purpose::Recovery, &site.id).await?;
            Ok((site, deploys))
        };
        let (site, deploys): (Site, Vec<Deploy>) = match Box::pin(seen).await {
            Ok(seen) => seen,
            Err(error) => return Acted::before(error),
        };
        let is_under_way = |deploy: &&Deploy| deploy.carries(key) && deploy.state != DeployState::Failed;
        if let Some(deploy) = deploys.into_iter().find(|deploy| is_under_way(&deploy)) {
            return Ok(Some(deploy.id)).into();
        }
        let title = format!("standin {key}, attempt {attempt}");
        let sent = async {
            is_free(&site)?;
            if site.builds == Builds::Stopped {
                return Err(NetlifyError::BuildsStopped);
            }
            self.in_time(latest)?;
            match how {
                Rebuild::Hook(url) => self.post_hook(url, &title).await,
                Rebuild::Api => self.post_build(&site.id, &title).await,
            }
        };
        Box::pin(sent).await.into()
    }

    async fn post_hook(&self, url: &SecretString, title: &str) -> Result<Option<String>, NetlifyError> {
        let wrong = || NetlifyError::Secret("the address of the build hook");
        let mut url = Url::parse(url.expose_secret().trim()).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong());
        }
        url.query_pairs_mut().append_pair("trigger_title", title);
        // The hook's address is all that it takes: the token stays here.
        let request = self.http.client().post(url).timeout(self.timeout).json(&serde_json::json!({}));
        let reply = Box::pin(self.http.send(request, MAX_BODY)).await?;
        self.gate.saw(&reply)?;
        match reply.status {
            // Netlify answers with nothing. A page is from somebody else, such as what a redirect ends at.
            200..=299 if reply.body.trim_ascii().is_empty() || is_json(&reply) => Ok(None),
            404 => Err(NetlifyError::NoHook),
            _ => Err(self.refusal(&reply, "use the build hook")),
        }
    }

    async fn post_build(&self, site: &str, title: &str) -> Result<Option<String>, NetlifyError> {
        let path = format!("/sites/{}/builds?title={}", encoded(site), encoded(title));
        let reply = self.ask(Purpose::Recovery, self.request(Method::POST, &path)?).await?;
        Ok(self.read::<BuildAnswer>(&reply, "build the site")?.deploy_id)
    }

    /// Publishes an earlier deploy, if the one that was seen as live still is.
    pub async fn restore(&self, deploy: &str, over: &str) -> Acted {
        let latest = Instant::now() + self.send_within;
        let site = match Box::pin(self.still(over)).await {
            Ok(site) => site,
            Err(error) => return Acted::before(error),
        };
        let sent = async {
            self.in_time(latest)?;
            let path = format!("/sites/{}/deploys/{}/restore", encoded(&site.id), encoded(deploy));
            let reply = self.ask(Purpose::Recovery, self.request(Method::POST, &path)?).await?;
            match reply.status {
                404 => Err(NetlifyError::NoDeploy(crate::text::shown(deploy))),
                _ => Ok(Some(self.read::<DeployJson>(&reply, "publish deploys")?.read().id)),
            }
        };
        Box::pin(sent).await.into()
    }

    /// Publishes the deploy before the live one, if the one that was seen as live still is.
    pub async fn rollback(&self, over: &str) -> Acted {
        let latest = Instant::now() + self.send_within;
        let site = match Box::pin(self.still(over)).await {
            Ok(site) => site,
            Err(error) => return Acted::before(error),
        };
        let sent = async {
            self.in_time(latest)?;
            let path = format!("/sites/{}/rollback", encoded(&site.id));
            let reply = self.ask(Purpose::Recovery, self.request(Method::PUT, &path)?).await?;
            match reply.status {
                204 => Ok(None),
                404 | 422 => {
                    let message = words(&reply, self.token.expose_secret());
                    Err(NetlifyError::Refused { status: reply.status, message })
                }
                _ => Err(self.refusal(&reply, "roll the site back")),
            }
        };
        Box::pin(sent).await.into()
    }

    /// The site, if this deploy is still live and may be replaced.
    async fn still(&self, over: &str) -> Result<Site, NetlifyError> {
        let site = self.look_at_site(Purpose::Recovery).await?.1;
        is_free(&site)?;
        if site.published.as_deref() == Some(over) { Ok(site) } else { Err(NetlifyError::Moved) }
    }

    pub(super) fn in_time(&self, latest: Instant) -> Result<(), NetlifyError> {
        let seconds = self.send_within.as_secs();
        if Instant::now() <= latest { Ok(()) } else { Err(NetlifyError::TooLate { seconds }) }
    }
}

fn is_free(site: &Site) -> Result<(), NetlifyError> {
    match site.lock {
        Lock::Open => Ok(()),
        Lock::Locked => Err(NetlifyError::Locked),
    }
}

fn is_json(reply: &Reply) -> bool {
    serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok()
}
