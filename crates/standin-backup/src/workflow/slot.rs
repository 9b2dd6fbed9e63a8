//! The jobs around those of the primary: the slot is claimed first, and its end is said last.

use standin_core::ident::AutomationId;

use super::{ACTION, quoted};
use crate::host::Checkout;

/// What a job asks of the slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Outputs {
    /// Which of the primary's cron expressions the slot is of.
    pub(crate) cron: Asked,
    /// What the primary would have been started by.
    pub(crate) event: Asked,
    /// What the primary is called.
    pub(crate) workflow: Asked,
}

/// Whether anything asks for an output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nothing does.
    #[default]
    No,
    /// Something does.
    Yes,
}

/// Names that no job of the primary has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    /// The job that claims.
    pub(crate) slot: String,
    /// The job that says how it ended.
    pub(crate) end: String,
}

impl Names {
    /// The usual names, with as many letters added as it takes.
    pub(crate) fn beside(taken: &[&str]) -> Self {
        let free = |wanted: &str| {
            let mut name = wanted.to_owned();
            while taken.contains(&name.as_str()) {
                name.push('x');
            }
            name
        };
        Self { slot: free("standin-slot"), end: free("standin-end") }
    }

    /// What must hold for a job to work.
    pub(crate) fn goes(&self) -> String {
        format!("needs.{}.outputs.run == 'true'", self.slot)
    }
}

/// GitHub's own checkout, pinned by the commit of v5.0.0: older ones run on a Node that GitHub no longer has.
const CHECKOUT: &str = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0";

/// What the jobs of a primary ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) outputs: Outputs,
    /// What would have started the primary.
    pub(crate) event: &'a str,
    /// What it is called.
    pub(crate) workflow: &'a str,
}

impl Told<'_> {
    /// Nothing.
    pub(crate) const NOTHING: Told<'static> = Told {
        outputs: Outputs { cron: Asked::No, event: Asked::No, workflow: Asked::No },
        event: "schedule",
        workflow: "",
    };
}

/// The first job.
pub(crate) fn first(id: &AutomationId, names: &Names, told: Told<'_>) -> String {
    let mut out = format!(
        "{slot}:\n  # Whoever claims the slot first does its work; everyone else ends here, and well.\n  runs-on: ubuntu-latest\n  timeout-minutes: 10\n  permissions:\n    actions: read\n    contents: write\n  outputs:\n    run: ${{{{ steps.slot.outputs.run }}}}\n",
        slot = names.slot
    );
    if told.outputs.cron == Asked::Yes {
        out.push_str("    cron: ${{ steps.slot.outputs.cron }}\n");
    }
    if told.outputs.event == Asked::Yes {
        out.push_str(&format!("    event: ${{{{ {} }}}}\n", event(told.event)));
    }
    if told.outputs.workflow == Asked::Yes {
        out.push_str(&format!("    workflow: {}\n", quoted(told.workflow)));
    }
    out.push_str(&format!(
        "  steps:\n{}    - id: slot\n      uses: {ACTION}@v1 # zizmor: ignore[unpinned-uses]\n      with:\n        command: beat\n        id: {}\n",
        checked_out(Checkout::Own),
        quoted(id.as_str())
    ));
    out
}

/// What started the run, as the primary would have it, as an expression.
pub(crate) fn event(event: &str) -> String {
    format!("inputs.standin-key && '{event}' || github.event_name")
}

/// The last job. Where every job of the primary has passed its work over, the backup has not stood in for it.
pub(crate) fn last(id: &AutomationId, names: &Names, jobs: &[&str]) -> String {
    let mut needs = vec![names.slot.as_str()];
    needs.extend(jobs);
    let worked: Vec<String> = jobs.iter().map(|job| format!("needs.{job}.result == 'success'")).collect();
    let worked = worked.join(" || ");
    format!(
        "{end}:\n  needs: [{needs}]\n  if: always() && {goes}\n  runs-on: ubuntu-latest\n  timeout-minutes: 10\n  permissions:\n    contents: write\n  env:\n    ENDED: ${{{{ contains(needs.*.result, 'failure') && 'failure' || contains(needs.*.result, 'cancelled') && 'cancelled' || ({worked}) && 'success' || 'skipped' }}}}\n  steps:\n{checkout}    - uses: {ACTION}@v1 # zizmor: ignore[unpinned-uses]\n      with:\n        command: exec-result\n        id: {id}\n        status: ${{{{ env.ENDED == 'skipped' && 'failure' || env.ENDED }}}}\n    - if: env.ENDED == 'skipped'\n      shell: bash\n      run: |\n        echo '::error::every job was skipped, so this backup has done none of the work'\n        exit 1\n",
        end = names.end,
        needs = needs.join(", "),
        goes = names.goes(),
        checkout = checked_out(Checkout::Own),
        id = quoted(id.as_str()),
    )
}

/// The step that fetches the repository, without leaving its token behind.
pub(crate) fn checked_out(checkout: Checkout) -> String {
    let modules = match checkout {
        Checkout::Own => "",
        Checkout::Modules => "        submodules: true\n",
    };
    format!("    - uses: {CHECKOUT}\n      with:\n        persist-credentials: false\n{modules}")
}

/// Each line behind these blanks.
pub(crate) fn indented(text: &str, by: &str) -> String {
    text.lines().map(|line| format!("{by}{line}\n")).collect()
}
