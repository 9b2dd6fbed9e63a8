//! What a workflow has beyond what every automation has.

use standin_core::automation::{
    Call, Callable, Cancels, Concurrency, CronLine, Demand, Effort, Fails, Follow, Handover, Input,
    LocalAction, Need, Workflow,
};

use super::{Bytes, Kept, fields, names};

names!(Fails { Always = 0, Sometimes = 1 });
names!(Effort { Some = 0, None = 1 });
names!(Demand { Required = 0, Defaulted = 1, Optional = 2 });
names!(Cancels { Never = 0, Always = 1, Sometimes = 2 });
names!(Need { Artifacts = 0, Cache = 1, Container = 2, Environment = 3, Oidc = 4, Services = 5, Parallel = 6 });
fields!(LocalAction { path, line, fails });
fields!(CronLine { cron, line });
fields!(Input { name, kind, demand });
fields!(Follow { workflow, line });
fields!(Call { uses, line, inputs, secrets });
fields!(Concurrency { group, cancels, line });
fields!(Workflow {
    crons,
    inputs,
    is_callable,
    calls,
    concurrency,
    job_groups,
    follows,
    permissions,
    secrets,
    labels,
    actions,
    local_actions,
    gates,
    needs,
    effort,
});

impl Kept for Callable {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::No => out.push(0),
            Self::Yes { inputs, secrets } => {
                out.push(1);
                inputs.put(out);
                secrets.put(out);
            }
        }
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(Self::No),
            1 => Some(Self::Yes { inputs: Kept::take(from)?, secrets: Kept::take(from)? }),
            _ => None,
        }
    }
}

impl Kept for Handover {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Inherited => out.push(0),
            Self::Named(names) => {
                out.push(1);
                names.put(out);
            }
        }
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(Self::Inherited),
            1 => Some(Self::Named(Kept::take(from)?)),
            _ => None,
        }
    }
}
