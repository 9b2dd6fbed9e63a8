//! What one writer at a time sees.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures_util::future::join_all;
use standin_engine::ports::mesh::Version;

use super::bench::{Answer, Bench, Removal, value};
use super::{Finding, Seen, broken, unclear};
use crate::shared::{Cells, MAX_NAME_BYTES, MAX_RECORD_BYTES};

/// How many reads follow each write.
const READS: usize = 4;

/// Names that stores have been seen to change, to fold into one another or to refuse. Appended to the run's prefix.
const ODD: [&str; 15] = [
    "plain",
    "Plain",
    "plain.lock",
    "plain.",
    ".plain",
    "-plain",
    "pl ain",
    "pl%20ain",
    "pl+ain",
    "pl%2Fain",
    "pl:a~i^n",
    "pl?a#i*n[",
    "pl\\a\"i'n",
    "pl..ain@{0}",
    "pl&a=i<n>|",
];

pub(super) async fn nothing_is_nothing<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    if bench.read(0, &format!("{folder}none")).await?.is_some() {
        return broken("a cell that was never written was read");
    }
    if !bench.list(0, folder).await?.is_empty() {
        return broken("cells that were never written were listed");
    }
    Ok("what was never written is not there".to_owned())
}

pub(super) async fn create_if_absent<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let (name, first, second) = (format!("{folder}cell"), value("create", 0, 0), value("create", 1, 0));
    let version = bench.put(0, &name, None, &first).await?;
    holds(bench, &name, &version, &first).await?;
    match bench.swap(1, &name, None, second).await {
        Answer::Won(_) => return broken("what was there already was created again"),
        Answer::Unknown => return unclear("a swap was not answered"),
        Answer::Lost => {}
    }
    holds(bench, &name, &version, &first).await?;
    Ok("a cell is created once".to_owned())
}

pub(super) async fn stale_is_refused<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let name = format!("{folder}cell");
    let (first, second) = (value("stale", 0, 0), value("stale", 0, 1));
    let old = bench.put(0, &name, None, &first).await?;
    let new = bench.put(0, &name, Some(&old), &second).await?;
    refuses(bench, &name, &old, "a swap that expected an old version was written").await?;
    if bench.remove(1, &name, &old).await == Removal::Removed {
        return broken("a cell was removed by its old version");
    }
    holds(bench, &name, &new, &second).await?;
    let none = format!("{folder}none");
    refuses(bench, &none, &new, "a swap that expected something was written where nothing was").await?;
    if bench.read(0, &none).await?.is_some() {
        return broken("a swap that was said to be lost was written");
    }
    Ok("who expects what is no longer there is refused".to_owned())
}

/// The same bytes again are another state: whoever saw the first one must not take the second for it.
pub(super) async fn versions_never_repeat<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let name = format!("{folder}cell");
    let bodies = [value("repeat", 0, 0), value("repeat", 0, 1)];
    let mut seen: Vec<Version> = Vec::new();
    for body in bodies.iter().cycle().take(6) {
        let version = bench.put(0, &name, seen.last(), body).await?;
        if seen.contains(&version) {
            return broken("a version that was there before came again");
        }
        seen.push(version);
    }
    for old in seen.iter().rev().skip(1) {
        refuses(bench, &name, old, "a swap was written that expected an older state of the same bytes")
            .await?;
    }
    let Some(last) = seen.last() else { return unclear("nothing was written") };
    match bench.remove(0, &name, last).await {
        Removal::Removed => {}
        Removal::Refused => return Ok(format!("{} versions, all different; nothing is removed", seen.len())),
        Removal::Unknown => return unclear("a removal was not answered"),
    }
    let [body, _] = &bodies;
    if seen.contains(&bench.put(0, &name, None, body).await?) {
        return broken("a version came again after its cell was removed");
    }
    Ok(format!("{} versions, all different, also after a removal", seen.len() + 1))
}

/// After a won swap every client reads it, or something newer.
pub(super) async fn own_write_is_read<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let name = format!("{folder}cell");
    let mut held = None;
    for round in 0..bench.extent.rounds {
        let body = value("own", 0, round);
        let version = bench.put(round as usize, &name, held.as_ref(), &body).await?;
        for object in join_all((0..READS).map(|client| bench.read(client, &name))).await {
            match object? {
                Some(object) if object.bytes == body && object.version == version => {}
                Some(object) if object.bytes == body => {
                    return broken("a read gave another version than the swap");
                }
                Some(_) => return broken("a read after a won swap gave what was there before"),
                None => return broken("a read after a won swap gave nothing"),
            }
        }
        held = Some(version);
    }
    Ok(format!("{} swaps, each read at once by {} clients", bench.extent.rounds, bench.clients().min(READS)))
}

/// The largest value that is believed, of characters of all lengths and of those that formats have to escape.
pub(super) async fn large_values<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let name = format!("{folder}cell");
    let mut body = r#"{"text":"a\"\\\u0000 'é' <ü>&% €🦀 "#.to_owned();
    while body.len() < MAX_RECORD_BYTES - "\"}".len() {
        body.push(char::from(b'a' + u8::try_from(body.len() % 26).unwrap_or(0)));
    }
    let body = Bytes::from(body + "\"}");
    let version = bench.put(0, &name, None, &body).await?;
    holds(bench, &name, &version, &body).await?;
    Ok(format!("{MAX_RECORD_BYTES} bytes come back as they were"))
}

pub(super) async fn odd_names<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let long = "n".repeat(MAX_NAME_BYTES.saturating_sub(folder.len()));
    let names: Vec<String> =
        ODD.iter().copied().chain([long.as_str()]).map(|odd| format!("{folder}{odd}")).collect();
    let mut written = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let body = value("odd", at, 0);
        match bench.swap(0, name, None, body.clone()).await {
            Answer::Won(version) => written.insert(name, (version, body)),
            Answer::Unknown => return unclear("a swap was not answered"),
            Answer::Lost if bench.read(0, name).await?.is_some() => {
                return broken(format!("the name {name:?} is the same as another"));
            }
            Answer::Lost => return unclear(format!("the name {name:?} was refused")),
        };
    }
    for (name, (version, body)) in &written {
        holds(bench, name, version, body).await?;
    }
    let listed: BTreeSet<String> = bench.list(0, folder).await?.into_iter().map(|cell| cell.name).collect();
    if let Some(lacking) = names.iter().find(|name| !listed.contains(*name)) {
        return broken(format!("the name {lacking:?} is not listed as it was written"));
    }
    Ok(format!("{} names that differ in little are kept apart", names.len()))
}

/// All pages, nothing else, and each with the version that a read gives.
pub(super) async fn listing<C: Cells>(bench: &Bench<'_, C>, folder: &str) -> Seen {
    let mut written = BTreeMap::new();
    let names: Vec<String> = (0..bench.extent.listed).map(|at| format!("{folder}many/{at:05}")).collect();
    for names in names.chunks(bench.extent.writers.max(1)) {
        let body = value("list", 0, 0);
        let versions = join_all(names.iter().map(|name| bench.put(0, name, None, &body))).await;
        for (name, version) in names.iter().zip(versions) {
            written.insert(name.clone(), version?);
        }
    }
    bench.put(0, &format!("{folder}many-not"), None, &value("list", 1, 0)).await?;
    let listed = bench.list(1, &format!("{folder}many/")).await?;
    let count = listed.len();
    let listed: BTreeMap<String, Version> =
        listed.into_iter().map(|cell| (cell.name, cell.version)).collect();
    if listed.len() != count {
        return broken("a cell was listed twice");
    }
    if listed.keys().ne(written.keys()) {
        return broken(format!("{} cells were written and {count} listed", written.len()));
    }
    if listed != written {
        return broken("a cell was listed with another version than its swap gave");
    }
    let Some((name, version)) = written.first_key_value() else { return Ok("nothing to list".to_owned()) };
    if bench.remove(0, name, version).await == Removal::Removed
        && bench.list(1, &format!("{folder}many/")).await?.iter().any(|cell| cell.name == *name)
    {
        return broken("a cell that was removed was listed");
    }
    Ok(format!("{count} cells are listed, and no other"))
}

/// Whether every client reads exactly this.
async fn holds<C: Cells>(
    bench: &Bench<'_, C>,
    name: &str,
    version: &Version,
    bytes: &Bytes,
) -> Result<(), Finding> {
    for client in 0..bench.clients() {
        match bench.read(client, name).await? {
            None => return broken("what was written was not there"),
            Some(object) if object.bytes != *bytes => {
                return broken("another value was read than was written");
            }
            Some(object) if object.version != *version => {
                return broken("a read gave another version than the swap");
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether a swap with this expectation is refused, by every client.
async fn refuses<C: Cells>(
    bench: &Bench<'_, C>,
    name: &str,
    expect: &Version,
    why: &str,
) -> Result<(), Finding> {
    for client in 0..bench.clients() {
        match bench.swap(client, name, Some(expect), value("refused", client, 0)).await {
            Answer::Won(_) => return broken(why),
            Answer::Unknown => return unclear("a swap was not answered"),
            Answer::Lost => {}
        }
    }
    Ok(())
}
