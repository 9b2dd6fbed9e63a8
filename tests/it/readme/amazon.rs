//! The scheduled function on an AWS that plays on this machine, with Amazon's own command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::blocks::{block, filled, root};
use super::first::script;
use super::shell::{Shell, lines, programs};
use crate::function::shop::Shop;
use crate::stage::binary;
use crate::stores::ministack::MiniStack;

/// Amazon's command line, by the Python of its tools: its own first line finds no Python below a folder with a blank.
fn aws(folder: &Path) -> PathBuf {
    let ours = || ".tools/aws/bin/python".into();
    let python = root().join(std::env::var_os("STANDIN_AWS_PYTHON").unwrap_or_else(ours));
    script(&folder.join("aws"), &format!("exec '{}' -m awscli \"$@\"", python.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_function_is_packed_deployed_and_called_as_the_page_says() {
    let ministack = MiniStack::start();
    let shop = Shop::new("[[store]]\nkind = \"github\"\n[[peer]]\nkind = \"lambda\"\n").await;
    let function = shop.folder("release").join("standin-function");
    shop.place(&function);
    let path = programs(&shop.folder("path"), &[("aws", aws(&shop.folder("tools"))), ("standin", binary())]);
    let env = BTreeMap::from([
        ("PATH", path),
        ("HOME", shop.folder("home").display().to_string()),
        ("GITHUB_TOKEN", "a-token".to_owned()),
        // What a reader has set up before: an account, and where it is.
        ("AWS_ENDPOINT_URL", ministack.url()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
    ]);
    let text = filled(
        &block("README.md", "On AWS Lambda", 0),
        &[
            ("PATH/TO/standin-function", function.to_str().unwrap()),
            ("PATH/TO/standin/", &format!("{}/", root().display())),
            ("PATH/TO/REPOSITORY", shop.folder("repo").to_str().unwrap()),
            ("BUCKET", "packages"),
        ],
    );
    let mut shell = Shell::new(&shop.folder("package"), &env);
    shell.must("aws s3 mb s3://packages");
    let mut said = String::new();
    for line in lines(&text) {
        said = shell.must(&line);
    }
    assert!(said.contains("\"by\": \"function\"") || said.contains("\"by\":\"function\""), "{said}");
    assert_eq!(shop.runs().len(), 1, "the slot that was missed has its run: {said}");
    let schedules = shell.must("aws scheduler list-schedules --output json");
    let schedules: Value = serde_json::from_str(&schedules).unwrap();
    assert_eq!(schedules["Schedules"][0]["State"], "ENABLED", "{schedules:#}");
    let stack =
        shell.must("aws cloudformation describe-stacks --stack-name standin --query 'Stacks[0].StackStatus'");
    assert_eq!(stack.trim(), "\"CREATE_COMPLETE\"");
}
