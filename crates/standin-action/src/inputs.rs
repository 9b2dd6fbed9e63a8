//! The inputs of the step, and what GitHub says of the run. The step maps its inputs to variables of its own.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use secrecy::SecretString;
use serde::Deserialize;
use standin_body::env::Env;
use standin_core::ident::{AutomationId, Kind};

/// The largest event that is read, in bytes.
const MAX_EVENT: u64 = 32 * 1024 * 1024;

/// What the step is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    /// One watch cycle.
    Check,
    /// The first step of an automation's own workflow: claim the slot, say that it starts.
    Beat,
    /// Its last step: say how it ended.
    ExecResult,
    /// Help one automation now, because a person says so.
    Recover,
    /// Nothing is recovered until somebody says otherwise.
    Pause,
    /// Go on.
    Resume,
    /// Say what could take the place of each automation.
    Coverage,
    /// Write down what there is to say, and do nothing else.
    Report,
}

impl Command {
    const WORDS: [(&'static str, Self); 8] = [
        ("check", Self::Check),
        ("beat", Self::Beat),
        ("exec-result", Self::ExecResult),
        ("coverage", Self::Coverage),
        ("recover", Self::Recover),
        ("pause", Self::Pause),
        ("resume", Self::Resume),
        ("report", Self::Report),
    ];
}

/// When the step fails although it has done its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailOn {
    /// Never.
    Never,
    /// When a person is needed.
    Critical,
    /// When anything is not well.
    Unhealthy,
}

/// Everything that the step is given.
pub(crate) struct Inputs {
    pub(crate) command: Command,
    pub(crate) fail_on: FailOn,
    /// The percentage of coverage below which the step fails; `None` for no limit.
    pub(crate) fail_under: Option<f64>,
    /// The repository's folder.
    pub(crate) root: PathBuf,
    /// Which watcher this is; `None` for the first Action of the file.
    pub(crate) peer: Option<String>,
    /// Which automation a step is about.
    pub(crate) id: Option<AutomationId>,
    /// How the job ended, in GitHub's words.
    pub(crate) status: Option<String>,
    /// Where the automation's heartbeats go.
    pub(crate) ping_url: Option<SecretString>,
    pub(crate) run: Run,
    pub(crate) env: Env,
}

/// The run that the step is part of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    /// GitHub's number of it.
    pub(crate) id: Option<u64>,
    /// `github/RUN/ATTEMPT`.
    pub(crate) name: String,
    /// The file name of its workflow.
    pub(crate) workflow: Option<String>,
    /// What started it.
    pub(crate) event: Event,
}

/// What started the run.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Event {
    /// The cron expression, if that is what did.
    pub(crate) schedule: Option<String>,
    /// What it was dispatched with.
    #[serde(default)]
    pub(crate) inputs: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// What a repository event carries.
    #[serde(default)]
    pub(crate) client_payload: Option<std::collections::BTreeMap<String, serde_json::Value>>,
}

impl Event {
    /// A value that the run was started with.
    pub(crate) fn input(&self, name: &str) -> Option<String> {
        let found = |map: &Option<std::collections::BTreeMap<String, serde_json::Value>>| {
            map.as_ref()?
                .get(name)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        found(&self.inputs).or_else(|| found(&self.client_payload)).filter(|value| !value.is_empty())
    }
}

impl Inputs {
    /// Reads them.
    pub(crate) fn read(mut env: Env) -> Result<Self> {
        let text =
            |name: &str| env.text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let word = text("STANDIN_COMMAND").unwrap_or_else(|| "check".to_owned());
        let command = Command::WORDS.iter().find(|(known, _)| *known == word).map(|(_, command)| *command);
        let Some(command) = command else {
            let known: Vec<_> = Command::WORDS.iter().map(|(word, _)| *word).collect();
            bail!("`{word}` is no command of this action: write one of {}", known.join(", "));
        };
        let fail_on = match text("STANDIN_FAIL_ON").as_deref() {
            None | Some("critical") => FailOn::Critical,
            Some("never") => FailOn::Never,
            Some("unhealthy") => FailOn::Unhealthy,
            Some(other) => bail!("`{other}` is no value of fail-on: write never, critical or unhealthy"),
        };
        let fail_under = text("STANDIN_FAIL_UNDER").map(|text| percent(&text)).transpose()?;
        let id = text("STANDIN_ID").map(|id| id.parse::<AutomationId>()).transpose()?;
        let root =
            text("STANDIN_CONFIG").or_else(|| text("GITHUB_WORKSPACE")).unwrap_or_else(|| ".".to_owned());
        let root = PathBuf::from(root.strip_suffix("standin.toml").unwrap_or(&root));
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        let run = run(&env)?;
        let (peer, status) = (text("STANDIN_PEER"), text("STANDIN_STATUS"));
        let ping_url = env.secret("STANDIN_PING_URL");
        // A runner does not let its own variables be replaced, so the inputs have names of their own.
        for (input, variable) in
            [("STANDIN_INPUT_TOKEN", "GITHUB_TOKEN"), ("STANDIN_INPUT_API_URL", "GITHUB_API_URL")]
        {
            if let Some(value) = env.text(input).filter(|value| !value.trim().is_empty()) {
                env.set(variable, value);
            }
        }
        Ok(Self { command, fail_on, fail_under, root, peer, id, status, ping_url, run, env })
    }

    /// Which automation the step is about: the one that was named, else the workflow that it is in.
    pub(crate) fn automation(&self) -> Result<AutomationId> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        let workflow = self.run.workflow.as_deref().context(
            "which automation this is about is not known: give the step `id: workflow:FILE.yml` under `with:`",
        )?;
        Ok(AutomationId::new(Kind::Workflow, workflow)?)
    }
}

fn percent(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        Ok(_) | Err(_) => bail!("`{text}` is no value of fail-under: write a number from 0 to 100"),
    }
}

fn run(env: &Env) -> Result<Run> {
    let id = env.text("GITHUB_RUN_ID").and_then(|id| id.parse().ok());
    let attempt = env.text("GITHUB_RUN_ATTEMPT").unwrap_or_else(|| "1".to_owned());
    // OWNER/NAME/.github/workflows/FILE@REF
    let workflow = env.text("GITHUB_WORKFLOW_REF").and_then(|text| {
        let path = text.split('@').next().unwrap_or_default().to_owned();
        path.rsplit('/')
            .next()
            .map(str::to_owned)
            .filter(|name| name.ends_with(".yml") || name.ends_with(".yaml"))
    });
    let name = match id {
        Some(id) => format!("github/{id}/{attempt}"),
        None => "github/unknown/1".to_owned(),
    };
    Ok(Run { id, name, workflow, event: event(env)? })
}

fn event(env: &Env) -> Result<Event> {
    let Some(path) = env.text("GITHUB_EVENT_PATH").map(PathBuf::from) else { return Ok(Event::default()) };
    if !path.exists() {
        return Ok(Event::default());
    }
    let size = std::fs::metadata(&path).map(|found| found.len()).unwrap_or(0);
    if size > MAX_EVENT {
        bail!("the event in {} has {size} bytes: more than any event of GitHub's", path.display());
    }
    let bytes =
        std::fs::read(&path).with_context(|| format!("the event in {} cannot be read", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| {
        format!("the event in {} has another shape than GitHub's: nothing was done", path.display())
    })
}
