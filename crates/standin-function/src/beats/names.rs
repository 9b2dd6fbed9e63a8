//! Who is behind an address: what the mesh watches, and what senders have made with `?create=1`.

use bytes::Bytes;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use standin_body::ping::Address;
use standin_body::store::Store;
use standin_body::world::World;
use standin_config::mesh::Mesh;
use standin_core::ident::{AutomationId, Kind};
use standin_core::mesh::arbiter::StoreKind;
use standin_stores::checks::slug_of;
use uuid::Uuid;

use super::heard::Heard;

/// The note with the slugs that senders have made.
const MADE: &str = "beats";

/// Most of them: whoever has the key may make them, and each is a note in the store.
const MAX_MADE: usize = 200;

/// The key in the addresses.
pub(super) struct Key<'k>(pub(super) &'k SecretString);

impl Key<'_> {
    /// Compares in constant time, whatever the length is.
    pub(super) fn is(&self, shown: &str) -> bool {
        let secret = self.0.expose_secret().as_bytes();
        let hashed = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::verify(&hashed, secret, hmac::sign(&hashed, shown.as_bytes()).as_ref()).is_ok()
    }

    /// The secret uuid of an automation. It follows from the key, so that nobody has to keep it: another key makes
    /// others.
    pub(super) fn uuid(&self, id: &AutomationId) -> Uuid {
        let hashed = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret().as_bytes());
        let tag = hmac::sign(&hashed, format!("heartbeat/{id}").as_bytes());
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// Whom an address names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// This one.
    One(AutomationId),
    /// Several share the slug.
    Several,
    /// Nobody that is watched; perhaps something that a sender has made, or may make.
    Perhaps(AutomationId),
    /// Nobody.
    Nobody,
}

/// Looks an address up in the mesh.
pub(super) fn named(mesh: &Mesh, key: &Key<'_>, address: &Address<'_>) -> Named {
    let ids = || mesh.targets.iter().map(|target| &target.id);
    match address {
        Address::Uuid(uuid) => {
            ids().find(|id| key.uuid(id) == *uuid).map_or(Named::Nobody, |id| Named::One(id.clone()))
        }
        Address::Slug { key: shown, .. } if !key.is(shown) => Named::Nobody,
        Address::Slug { slug, .. } => {
            let mut found = ids().filter(|id| slug_of(id.name()) == **slug);
            match (found.next(), found.next()) {
                (None, _) => AutomationId::new(Kind::Heartbeat, slug).map_or(Named::Nobody, Named::Perhaps),
                (Some(id), None) => Named::One(id.clone()),
                (Some(_), Some(_)) => Named::Several,
            }
        }
    }
}

/// What became of the wish for a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// It is new.
    Now,
    /// It was there.
    Before,
    /// There is none.
    No,
    /// Senders have made [`MAX_MADE`] already.
    TooMany,
}

/// The store of what senders have made.
pub(super) fn store(world: &World<Heard>) -> Option<&dyn Store> {
    let stores = &world.joined().setup.stores;
    let number = stores.iter().position(|store| store.may_decide() && store.kind != StoreKind::Sqlite)?;
    world.stores().get(number).map(|store| &**store)
}

/// The slugs that senders have made.
///
/// # Errors
/// The store did not answer.
pub(super) async fn made(store: &dyn Store) -> Result<Vec<String>, String> {
    let held = store.note(MADE).await.map_err(|error| error.to_string())?;
    Ok(held.as_deref().map(read).unwrap_or_default())
}

fn read(bytes: &[u8]) -> Vec<String> {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// Whether a sender has made this slug.
///
/// # Errors
/// The store did not answer.
pub(super) async fn find(store: &dyn Store, slug: &str) -> Result<Made, String> {
    Ok(if made(store).await?.iter().any(|made| made == slug) { Made::Before } else { Made::No })
}

/// Makes a slug, if it is not there.
///
/// # Errors
/// The store did not answer, or did not take it.
pub(super) async fn make(store: &dyn Store, slug: &str) -> Result<Made, String> {
    let known = made(store).await?;
    if known.iter().any(|made| made == slug) {
        return Ok(Made::Before);
    }
    if known.len() >= MAX_MADE {
        return Ok(Made::TooMany);
    }
    let slug = slug.to_owned();
    let add = move |held: Option<&[u8]>| {
        let mut all = held.map(read).unwrap_or_default();
        if all.contains(&slug) || all.len() >= MAX_MADE {
            return None;
        }
        all.push(slug.clone());
        serde_json::to_vec(&all).ok().map(Bytes::from)
    };
    store.change_note(MADE, &add).await.map_err(|error| error.to_string())?;
    Ok(Made::Now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use standin_body::store::{OutOfReach, Slots, Whole};
    use standin_stores::shared::memory::Memory;

    use super::*;

    fn id(text: &str) -> AutomationId {
        text.parse().unwrap()
    }

    #[test]
    fn a_uuid_is_its_automations_and_its_keys_alone() {
        let (one, other) = (SecretString::from("one"), SecretString::from("other"));
        let uuid = Key(&one).uuid(&id("heartbeat:a"));
        assert_eq!(uuid, Key(&one).uuid(&id("heartbeat:a")));
        assert_eq!(uuid.get_version_num(), 4);
        assert_ne!(uuid, Key(&one).uuid(&id("heartbeat:b")));
        assert_ne!(uuid, Key(&other).uuid(&id("heartbeat:a")));
        assert!(Key(&one).is("one") && !Key(&one).is("ones") && !Key(&one).is(""));
    }

    #[tokio::test]
    async fn a_slug_is_made_once_and_not_without_end() {
        let store = Whole::new(Memory::new(), Memory::new(), Slots::Among);
        assert_eq!(find(&store, "a").await, Ok(Made::No));
        assert_eq!(make(&store, "a").await, Ok(Made::Now));
        assert_eq!(make(&store, "a").await, Ok(Made::Before));
        assert_eq!(find(&store, "a").await, Ok(Made::Before));
        for n in 1..MAX_MADE {
            assert_eq!(make(&store, &format!("n{n}")).await, Ok(Made::Now));
        }
        assert_eq!(make(&store, "b").await, Ok(Made::TooMany));
        assert_eq!(make(&store, "a").await, Ok(Made::Before));
        assert!(make(&OutOfReach, "a").await.is_err());
    }
}
