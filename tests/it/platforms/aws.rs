//! AWS, as MiniStack plays it: what the adapter says that it did, and what was really done.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use standin_core::effect::EffectKey;
use standin_core::mesh::claim::{Probed, Sent};
use standin_platforms::aws::{Aws, AwsError, AwsKeys, AwsOptions, FunctionRef, State};

use super::http;
use crate::stores::ministack::MiniStack;

/// How long anything on this machine may take.
const LIMIT: Duration = Duration::from_secs(60);

const REGION: &str = "us-east-1";

/// Writes each event that it is told beside its code.
const HANDLER: &str = "import json, os\ndef handler(event, _):\n    with open(os.environ['NOTE'], 'a') as note:\n        note.write(json.dumps(event) + '\\n')\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Runs some Python beside MiniStack.
fn python(code: &str, input: &str) -> String {
    let tools = std::env::var_os("STANDIN_AWS_PYTHON");
    let python = root().join(tools.unwrap_or_else(|| ".tools/aws/bin/python".into()));
    let mut child = Command::new(python)
        .args(["-c", code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bin/test sets it up");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn zip(code: &str) -> String {
    let pack = "import base64,io,sys,zipfile\nb=io.BytesIO()\nwith zipfile.ZipFile(b,'w') as z: z.writestr('main.py',sys.stdin.read())\nprint(base64.b64encode(b.getvalue()).decode())";
    python(pack, code)
}

fn aws(endpoint: String) -> Aws {
    let options = AwsOptions {
        region: REGION.to_owned(),
        endpoint: Some(endpoint),
        keys: AwsKeys::Given { id: "AKIDEXAMPLE".into(), secret: "s3cret".into(), session: None },
        timeout: Duration::from_secs(20),
        send_within: Duration::from_secs(20),
    };
    Aws::new(&http(), options).unwrap()
}

fn key(text: &str) -> EffectKey {
    EffectKey(text.to_owned())
}

/// An account with one function that was published twice, and an alias that shows the second.
struct Account {
    stack: MiniStack,
    http: reqwest::Client,
    note: tempfile::TempDir,
    aws: Aws,
    live: FunctionRef,
}

impl Account {
    async fn new() -> Self {
        let stack = MiniStack::start();
        let http = crate::http().timeout(LIMIT).build().unwrap();
        let (aws, live) = (aws(stack.url()), "standin:live".parse().unwrap());
        let account = Self { stack, http, note: tempfile::tempdir().unwrap(), aws, live };
        let body = json!({
            "FunctionName": "standin", "Runtime": "python3.12", "Handler": "main.handler",
            "Role": "arn:aws:iam::000000000000:role/standin", "Code": { "ZipFile": zip(HANDLER) },
            "Environment": { "Variables": { "NOTE": account.note() } },
        });
        account.lambda("POST", "", body).await;
        account.is_well("standin").await;
        account.lambda("POST", "/standin/versions", json!({})).await;
        let code = format!("{HANDLER}# newer\n");
        account.lambda("PUT", "/standin/code", json!({ "ZipFile": zip(&code) })).await;
        account.is_well("standin").await;
        account.lambda("POST", "/standin/versions", json!({})).await;
        let alias = json!({ "Name": "live", "FunctionVersion": "2" });
        account.lambda("POST", "/standin/aliases", alias).await;
        account
    }

    fn note(&self) -> String {
        self.note.path().join("note").to_string_lossy().into_owned()
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Value {
        let url = format!("{}{path}", self.stack.url());
        let mut request = self.http.request(method.parse().unwrap(), url).json(&body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    async fn lambda(&self, method: &str, path: &str, body: Value) -> Value {
        self.send(method, &format!("/2015-03-31/functions{path}"), &[], body).await
    }

    async fn events(&self, action: &str, body: Value) -> Value {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=x/20260101/{REGION}/events/aws4_request, SignedHeaders=host, Signature=x"
        );
        let target = format!("AWSEvents.{action}");
        self.send("POST", "/", &[("x-amz-target", &target), ("authorization", &scope)], body).await
    }

    async fn is_well(&self, name: &str) {
        let function: FunctionRef = name.parse().unwrap();
        let well = async {
            while self.aws.probe(&function).await.unwrap() != Probed::Well {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(LIMIT, well).await.expect("it becomes active");
    }

    /// Waits until the function was told so many events.
    async fn told(&self, count: usize) -> Vec<Value> {
        let told = async {
            loop {
                let text = std::fs::read_to_string(self.note()).unwrap_or_default();
                let events: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                if events.len() >= count {
                    return events;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(LIMIT, told).await.expect("the function runs")
    }
}

#[tokio::test]
async fn a_function_is_looked_at_and_woken_unless_a_person_stopped_it() {
    let account = Account::new().await;
    let (aws, live) = (&account.aws, &account.live);
    let seen = aws.function(live).await.unwrap();
    assert_eq!((seen.state, seen.version.as_str(), seen.is_stopped), (State::Active, "2", false));
    let done = aws.wake(live, &key("k1"), 1).await;
    assert_eq!((done.sent, done.error), (Sent::Accepted, None));
    assert_eq!(account.told(1).await, [json!({ "key": "k1", "attempt": 1 })]);

    let rule = json!({ "Name": "each-five", "ScheduleExpression": "rate(5 minutes)" });
    account.events("PutRule", rule).await;
    let targets = json!({ "Rule": "each-five", "Targets": [{ "Id": "1", "Arn": seen.arn }] });
    account.events("PutTargets", targets).await;
    assert_eq!(aws.wake(live, &key("k2"), 1).await.sent, Sent::Accepted);
    account.told(2).await;
    account.events("DisableRule", json!({ "Name": "each-five" })).await;
    let done = aws.wake(live, &key("k3"), 1).await;
    assert_eq!((done.sent, done.error), (Sent::Refused, Some(AwsError::Disabled("each-five".to_owned()))));
    assert_eq!(aws.roll_back(live, &key("k3"), 1).await.sent, Sent::Refused);
    account.events("EnableRule", json!({ "Name": "each-five" })).await;

    let url = "/2017-10-31/functions/standin/concurrency";
    account.send("PUT", url, &[], json!({ "ReservedConcurrentExecutions": 0 })).await;
    let done = aws.wake(live, &key("k4"), 1).await;
    assert_eq!((done.sent, done.error), (Sent::Refused, Some(AwsError::Stopped("standin".to_owned()))));
    assert_eq!(account.told(2).await.len(), 2);

    let gone = aws.wake(&"gone".parse().unwrap(), &key("k5"), 1).await;
    assert_eq!(gone.sent, Sent::Refused);
    assert!(gone.error.unwrap().to_string().contains("no `gone` in us-east-1"));
}

#[tokio::test]
async fn an_alias_is_put_back_to_the_version_before_once_a_key() {
    let account = Account::new().await;
    let (aws, live) = (&account.aws, &account.live);
    let shows = async || {
        let alias = account.lambda("GET", "/standin/aliases/live", json!({})).await;
        alias["FunctionVersion"].as_str().unwrap().to_owned()
    };
    let done = aws.roll_back(&"standin".parse().unwrap(), &key("k1"), 1).await;
    assert_eq!((done.sent, done.error), (Sent::Refused, Some(AwsError::NeedsAlias("standin".to_owned()))));
    for attempt in [1, 2] {
        let done = aws.roll_back(live, &key("k1"), attempt).await;
        assert_eq!((done.sent, done.version.as_deref(), done.error), (Sent::Accepted, Some("1"), None));
        assert_eq!(shows().await, "1");
    }
    let done = aws.roll_back(live, &key("k2"), 1).await;
    assert_eq!(done.sent, Sent::Refused);
    assert!(done.error.unwrap().to_string().contains("no version before 1"));
    // Two at once: the first to write wins, and the other has not gone one further back.
    account.lambda("PUT", "/standin/code", json!({ "ZipFile": zip("# third\n") })).await;
    account.is_well("standin").await;
    account.lambda("POST", "/standin/versions", json!({})).await;
    account.lambda("PUT", "/standin/aliases/live", json!({ "FunctionVersion": "3" })).await;
    let (k3, k4) = (key("k3"), key("k4"));
    let (one, other) = tokio::join!(aws.roll_back(live, &k3, 1), aws.roll_back(live, &k4, 1));
    let both = [one.sent, other.sent];
    assert!(both.contains(&Sent::Accepted), "{one:?} {other:?}");
    let expected = if both == [Sent::Accepted; 2] { "1" } else { "2" };
    assert_eq!(shows().await, expected, "{one:?} {other:?}");
    // Somebody shifts calls by hand.
    let weights = json!({ "AdditionalVersionWeights": { "1": 0.1 } });
    account
        .lambda("PUT", "/standin/aliases/live", json!({ "FunctionVersion": "3", "RoutingConfig": weights }))
        .await;
    let done = aws.roll_back(live, &key("k5"), 1).await;
    assert_eq!((done.sent, done.error), (Sent::Refused, Some(AwsError::Shifting("live".to_owned()))));
    assert_eq!(shows().await, "3");
}

/// One request to a server that only listens: its first line and its headers.
async fn overheard() -> Vec<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let aws = aws(format!("http://{}", listener.local_addr().unwrap()));
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut text = Vec::new();
        let mut piece = [0; 1024];
        while !text.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut piece).unwrap();
            text.extend_from_slice(&piece[..read]);
        }
        stream.write_all(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8(text).unwrap()
    });
    let error = aws.function(&"standin:live".parse().unwrap()).await.unwrap_err();
    assert_eq!(error, AwsError::Server(500));
    heard.join().unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn amazons_own_library_signs_in_the_same_way() {
    let lines = overheard().await;
    let header = |wanted: &str| {
        let found = lines.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
        });
        found.unwrap_or_else(|| panic!("{wanted}: {lines:?}"))
    };
    let path = lines[0].split(' ').nth(1).unwrap();
    assert_eq!(path, "/2015-03-31/functions/standin?Qualifier=live");
    let wanted = json!({
        "url": format!("http://{}{path}", header("host")), "date": header("x-amz-date"), "region": REGION,
    });
    let code = "import json,sys\nfrom botocore.auth import SigV4Auth\nfrom botocore.awsrequest import AWSRequest\nfrom botocore.credentials import Credentials\na=json.load(sys.stdin)\nr=AWSRequest(method='GET',url=a['url'],data=b'')\nr.context['timestamp']=a['date']\nr.headers['X-Amz-Date']=a['date']\ns=SigV4Auth(Credentials('AKIDEXAMPLE','s3cret'),'lambda',a['region'])\nr.params={'Qualifier':'live'}\nr.url=r.url.split('?')[0]\nprint(s.signature(s.string_to_sign(r,s.canonical_request(r)),r))";
    let signature = python(code, &wanted.to_string());
    let ours = header("authorization");
    assert!(ours.ends_with(&format!("Signature={signature}")), "{ours} {signature}");
    assert!(!lines.join("\n").contains("s3cret"));
}
