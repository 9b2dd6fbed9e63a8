//! Shape to settings: what each value of the mesh may be.

use std::collections::BTreeSet;

use standin_core::mesh::arbiter::StoreKind;
use standin_core::mesh::peer::PeerId;

use super::settings::{
    AlertSettings, AwsSettings, GithubSettings, MeshSettings, NetlifySettings, PeerKind, PeerSettings,
    Proved, Remedy, SshSettings, StoreSettings,
};
use super::shape;
use crate::check::{Checker, DAY, HOUR, MINUTE, SECOND};
use crate::shape::{File, Text};

/// Most peers and most stores.
const MAX_MEMBERS: usize = 16;

/// Most rungs of a ladder. There are three attempts.
const MAX_RUNGS: usize = 3;

/// What the workflow of the Action is called where nothing is said.
const WORKFLOW: &str = "standin.yml";
/// What the function is called where nothing is said.
const FUNCTION: &str = "standin";

impl Checker<'_> {
    pub(crate) fn mesh(&mut self, file: &File, peers_at: &[usize], stores_at: &[usize]) -> MeshSettings {
        let settings = MeshSettings {
            quorum: self.quorum(file.mesh.quorum.as_deref()),
            github: self.github(&file.github),
            netlify: self.netlify(&file.netlify),
            aws: AwsSettings {
                region: self.word("region", file.aws.region.as_ref()),
                endpoint: self.url("endpoint", file.aws.endpoint.as_ref()),
            },
            alerts: AlertSettings {
                webhook_env: self.variable("webhook_env", file.alerts.webhook_env.as_ref()),
            },
            stores: file.store.iter().zip(stores_at).filter_map(|(s, at)| self.store(s, *at)).collect(),
            peers: file.peer.iter().zip(peers_at).filter_map(|(p, at)| self.peer(p, *at)).collect(),
        };
        self.twice("store", settings.stores.iter().map(|s| s.name.as_str()), stores_at);
        self.twice("peer", settings.peers.iter().map(|p| p.name.as_str()), peers_at);
        self.quorum_members(&settings, file.mesh.quorum.as_deref());
        settings
    }

    fn twice<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n str>, at: &[usize]) {
        let mut seen = BTreeSet::new();
        for (name, at) in names.zip(at) {
            if !seen.insert(name) {
                let fix = "give each a `name` of its own";
                self.wrong(*at, format!("there are two [[{what}]] called `{name}`"), fix);
            }
        }
        if at.len() > MAX_MEMBERS {
            let at = at.get(MAX_MEMBERS).copied().unwrap_or(0);
            self.wrong(at, format!("there are too many [[{what}]]"), format!("write at most {MAX_MEMBERS}"));
        }
    }

    fn quorum(&mut self, names: Option<&[Text]>) -> Option<Vec<String>> {
        let names = names?;
        if names.len() != 3 {
            let at = names.first().map_or(0, |name| name.span().start);
            let message = format!("a quorum is of exactly three stores, not of {}", names.len());
            self.wrong(at, message, "name three, or leave `quorum` out: two tolerate no failure at all");
        }
        Some(names.iter().map(|name| name.get_ref().clone()).collect())
    }

    fn quorum_members(&mut self, settings: &MeshSettings, names: Option<&[Text]>) {
        for name in names.unwrap_or_default() {
            let is_known = settings.stores.iter().any(|store| store.name == *name.get_ref());
            if !is_known {
                let known: Vec<_> = settings.stores.iter().map(|s| s.name.as_str()).collect();
                let fix = format!("the stores are: {}", known.join(", "));
                self.wrong(name.span().start, format!("no [[store]] is called `{}`", name.get_ref()), fix);
            }
        }
    }

    fn github(&mut self, table: &shape::Github) -> GithubSettings {
        let repository = self.text("repository", table.repository.as_ref()).filter(|text| {
            let parts: Vec<_> = text.split('/').collect();
            let fits = |part: &&str| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            };
            let is_right = parts.len() == 2 && parts.iter().all(fits);
            if !is_right {
                let at = table.repository.as_ref().map_or(0, |v| v.span().start);
                self.wrong(at, "`repository` is not OWNER/NAME", "write it as \"acme/shop\"");
            }
            is_right
        });
        GithubSettings {
            repository,
            api_url: self.url("api_url", table.api_url.as_ref()),
            token_env: self.variable("token_env", table.token_env.as_ref()),
            git_ref: self.text("ref", table.git_ref.as_ref()),
        }
    }

    fn netlify(&mut self, table: &shape::Netlify) -> NetlifySettings {
        NetlifySettings {
            site: self.word("site", table.site.as_ref()),
            url: self.url("url", table.url.as_ref()),
            api_url: self.url("api_url", table.api_url.as_ref()),
            token_env: self.variable("token_env", table.token_env.as_ref()),
            build_hook_env: self.variable("build_hook_env", table.build_hook_env.as_ref()),
        }
    }

    fn store(&mut self, table: &shape::Store, at: usize) -> Option<StoreSettings> {
        let Some(kind) = table.kind else {
            let kinds = "github, dynamodb, s3, gcs, azure or netlify-blobs";
            self.wrong(at, "a store has no `kind`", format!("add kind = one of {kinds}"));
            return None;
        };
        let (word, sort) = match kind {
            shape::StoreKind::Github => ("github", StoreKind::GithubRefs),
            shape::StoreKind::Dynamodb => ("dynamodb", StoreKind::DynamoDb),
            shape::StoreKind::S3 => ("s3", StoreKind::S3),
            shape::StoreKind::Gcs => ("gcs", StoreKind::Gcs),
            shape::StoreKind::Azure => ("azure", StoreKind::Azure),
            shape::StoreKind::NetlifyBlobs => ("netlify-blobs", StoreKind::NetlifyBlobs),
        };
        let place = match kind {
            shape::StoreKind::Github | shape::StoreKind::NetlifyBlobs => Some(String::new()),
            shape::StoreKind::Dynamodb => self.needed(word, "table", table.table.as_ref(), at),
            shape::StoreKind::S3 | shape::StoreKind::Gcs | shape::StoreKind::Azure => {
                self.needed(word, "bucket", table.bucket.as_ref(), at)
            }
        };
        let endpoint = self.url("endpoint", table.endpoint.as_ref());
        let decides = table.decides.as_ref().map_or(endpoint.is_none(), |said| *said.get_ref());
        if sort == StoreKind::NetlifyBlobs
            && let Some(said) = table.decides.as_ref().filter(|said| *said.get_ref())
        {
            let message = "Netlify Blobs cannot decide: several of its conditional writes may win";
            self.wrong(said.span().start, message, "leave `decides` out");
        }
        Some(StoreSettings {
            name: self.word("name", table.name.as_ref()).unwrap_or_else(|| word.to_owned()),
            kind: sort,
            place: place?,
            prefix: self.word("prefix", table.prefix.as_ref()).unwrap_or_else(|| "standin".to_owned()),
            region: self.word("region", table.region.as_ref()),
            endpoint,
            proved: if decides && sort != StoreKind::NetlifyBlobs { Proved::Yes } else { Proved::No },
        })
    }

    fn needed(&mut self, kind: &str, key: &str, value: Option<&Text>, at: usize) -> Option<String> {
        if value.is_none() {
            self.wrong(
                at,
                format!("a store of the kind `{kind}` needs a `{key}`"),
                format!("add {key} = \"…\""),
            );
        }
        self.word(key, value)
    }

    fn peer(&mut self, table: &shape::Peer, at: usize) -> Option<PeerSettings> {
        let Some(kind) = table.kind else {
            self.wrong(at, "a peer has no `kind`", "add kind = one of action, netlify, lambda or agent");
            return None;
        };
        self.peer_keys(table, kind);
        let function = |own: &mut Self| {
            own.word("function", table.function.as_ref()).unwrap_or_else(|| FUNCTION.to_owned())
        };
        let (name, kind, every, silent_after, backup) = match kind {
            shape::PeerKind::Action => {
                let workflow = self.word("workflow", table.workflow.as_ref());
                let kind = PeerKind::Action { workflow: workflow.unwrap_or_else(|| WORKFLOW.to_owned()) };
                ("action", kind, HOUR, 6 * HOUR, vec![Remedy::Again])
            }
            shape::PeerKind::Netlify => {
                let kind = PeerKind::Netlify { function: function(self) };
                let backup = vec![Remedy::Again, Remedy::Restore, Remedy::Redeploy];
                ("function", kind, 5 * MINUTE, 5 * MINUTE, backup)
            }
            shape::PeerKind::Lambda => {
                let kind = PeerKind::Lambda { function: self.lambda(table.function.as_ref()) };
                ("function", kind, 5 * MINUTE, 5 * MINUTE, vec![Remedy::Again, Remedy::RollBack])
            }
            shape::PeerKind::Agent => {
                let ssh = self.ssh(table);
                let backup = ssh.iter().map(|_| Remedy::Ssh).collect();
                ("agent", PeerKind::Agent { ssh }, MINUTE, 90 * SECOND, backup)
            }
        };
        let said = self.text("name", table.name.as_ref()).unwrap_or_else(|| name.to_owned());
        let name: PeerId = match said.parse() {
            Ok(name) => name,
            Err(error) => {
                let at = table.name.as_ref().map_or(at, |v| v.span().start);
                self.wrong(
                    at,
                    format!("`name` cannot be used: {error}"),
                    "write a short name, such as \"agent-2\"",
                );
                return None;
            }
        };
        Some(PeerSettings {
            name,
            kind,
            every: self.duration("every", table.every.as_ref(), SECOND..=DAY).unwrap_or(every),
            silent_after: self
                .duration("silent_after", table.silent_after.as_ref(), SECOND..=7 * DAY)
                .unwrap_or(silent_after),
            backup: self.rungs(table.backup.as_deref()).unwrap_or(backup),
        })
    }

    /// `NAME` or `NAME:ALIAS`.
    fn lambda(&mut self, value: Option<&Text>) -> String {
        let is_one = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            let mut parts = text.split(':');
            let (name, alias, more) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
            let fits = |part: &str| !part.is_empty() && part.len() <= 128 && part.chars().all(plain);
            // A number would be a version, and those never change.
            let is_alias = |part: &str| fits(part) && !part.chars().all(|c| c.is_ascii_digit());
            fits(name) && alias.is_none_or(is_alias) && more.is_none()
        };
        let text = self.text("function", value).unwrap_or_else(|| FUNCTION.to_owned());
        if !is_one(&text) {
            let at = value.map_or(0, |v| v.span().start);
            let fix = "write its name alone, or with an alias behind: \"standin:live\"";
            self.wrong(at, "`function` is not the name of a function on Lambda", fix);
        }
        text
    }

    fn peer_keys(&mut self, table: &shape::Peer, kind: shape::PeerKind) {
        let is_function = matches!(kind, shape::PeerKind::Netlify | shape::PeerKind::Lambda);
        let is_agent = kind == shape::PeerKind::Agent;
        let given = [
            ("workflow", &table.workflow, kind == shape::PeerKind::Action, "the Action"),
            ("function", &table.function, is_function, "a function"),
            ("ssh", &table.ssh, is_agent, "an agent"),
            ("ssh_host_key", &table.ssh_host_key, is_agent && table.ssh.is_some(), "an agent with `ssh`"),
            ("ssh_key_env", &table.ssh_key_env, is_agent && table.ssh.is_some(), "an agent with `ssh`"),
            ("ssh_command", &table.ssh_command, is_agent && table.ssh.is_some(), "an agent with `ssh`"),
        ];
        for (key, value, applies, needs) in given {
            if let (Some(value), false) = (value, applies) {
                let message = format!("`{key}` does nothing here: it is for {needs}");
                self.wrong(value.span().start, message, "leave it out");
            }
        }
    }

    fn ssh(&mut self, table: &shape::Peer) -> Option<SshSettings> {
        let written = table.ssh.as_ref()?;
        let at = written.span().start;
        let place = self.text("ssh", Some(written))?;
        let parsed = place.split_once('@').and_then(|(user, rest)| {
            let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "22"));
            let plain = |text: &str| {
                let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
                begins && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            };
            (plain(user) && plain(host)).then_some((user, host, port.parse::<u16>().ok()?))
        });
        let Some((user, host, port)) = parsed else {
            self.wrong(
                at,
                "`ssh` is not USER@HOST",
                "write it as \"deploy@box.example\" or with a port behind",
            );
            return None;
        };
        let Some(host_key) = self.text("ssh_host_key", table.ssh_host_key.as_ref()) else {
            let fix = format!(
                "add ssh_host_key = the line that `ssh-keyscan -t ed25519 {host}` prints, without the name; compare it there"
            );
            self.wrong(at, "`ssh` without `ssh_host_key`: nobody would know whom they talk to", fix);
            return None;
        };
        let key_env = self.variable("ssh_key_env", table.ssh_key_env.as_ref());
        let command = self.text("ssh_command", table.ssh_command.as_ref());
        Some(SshSettings {
            user: user.to_owned(),
            host: host.to_owned(),
            port,
            host_key,
            key_env: key_env.unwrap_or_else(|| "STANDIN_SSH_KEY".to_owned()),
            command: command.unwrap_or_else(|| "pm2 resurrect".to_owned()),
        })
    }

    /// A ladder of remedies.
    pub(crate) fn rungs(&mut self, written: Option<&[Text]>) -> Option<Vec<Remedy>> {
        let written = written?;
        if let Some(beyond) = written.get(MAX_RUNGS) {
            let fix = format!("write at most {MAX_RUNGS}: there is one for each attempt");
            self.wrong(beyond.span().start, "`backup` has too many remedies", fix);
        }
        let mut rungs = Vec::with_capacity(written.len());
        for rung in written {
            match rung.get_ref().parse::<Remedy>() {
                Ok(remedy) => rungs.push(remedy),
                Err(message) => {
                    let fix =
                        format!("write one of {}, or an id of `standin scan`", Remedy::WORDS.join(", "));
                    self.wrong(rung.span().start, message, fix);
                }
            }
        }
        Some(rungs)
    }

    /// A short text that travels in keys and URLs.
    fn word(&mut self, key: &str, value: Option<&Text>) -> Option<String> {
        let text = self.text(key, value)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if text.len() <= 200 && text.chars().all(plain) {
            return Some(text);
        }
        let at = value.map_or(0, |v| v.span().start);
        self.wrong(
            at,
            format!("`{key}` holds more than letters, digits, `-`, `_`, `.` and `/`"),
            "write a plain name",
        );
        None
    }

    /// The name of a variable.
    fn variable(&mut self, key: &str, value: Option<&Text>) -> Option<String> {
        let text = self.text(key, value)?;
        if crate::entry::is_variable(&text) {
            return Some(text);
        }
        let at = value.map_or(0, |v| v.span().start);
        // The value is not repeated: it may be the secret itself.
        self.wrong(
            at,
            format!("`{key}` is not the name of a variable"),
            "write the name of the variable that holds the secret, never the secret",
        );
        None
    }

    /// An address, without a slash at its end.
    pub(crate) fn url(&mut self, key: &str, value: Option<&Text>) -> Option<String> {
        let text = self.text(key, value)?;
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_plain = rest.is_some_and(|rest| {
            let host = rest.split('/').next().unwrap_or("");
            !host.is_empty() && !host.contains('@') && !rest.contains([' ', '?', '#'])
        });
        if is_plain {
            return Some(text.trim_end_matches('/').to_owned());
        }
        let at = value.map_or(0, |v| v.span().start);
        self.wrong(
            at,
            format!("`{key}` is not an address"),
            "write https://HOST/PATH, without a name, a password or a query in it",
        );
        None
    }
}
