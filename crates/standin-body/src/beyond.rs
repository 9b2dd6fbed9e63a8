//! Functions on Lambda, and machines over ssh. Each is there where the body was built with it; where it was not, nothing
//! is sent, and that is said.

use standin_config::mesh::Mesh;
use standin_core::mesh::claim::{Order, Sent};
use standin_core::mesh::peer::PeerId;
use standin_http::Http;

use crate::env::Env;
use crate::reach::Times;

/// What this body reaches of them.
#[derive(Debug, Clone, Default)]
pub struct Beyond {
    #[cfg(feature = "aws")]
    aws: Option<standin_platforms::aws::Aws>,
    #[cfg(feature = "ssh")]
    machines: Vec<(PeerId, standin_platforms::ssh::Ssh)>,
}

/// What came of trying.
#[derive(Debug)]
pub(crate) struct Tried {
    pub(crate) sent: Sent,
    /// Why not, or why it is unknown, in a sentence that names the fix.
    pub(crate) why: Option<String>,
}

impl Tried {
    /// Nothing was sent.
    #[cfg(not(all(feature = "aws", feature = "ssh")))]
    fn unbuilt(what: &str) -> Self {
        Self::refused(format!("this body was built without {what}"))
    }

    fn refused(why: String) -> Self {
        Self { sent: Sent::Refused, why: Some(why) }
    }
}

impl Beyond {
    /// Builds what this body has an address and a secret for. Sends nothing.
    pub(crate) fn reach(
        mesh: &Mesh,
        env: &Env,
        http: &Http,
        times: Times,
        missing: &mut Vec<String>,
    ) -> Self {
        // Without either feature there is nothing to build.
        let _ = (mesh, env, http, times, &missing);
        Self {
            #[cfg(feature = "aws")]
            aws: lambda::reach(mesh, env, http, times, missing),
            #[cfg(feature = "ssh")]
            machines: machines::reach(mesh, env, times, missing),
        }
    }

    /// Has Lambda run a function.
    pub(crate) async fn wake(&self, function: &str, order: &Order) -> Tried {
        #[cfg(feature = "aws")]
        return lambda::on(self.aws.as_ref(), function, lambda::Act::Wake, order).await;
        #[cfg(not(feature = "aws"))]
        {
            std::future::ready(Tried::unbuilt(&format!("AWS, so {function} on {} stays silent", order.key)))
                .await
        }
    }

    /// Puts a function's alias back to the version before.
    pub(crate) async fn roll_back(&self, function: &str, order: &Order) -> Tried {
        #[cfg(feature = "aws")]
        return lambda::on(self.aws.as_ref(), function, lambda::Act::RollBack, order).await;
        #[cfg(not(feature = "aws"))]
        {
            std::future::ready(Tried::unbuilt(&format!("AWS, so {function} on {} stays as it is", order.key)))
                .await
        }
    }

    /// Runs the command of a machine: that of this agent, else that of the first that has one.
    pub(crate) async fn ssh(&self, agent: Option<&PeerId>, order: &Order) -> Tried {
        #[cfg(feature = "ssh")]
        return machines::on(&self.machines, agent, order).await;
        #[cfg(not(feature = "ssh"))]
        {
            let whom = agent.map_or_else(|| order.key.to_string(), ToString::to_string);
            std::future::ready(Tried::unbuilt(&format!("ssh, so nothing was started for {whom}"))).await
        }
    }
}

#[cfg(feature = "aws")]
mod lambda {
    use standin_config::mesh::PeerKind;
    use standin_platforms::aws::{Aws, AwsKeys, AwsOptions, FunctionRef};

    use super::{Env, Http, Mesh, Order, Times, Tried};

    #[derive(Debug, Clone, Copy)]
    pub(super) enum Act {
        Wake,
        RollBack,
    }

    pub(super) fn reach(
        mesh: &Mesh,
        env: &Env,
        http: &Http,
        times: Times,
        missing: &mut Vec<String>,
    ) -> Option<Aws> {
        let has_one = mesh.peers.iter().any(|peer| matches!(peer.kind, PeerKind::Lambda { .. }));
        if !has_one {
            return None;
        }
        let region = mesh.aws.region.clone().or_else(|| env.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
        let Some(region) = region else {
            let fix = "write [aws] region = \"…\" into standin.toml, or set AWS_REGION";
            missing.push(format!("AWS is out of reach: its region is not known; {fix}"));
            return None;
        };
        let options = AwsOptions {
            region,
            endpoint: mesh.aws.endpoint.clone().or_else(|| env.text("AWS_ENDPOINT_URL")),
            keys: match (env.secret("AWS_ACCESS_KEY_ID"), env.secret("AWS_SECRET_ACCESS_KEY")) {
                (Some(id), Some(secret)) => {
                    AwsKeys::Given { id, secret, session: env.secret("AWS_SESSION_TOKEN") }
                }
                (None, _) | (_, None) => AwsKeys::Found,
            },
            timeout: times.request,
            send_within: times.send_within,
        };
        Aws::new(http, options).map_err(|error| missing.push(format!("AWS is out of reach: {error}"))).ok()
    }

    pub(super) async fn on(aws: Option<&Aws>, function: &str, act: Act, order: &Order) -> Tried {
        let Some(aws) = aws else { return Tried::refused("AWS is out of reach".to_owned()) };
        let named = match function.parse::<FunctionRef>() {
            Ok(named) => named,
            Err(error) => return Tried::refused(error.to_string()),
        };
        let (verb, done) = match act {
            Act::Wake => ("woken", Box::pin(aws.wake(&named, &order.key, order.attempt)).await),
            Act::RollBack => ("put back", Box::pin(aws.roll_back(&named, &order.key, order.attempt)).await),
        };
        let why = done.error.map(|error| format!("the function {function} could not be {verb}: {error}"));
        Tried { sent: done.sent, why }
    }
}

#[cfg(feature = "ssh")]
mod machines {
    use std::time::Duration;

    use standin_config::mesh::{PeerKind, SshSettings};
    use standin_core::mesh::peer::PeerId;
    use standin_platforms::ssh::{Ssh, SshOptions};

    use super::{Env, Mesh, Order, Times, Tried};

    /// What is left of the time for an order after the command's, so that its end is still told.
    const SPARE: Duration = Duration::from_secs(1);

    pub(super) fn reach(
        mesh: &Mesh,
        env: &Env,
        times: Times,
        missing: &mut Vec<String>,
    ) -> Vec<(PeerId, Ssh)> {
        let mut machines = Vec::new();
        for peer in &mesh.peers {
            if let PeerKind::Agent { ssh: Some(settings) } = &peer.kind {
                match machine(settings, env, times) {
                    Ok(machine) => machines.push((peer.name.clone(), machine)),
                    Err(why) => {
                        missing.push(format!("the machine of `{}` is out of reach: {why}", peer.name))
                    }
                }
            }
        }
        machines
    }

    fn machine(settings: &SshSettings, env: &Env, times: Times) -> Result<Ssh, String> {
        let variable = &settings.key_env;
        let key =
            env.secret(variable).ok_or_else(|| format!("the variable {variable} holds no private key"))?;
        let options = SshOptions {
            user: settings.user.clone(),
            host: settings.host.clone(),
            port: settings.port,
            host_key: settings.host_key.clone(),
            key,
            key_env: variable.clone(),
            command: settings.command.clone(),
            program: "ssh".into(),
            timeout: times.send_within.saturating_sub(SPARE).max(SPARE),
        };
        Ssh::new(options).map_err(|error| error.to_string())
    }

    pub(super) async fn on(machines: &[(PeerId, Ssh)], agent: Option<&PeerId>, order: &Order) -> Tried {
        let found = machines.iter().find(|(name, _)| agent.is_none_or(|agent| agent == name));
        let Some((name, machine)) = found else {
            return Tried::refused("no machine is in reach over ssh".to_owned());
        };
        let ran = Box::pin(machine.run(&order.key, order.attempt)).await;
        let why =
            ran.error.map(|error| format!("the machine of `{name}` did not do what it was asked: {error}"));
        Tried { sent: ran.sent, why }
    }
}
