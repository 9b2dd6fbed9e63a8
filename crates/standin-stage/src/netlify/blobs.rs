//! Blobs, by the protocol of the vendor's own client: conditional writes with entity tags, and signed addresses.
//! Atomic unless it is asked to be as the vendor's service was seen to be.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::site::Blob;
use super::{Cloud, error};
use crate::plane::{iso, lock};
use crate::wire::{Reply, Request};

/// Keys in one page of a list.
const PAGE: usize = 1_000;
/// How long a blind store looks away between its check and its write.
const GAP: Duration = Duration::from_millis(5);

/// Whether a conditional write is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Atomicity {
    /// Check and write are one step.
    True,
    /// Others get in between: several writers that expect the same state all win.
    Blind,
}

/// A request to the API: with `Accept: application/json;type=signed-url` it answers an address, else it is carried out.
pub(crate) async fn api(cloud: &Arc<Cloud>, request: &Request, site: &str, store: &str, key: &str) -> Reply {
    let signed = request.header("accept").is_some_and(|accept| accept.contains("signed-url"));
    if !signed || key.is_empty() {
        return answer(cloud, request, site, store, key).await;
    }
    let mut world = lock(&cloud.world);
    let right = world.id();
    let known = world.site(site).map(|site| has(site, store, key));
    match known {
        None => error(404, "Not Found"),
        Some(false) if request.method == Method::GET => error(404, "Not Found"),
        Some(_) => {
            let key = percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC);
            Reply::json(
                200,
                &json!({ "url": format!("{}/_signed/{right}/{site}/{store}/{key}", cloud.base) }),
            )
        }
    }
}

fn has(site: &super::Site, store: &str, key: &str) -> bool {
    site.blobs.get(store).is_some_and(|blobs| blobs.contains_key(key))
}

/// `PUT`, `GET`, `HEAD` and `DELETE` of `/{site}/site:{store}/{key}`, and the list without a key.
pub(crate) async fn answer(
    cloud: &Arc<Cloud>,
    request: &Request,
    site: &str,
    store: &str,
    key: &str,
) -> Reply {
    if request.method == Method::PUT && *lock(&cloud.atomicity) == Atomicity::Blind {
        if let Some(refusal) = unmet(cloud, request, site, store, key) {
            return refusal;
        }
        tokio::time::sleep(GAP).await;
        return put(cloud, request, site, store, key);
    }
    match request.method {
        Method::PUT => {
            let mut world = lock(&cloud.world);
            let Some(found) = world.site(site) else { return error(404, "Not Found") };
            match refused(found, request, store, key) {
                Some(refusal) => refusal,
                None => write(found, request, store, key, cloud.plane.now()),
            }
        }
        Method::GET | Method::HEAD if key.is_empty() => list(cloud, request, site, store),
        Method::GET | Method::HEAD => {
            let mut world = lock(&cloud.world);
            let blob = world.site(site).and_then(|site| site.blobs.get(store)?.get(key));
            let Some(blob) = blob else { return error(404, "Not Found") };
            let same = request.header("if-none-match") == Some(blob.etag.as_str());
            let reply = if same {
                Reply::empty(304)
            } else {
                Reply::bytes(200, "application/octet-stream", blob.data.clone())
            };
            reply.with("etag", blob.etag.clone())
        }
        Method::DELETE => {
            if let Some(blobs) = lock(&cloud.world).site(site).and_then(|site| site.blobs.get_mut(store)) {
                blobs.remove(key);
            }
            Reply::empty(204)
        }
        _ => error(405, "Method Not Allowed"),
    }
}

fn unmet(cloud: &Cloud, request: &Request, site: &str, store: &str, key: &str) -> Option<Reply> {
    let mut world = lock(&cloud.world);
    match world.site(site) {
        None => Some(error(404, "Not Found")),
        Some(site) => refused(site, request, store, key),
    }
}

fn put(cloud: &Cloud, request: &Request, site: &str, store: &str, key: &str) -> Reply {
    match lock(&cloud.world).site(site) {
        None => error(404, "Not Found"),
        Some(site) => write(site, request, store, key, cloud.plane.now()),
    }
}

/// Why a write may not be: what it expects is not so.
fn refused(site: &super::Site, request: &Request, store: &str, key: &str) -> Option<Reply> {
    let known = site.blobs.get(store).and_then(|blobs| blobs.get(key));
    let must_be_new = request.header("if-none-match") == Some("*");
    let expected = request.header("if-match");
    let met = !(must_be_new && known.is_some())
        && expected.is_none_or(|expected| known.is_some_and(|blob| blob.etag == expected));
    (!met).then(|| Reply::empty(412))
}

fn write(site: &mut super::Site, request: &Request, store: &str, key: &str, now: jiff::Timestamp) -> Reply {
    if key.is_empty() {
        return error(400, "a key is missing");
    }
    let hash: [u8; 20] = Sha1::digest(&request.body).into();
    let etag: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{etag}\"");
    let blob = Blob { etag: etag.clone(), data: request.body.clone(), changed: now };
    site.blobs.entry(store.to_owned()).or_default().insert(key.to_owned(), blob);
    Reply::empty(200).with("etag", etag)
}

fn list(cloud: &Cloud, request: &Request, site: &str, store: &str) -> Reply {
    let mut world = lock(&cloud.world);
    let Some(site) = world.site(site) else { return error(404, "Not Found") };
    let prefix = request.query("prefix").unwrap_or_default();
    let after = request.query("cursor").unwrap_or_default();
    let all = site.blobs.get(store).into_iter().flatten();
    let mut later = all.filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after);
    let page: Vec<(&String, &Blob)> = later.by_ref().take(PAGE).collect();
    let more = later.next().is_some();
    let entry = |(key, blob): &(&String, &Blob)| json!({ "key": key, "etag": blob.etag, "size": blob.data.len(), "last_modified": iso(blob.changed) });
    let blobs: Vec<Value> = page.iter().map(entry).collect();
    let mut body = json!({ "blobs": blobs, "directories": [] });
    if let (true, Some((last, _)), Value::Object(body)) = (more, page.last(), &mut body) {
        body.insert("next_cursor".into(), json!(last));
    }
    Reply::json(200, &body)
}
