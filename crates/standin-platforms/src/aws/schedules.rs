//! What starts a function by the clock: rules of EventBridge, and schedules of its Scheduler. They are read, never changed.

use serde::Deserialize;
use standin_http::reqwest::Method;

use super::{Ask, Aws, AwsError, Function, Service};
use crate::api::encoded;

/// Most rules of one function that are looked at, and most pages of schedules.
const MAX_RULES: usize = 5;
const MAX_PAGES: usize = 10;

/// Whether it starts anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It does.
    On,
    /// Somebody has disabled it.
    Off,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// Whether it starts anything.
    pub switch: Switch,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamesJson {
    rule_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleJson {
    #[serde(default)]
    state: String,
    schedule_expression: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PageJson {
    schedules: Vec<ScheduleJson>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduleJson {
    name: String,
    #[serde(default)]
    state: String,
    target: Option<TargetJson>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TargetJson {
    arn: String,
}

/// Rules have three states, of which two start things.
fn switch(state: &str) -> Switch {
    if state == "DISABLED" { Switch::Off } else { Switch::On }
}

impl Aws {
    /// What starts a function by the clock, under the name that it was looked at and its bare one.
    ///
    /// # Errors
    /// [`AwsError`]: nothing is then known.
    pub async fn schedules(&self, function: &Function) -> Result<Vec<Schedule>, AwsError> {
        let mut arns = vec![function.arn.clone()];
        // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]
        let bare: Vec<&str> = function.arn.split(':').take(7).collect();
        if bare.join(":") != function.arn {
            arns.push(bare.join(":"));
        }
        let mut all = Vec::new();
        for arn in &arns {
            all.extend(self.rules(arn).await?);
        }
        all.extend(self.of_scheduler(&arns).await?);
        Ok(all)
    }

    async fn rules(&self, arn: &str) -> Result<Vec<Schedule>, AwsError> {
        let right = "events:ListRuleNamesByTarget";
        let ask =
            events("AWSEvents.ListRuleNamesByTarget", &serde_json::json!({ "TargetArn": arn }), right, arn);
        let names: NamesJson = self.read(&self.ask(ask).await?)?;
        let mut rules = Vec::new();
        for name in names.rule_names.into_iter().take(MAX_RULES) {
            let body = serde_json::json!({ "Name": name });
            let ask = events("AWSEvents.DescribeRule", &body, "events:DescribeRule", &name);
            let rule: RuleJson = self.read(&self.ask(ask).await?)?;
            // The others wait for events.
            if rule.schedule_expression.is_some() {
                rules.push(Schedule { name, switch: switch(&rule.state) });
            }
        }
        Ok(rules)
    }

    async fn of_scheduler(&self, arns: &[String]) -> Result<Vec<Schedule>, AwsError> {
        let (mut found, mut next) = (Vec::new(), String::new());
        for _ in 0..MAX_PAGES {
            let path = format!("/schedules?MaxResults=100{next}");
            let ask = Ask::get(Service::Scheduler, path, "scheduler:ListSchedules", "the schedules");
            let page: PageJson = self.read(&self.ask(ask).await?)?;
            let ours = |schedule: &ScheduleJson| {
                schedule.target.as_ref().is_some_and(|target| arns.contains(&target.arn))
            };
            let read = |schedule: ScheduleJson| {
                let switch = switch(&schedule.state);
                Schedule { name: schedule.name, switch }
            };
            found.extend(page.schedules.into_iter().filter(ours).map(read));
            match page.next_token.filter(|token| !token.is_empty()) {
                Some(token) => next = format!("&NextToken={}", encoded(&token)),
                None => break,
            }
        }
        Ok(found)
    }
}

fn events<'a>(
    action: &'static str,
    body: &serde_json::Value,
    right: &'static str,
    about: &'a str,
) -> Ask<'a> {
    Ask {
        service: Service::Events,
        method: Method::POST,
        path: "/".to_owned(),
        headers: vec![("x-amz-target", action), ("content-type", "application/x-amz-json-1.1")],
        body: body.to_string().into_bytes(),
        right,
        about,
    }
}
