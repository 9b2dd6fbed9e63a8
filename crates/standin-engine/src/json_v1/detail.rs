//! What only one kind of automation has, as a scan prints it.

use serde::{Deserialize, Serialize};
use standin_core::automation::{
    Call, Callable, Concurrency, CronLine, Demand, Detail, Effort, Flavour, Follow, Handover, Input, Known,
    LocalAction, Need, Workflow,
};

/// The `detail` of an automation of a scan. Lists are there even when they are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum DetailV1 {
    /// Nothing beyond the common part.
    #[default]
    Plain,
    /// An app of PM2's.
    Pm2App {
        /// The script, absolute; empty where only running the file would tell.
        script: String,
        /// The working directory, absolute.
        cwd: String,
        /// What runs the script, where the file says so.
        interpreter: Option<String>,
        /// As far as they are spelled out.
        args: Vec<String>,
        /// Names of variables, ordered; never their values.
        env_names: Vec<String>,
        /// read or evaluated.
        known: Known,
    },
    /// A Netlify function.
    NetlifyFunction {
        /// v1, v2, go or unknown.
        flavour: Flavour,
        /// Whether it answers at once and works on.
        background: bool,
        /// The file that Netlify bundles, absolute.
        main: String,
    },
    /// A script of a `package.json`.
    NpmScript {
        /// The folder of the `package.json`, absolute.
        dir: String,
        /// The script's name.
        script: String,
        /// The script's text.
        command: String,
    },
    /// A workflow that could be read.
    Workflow(Box<WorkflowV1>),
}

/// What a workflow says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowV1 {
    /// Every cron expression with its line, those that GitHub refuses too.
    pub crons: Vec<CronLine>,
    /// What `workflow_dispatch` asks for.
    pub inputs: Vec<Input>,
    /// What a workflow that calls it hands over; null where none can.
    pub callable: Option<CallableV1>,
    /// The workflows that its jobs call.
    pub calls: Vec<CallV1>,
    /// The concurrency group of the whole; null without one.
    pub concurrency: Option<Concurrency>,
    /// The concurrency groups of its jobs.
    pub job_groups: Vec<Concurrency>,
    /// The workflows that it runs after.
    pub follows: Vec<Follow>,
    /// What its token may do, ordered.
    pub permissions: Vec<String>,
    /// Names of the secrets that it uses, without `GITHUB_TOKEN`, ordered.
    pub secrets: Vec<String>,
    /// Labels of the runners that it asks for, ordered.
    pub labels: Vec<String>,
    /// Actions that it uses, with their versions, ordered.
    pub actions: Vec<String>,
    /// Actions of its own repository that it uses: folder, line, and whether each run fails without it.
    pub local_actions: Vec<LocalAction>,
    /// Cron expressions that it compares with the schedule that has started it.
    pub gates: Vec<CronLine>,
    /// What a runner other than GitHub's would have to offer, ordered.
    pub needs: Vec<Need>,
    /// some, or none where its steps only check out, print and end.
    pub effort: Effort,
}

/// What a workflow that can be called takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallableV1 {
    /// Inputs.
    pub inputs: Vec<Input>,
    /// Secrets.
    pub secrets: Vec<SecretV1>,
}

/// A secret that a workflow asks its caller for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretV1 {
    /// Its name; never its value.
    pub name: String,
    /// required, defaulted or optional.
    pub demand: Demand,
}

/// A job that calls a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallV1 {
    /// As it is written.
    pub uses: String,
    /// Counted from 1.
    pub line: u32,
    /// Names of the inputs that are handed over.
    pub inputs: Vec<String>,
    /// Names of the secrets that are handed over; null for all of them.
    pub secrets: Option<Vec<String>>,
}

impl From<Detail> for DetailV1 {
    fn from(detail: Detail) -> Self {
        match detail {
            Detail::Plain => Self::Plain,
            Detail::Pm2App { script, cwd, interpreter, args, env_names, known, .. } => {
                Self::Pm2App { script, cwd, interpreter, args, env_names, known }
            }
            Detail::NetlifyFunction { flavour, background, main } => {
                Self::NetlifyFunction { flavour, background, main }
            }
            Detail::NpmScript { dir, script, command } => Self::NpmScript { dir, script, command },
            Detail::Workflow(workflow) => Self::Workflow(Box::new(WorkflowV1::from(*workflow))),
        }
    }
}

impl From<Workflow> for WorkflowV1 {
    fn from(workflow: Workflow) -> Self {
        Self {
            crons: workflow.crons,
            inputs: workflow.inputs,
            callable: callable(workflow.is_callable),
            calls: workflow.calls.into_iter().map(CallV1::from).collect(),
            concurrency: workflow.concurrency,
            job_groups: workflow.job_groups,
            follows: workflow.follows,
            permissions: workflow.permissions,
            secrets: workflow.secrets,
            labels: workflow.labels,
            actions: workflow.actions,
            local_actions: workflow.local_actions,
            gates: workflow.gates,
            needs: workflow.needs,
            effort: workflow.effort,
        }
    }
}

fn callable(callable: Callable) -> Option<CallableV1> {
    match callable {
        Callable::No => None,
        Callable::Yes { inputs, secrets } => {
            let secrets = secrets.into_iter().map(|(name, demand)| SecretV1 { name, demand }).collect();
            Some(CallableV1 { inputs, secrets })
        }
    }
}

impl From<Call> for CallV1 {
    fn from(call: Call) -> Self {
        let secrets = match call.secrets {
            Handover::Inherited => None,
            Handover::Named(names) => Some(names),
        };
        Self { uses: call.uses, line: call.line, inputs: call.inputs, secrets }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_list_is_there_and_a_kind_says_which_it_is() {
        let call = Call { uses: "./a.yml".into(), line: 3, inputs: Vec::new(), secrets: Handover::Inherited };
        let callable = Callable::Yes { inputs: Vec::new(), secrets: vec![("KEY".into(), Demand::Required)] };
        let workflow = Workflow { calls: vec![call], is_callable: callable, ..Workflow::default() };
        let json = serde_json::to_value(DetailV1::from(Detail::Workflow(Box::new(workflow)))).unwrap();
        assert_eq!((&json["of"], &json["effort"]), (&"workflow".into(), &"some".into()));
        assert_eq!(json["callable"]["secrets"][0]["demand"], "required");
        assert!(json["calls"][0]["secrets"].is_null() && json["concurrency"].is_null());
        assert_eq!(json["crons"], serde_json::json!([]));
        assert_eq!(serde_json::to_value(DetailV1::default()).unwrap(), serde_json::json!({"of": "plain"}));
    }
}
