//! What to add, where the configuration cannot survive what was asked. What is advised is played too, so that the answer
//! can say what it would change.

use std::collections::BTreeMap;
use std::time::Duration;

use standin_core::ident::{AutomationId, Kind, Starter};
use standin_core::mesh::arbiter::{ConfiguredStore, Conformance, StoreKind};
use standin_core::watch::Recovery;

use standin_engine::mesh::Decider;

use super::answer::{AdviceV1, tenths};
use super::local::takes_agent;
use super::outage::{AGENT, Place, What};
use super::stage;
use super::tally::{Row, Tally, is_local};
use super::{AskError, Asked, AskedMesh, AskedPeer, Entry, Guard, Known, PeerKind, Question, Remedy};

/// Stores that can be added, the one that costs nothing first.
const CANDIDATES: [(&str, StoreKind); 4] = [
    ("github", StoreKind::GithubRefs),
    ("gcs", StoreKind::Gcs),
    ("dynamodb", StoreKind::DynamoDb),
    ("s3", StoreKind::S3),
];

/// The longest ladder.
const MAX_RUNGS: usize = 3;
/// The file that is read first.
const FILE: &str = "standin.toml";

/// What is missing.
pub(super) fn advise(question: &Question, tally: &Tally) -> Result<Vec<AdviceV1>, AskError> {
    let mut adding = Adding::new(question);
    let mut bound = Vec::new();
    for (number, asked) in question.automations.iter().enumerate() {
        let Some(row) = tally.rows.get(number) else { continue };
        let hurt = row.hurt(asked);
        if is_local(asked) && (hurt > 0 || row.is_down()) {
            bound.extend(adding.local(asked));
        } else if hurt > 0 {
            let held = tally.held.iter().find(|(held, _)| *held == number).map(|(_, why)| why.as_str());
            adding.shared(number, asked, hurt, held);
        }
        if row.with.twice > 0 {
            adding.guard(number, asked);
        }
    }
    adding.bound(&bound);
    adding.finish(tally)
}

struct Adding<'a> {
    question: &'a Question,
    /// The question as it would be with what is advised.
    then: Question,
    /// For the mesh as a whole.
    lines: Vec<String>,
    advice: Vec<AdviceV1>,
    /// The automation that each advice would help, by its place.
    helps: BTreeMap<usize, usize>,
}

impl<'a> Adding<'a> {
    fn new(question: &'a Question) -> Self {
        let then = question.clone();
        Self { question, then, lines: Vec::new(), advice: Vec::new(), helps: BTreeMap::new() }
    }

    fn is_gone(&self, place: Place) -> bool {
        self.question.outages.iter().any(|outage| outage.what == What::Place(place))
    }

    fn is_agent_gone(&self) -> bool {
        self.question.outages.iter().any(|outage| takes_agent(self.question, &outage.what))
    }

    fn is_store_gone(&self, store: &ConfiguredStore) -> bool {
        let named = What::Store(store.name.clone());
        let is_named = self.question.outages.iter().any(|outage| outage.what == named);
        is_named || Place::of_store(store.kind).is_some_and(|place| self.is_gone(place))
    }

    fn say(&mut self, because: String, file: &str, lines: Vec<String>) {
        self.advice.push(AdviceV1 { because, file: file.to_owned(), lines, then: String::new() });
    }

    /// What this machine alone runs; gives it back when nothing in a file would help.
    fn local(&mut self, asked: &'a Asked) -> Option<&'a Asked> {
        if asked.recovery == Recovery::AlertOnly && !self.is_gone(Place::Host) {
            let lines = self.entry(asked, &["recovery = \"act\"".to_owned()]);
            self.say(format!("Standin may only say that {} is down", asked.id), FILE, lines);
            return None;
        }
        Some(asked)
    }

    /// What no line of a file would help, together.
    fn bound(&mut self, bound: &[&Asked]) {
        let ids: Vec<&str> = bound.iter().map(|asked| asked.id.as_str()).collect();
        if ids.is_empty() {
            return;
        }
        let ids = ids.join(", ");
        let because = if self.is_gone(Place::Host) {
            format!("nothing can take the place of what runs on this machine alone while that is gone: {ids}")
        } else {
            format!(
                "nobody starts the agent again that looks after {ids}: `standin up --pm2` lets PM2 do that"
            )
        };
        self.say(because, "", Vec::new());
    }

    /// What the watchers look after together: somebody who acts, somebody who decides, something to run, and a way to
    /// know that it is needed.
    fn shared(&mut self, number: usize, asked: &Asked, hurt: usize, held: Option<&str>) {
        self.peers();
        let mut lines = Vec::new();
        let mut new = Vec::new();
        let is_platform_gone = self.question.outages.iter().any(|outage| match outage.what {
            What::Place(place) => place.as_str() == asked.domain.to_string(),
            What::Store(_) | What::Peer(_) | What::Automation(_) => false,
        });
        if is_platform_gone && !matches!(asked.known, Known::Heartbeats { .. }) {
            lines.push("heartbeats = true".to_owned());
            self.change(number, |asked| asked.known = Known::Heartbeats { grace: asked.deadline });
        }
        if !self.has_rung(asked) {
            let (ladder, added) = self.ladder(asked);
            let rungs: Vec<String> = ladder.iter().map(|rung| format!("\"{}\"", word(rung))).collect();
            lines.push(format!("backup = [{}]", rungs.join(", ")));
            new = added;
            self.change(number, |asked| asked.ladder = ladder);
        }
        if asked.recovery == Recovery::AlertOnly {
            lines.push("recovery = \"act\"".to_owned());
            self.change(number, |asked| asked.recovery = Recovery::Act);
        }
        let changed = self.then.automations.get(number).cloned();
        self.stores(changed.as_ref().unwrap_or(asked));
        let because = format!("{hurt} {} in time because of what is gone", slots_of(hurt, &asked.id));
        let because = held.map_or(because.clone(), |why| format!("{because}, and {why}"));
        let mut all = if lines.is_empty() { Vec::new() } else { self.entry(asked, &lines) };
        all.extend(new);
        self.helps.insert(self.advice.len(), number);
        self.say(because, FILE, all);
    }

    fn change(&mut self, number: usize, change: impl FnOnce(&mut Asked)) {
        if let Some(asked) = self.then.automations.get_mut(number) {
            change(asked);
        }
    }

    fn mesh(&mut self) -> &mut AskedMesh {
        self.then.mesh.get_or_insert_default()
    }

    /// An agent, and somebody who is there while the agent is not.
    fn peers(&mut self) {
        let kinds: Vec<PeerKind> = self.mesh().peers.iter().map(|peer| peer.kind).collect();
        let is_there = |adding: &Self, kind: &PeerKind| match kind {
            PeerKind::Agent => !adding.is_agent_gone(),
            PeerKind::Action | PeerKind::Netlify | PeerKind::Lambda => !adding.is_gone(kind.place()),
        };
        if kinds.is_empty() {
            self.add_peer(PeerKind::Agent);
        }
        if kinds.iter().any(|kind| is_there(self, kind)) || (kinds.is_empty() && !self.is_agent_gone()) {
            return;
        }
        let others = [PeerKind::Action, PeerKind::Netlify, PeerKind::Lambda];
        if let Some(kind) = others.into_iter().find(|kind| is_there(self, kind)) {
            self.add_peer(kind);
        }
    }

    fn add_peer(&mut self, kind: PeerKind) {
        let (word, name, every, silent) = match kind {
            PeerKind::Agent => ("agent", AGENT, 60, 90),
            PeerKind::Action => ("action", "action", 3_600, 6 * 3_600),
            PeerKind::Netlify => ("netlify", "function", 300, 300),
            PeerKind::Lambda => ("lambda", "function", 300, 300),
        };
        self.lines.extend(["[[peer]]".to_owned(), format!("kind = \"{word}\""), String::new()]);
        let Ok(name) = name.parse() else { return };
        let (every, silent_after) = (Duration::from_secs(every), Duration::from_secs(silent));
        self.mesh().peers.push(AskedPeer { name, kind, every, silent_after });
        if kind == PeerKind::Agent && !self.mesh().stores.iter().any(|s| s.kind == StoreKind::Sqlite) {
            let kind = StoreKind::Sqlite;
            let own = ConfiguredStore { name: "sqlite".to_owned(), kind, conformance: Conformance::Passed };
            self.mesh().stores.push(own);
        }
    }

    /// Stores that can decide, and by which the watchers see one another, while some are gone.
    fn stores(&mut self, asked: &Asked) {
        if self.mesh().stores_from == Entry::Missing {
            // Nothing is said: the store that is there without being named, or one that stays.
            let is_there = |adding: &Self, kind: &(&str, StoreKind)| {
                Place::of_store(kind.1).is_none_or(|place| !adding.is_gone(place))
            };
            let Some((name, kind)) = CANDIDATES.into_iter().find(|kind| is_there(self, kind)) else { return };
            self.mesh().stores_from = Entry::Written;
            self.mesh().stores.retain(|store| store.kind == StoreKind::Sqlite);
            return self.add_store(name, kind);
        }
        for (name, kind) in CANDIDATES {
            let shared = self.shared_stores();
            let there = shared.iter().filter(|store| !self.is_store_gone(store)).count();
            let is_known = shared.iter().any(|store| store.kind == kind);
            let stays = Place::of_store(kind).is_none_or(|place| !self.is_gone(place));
            if there * 2 <= shared.len() && stays && !is_known {
                self.add_store(name, kind);
            }
        }
        let mesh = self.mesh().clone();
        let reaches = |decider: Decider| {
            let stores = decider.stores();
            let there = stores.iter().filter_map(|store| mesh.stores.get(*store));
            there.filter(|store| !self.is_store_gone(store)).count() * 2 > stores.len()
        };
        if mesh.quorum.is_some() || stage::decider(&mesh, asked).is_ok_and(reaches) {
            return;
        }
        let three: Vec<String> =
            self.shared_stores().iter().take(3).map(|store| store.name.clone()).collect();
        if three.len() == 3 {
            let quoted: Vec<String> = three.iter().map(|name| format!("\"{name}\"")).collect();
            let lines = ["[mesh]".to_owned(), format!("quorum = [{}]", quoted.join(", ")), String::new()];
            self.lines.splice(0..0, lines);
            self.mesh().quorum = Some(three);
        }
    }

    /// Those that all reach and that may decide, the ones that stay there first.
    fn shared_stores(&mut self) -> Vec<ConfiguredStore> {
        let may = |s: &&ConfiguredStore| s.may_decide() && s.kind != StoreKind::Sqlite;
        let mut stores: Vec<ConfiguredStore> = self.mesh().stores.iter().filter(may).cloned().collect();
        stores.sort_by_key(|store| self.is_store_gone(store));
        stores
    }

    fn add_store(&mut self, name: &str, kind: StoreKind) {
        let place = match kind {
            StoreKind::Gcs | StoreKind::S3 => Some("bucket = \"NAME\""),
            StoreKind::DynamoDb => Some("table = \"NAME\""),
            StoreKind::GithubRefs | StoreKind::NetlifyBlobs | StoreKind::Sqlite | StoreKind::Azure => None,
        };
        self.lines.extend(["[[store]]".to_owned(), format!("kind = \"{name}\"")]);
        self.lines.extend(place.map(str::to_owned));
        self.lines.push(String::new());
        let conformance = Conformance::Passed;
        self.mesh().stores.push(ConfiguredStore { name: name.to_owned(), kind, conformance });
    }

    /// Whether something of the ladder works while this is gone.
    fn has_rung(&self, asked: &Asked) -> bool {
        asked.ladder.iter().any(|rung| self.works(asked, rung))
    }

    fn works(&self, asked: &Asked, rung: &Remedy) -> bool {
        let id = match rung {
            Remedy::Again => &asked.id,
            Remedy::Other(id) => id,
            Remedy::OfPlatform { .. } => return false,
        };
        if self.question.outages.iter().any(|outage| outage.what == What::Automation(id.clone())) {
            return false;
        }
        match id.kind().started_by() {
            Starter::Github => !self.is_gone(Place::Github),
            Starter::Netlify => !self.is_gone(Place::Netlify),
            Starter::Agent => !self.is_agent_gone(),
            Starter::Nobody => false,
        }
    }

    /// The ladder with a rung that works, and what that needs.
    fn ladder(&self, asked: &Asked) -> (Vec<Remedy>, Vec<String>) {
        let mut ladder = asked.ladder.clone();
        if ladder.is_empty() {
            ladder.push(Remedy::Again);
        }
        if ladder.iter().any(|rung| self.works(asked, rung)) {
            return (ladder, Vec::new());
        }
        ladder.truncate(MAX_RUNGS - 1);
        let stem = asked.id.name().rsplit('/').next().unwrap_or_default();
        let stem = stem.split('.').next().unwrap_or_default();
        let (kind, name) = if self.is_agent_gone() {
            (Kind::Workflow, format!("{stem}-backup.yml"))
        } else {
            (Kind::Command, format!("{stem}-here"))
        };
        let Ok(id) = AutomationId::new(kind, &name) else { return (ladder, Vec::new()) };
        ladder.push(Remedy::Other(id));
        let mut lines = Vec::new();
        if kind == Kind::Command {
            let command = if matches!(asked.id.kind(), Kind::Workflow | Kind::Netlify) {
                format!("standin run {}", asked.id)
            } else {
                "the command that does the same here".to_owned()
            };
            lines = vec![
                String::new(),
                "[[automation]]".to_owned(),
                format!("name = \"{name}\""),
                format!("command = \"{command}\""),
            ];
        }
        (ladder, lines)
    }

    fn entry(&self, asked: &Asked, lines: &[String]) -> Vec<String> {
        let head = match asked.entry {
            Entry::Written => vec![format!("# to the [[automation]] of {}", asked.id)],
            Entry::Missing => vec!["[[automation]]".to_owned(), format!("id = \"{}\"", asked.id)],
        };
        head.into_iter().chain(lines.iter().cloned()).collect()
    }

    fn guard(&mut self, number: usize, asked: &Asked) {
        let because = format!(
            "a late run of {} does not look whether its slot was served: let {} use Standin's action before it works",
            asked.id, asked.file
        );
        self.say(because, &asked.file, Vec::new());
        self.change(number, |asked| asked.guard = Guard::StepsAside);
    }

    /// Plays what is advised, and says what it would change.
    fn finish(mut self, tally: &Tally) -> Result<Vec<AdviceV1>, AskError> {
        while self.lines.last().is_some_and(String::is_empty) {
            self.lines.pop();
        }
        if !self.helps.is_empty() {
            let then = super::tally::tell(&self.then)?;
            for (place, number) in &self.helps {
                let rows = tally.rows.get(*number).zip(then.rows.get(*number));
                if let Some(((before, after), advice)) = rows.zip(self.advice.get_mut(*place)) {
                    advice.then =
                        format!("with all of this {} are, instead of {}", share(after), share(before));
                }
            }
        }
        if !self.lines.is_empty() {
            let because = "watchers that act, and stores that decide, while that is gone".to_owned();
            let lines = std::mem::take(&mut self.lines);
            self.advice.insert(0, AdviceV1 { because, file: FILE.to_owned(), lines, then: String::new() });
        }
        Ok(self.advice)
    }
}

fn share(row: &Row) -> String {
    let percent = tenths(u64::from(row.with.in_time), u64::from(row.with.slots));
    percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1} %"))
}

fn word(remedy: &Remedy) -> &str {
    match remedy {
        Remedy::Again => "again",
        Remedy::Other(id) => id.as_str(),
        Remedy::OfPlatform { word, .. } => word,
    }
}

fn slots_of(many: usize, id: &AutomationId) -> String {
    if many == 1 { format!("slot of {id} is not") } else { format!("slots of {id} are not") }
}
