//! The template on an AWS that plays on this machine, with the real `bootstrap`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use super::shop::{PING_KEY, Shop, TOKEN, place};
use crate::stores::ministack::MiniStack;

/// The schedule comes each minute.
const MINUTES: Duration = Duration::from_secs(150);

/// Lends the template's function to an account, by the calls that the guide makes.
struct Account {
    aws: MiniStack,
    http: Client,
    function: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn python() -> PathBuf {
    root().join(std::env::var_os("STANDIN_AWS_PYTHON").unwrap_or_else(|| ".tools/aws/bin/python".into()))
}

impl Account {
    fn deploy(aws: MiniStack, package: &Path) -> (Self, Value) {
        let parameters = [
            "GithubRepository=octo/shop".to_owned(),
            "GithubProvider=arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com"
                .to_owned(),
            "GithubToken=any".to_owned(),
            format!("StandinToken={TOKEN}"),
            format!("PingKey={PING_KEY}"),
            "Schedule=rate(1 minute)".to_owned(),
        ];
        let told = Command::new(python())
            .arg(root().join("tests/it/function/deploy.py"))
            .arg(aws.url())
            .arg(root().join("infra/template.yaml"))
            .arg(package)
            .args(parameters)
            .output()
            .unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let stack: Value = serde_json::from_slice(&told.stdout).unwrap();
        assert_eq!(stack["status"], "CREATE_COMPLETE", "{stack:#}");
        let function = stack["outputs"]["Function"].as_str().unwrap().to_owned();
        let http = crate::http().timeout(Duration::from_secs(90)).build().unwrap();
        (Self { aws, http, function }, stack)
    }

    /// One event: whether the function failed, and what it answered.
    async fn invoke(&self, event: &Value) -> (bool, Value) {
        let url = format!("{}/2015-03-31/functions/{}/invocations", self.aws.url(), self.function);
        let answer = self.http.post(url).json(event).send().await.unwrap();
        let failed = answer.headers().contains_key("x-amz-function-error");
        (failed, answer.json().await.unwrap())
    }

    /// A request as the function's address hands it over.
    async fn ask(&self, method: &str, path: &str, token: &str) -> (u64, String) {
        let event = json!({
            "version": "2.0", "rawPath": path, "rawQueryString": "", "isBase64Encoded": false,
            "headers": { "authorization": format!("Bearer {token}") },
            "requestContext": { "http": { "method": method, "path": path } },
        });
        let (failed, answer) = self.invoke(&event).await;
        assert!(!failed, "{answer}");
        (answer["statusCode"].as_u64().unwrap(), answer["body"].as_str().unwrap().to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployed_function_looks_by_its_schedule_and_dispatches_once() {
    let aws = MiniStack::start();
    let table = format!(
        "[aws]\nregion = \"us-east-1\"\n[[store]]\nkind = \"dynamodb\"\ntable = \"standin\"\nendpoint = \"{}\"\ndecides = true\n\
         [[store]]\nkind = \"github\"\n[[peer]]\nkind = \"lambda\"\nevery = \"1m\"\n",
        aws.url()
    );
    let shop = Shop::new(&table).await;
    let package = shop.folder("package");
    place(&package.join("bootstrap"));
    shop.carry(&package.join("mesh.json"));
    let (account, stack) = Account::deploy(aws, &package);
    for (name, kind) in [
        ("Table", "AWS::DynamoDB::Table"),
        ("WatchTick", "AWS::Scheduler::Schedule"),
        ("Silent", "AWS::CloudWatch::Alarm"),
        ("GithubRole", "AWS::IAM::Role"),
        ("WatchAliaslive", "AWS::Lambda::Alias"),
        ("WatchUrl", "AWS::Lambda::Url"),
    ] {
        assert_eq!(stack["resources"][name][0], kind, "{stack:#}");
    }

    // Nobody but the schedule has started it when the first run comes.
    let begun = Instant::now();
    while shop.runs().is_empty() {
        assert!(begun.elapsed() < MINUTES, "the schedule starts the function");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(account.ask("POST", "/tick", "another").await.0, 401);
    let (status, body) = account.ask("POST", "/tick", TOKEN).await;
    assert_eq!((status, shop.runs().len()), (200, 1), "{body}");
    let (failed, woken) = account.invoke(&json!({ "key": "wake-function", "attempt": 0 })).await;
    assert!(!failed && woken["by"] == "function", "{woken}");
    assert_eq!(woken["peers"][0]["health"], "healthy", "its record is in the table: {woken:#}");
    assert_eq!(shop.runs().len(), 1);

    let (failed, why) = account.invoke(&json!({ "Records": [] })).await;
    assert!(failed && why["errorType"] == "Standin.Event", "{why}");
    assert!(why["errorMessage"].as_str().unwrap().contains("nothing was done"), "{why}");

    assert_eq!(account.ask("GET", &format!("/ping/{PING_KEY}/offsite"), "").await, (200, "OK".to_owned()));
    let (_, seen) = account.ask("GET", "/status", TOKEN).await;
    let seen: Value = serde_json::from_str(&seen).unwrap();
    let offsite = seen["targets"].as_array().unwrap().iter().find(|t| t["id"] == "heartbeat:offsite");
    assert_eq!(offsite.unwrap()["health"], "healthy", "{seen:#}");
}
