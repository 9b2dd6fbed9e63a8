//! Schedules of other providers than AWS.

use standin_core::automation::{Severity, Standing};
use standin_core::ident::{Domain, Kind};

use super::Module;
use super::hcl::Block;
use crate::contents::{File, Found};
use crate::findings::Gathered;
use crate::lines::quote;
use crate::scripts::dialect::Dialect;
use crate::scripts::program::{self, When};

/// The resources, and where each has its schedule: a block within it, the attribute, the one of its zone.
pub(super) const KINDS: [(&str, (&str, &str, &str)); 4] = [
    ("google_cloud_scheduler_job", ("", "schedule", "time_zone")),
    ("kubernetes_cron_job", ("spec", "schedule", "timezone")),
    ("kubernetes_cron_job_v1", ("spec", "schedule", "timezone")),
    ("render_cron_job", ("", "schedule", "")),
];

impl Module {
    /// Adds the schedule of a resource, if it is one of these.
    pub(super) fn other(
        &self,
        file: &File<'_>,
        (kind, name): (&str, &str),
        block: &Block,
        gathered: &mut Gathered,
    ) {
        let Some((_, (inner, attribute, zone))) = KINDS.iter().find(|(known, _)| *known == kind) else {
            return;
        };
        let body = if inner.is_empty() { Some(block) } else { block.inner(inner) };
        let written = body.and_then(|body| body.get(attribute));
        let is_kubernetes = kind.starts_with("kubernetes_");
        // A job without a schedule is one that others start.
        let Some((line, value)) = written else { return };
        if !file.more(block.line, gathered) {
            return;
        }
        let of = if is_kubernetes { Kind::Kubernetes } else { Kind::Script };
        let mut found = Found::new(of, self.address(kind, name), block.line);
        found.domain = Domain::Elsewhere;
        let zone = body.and_then(|body| body.get(zone)).map(|(_, zone)| self.known(zone));
        match (self.known(value), &zone) {
            (Ok((text, from)), None | Some(Ok(_))) => {
                if let Some(name) = from {
                    let message = format!("its schedule is the default of `{}`", quote(&name));
                    let fix = "Nothing, if it is applied with the default.";
                    file.say(("aws-by-default", Severity::Note, line), message, fix, gathered);
                }
                let zone = zone.as_ref().and_then(|zone| zone.as_ref().ok());
                let zone = zone.map_or("UTC", |(zone, _)| zone.as_str()).to_owned();
                let dialect = if is_kubernetes { Dialect::Robfig } else { Dialect::Vixie };
                program::fields(file, &mut found, (&text, &zone, dialect, line), "its platform", gathered);
            }
            (Err(_), _) | (_, Some(Err(_))) => {
                program::apply(file, &mut found, When::Computed, "Terraform", gathered);
            }
        }
        self.disabled(file, block, &[("paused", "true")], &mut found, gathered);
        if let Some(body) = body.filter(|_| is_kubernetes) {
            self.disabled(file, body, &[("suspend", "true")], &mut found, gathered);
            if body.inner("job_template").is_none() {
                let message = "Terraform refuses a CronJob without a `job_template` block";
                found.fall_short(Standing::Declared, message);
                let fix = "Add `job_template { … }`.";
                file.say(("aws-incomplete", Severity::Error, block.line), message, fix, gathered);
            }
        }
        self.many(file, block, &mut found, gathered);
        file.add(found, gathered);
    }
}
