//! `updateRefs` and `createCommitOnBranch`, and what is read beside them.

use serde_json::{Value, json};

use crate::set::{REPO, Set, set};

const UPDATE: &str = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }";
const ZERO: &str = "0000000000000000000000000000000000000000";

async fn id(set: &Set) -> Value {
    set.get("").await["node_id"].clone()
}

async fn update(set: &Set, updates: Value) -> Value {
    set.graphql(UPDATE, json!({ "input": { "repositoryId": id(set).await, "refUpdates": updates } })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_eight_writers_swaps_a_ref_from_the_value_that_all_have_read() {
    let set = set().await;
    let repository = id(&set).await;
    let mut before = ZERO.to_owned();
    for round in 0..25 {
        let mut asked = tokio::task::JoinSet::new();
        for writer in 0..8 {
            // No commit has a parent: nothing but the expected value keeps a second writer out.
            let after = set.commit(&[], &format!("{round} by {writer}")).await;
            let one =
                json!({ "name": "refs/standin/cell", "beforeOid": before, "afterOid": after, "force": true });
            let input = json!({ "repositoryId": repository, "refUpdates": [one] });
            let body = json!({ "query": UPDATE, "variables": { "input": input } });
            let request = set.client.post(format!("{}/graphql", set.stage.github_url)).json(&body);
            asked.spawn(async move { request.send().await.unwrap().json::<Value>().await.unwrap() });
        }
        let answers = asked.join_all().await;
        let won = answers.iter().filter(|answer| answer["errors"].is_null()).count();
        assert_eq!(won, 1, "{round}: {answers:?}");
        before = set.get("/git/ref/standin/cell").await["object"]["sha"].as_str().unwrap().to_owned();
    }
}

#[tokio::test]
async fn all_of_an_update_happens_or_nothing() {
    let set = set().await;
    let head = set.head().await;
    let updates = json!([
        { "name": "refs/standin/a", "beforeOid": ZERO, "afterOid": head },
        { "name": "refs/heads/main", "beforeOid": ZERO, "afterOid": head },
    ]);
    let answer = update(&set, updates).await;
    assert_eq!(answer["errors"][0]["type"], "UNPROCESSABLE", "{answer}");
    assert!(answer["data"]["updateRefs"].is_null());
    assert_eq!(set.get("/git/matching-refs/standin/a").await, json!([]));
    let made = update(&set, json!([{ "name": "refs/standin/a", "beforeOid": ZERO, "afterOid": head }])).await;
    assert!(made["errors"].is_null(), "{made}");
    let gone = update(&set, json!([{ "name": "refs/standin/a", "beforeOid": head, "afterOid": ZERO }])).await;
    assert!(gone["errors"].is_null(), "{gone}");
    assert_eq!(set.get("/git/matching-refs/standin/a").await, json!([]));
}

#[tokio::test]
async fn a_commit_on_a_branch_needs_the_head_that_it_expects() {
    let set = set().await;
    let head = set.head().await;
    let query = "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }";
    let input = json!({
        "branch": { "repositoryNameWithOwner": REPO, "branchName": "main" },
        "expectedHeadOid": head,
        "message": { "headline": "one" },
        "fileChanges": { "additions": [{ "path": "x/y", "contents": "aGVsbG8K" }], "deletions": [{ "path": "README.md" }] },
    });
    let first = set.graphql(query, json!({ "input": input })).await;
    assert_eq!(first["data"]["createCommitOnBranch"]["commit"]["oid"], json!(set.head().await), "{first}");
    let second = set.graphql(query, json!({ "input": input })).await;
    assert_eq!(second["errors"][0]["type"], "STALE_DATA", "{second}");
    let read = "query { repository(owner: \"octo\", name: \"shop\") { id
        main: ref(qualifiedName: \"refs/heads/main\") { name target { oid ... on Commit { message } } }
        object(expression: \"main:x/y\") { ... on Blob { text } }
        refs(refPrefix: \"refs/heads/\", first: 1) { totalCount nodes { name } pageInfo { hasNextPage } } } }";
    let read = &set.graphql(read, json!({})).await["data"]["repository"];
    assert_eq!(read["main"]["target"], json!({ "oid": set.head().await, "message": "one" }));
    assert_eq!(read["object"]["text"], "hello\n");
    let refs =
        json!({ "totalCount": 1, "nodes": [{ "name": "main" }], "pageInfo": { "hasNextPage": false } });
    assert_eq!(read["refs"], refs);
}
