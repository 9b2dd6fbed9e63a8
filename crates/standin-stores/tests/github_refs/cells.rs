//! Why moving a ref forward only is a compare-and-swap.

use bytes::Bytes;
use serde_json::{Value, json};
use standin_engine::ports::mesh::{ReadError, SwapAnswer, Version, WriteError};
use standin_stores::shared::Cells;
use standin_stores::shared::github_refs::{GithubCells, GithubFault};

use super::{REPOSITORY, http, refs, stage};

fn body(text: &str) -> Bytes {
    Bytes::from(format!("{{\"v\":\"{text}\"}}"))
}

async fn won(cells: &GithubCells, name: &str, expect: Option<&Version>, text: &str) -> Version {
    match cells.swap(name, expect, body(text)).await {
        SwapAnswer::Won(won) => won.value,
        answer => panic!("{answer:?}: {:?}", cells.last_fault()),
    }
}

#[tokio::test]
async fn of_two_that_expect_the_same_head_the_second_is_refused() {
    let stage = stage().await;
    let (one, two) = (refs(&stage).cells(), refs(&stage).cells());
    let head = won(&one, "cell", None, "0").await;
    assert_eq!(two.swap("cell", None, body("0")).await, SwapAnswer::Lost, "created twice");
    let after = won(&one, "cell", Some(&head), "1").await;
    assert_eq!(two.swap("cell", Some(&head), body("2")).await, SwapAnswer::Lost);
    assert_eq!(one.swap("cell", Some(&head), body("1")).await, SwapAnswer::Lost, "the same bytes again");
    assert_eq!(two.read("cell").await.unwrap().value.unwrap().version, after);
    assert_eq!(two.last_fault(), None, "losing is no fault");
}

#[tokio::test]
async fn the_same_bytes_at_the_same_time_are_two_versions() {
    let stage = stage().await;
    let cells = refs(&stage).cells();
    let first = won(&cells, "a", None, "x").await;
    let second = won(&cells, "b", None, "x").await;
    assert_ne!(first, second);
    let third = won(&cells, "a", Some(&first), "x").await;
    let fourth = won(&cells, "a", Some(&third), "x").await;
    assert!(fourth != third && fourth != first);
}

#[tokio::test]
async fn a_version_of_another_cell_moves_nothing() {
    let stage = stage().await;
    let cells = refs(&stage).cells();
    let here = won(&cells, "here", None, "1").await;
    let there = won(&cells, "there", None, "1").await;
    for version in [&there, &Version("0".repeat(40).into()), &Version("../../x".into()), &Version("".into())]
    {
        assert_eq!(cells.swap("here", Some(version), body("2")).await, SwapAnswer::Lost, "{version:?}");
        assert_eq!(cells.remove("here", version).await, Err(WriteError::Refused), "{version:?}");
    }
    assert_eq!(cells.read("here").await.unwrap().value.unwrap().version, here);
}

#[tokio::test]
async fn what_was_removed_can_be_made_anew_and_is_read_by_those_who_knew_it() {
    let stage = stage().await;
    let (one, two) = (refs(&stage).cells(), refs(&stage).cells());
    let first = won(&one, "cell", None, "1").await;
    let second = won(&one, "cell", Some(&first), "2").await;
    assert_eq!(two.read("cell").await.unwrap().value.unwrap().version, second);
    assert_eq!(one.remove("cell", &first).await, Err(WriteError::Refused));
    one.remove("cell", &second).await.unwrap();
    assert!(one.read("cell").await.unwrap().value.is_none());
    let anew = won(&one, "cell", None, "3").await;
    // It is the first link of a new chain, where the third was to be expected of the old one.
    assert_eq!(two.read("cell").await.unwrap().value.unwrap().version, anew);
    assert_eq!(two.swap("cell", Some(&second), body("4")).await, SwapAnswer::Lost);
}

#[tokio::test]
async fn slots_and_decisions_do_not_meet() {
    let stage = stage().await;
    let refs = refs(&stage);
    won(&refs.slots(), "key", None, "1").await;
    assert!(refs.cells().read("key").await.unwrap().value.is_none());
    assert_eq!(refs.slots().swap("key", None, body("2")).await, SwapAnswer::Lost);
    assert_eq!(refs.slots().list("k").await.unwrap().value.len(), 1);
    assert!(refs.cells().list("").await.unwrap().value.is_empty());
}

#[tokio::test]
async fn what_others_have_put_there_is_garbage_and_stays() {
    let stage = stage().await;
    let refs = refs(&stage);
    won(&refs.slots(), "ours", None, "1").await;
    let http = http();
    let url = format!("{}/repos/{REPOSITORY}/git", stage.github_url);
    let send = async |path: &str, body: Value| {
        let reply = http.send(http.client().post(format!("{url}/{path}")).json(&body), 9_999).await.unwrap();
        serde_json::from_slice::<Value>(&reply.body).unwrap()
    };
    let tree = "edafadacc4b3e284cc68182bc050c61db1468b2d";
    let commit = send("commits", json!({ "message": "by hand", "tree": tree, "parents": [] })).await;
    send("refs", json!({ "ref": "refs/standin/cell/theirs", "sha": commit["sha"] })).await;
    send("refs", json!({ "ref": "refs/standin/peer/theirs", "sha": commit["sha"] })).await;

    let cells = refs.cells();
    assert_eq!(cells.read("theirs").await, Err(ReadError::Garbage));
    assert_eq!(cells.last_fault(), Some(GithubFault::Foreign("refs/standin/cell/theirs".into())));
    assert_eq!(cells.swap("theirs", None, body("1")).await, SwapAnswer::Lost);
    // A record that cannot be read leaves the others readable.
    use standin_stores::shared::Shelf;
    let shelf = refs.shelf();
    shelf.write("agent", body("1")).await.unwrap();
    let names: Vec<String> =
        shelf.read_all().await.unwrap().value.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["agent"]);
}
