//! Cells as objects, swapped by conditional puts.

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path;
use object_store::{GetOptions, ObjectMeta, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion};
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};
use standin_http::reqwest::Method;
use standin_http::reqwest::header::{HeaderName, HeaderValue, IF_MATCH};

use super::transport::{Fate, Note, noted, removal};
use super::{AT_ONCE, Dialect, Objects, SIGNED_FOR, envelope, name};
use crate::shared::{Cells, Listed, Object};

/// What Google calls its condition.
const IF_GENERATION_MATCH: HeaderName = HeaderName::from_static("x-goog-if-generation-match");

/// The cells of a bucket. Clones share the bucket's clock.
#[derive(Debug, Clone)]
pub struct ObjectCells {
    objects: Objects,
    folder: Path,
}

/// What a write that did not succeed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The store did not write it.
    Definite,
    /// The store found something else there. It may be our own write, if anybody between us and it asked twice.
    Condition,
    /// Nobody knows.
    Open,
}

fn refusal(fate: Fate) -> Refusal {
    match fate {
        Fate::Unsent => Refusal::Definite,
        Fate::Answered(304 | 409 | 412) => Refusal::Condition,
        // The server gave up waiting for the rest of the request.
        Fate::Answered(408) => Refusal::Open,
        Fate::Answered(400..=499) => Refusal::Definite,
        Fate::Answered(_) | Fate::Lost => Refusal::Open,
    }
}

impl ObjectCells {
    pub(super) const fn new(objects: Objects, folder: Path) -> Self {
        Self { objects, folder }
    }

    fn mode(&self, expect: Option<&Version>) -> PutMode {
        let Some(Version(version)) = expect else { return PutMode::Create };
        let version = Some(version.to_string());
        PutMode::Update(match self.objects.dialect {
            Dialect::S3 | Dialect::Azure => UpdateVersion { e_tag: version, version: None },
            Dialect::Gcs => UpdateVersion { e_tag: None, version },
        })
    }

    fn won(&self, version: Option<Version>, note: &Note) -> SwapAnswer {
        match (version, self.objects.at(note)) {
            (Some(value), Some(at)) => SwapAnswer::Won(Stamped { at, value }),
            // It is written, and cannot be spoken of: whoever reads again sees it.
            (_, _) => SwapAnswer::Unknown,
        }
    }

    /// After a refusal that may be about our own write: whose is it?
    async fn settle(&self, key: &Path, nonce: &str) -> SwapAnswer {
        match self.objects.fetch(key).await {
            (Ok(Some(there)), note) if there.nonce == nonce => self.won(Some(there.version), &note),
            (Ok(_) | Err(ReadError::Garbage), _) => SwapAnswer::Lost,
            (Err(ReadError::Unreachable), _) => SwapAnswer::Unknown,
        }
    }

    /// A listing of Google's says no generations: each object is asked for its own.
    async fn listed(&self, meta: ObjectMeta) -> Result<Option<Listed>, ReadError> {
        let Some(name) = name::name(&self.folder, &meta.location) else { return Ok(None) };
        let version = match self.objects.dialect {
            Dialect::S3 | Dialect::Azure => self.objects.version(meta.e_tag.as_deref(), None),
            Dialect::Gcs => {
                let head = GetOptions::new().with_head(true);
                match self.objects.store.get_opts(&meta.location, head).await {
                    Ok(got) => self.objects.version(None, got.meta.version.as_deref()),
                    Err(error) if super::is_absent(&error) => return Ok(None),
                    Err(_) => return Err(ReadError::Unreachable),
                }
            }
        };
        Ok(Some(Listed { name, version: version.ok_or(ReadError::Unreachable)? }))
    }

    /// Removes an object if this version is still there.
    async fn remove_object(&self, key: &Path, expect: &Version) -> Note {
        let Ok(value) = HeaderValue::from_str(&expect.0) else { return Note::default() };
        if let Some(signer) = &self.objects.signer {
            // Azure's client removes in batches only, which take no condition.
            let signed = signer.signed_url(Method::DELETE, key, SIGNED_FOR).await;
            let Ok(url) = signed else { return Note::default() };
            let request = self.objects.http.client().delete(url).header(IF_MATCH, value);
            return Note::of(self.objects.http.send(request, standin_http::MAX_BODY).await);
        }
        let condition = match self.objects.dialect {
            Dialect::S3 | Dialect::Azure => IF_MATCH,
            Dialect::Gcs => IF_GENERATION_MATCH,
        };
        removal(condition, value, self.objects.store.delete(key)).await.1
    }
}

impl Cells for ObjectCells {
    async fn read(&self, name: &str) -> Result<Stamped<Option<Object>>, ReadError> {
        let key = name::key(&self.folder, name).ok_or(ReadError::Unreachable)?;
        let (fetched, note) = self.objects.fetch(&key).await;
        let value = fetched?.map(|there| Object { version: there.version, bytes: there.bytes });
        Ok(Stamped { at: self.objects.at(&note).ok_or(ReadError::Unreachable)?, value })
    }

    async fn swap(&self, name: &str, expect: Option<&Version>, bytes: Bytes) -> SwapAnswer {
        let nonce = envelope::nonce();
        let (Some(key), Some(sealed)) = (name::key(&self.folder, name), envelope::seal(&nonce, &bytes))
        else {
            return SwapAnswer::Lost;
        };
        let options = PutOptions { mode: self.mode(expect), ..PutOptions::default() };
        let put = self.objects.store.put_opts(&key, PutPayload::from(sealed), options);
        let (put, note) = noted(put).await;
        match put {
            Ok(put) => self.won(self.objects.version(put.e_tag.as_deref(), put.version.as_deref()), &note),
            Err(_) => match refusal(note.fate) {
                Refusal::Definite => SwapAnswer::Lost,
                Refusal::Condition => self.settle(&key, &nonce).await,
                Refusal::Open => SwapAnswer::Unknown,
            },
        }
    }

    async fn list(&self, prefix: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
        let (found, note) = self.objects.browse(&name::above(&self.folder, prefix)).await;
        let at = self.objects.at(&note).ok_or(ReadError::Unreachable)?;
        let mut value = Vec::new();
        let found = found?;
        let mut listed =
            futures_util::stream::iter(found.into_iter().map(|meta| self.listed(meta))).buffered(AT_ONCE);
        while let Some(listed) = listed.next().await {
            value.extend(listed?.filter(|listed| listed.name.starts_with(prefix)));
        }
        Ok(Stamped { at, value })
    }

    async fn remove(&self, name: &str, expect: &Version) -> Result<StoreTime, WriteError> {
        let key = name::key(&self.folder, name).ok_or(WriteError::Refused)?;
        let note = self.remove_object(&key, expect).await;
        match note.fate {
            Fate::Answered(200..=299) => self.objects.at(&note).ok_or(WriteError::Unknown),
            fate => match refusal(fate) {
                Refusal::Definite | Refusal::Condition => Err(WriteError::Refused),
                Refusal::Open => Err(WriteError::Unknown),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_store_said_is_definite() {
        let table = [
            (Fate::Unsent, Refusal::Definite),
            (Fate::Lost, Refusal::Open),
            (Fate::Answered(412), Refusal::Condition),
            (Fate::Answered(409), Refusal::Condition),
            (Fate::Answered(400), Refusal::Definite),
            (Fate::Answered(403), Refusal::Definite),
            (Fate::Answered(404), Refusal::Definite),
            (Fate::Answered(408), Refusal::Open),
            (Fate::Answered(429), Refusal::Definite),
            (Fate::Answered(500), Refusal::Open),
            (Fate::Answered(503), Refusal::Open),
            (Fate::Answered(200), Refusal::Open),
        ];
        for (fate, expected) in table {
            assert_eq!(refusal(fate), expected, "{fate:?}");
        }
    }
}
