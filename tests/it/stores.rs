//! The shared stores against servers that speak their protocols, each through the one conformance suite.

mod google;
mod mesh;
pub(crate) mod ministack;
pub(crate) mod proxy;

use std::collections::BTreeMap;
use std::time::Duration;

use ministack::MiniStack;
use proxy::{Mishap, proxy};
use standin_http::Http;
use standin_stores::shared::conformance::{self, Conformance, Extent};
use standin_stores::shared::dynamodb::{Table, TableKeys, TablePlace};
use standin_stores::shared::object::{Objects, Place};

/// All that may be lost, in a series that meets every round of the suite.
const MISHAPS: [Mishap; 10] = [
    Mishap::None,
    Mishap::AnswerAfter(500),
    Mishap::EndAfter,
    Mishap::AnswerBefore(429),
    Mishap::Twice,
    Mishap::AnswerAfter(503),
    Mishap::AnswerBefore(500),
    Mishap::CutAfter,
    Mishap::EndBefore,
    Mishap::AnswerBefore(403),
];

/// Keys that open nothing.
fn environment() -> BTreeMap<String, String> {
    [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-word"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn http() -> Http {
    Http::new(Duration::from_secs(20), None).unwrap()
}

/// On a machine that does other things as well.
fn extent() -> Extent {
    Extent { request: Duration::from_secs(20), total: Duration::from_secs(240), ..Extent::full() }
}

fn assert_passed(found: &Conformance) {
    println!("{found}");
    assert!(found.is_passed(), "{found}");
}

fn s3(port: u16) -> Objects {
    let place = Place {
        bucket: "standin".into(),
        prefix: "mesh/shop".into(),
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        ..Place::default()
    };
    Objects::s3(&place, &environment(), &http()).unwrap()
}

#[tokio::test]
async fn s3_passes_and_tells_the_truth_when_answers_are_lost() {
    let server = MiniStack::start();
    http()
        .client()
        .put(format!("{}/standin", server.url()))
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();

    // More than one page of S3's.
    let extent = Extent { listed: 1_100, ..extent() };
    let clients = [s3(server.port).cells().unwrap(), s3(server.port).cells().unwrap()];
    assert_passed(&Box::pin(conformance::cells(&clients, &extent)).await);
    let shelves = [s3(server.port).trial_shelf().unwrap(), s3(server.port).trial_shelf().unwrap()];
    assert_passed(&conformance::shelf(&shelves, &extent).await);

    let faulty = s3(proxy(server.port, MISHAPS.to_vec()).await).cells().unwrap();
    assert_passed(&conformance::lost_answers(&clients[0], &faulty, &extent).await);
}

async fn dynamodb(port: u16) -> Table {
    let place = TablePlace {
        table: "standin".into(),
        mesh: "shop".into(),
        region: "us-east-1".into(),
        endpoint: Some(format!("http://127.0.0.1:{port}")),
    };
    let keys = TableKeys::Given { id: "test".into(), secret: "a-secret-word".into(), session: None };
    Table::new(place, keys, &http()).await
}

pub(crate) async fn make_table(server: &MiniStack) {
    let key = |name: &str, kind: &str| serde_json::json!({ "AttributeName": name, "KeyType": kind });
    let text = |name: &str| serde_json::json!({ "AttributeName": name, "AttributeType": "S" });
    let table = serde_json::json!({
        "TableName": "standin",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
        "AttributeDefinitions": [text("pk"), text("sk")],
    });
    let request = http().client().post(server.url()).body(table.to_string());
    let request = request
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "DynamoDB_20120810.CreateTable")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0");
    request.send().await.unwrap().error_for_status().unwrap();
}

#[tokio::test]
async fn dynamodb_passes_and_tells_the_truth_when_answers_are_lost() {
    let server = MiniStack::start();
    make_table(&server).await;

    let clients = [dynamodb(server.port).await.cells(), dynamodb(server.port).await.cells()];
    assert_passed(&Box::pin(conformance::cells(&clients, &extent())).await);
    let shelves = [dynamodb(server.port).await.trial_shelf(), dynamodb(server.port).await.trial_shelf()];
    assert_passed(&conformance::shelf(&shelves, &extent()).await);

    let faulty = dynamodb(proxy(server.port, MISHAPS.to_vec()).await).await.cells();
    assert_passed(&conformance::lost_answers(&clients[0], &faulty, &extent()).await);
}

/// Both halves of a bucket that somebody else's server keeps.
async fn assert_bucket(open: impl Fn(u16) -> Objects, port: u16) {
    let clients = [open(port).cells().unwrap(), open(port).cells().unwrap()];
    assert_passed(&Box::pin(conformance::cells(&clients, &extent())).await);
    let shelves = [open(port).trial_shelf().unwrap(), open(port).trial_shelf().unwrap()];
    assert_passed(&conformance::shelf(&shelves, &extent()).await);
    let faulty = open(proxy(port, MISHAPS.to_vec()).await).cells().unwrap();
    assert_passed(&conformance::lost_answers(&clients[0], &faulty, &extent()).await);
}

#[tokio::test]
async fn google_passes_and_tells_the_truth_when_answers_are_lost() {
    let open = |port: u16| {
        let endpoint = Some(format!("http://127.0.0.1:{port}"));
        let place =
            Place { bucket: "standin".into(), prefix: "mesh/shop".into(), endpoint, ..Place::default() };
        let key = r#"{"disable_oauth":true,"client_email":"","private_key":"","private_key_id":""}"#;
        let environment = [("GOOGLE_SERVICE_ACCOUNT_KEY".to_owned(), key.to_owned())].into();
        Objects::gcs(&place, &environment, &http()).unwrap()
    };
    Box::pin(assert_bucket(open, google::google().await)).await;
}
