//! Finding the keys, and signing with them.

use std::time::{Duration, SystemTime};

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use secrecy::ExposeSecret;
use standin_http::Http;
use standin_http::aws::AwsClient;
use tokio::sync::Mutex;

use super::{AwsError, AwsKeys};
use crate::text::shown;

/// Keys that end sooner than this are looked for again.
const SPARE: Duration = Duration::from_secs(300);

/// What is signed.
pub(super) struct Wanted<'a> {
    pub(super) service: &'static str,
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a [(&'static str, &'static str)],
    pub(super) body: &'a [u8],
}

/// Signs requests for one region.
pub(super) struct Signer {
    http: Http,
    region: String,
    keys: AwsKeys,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    provider: Option<SharedCredentialsProvider>,
    keys: Option<Credentials>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Signer {
    pub(super) fn new(http: Http, region: String, keys: AwsKeys) -> Self {
        Self { http, region, keys, found: Mutex::default() }
    }

    pub(super) fn region(&self) -> &str {
        &self.region
    }

    /// Where a service is, unless it was said.
    pub(super) fn address(&self, service: &str) -> String {
        let end = if self.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{service}.{}.{end}", self.region)
    }

    /// The headers that sign a request.
    pub(super) async fn sign(&self, wanted: &Wanted<'_>) -> Result<Vec<(String, String)>, AwsError> {
        let keys = self.keys().await?;
        self.sign_at(wanted, keys, SystemTime::now())
    }

    pub(super) fn sign_at(
        &self,
        wanted: &Wanted<'_>,
        keys: Credentials,
        at: SystemTime,
    ) -> Result<Vec<(String, String)>, AwsError> {
        let unfit = |why: String| AwsError::Keys(why);
        let identity = keys.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(wanted.service)
            .time(at)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unfit(error.to_string()))?;
        let headers = wanted.headers.iter().copied();
        let body = SignableBody::Bytes(wanted.body);
        let request = SignableRequest::new(wanted.method, wanted.url, headers, body)
            .map_err(|error| unfit(error.to_string()))?;
        let (signed, _) =
            sign(request, &params.into()).map_err(|error| unfit(error.to_string()))?.into_parts();
        Ok(signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    async fn keys(&self) -> Result<Credentials, AwsError> {
        if let AwsKeys::Given { id, secret, session } = &self.keys {
            let text = |secret: &secrecy::SecretString| secret.expose_secret().to_owned();
            return Ok(Credentials::new(text(id), text(secret), session.as_ref().map(text), None, "standin"));
        }
        let mut found = self.found.lock().await;
        let soon = SystemTime::now() + SPARE;
        if let Some(keys) = &found.keys
            && keys.expiry().is_none_or(|end| end > soon)
        {
            return Ok(keys.clone());
        }
        let provider = match &found.provider {
            Some(provider) => provider.clone(),
            None => self.provider().await?,
        };
        found.provider = Some(provider.clone());
        // Its words name sources and addresses, and no keys.
        let keys = provider.provide_credentials().await.map_err(|error| AwsError::Keys(chain(&error)))?;
        found.keys = Some(keys.clone());
        Ok(keys)
    }

    async fn provider(&self) -> Result<SharedCredentialsProvider, AwsError> {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(AwsClient::new(self.http.clone()))
            .retry_config(RetryConfig::disabled())
            // The client below gives each request up by itself.
            .timeout_config(TimeoutConfig::disabled())
            .region(Region::new(self.region.clone()))
            .load()
            .await;
        config.credentials_provider().ok_or_else(|| AwsError::Keys("there is no source of keys".to_owned()))
    }
}

/// The whole chain of causes on one line, shortened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// An address of the web without a slash at its end, and without a user name.
pub(super) fn endpoint(text: &str) -> Result<String, AwsError> {
    let fix = "it has to be an address such as http://127.0.0.1:4566, without a user name and a path";
    let wrong = |value: String| AwsError::Setting { what: "the endpoint", value, fix };
    let url = standin_http::reqwest::Url::parse(text.trim()).map_err(|_| wrong(shown(text)))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("an address with a user name".to_owned()));
    }
    let is_plain = url.path() == "/" && url.query().is_none() && url.host_str().is_some();
    if !matches!(url.scheme(), "http" | "https") || !is_plain {
        return Err(wrong(shown(text)));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
