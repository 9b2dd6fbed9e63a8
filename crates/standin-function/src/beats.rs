//! Heartbeats: taken over HTTP, kept in a small note for each automation, and read as what they say of slots.
//!
//! A heartbeat is kept, then answered. Two that come at the same time are both in the note.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use standin_body::host::Host;
use standin_body::ping::{self, Create, Ping};
use standin_body::setup::Subject;
use standin_body::store::Store;
use standin_body::world::World;
use standin_core::beat::Beat;
use standin_core::ident::{AutomationId, Kind};
use standin_stores::checks::slug_of;

mod answer;
mod heard;
mod names;
mod note;

use self::answer::Answer;
pub(crate) use self::heard::Heard;
use self::names::{Key, Made, Named};
use self::note::Note;
use crate::event::{Asked, Reply};
use crate::limits::end;
use crate::part::Function;

/// How often a heartbeat is tried to be kept: many may come at the same moment.
const TRIES: usize = 3;

/// The secret that all addresses need.
fn secret(function: &Function) -> Option<SecretString> {
    function.env.secret("STANDIN_PING_KEY")
}

/// Takes one heartbeat.
pub(crate) async fn take(function: &Function, asked: &Asked, path: &str, left: Duration) -> Reply {
    let taken = tokio::time::timeout(end(left), heartbeat(function, asked, path, left)).await;
    match taken {
        Ok(Ok(answer) | Err(answer)) => answer,
        Err(_) => Answer::NotKept,
    }
    .into()
}

async fn heartbeat(function: &Function, asked: &Asked, path: &str, left: Duration) -> Result<Answer, Answer> {
    if !matches!(asked.method.as_str(), "GET" | "HEAD" | "POST" | "PUT") {
        return Err(Answer::BadMethod);
    }
    let ping = ping::parse(path, &asked.query)?;
    let secret = secret(function).ok_or(Answer::NotFound)?;
    let named = names::named(&function.mesh, &Key(&secret), &ping.address);
    // A wrong run id is told before anything is kept or made.
    let rid = match (&ping.rid, &named) {
        (Ok(rid), _) => rid.map(|rid| rid.to_string()).unwrap_or_default(),
        (Err(_), Named::Nobody | Named::Several) => String::new(),
        (Err(_), Named::One(_) | Named::Perhaps(_)) => return Err(Answer::BadUuid),
    };
    let (id, answer) = match named {
        Named::Nobody => return Err(Answer::NotFound),
        Named::Several => return Err(Answer::Ambiguous),
        Named::One(id) => (id, Answer::Ok),
        Named::Perhaps(id) => {
            let world = world(function, left).await?;
            let made = made(&world, id.name(), &ping).await?;
            (id, made)
        }
    };
    let beat = Beat { at: Timestamp::now(), signal: ping.signal, rid, exit: ping.exit };
    let world = world(function, left).await?;
    let store = store_of(&world, &id).ok_or_else(|| not_kept(&id, "no store decides about it"))?;
    keep(store, &id, &beat, &note::cut(&asked.body)).await?;
    Ok(answer)
}

async fn world(function: &Function, left: Duration) -> Result<Arc<World<Heard>>, Answer> {
    function.world(left).await.map_err(|error| {
        tracing::warn!("a heartbeat was not kept: {error:#}");
        Answer::NotKept
    })
}

fn not_kept(id: &AutomationId, why: &str) -> Answer {
    tracing::warn!("a heartbeat of {id} was not kept: {why}");
    Answer::NotKept
}

/// Whether a sender has made this slug, or makes it now.
async fn made(world: &World<Heard>, slug: &str, ping: &Ping<'_>) -> Result<Answer, Answer> {
    let store = names::store(world).ok_or(Answer::NotKept)?;
    let made = match ping.create {
        Create::IfMissing => names::make(store, slug).await,
        Create::Never => names::find(store, slug).await,
    };
    match made {
        Ok(Made::Now) => Ok(Answer::Created),
        Ok(Made::Before) => Ok(Answer::Ok),
        Ok(Made::No) => Err(Answer::NotFound),
        Ok(Made::TooMany) => Err(Answer::TooMany),
        Err(why) => {
            tracing::warn!("whether there is a check called {slug} could not be asked: {why}");
            Err(Answer::NotKept)
        }
    }
}

async fn keep(store: &dyn Store, id: &AutomationId, beat: &Beat, body: &str) -> Result<(), Answer> {
    let (beat, body) = (beat.clone(), body.to_owned());
    let change = move |held: Option<&[u8]>| Note::after(held, &beat, &body);
    let name = note::name(id);
    let mut kept = store.change_note(&name, &change).await;
    for _ in 1..TRIES {
        if kept.is_ok() {
            break;
        }
        // One that is kept twice says nothing else than once.
        kept = store.change_note(&name, &change).await;
    }
    kept.map_err(|error| not_kept(id, &error.to_string()))
}

/// Where the heartbeats of an automation are: in the store that decides about it, or with what senders have made.
fn store_of<'w>(world: &'w World<Heard>, id: &AutomationId) -> Option<&'w dyn Store> {
    match number(world, id) {
        Some(number) => world.store_of(number),
        None if id.kind() == Kind::Heartbeat => names::store(world),
        None => None,
    }
}

fn number<H: Host>(world: &World<H>, id: &AutomationId) -> Option<usize> {
    let is_it = |subject: &Subject| match subject {
        Subject::Automation(place) => world.mesh().targets.get(*place).is_some_and(|t| t.id == *id),
        Subject::Peer(_) => false,
    };
    world.joined().subjects.iter().position(is_it)
}

/// The addresses of heartbeats: secrets, for whoever has the token.
#[derive(Debug, Serialize)]
struct Addresses {
    version: u32,
    pings: Vec<AddressOf>,
}

#[derive(Debug, Serialize)]
struct AddressOf {
    id: String,
    slug: String,
    /// From the root of the function; absent of what a sender has made, which has its slug alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// One automation's heartbeats, for whoever has the token.
#[derive(Debug, Serialize)]
struct Heartbeats {
    version: u32,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<Note>,
}

/// Lists the addresses, or with a slug says what was kept of one.
pub(crate) async fn list(function: &Function, slug: Option<&str>, left: Duration) -> Reply {
    let listed = async {
        let Some(secret) = secret(function) else {
            return Err((503, "the function has no STANDIN_PING_KEY: set one, and it takes heartbeats"));
        };
        let world = function.world(left).await.map_err(|_| (503, "the function cannot look"))?;
        let store = names::store(&world).ok_or((503, "no store that all watchers reach may decide"))?;
        let made = names::made(store).await.map_err(|_| (503, "the store does not answer"))?;
        match slug {
            None => Ok(Reply::json(200, &addresses(function, &Key(&secret), made))),
            Some(slug) => one(function, &world, slug, &made).await,
        }
    };
    match tokio::time::timeout(end(left), listed).await {
        Ok(Ok(reply)) => reply,
        Ok(Err((status, why))) => Reply::error(status, why),
        Err(_) => Reply::error(503, "the store does not answer"),
    }
}

fn addresses(function: &Function, key: &Key<'_>, made: Vec<String>) -> Addresses {
    let watched = function.mesh.targets.iter().map(|target| AddressOf {
        id: target.id.to_string(),
        slug: slug_of(target.id.name()),
        path: Some(format!("/ping/{}", key.uuid(&target.id))),
    });
    let made = made.into_iter().map(|slug| AddressOf { id: format!("heartbeat:{slug}"), slug, path: None });
    Addresses { version: 1, pings: watched.chain(made).collect() }
}

async fn one(
    function: &Function,
    world: &World<Heard>,
    slug: &str,
    made: &[String],
) -> Result<Reply, (u16, &'static str)> {
    let mut watched = function.mesh.targets.iter().map(|target| &target.id);
    let watched = watched.find(|id| slug_of(id.name()) == slug).cloned();
    let made =
        || made.iter().find(|made| *made == slug).and_then(|s| AutomationId::new(Kind::Heartbeat, s).ok());
    let id = watched.or_else(made).ok_or((404, "nobody by this name"))?;
    let store = store_of(world, &id).ok_or((503, "no store decides about it"))?;
    let kept = store.note(&note::name(&id)).await.map_err(|_| (503, "the store does not answer"))?;
    let kept = kept.as_deref().and_then(Note::read);
    Ok(Reply::json(200, &Heartbeats { version: 1, id: id.to_string(), kept }))
}
