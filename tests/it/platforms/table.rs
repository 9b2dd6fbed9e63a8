//! The table of faults: what each platform's adapter says of each, and that nothing comes of it.

use std::time::Duration;

use serde_json::json;
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Sent;
use standin_platforms::aws::{Aws, AwsKeys, AwsOptions};
use standin_platforms::github::{Asleep, Dispatch, Github, GithubOptions};
use standin_platforms::netlify::{Netlify, NetlifyOptions, Rebuild};

use super::bad::{ALL, Bad, Server};
use super::{TIMEOUT, http};

const SECRET: &str = "a-secret-word";

/// One platform, and what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vendor {
    Github,
    Netlify,
    Aws,
}

/// What came of one attempt: the words of the error, what a change may have done, and whether it was a change.
struct Came {
    words: String,
    sent: Sent,
}

fn key() -> EffectKey {
    EffectKey("0123456789abcdef".to_owned())
}

fn github(url: &str) -> Github {
    let options = GithubOptions {
        api_url: url.to_owned(),
        repository: "octo/shop".to_owned(),
        token: SECRET.into(),
        git_ref: None,
        timeout: TIMEOUT,
        send_within: Duration::from_secs(5),
    };
    Github::new(&http(), options).unwrap()
}

fn netlify(url: &str) -> Netlify {
    let options = NetlifyOptions {
        api_url: format!("{url}/api/v1"),
        site: "shop".to_owned(),
        token: SECRET.into(),
        timeout: TIMEOUT,
        send_within: Duration::from_secs(5),
    };
    Netlify::new(&http(), options).unwrap()
}

fn aws(url: &str) -> Aws {
    let options = AwsOptions {
        region: "us-east-1".to_owned(),
        endpoint: Some(url.to_owned()),
        keys: AwsKeys::Given { id: "AKIDEXAMPLE".into(), secret: SECRET.into(), session: None },
        timeout: TIMEOUT,
        send_within: Duration::from_secs(5),
    };
    Aws::new(&http(), options).unwrap()
}

impl Vendor {
    /// Looks, and has to fail.
    async fn looks(self, url: &str) -> String {
        match self {
            Self::Github => {
                let since = jiff::Timestamp::now();
                let file = "nightly.yml".parse().unwrap();
                github(url).survey(&[file], since).await.unwrap_err().to_string()
            }
            Self::Netlify => netlify(url).survey().await.unwrap_err().to_string(),
            Self::Aws => aws(url).function(&"standin:live".parse().unwrap()).await.unwrap_err().to_string(),
        }
    }

    /// Tries to change something, and has to say that it did not, or may have.
    async fn acts(self, url: &str) -> Came {
        let (words, sent) = match self {
            Self::Github => {
                let asleep = Asleep::Refuse;
                let order = Dispatch {
                    key: key(),
                    attempt: 1,
                    slot: None,
                    inputs: std::collections::BTreeMap::new(),
                    asleep,
                };
                let done = github(url).dispatch(&"nightly.yml".parse().unwrap(), &order).await;
                (done.error.map(|error| error.to_string()), done.sent)
            }
            Self::Netlify => {
                let done = netlify(url).rebuild(&Rebuild::Api, &key(), 1).await;
                (done.error.map(|error| error.to_string()), done.sent)
            }
            Self::Aws => {
                let done = aws(url).wake(&"standin:live".parse().unwrap(), &key(), 1).await;
                (done.error.map(|error| error.to_string()), done.sent)
            }
        };
        Came { words: words.unwrap_or_default(), sent }
    }

    /// The looks that come before a change, answered well.
    fn looks_well(self) -> Vec<(&'static str, String)> {
        let site = json!({
            "id": "shop-id", "name": "shop", "published_deploy": { "id": "d1", "state": "ready" },
            "build_settings": { "stop_builds": false },
        });
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:standin:live";
        let function = json!({
            "Configuration": {
                "FunctionArn": arn, "Version": "2", "State": "Active", "LastUpdateStatus": "Successful",
            },
        });
        match self {
            Self::Github => vec![
                ("GET /repos/octo/shop/actions/workflows", json!({ "id": 1, "name": "n", "path": ".github/workflows/nightly.yml", "state": "active" }).to_string()),
                ("GET /repos/octo/shop ", json!({ "id": 1, "full_name": "octo/shop", "default_branch": "main" }).to_string()),
            ],
            Self::Netlify => vec![
                ("GET /api/v1/sites?", json!([site]).to_string()),
                ("/deploys", "[]".to_owned()),
                ("GET /api/v1/sites/", site.to_string()),
            ],
            Self::Aws => vec![
                ("ListRuleNamesByTarget", json!({ "RuleNames": [] }).to_string()),
                ("GET /schedules", json!({ "Schedules": [] }).to_string()),
                ("GET /2015-03-31/functions/standin", function.to_string()),
            ],
        }
    }

    /// What of a request's first line says that it changes something.
    fn change(self) -> &'static str {
        match self {
            Self::Github => "POST /repos/octo/shop/actions/workflows/nightly.yml/dispatches",
            Self::Netlify => "POST /api/v1/sites/shop-id/builds",
            Self::Aws => "POST /2015-03-31/functions/standin/invocations",
        }
    }
}

/// The words that name the fix, or what it is that passes by itself.
fn fix(vendor: Vendor, bad: Bad) -> &'static str {
    use Vendor::{Aws, Github, Netlify};
    match (vendor, bad) {
        (Github, Bad::Status(401)) => "give a new one",
        (Netlify, Bad::Status(401)) => "make a new one in the user settings",
        (Aws, Bad::Status(401)) => "give this body a role",
        (Github, Bad::Status(403) | Bad::Ahead | Bad::Behind) => "it needs `metadata: read`",
        (Netlify, Bad::Status(403) | Bad::Ahead | Bad::Behind) => "the role Developer or above",
        (Aws, Bad::Status(403)) => "allow that action in the policy",
        (Aws, Bad::Ahead | Bad::Behind) => "set it by NTP",
        (Github | Netlify, Bad::Status(404)) => "was renamed or deleted, or the token may not see it",
        (Aws, Bad::Status(404)) => "was renamed or deleted, or is of another region or account",
        (_, Bad::Status(429)) => "is used up: none are sent for",
        (Aws, Bad::Status(409)) => "the next attempt looks again",
        (Github, Bad::Status(409)) => "goes on at the same time",
        (_, Bad::Status(500..)) => "trouble of its own",
        (_, Bad::Status(_)) => "words of the vendor",
        (Github | Netlify, Bad::Truncated | Bad::Shape | Bad::Page) => {
            "check `api-url`, and what stands between"
        }
        (Aws, Bad::Truncated | Bad::Shape | Bad::Page) => "check `endpoint`, and what stands between",
        (_, Bad::Huge) => "longer than",
        (_, Bad::Hangs | Bad::Ends) => "answer was lost",
        (_, Bad::Gone) => "cannot be reached",
        (_, Bad::Name) => "check the address and the name servers",
        (_, Bad::NoTls) => "check the address, the network and the proxy",
        (_, Bad::Untrusted) => "SSL_CERT_FILE",
    }
}

const VENDORS: [Vendor; 3] = [Vendor::Github, Vendor::Netlify, Vendor::Aws];

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_look_names_the_fix_and_nothing_is_changed() {
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        for bad in ALL.into_iter().chain([Bad::Behind]) {
            let server = Server::start(bad, &[]).await;
            let words = vendor.looks(&server.url).await;
            let came = vendor.acts(&server.url).await;
            if !words.contains(fix(vendor, bad)) {
                wrong.push(format!("{vendor:?} {bad:?}: {words}"));
            }
            if came.sent != Sent::Refused || came.words.is_empty() {
                wrong.push(format!("{vendor:?} {bad:?}: {:?} {}", came.sent, came.words));
            }
            if server.heard().iter().any(|line| line.contains(vendor.change())) {
                wrong
                    .push(format!("{vendor:?} {bad:?}: changed something without having seen what is there"));
            }
            let all = format!("{words} {}", came.words);
            if all.contains(SECRET) || all.contains(&server.url) || all.len() > 1_500 {
                wrong.push(format!("{vendor:?} {bad:?}: says too much: {all}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_a_change_is_said_honestly_and_it_is_sent_once() {
    let mut wrong = Vec::new();
    for vendor in VENDORS {
        for bad in ALL {
            // Those are of a server, not of a request.
            if matches!(bad, Bad::Gone | Bad::Name | Bad::NoTls | Bad::Untrusted) {
                continue;
            }
            let server = Server::start(bad, &vendor.looks_well()).await;
            let came = vendor.acts(&server.url).await;
            let is_refusal = matches!(bad, Bad::Status(..500) | Bad::Ahead | Bad::Behind);
            let expected = if is_refusal { Sent::Refused } else { Sent::Unknown };
            let sent = server.heard().iter().filter(|line| line.contains(vendor.change())).count();
            if came.sent != expected || came.words.is_empty() || sent != 1 {
                let lines = server.heard();
                wrong.push(format!(
                    "{vendor:?} {bad:?}: {:?}, sent {sent} times: {} {lines:?}",
                    came.sent, came.words
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
