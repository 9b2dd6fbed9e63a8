//! A table of DynamoDB.
//!
//! ```text
//! pk (S, partition)  <mesh>/cells, <mesh>/peers, <mesh>/trial
//! sk (S, sort)       the name
//! v  (S)             which write this is: a word that no other write has
//! body (S)           JSON
//! ttl (N)            when it may be thrown away, in seconds since 1970: of slots, and of what a conformance run wrote
//! ```
//!
//! Writes are on condition, reads are consistent, nothing is scanned. The clock is the `Date` header of the answers.

mod cells;
mod shelf;

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::StalledStreamProtectionConfig;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Version};
use standin_http::aws::AwsClient;
use standin_http::{Fault, Http};

pub use cells::DynamoCells;
pub use shelf::DynamoShelf;

use super::dial::Dial;
use super::fault::{Last, StoreFault};
use super::{MAX_LISTED, Object};

/// What only requests to a table have, and none for keys to it.
const TARGET: &str = "x-amz-target";

/// How long the claim of a slot is kept. Far longer than any cron is late.
const SLOTS_FOR: u64 = 30 * 24 * 3600;

/// How long what a conformance run could not remove is kept.
const RUNS_FOR: u64 = 24 * 3600;

/// What is kept for a time only: what the name begins with, and how long in seconds.
const EXPIRING: [(&str, u64); 2] = [("slot/", SLOTS_FOR), ("conformance/", RUNS_FOR)];

/// Where a table is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TablePlace {
    /// Its name.
    pub table: String,
    /// What its partitions begin with: two meshes in one table have two. Such as `shop`.
    pub mesh: String,
    /// The region; from the environment or the profile when empty.
    pub region: String,
    /// Another address than Amazon's, such as that of an emulator.
    pub endpoint: Option<String>,
}

/// The keys to a table.
#[derive(Clone, Default)]
pub enum TableKeys {
    /// As all of Amazon's tools find them: variables, profile, web identity, container or machine role.
    #[default]
    Found,
    /// These.
    Given {
        /// The access key's id.
        id: String,
        /// The secret.
        secret: String,
        /// The session's token, if they last for a session.
        session: Option<String>,
    },
}

impl std::fmt::Debug for TableKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Found => "Found",
            Self::Given { .. } => "Given",
        })
    }
}

/// One table. Clones share its connections and its clock.
#[derive(Clone)]
pub struct Table {
    client: Client,
    place: Arc<TablePlace>,
    dial: Arc<Dial>,
    last: Arc<Last>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("place", &self.place).finish()
    }
}

impl Table {
    /// A table that is there. Nothing is sent yet, except what the keys need.
    pub async fn new(place: TablePlace, keys: TableKeys, http: &Http) -> Self {
        let dial = Arc::new(Dial::default());
        let last = Arc::new(Last::default());
        let (clock, heard) = (Arc::clone(&dial), Arc::clone(&last));
        let wire = AwsClient::new(http.clone()).hearing(move |asked, reply| {
            heard.saw(reply.status, &reply.body);
            // What a gateway says on the way has another clock, and so has whoever gives out keys.
            if asked.contains_key(TARGET) && reply.status < 500 {
                clock.stamp(reply.date().map(StoreTime::from));
            }
        });
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(wire)
            .retry_config(RetryConfig::disabled())
            // The client below gives each request up by itself.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if !place.region.is_empty() {
            loader = loader.region(Region::new(place.region.clone()));
        }
        if let Some(endpoint) = &place.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let TableKeys::Given { id, secret, session } = keys {
            loader = loader.credentials_provider(Credentials::new(id, secret, session, None, "standin"));
        }
        let client = Client::new(&loader.load().await);
        Self { client, place: Arc::new(place), dial, last }
    }

    /// Why the last request did not do what it should; `None` when it did.
    pub fn last_fault(&self) -> Option<StoreFault> {
        self.last.get()
    }

    /// A read that failed. What was answered has been heard.
    fn unread<E>(&self, error: &SdkError<E, HttpResponse>) -> ReadError {
        if !matches!(error, SdkError::ServiceError(_) | SdkError::ResponseError(_)) {
            self.last.lost("no connection, no answer, or no keys");
        }
        ReadError::Unreachable
    }

    /// The cells of this table.
    pub fn cells(&self) -> DynamoCells {
        DynamoCells::new(self.clone())
    }

    /// The shelf of this table.
    pub fn shelf(&self) -> DynamoShelf {
        DynamoShelf::new(self.clone(), "peers")
    }

    /// Records that nobody believes: for trying the table out.
    pub fn trial_shelf(&self) -> DynamoShelf {
        DynamoShelf::new(self.clone(), "trial")
    }

    fn partition(&self, kind: &str) -> AttributeValue {
        AttributeValue::S(format!("{}/{kind}", self.place.mesh))
    }

    /// The table's clock, after an answer. `None` when no answer ever told it.
    fn at(&self) -> Option<StoreTime> {
        self.dial.stamp(None)
    }

    /// All pages of a partition, of the names that begin with `prefix`.
    async fn query(&self, kind: &str, prefix: &str) -> Result<Vec<(String, Object)>, ReadError> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self.page(kind, prefix, from).await?;
            for item in page.items.unwrap_or_default() {
                let (Some(name), Some(object)) = (text(&item, "sk"), object(&item)) else {
                    return Err(ReadError::Garbage);
                };
                found.push((name.to_owned(), object));
            }
            from = page.last_evaluated_key;
            if from.is_none() || found.len() >= MAX_LISTED {
                return Ok(found);
            }
        }
    }

    async fn page(
        &self,
        kind: &str,
        prefix: &str,
        from: Option<HashMap<String, AttributeValue>>,
    ) -> Result<QueryOutput, ReadError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.place.table)
            .consistent_read(true)
            .expression_attribute_values(":pk", self.partition(kind))
            .set_exclusive_start_key(from);
        query = if prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":sk", AttributeValue::S(prefix.to_owned()))
        };
        query.send().await.map_err(|error| self.unread(&error))
    }
}

type Item = HashMap<String, AttributeValue>;

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// What an item holds; `None` of one that was not written here.
fn object(item: &Item) -> Option<Object> {
    let version = Version(text(item, "v")?.into());
    Some(Object { version, bytes: Bytes::from(text(item, "body")?.to_owned()) })
}

/// When a name may be thrown away.
fn expiry(name: &str, now: StoreTime) -> Option<AttributeValue> {
    let (_, seconds) = EXPIRING.iter().find(|(prefix, _)| name.starts_with(prefix))?;
    let at = now.0.div_euclid(1_000).saturating_add_unsigned(*seconds);
    Some(AttributeValue::N(at.to_string()))
}

/// What an error says of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It was not done.
    Definite,
    /// Nobody knows.
    Open,
}

/// Of all errors but a condition that was not met.
fn refusal<E>(error: &SdkError<E, HttpResponse>) -> Refusal {
    match error {
        SdkError::ConstructionFailure(_) => Refusal::Definite,
        SdkError::DispatchFailure(failure) => {
            let fault = failure.as_connector_error().and_then(|error| {
                std::error::Error::source(error).and_then(|source| source.downcast_ref::<Fault>())
            });
            match fault {
                Some(Fault::Before(_)) => Refusal::Definite,
                Some(Fault::Lost(_) | Fault::TooLong(_)) | None => Refusal::Open,
            }
        }
        SdkError::ServiceError(answer) => of_status(answer.raw().status().as_u16()),
        SdkError::ResponseError(answer) => of_status(answer.raw().status().as_u16()),
        SdkError::TimeoutError(_) => Refusal::Open,
        // Whatever the SDK will know later.
        _ => Refusal::Open,
    }
}

/// DynamoDB says 400 to a request that it did not carry out, throttled ones included.
fn of_status(status: u16) -> Refusal {
    match status {
        408 => Refusal::Open,
        400..=499 => Refusal::Definite,
        _ => Refusal::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_expire_and_decisions_do_not() {
        let now = StoreTime(1_700_000_000_999);
        assert_eq!(expiry("slot/abc", now), Some(AttributeValue::N("1702592000".into())));
        assert_eq!(expiry("github:acme/shop", now), None);
        assert_eq!(expiry("my-slot/abc", now), None);
    }

    #[test]
    fn only_what_the_table_said_is_definite() {
        for (status, expected) in [
            (400, Refusal::Definite),
            (403, Refusal::Definite),
            (408, Refusal::Open),
            (429, Refusal::Definite),
            (500, Refusal::Open),
            (503, Refusal::Open),
            (200, Refusal::Open),
        ] {
            assert_eq!(of_status(status), expected, "{status}");
        }
    }

    #[test]
    fn keys_are_never_shown() {
        let keys = TableKeys::Given { id: "AKIA".into(), secret: "s3cret".into(), session: None };
        assert_eq!(format!("{keys:?}"), "Given");
    }
}
