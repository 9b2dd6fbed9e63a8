#![allow(clippy::unwrap_used)]
use serde_json::json;
use standin_core::automation::{Call, Fails, Handover, LocalAction};

use super::*;
use crate::work::Called;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn call(file: &str) -> Call {
    Call { uses: file.into(), line: 1, inputs: vec![], secrets: Handover::Inherited }
}

fn work(called: Vec<Called>, workflow: Workflow) -> WorkflowWork {
    let payload = json!({ "inputs": {} });
    WorkflowWork {
        file: "a.yml".into(),
        workflow: Some(workflow),
        event: "workflow_dispatch".into(),
        payload,
        called,
    }
}

fn of(files: &[(&str, &str)], work: &WorkflowWork) -> Demands {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let written = yaml::value(&std::fs::read_to_string(root.path().join("a.yml")).unwrap()).unwrap();
    demands(work, root.path(), &written)
}

#[test]
fn what_is_called_asks_too() {
    let called = |file: &str, secrets, needs: Vec<Need>| Called {
        file: file.into(),
        workflow: Workflow { needs, ..Workflow::default() },
        secrets,
    };
    let work = work(
        vec![called("b.yml", Passed::Whole, vec![Need::Oidc]), called("c.yml", Passed::Named, vec![])],
        Workflow {
            calls: vec![call("./b.yml"), call("o/r/.github/workflows/x.yml@v1")],
            ..Workflow::default()
        },
    );
    let files = [
        ("a.yml", "jobs: { c: { secrets: { token: '${{ secrets.MY_PAT }}' } } }"),
        ("b.yml", "jobs: { b: { runs-on: macos-14, if: \"vars.ON == '1'\", x: '${{ secrets.DEEP }}' } }"),
        ("c.yml", "jobs: { c: { runs-on: ubuntu-latest, x: '${{ secrets.token }}' } }"),
    ];
    let found = of(&files, &work);
    assert_eq!(found.secrets, set(&["MY_PAT", "DEEP"]));
    assert_eq!(found.labels, set(&["macos-14", "ubuntu-latest"]));
    assert_eq!(found.variables, set(&["ON"]));
    assert_eq!(found.needs, BTreeSet::from([Need::Oidc]));
    assert_eq!(found.strangers, set(&["o/r/.github/workflows/x.yml@v1"]));
}

#[test]
fn actions_of_the_repository_are_looked_into() {
    let action = LocalAction { path: "tools/one".into(), line: 1, fails: Fails::Always };
    let work = work(vec![], Workflow { local_actions: vec![action], ..Workflow::default() });
    let files = [
        ("a.yml", "jobs: {}"),
        (
            "tools/one/action.yml",
            "runs: { using: composite, steps: [{ uses: actions/cache/save@v4 }, { uses: ./tools/two }] }",
        ),
        ("tools/two/action.yaml", "runs: { using: docker, image: Dockerfile }"),
    ];
    let found = of(&files, &work);
    assert_eq!(found.needs, BTreeSet::from([Need::Cache]));
    assert_eq!(found.actions, set(&["actions/cache/save@v4", "docker://tools/two"]));
}

#[test]
fn the_token_is_for_git_only_where_the_checkout_keeps_it() {
    let asked = Demands { actions: set(&["actions/checkout@v4"]), ..Demands::default() };
    assert!(takes_token(&asked, &json!({ "jobs": {} })));
    assert!(!takes_token(&asked, &json!({ "steps": [{ "with": { "persist-credentials": "false" } }] })));
    assert!(!takes_token(&Demands::default(), &json!({})));
}

#[test]
fn inputs_are_filled_in_for_a_dispatch_alone() {
    let written = yaml::value(
        "on: { workflow_dispatch: { inputs: { who: { default: me }, what: { required: true } } } }",
    )
    .unwrap();
    let mut work = work(vec![], Workflow::default());
    let error = dispatched(&work, &written).unwrap_err().to_string();
    assert!(error.contains("a.yml") && error.contains("--input what=VALUE"), "{error}");
    work.payload = json!({ "inputs": { "what": "it" } });
    assert_eq!(
        dispatched(&work, &written).unwrap().payload,
        json!({ "inputs": { "who": "me", "what": "it" } })
    );
    work.event = "schedule".into();
    work.payload = json!({ "schedule": "0 3 * * *" });
    assert_eq!(dispatched(&work, &written).unwrap().payload, json!({ "schedule": "0 3 * * *" }));
}
