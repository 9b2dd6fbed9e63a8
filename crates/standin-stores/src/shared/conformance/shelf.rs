//! What the shelf of a store must do: less than its cells, since records are joined and each has one writer.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use standin_engine::ports::mesh::{Version, WriteError};
use tokio::time::timeout;

use super::bench::value;
use super::{Check, Conformance, Extent, Finding, Seen, broken, told, unclear};
use crate::shared::{MAX_RECORD_BYTES, Object, Shelf};

/// How often a record that is not yet there is looked for: shelves may be late, they may not lose.
const MAX_LOOKS: u32 = 20;

/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// Whether the shelf of a store may hold evidence.
///
/// The names that it writes are few and the same in each run, since a shelf removes nothing: give it a shelf under a
/// prefix of its own.
pub async fn shelf<S: Shelf>(clients: &[S], extent: &Extent) -> Conformance {
    let Some(first) = clients.first() else { return Conformance::default() };
    let desk = Desk { clients, first, extent };
    let checks = async {
        vec![
            told("written-is-read", desk.written_is_read().await),
            told("writers-keep-apart", desk.writers_keep_apart().await),
            told("large-records", desk.large_records().await),
        ]
    };
    let checks = timeout(extent.total, checks).await.unwrap_or_else(|_| {
        let (name, why) = ("in-time", "the time was over".to_owned());
        vec![Check { name, outcome: super::Outcome::Unclear, why }]
    });
    Conformance { checks }
}

struct Desk<'a, S> {
    clients: &'a [S],
    first: &'a S,
    extent: &'a Extent,
}

impl<S: Shelf> Desk<'_, S> {
    /// The last write is what all read in the end, under another version than before.
    async fn written_is_read(&self) -> Seen {
        let mut before: Option<Version> = None;
        for round in 0..3 {
            let body = self.body("written", 0, round);
            self.write(self.first, "conformance-0", &body).await?;
            let mut version = None;
            for client in self.clients {
                version = Some(self.find(client, "conformance-0", &body).await?.version);
            }
            if before.is_some() && before == version {
                return broken("a record was written anew and kept its version");
            }
            before = version;
        }
        Ok("the last write is what all read".to_owned())
    }

    /// Writers at once disturb one another's records in nothing.
    async fn writers_keep_apart(&self) -> Seen {
        let name = |writer: usize| format!("conformance-{writer}");
        let bodies: Vec<Bytes> =
            (0..self.extent.writers).map(|writer| self.body("apart", writer, 9)).collect();
        let writes = bodies.iter().enumerate().map(|(writer, body)| async move {
            let client = self.clients.iter().cycle().nth(writer).unwrap_or(self.first);
            self.write(client, &name(writer), body).await
        });
        join_all(writes).await.into_iter().collect::<Result<Vec<()>, Finding>>()?;
        for (writer, body) in bodies.iter().enumerate() {
            self.find(self.first, &name(writer), body).await?;
        }
        Ok(format!("{} writers at once, each record as it was written", bodies.len()))
    }

    async fn large_records(&self) -> Seen {
        let mut body = self.body("large", 0, 0).to_vec();
        body.resize(MAX_RECORD_BYTES, b' ');
        let body = Bytes::from(body);
        self.write(self.first, "conformance-0", &body).await?;
        self.find(self.first, "conformance-0", &body).await?;
        Ok(format!("{MAX_RECORD_BYTES} bytes come back as they were"))
    }

    /// No other run wrote the same.
    fn body(&self, check: &str, writer: usize, round: u32) -> Bytes {
        value(&format!("{check} {}", self.extent.run), writer, round)
    }

    async fn write(&self, client: &S, name: &str, body: &Bytes) -> Result<(), Finding> {
        for _ in 0..super::MAX_TRIES {
            match timeout(self.extent.request, client.write(name, body.clone())).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(WriteError::Refused | WriteError::Unknown)) | Err(_) => {}
            }
        }
        unclear("a record could not be written")
    }

    /// The record, once it is this. One that never comes was lost.
    async fn find(&self, client: &S, name: &str, body: &Bytes) -> Result<Object, Finding> {
        let mut answered = 0_u32;
        for _ in 0..MAX_LOOKS {
            if let Ok(Ok(read)) = timeout(self.extent.request, client.read_all()).await {
                answered += 1;
                let found = read.value.into_iter().find(|(found, _)| found == name);
                if let Some((_, object)) = found.filter(|(_, object)| object.bytes == *body) {
                    return Ok(object);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        if answered == 0 {
            return unclear("the records could not be read");
        }
        broken(format!("a record that was written was not among those read, {answered} times"))
    }
}
