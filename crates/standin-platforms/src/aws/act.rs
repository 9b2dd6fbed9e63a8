//! Waking a function, and putting its alias back to the version before.

use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Sent;
use standin_http::reqwest::Method;
use tokio::time::Instant;

use super::schedules::Switch;
use super::seen::{AliasJson, VersionsJson};
use super::{Ask, Aws, AwsError, FunctionRef, Service};
use crate::api::encoded;

/// Most pages of fifty versions that are read to find the one before.
const MAX_PAGES: usize = 20;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// What is known of it.
    pub sent: Sent,
    /// The version that the alias shows now, where it is about one.
    pub version: Option<String>,
    /// Why not, or why it is unknown.
    pub error: Option<AwsError>,
}

impl From<Result<Option<String>, AwsError>> for Acted {
    fn from(result: Result<Option<String>, AwsError>) -> Self {
        match result {
            Ok(version) => Self { sent: Sent::Accepted, version, error: None },
            Err(error) => Self { sent: error.sent(), version: None, error: Some(error) },
        }
    }
}

impl Acted {
    /// What went wrong before anything was sent that has an effect.
    const fn before(error: AwsError) -> Self {
        Self { sent: Sent::Refused, version: None, error: Some(error) }
    }
}

impl Aws {
    /// Has Lambda run the function once, soon, unless a person stopped it. The key and the attempt go with it as JSON.
    ///
    /// Lambda takes it with 202 and says nothing of how it went. It may run it twice, and runs it again when it fails.
    pub async fn wake(&self, function: &FunctionRef, key: &EffectKey, attempt: u8) -> Acted {
        let latest = Instant::now() + self.send_within;
        if let Err(error) = Box::pin(self.is_free(function)).await {
            return Acted::before(error);
        }
        let path =
            format!("/2015-03-31/functions/{}/invocations{}", encoded(&function.name), function.query());
        let body = serde_json::json!({ "key": key.0, "attempt": attempt }).to_string().into_bytes();
        let sent = async {
            self.in_time(latest)?;
            let reply = self
                .ask(Ask {
                    service: Service::Lambda,
                    method: Method::POST,
                    path,
                    headers: vec![("x-amz-invocation-type", "Event"), ("content-type", "application/json")],
                    body,
                    right: "lambda:InvokeFunction",
                    about: &function.name,
                })
                .await?;
            match reply.status {
                202 => Ok(None),
                status => Err(AwsError::Unreadable(format!("status {status}"))),
            }
        };
        Box::pin(sent).await.into()
    }

    /// Puts the function's alias back to the version before the one that it shows.
    ///
    /// The key is kept in the alias' description: asked again under the same key, nothing is done, and that counts as
    /// accepted. Whatever changes the alias in between wins.
    pub async fn roll_back(&self, function: &FunctionRef, key: &EffectKey, attempt: u8) -> Acted {
        let latest = Instant::now() + self.send_within;
        let Some(alias) = &function.alias else {
            return Acted::before(AwsError::NeedsAlias(function.name.clone()));
        };
        let path = format!("/2015-03-31/functions/{}/aliases/{}", encoded(&function.name), encoded(alias));
        let before = async {
            Box::pin(self.is_free(function)).await?;
            let ask = Ask::get(Service::Lambda, path.clone(), "lambda:GetAlias", &function.name);
            let seen: AliasJson = self.read(&self.ask(ask).await?)?;
            if carries(&seen.description, key) {
                return Ok((seen, None));
            }
            if seen.is_shifting() {
                return Err(AwsError::Shifting(alias.clone()));
            }
            let before = self.version_before(function, &seen.function_version).await?;
            Ok((seen, Some(before)))
        };
        let (seen, version) = match Box::pin(before).await {
            Ok((seen, None)) => return Ok(Some(seen.function_version)).into(),
            Ok((seen, Some(version))) => (seen, version),
            Err(error) => return Acted::before(error),
        };
        let body = serde_json::json!({
            "FunctionVersion": version,
            "RevisionId": seen.revision_id,
            "Description": format!("standin {key}, attempt {attempt}, was {}", seen.function_version),
        });
        let sent = async {
            self.in_time(latest)?;
            let ask = Ask {
                service: Service::Lambda,
                method: Method::PUT,
                path,
                headers: vec![("content-type", "application/json")],
                body: body.to_string().into_bytes(),
                right: "lambda:UpdateAlias",
                about: &function.name,
            };
            let now: AliasJson = self.read(&self.ask(ask).await?)?;
            Ok(Some(now.function_version))
        };
        Box::pin(sent).await.into()
    }

    /// Whether nobody has stopped the function by hand.
    async fn is_free(&self, function: &FunctionRef) -> Result<(), AwsError> {
        let seen = self.function(function).await?;
        if seen.is_stopped {
            return Err(AwsError::Stopped(function.name.clone()));
        }
        let schedules = self.schedules(&seen).await?;
        let is_off = |schedule: &super::Schedule| schedule.switch == Switch::Off;
        match schedules.first() {
            Some(first) if schedules.iter().all(is_off) => Err(AwsError::Disabled(first.name.clone())),
            Some(_) | None => Ok(()),
        }
    }

    async fn version_before(&self, function: &FunctionRef, current: &str) -> Result<String, AwsError> {
        let none = || AwsError::NoVersion { function: function.name.clone(), current: current.to_owned() };
        let current: u64 = current.parse().map_err(|_| none())?;
        let (mut marker, mut best) = (String::new(), None);
        for _ in 0..MAX_PAGES {
            let path =
                format!("/2015-03-31/functions/{}/versions?MaxItems=50{marker}", encoded(&function.name));
            let right = "lambda:ListVersionsByFunction";
            let ask = Ask::get(Service::Lambda, path, right, &function.name);
            let page: VersionsJson = self.read(&self.ask(ask).await?)?;
            best = page.numbers().filter(|number| *number < current).chain(best).max();
            match page.next_marker.filter(|next| !next.is_empty()) {
                Some(next) => marker = format!("&Marker={}", encoded(&next)),
                None => return best.map(|number| number.to_string()).ok_or_else(none),
            }
        }
        Err(AwsError::Unreadable("it has too many versions".to_owned()))
    }

    fn in_time(&self, latest: Instant) -> Result<(), AwsError> {
        if Instant::now() <= latest {
            return Ok(());
        }
        Err(AwsError::TooLate { seconds: self.send_within.as_secs() })
    }
}

/// Whether an alias was put back under this key.
fn carries(description: &str, key: &EffectKey) -> bool {
    let rest = description.strip_prefix("standin ").and_then(|rest| rest.strip_prefix(key.0.as_str()));
    rest.is_some_and(|rest| rest.starts_with(','))
}
