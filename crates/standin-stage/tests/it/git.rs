//! Refs, objects and files: create-if-absent, fast-forward, expected values, and races for each.

use reqwest::Method;
use serde_json::json;

use crate::set::{Set, set};

const WRITERS: usize = 8;
const ROUNDS: usize = 25;

/// The requests of all writers at once; how many answered with this status.
async fn race(set: &Set, status: u16, method: Method, path: &str, bodies: Vec<serde_json::Value>) -> usize {
    let mut asked = tokio::task::JoinSet::new();
    for body in bodies {
        let request = set.client.request(method.clone(), set.url(path)).json(&body);
        asked.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    asked.join_all().await.into_iter().filter(|answered| *answered == status).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_eight_writers_creates_a_ref() {
    let set = set().await;
    let head = set.head().await;
    for round in 0..ROUNDS {
        let name = format!("refs/standin/slot/k{round}");
        let bodies = vec![json!({ "ref": name, "sha": head }); WRITERS];
        assert_eq!(race(&set, 201, Method::POST, "/git/refs", bodies).await, 1, "{name}");
    }
    let found = set.get("/git/matching-refs/standin/slot/").await;
    assert_eq!(found.as_array().unwrap().len(), ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_eight_writers_moves_a_cell_forward() {
    let set = set().await;
    let mut head = set.head().await;
    set.post("/git/refs", json!({ "ref": "refs/standin/cell/a", "sha": head })).await;
    for round in 0..ROUNDS {
        let mut bodies = Vec::new();
        for writer in 0..WRITERS {
            let commit = set.commit(&[&head], &format!("{round} by {writer}")).await;
            bodies.push(json!({ "sha": commit, "force": false }));
        }
        assert_eq!(race(&set, 200, Method::PATCH, "/git/refs/standin/cell/a", bodies).await, 1, "{round}");
        let now = set.get("/git/ref/standin/cell/a").await;
        head = now["object"]["sha"].as_str().unwrap().to_owned();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_eight_writers_replaces_a_file() {
    let set = set().await;
    for _ in 0..ROUNDS {
        let sha = set.get("/contents/README.md").await["sha"].clone();
        let content = |writer: usize| set_content(&format!("{sha} {writer}"));
        let bodies =
            (0..WRITERS).map(|n| json!({ "message": "m", "content": content(n), "sha": sha })).collect();
        assert_eq!(race(&set, 200, Method::PUT, "/contents/README.md", bodies).await, 1);
    }
}

/// Base64 without a library: the alphabet holds all texts of hexadecimal digits and blanks once encoded.
fn set_content(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bytes = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place)) & 63;
            encoded.push(if place <= chunk.len() { ALPHABET[six as usize] as char } else { '=' });
        }
    }
    encoded
}

#[tokio::test]
async fn refs_are_refused_as_the_vendor_refuses_them() {
    let set = set().await;
    let head = set.head().await;
    let other = set.commit(&[], "another root").await;
    let absent = "0123456789012345678901234567890123456789";
    let cases = [
        (json!({ "ref": "refs/heads/main", "sha": head }), "Reference already exists"),
        (json!({ "ref": "refs/heads/x", "sha": absent }), "Object does not exist"),
        (json!({ "ref": "heads/x", "sha": head }), "Reference name is not well-formed"),
        (json!({ "ref": "refs/heads/main/x", "sha": head }), "Reference update failed"),
        (json!({ "ref": "refs/x y/z", "sha": head }), "Reference name is not well-formed"),
    ];
    for (body, message) in cases {
        let (status, answer) = set.post("/git/refs", body.clone()).await;
        assert_eq!((status.as_u16(), answer["message"].as_str()), (422, Some(message)), "{body}");
    }
    let update = |sha: &str, force: bool| Some(json!({ "sha": sha, "force": force }));
    let (status, answer) = set.ask(Method::PATCH, "/git/refs/heads/main", update(&other, false)).await;
    assert_eq!((status.as_u16(), answer["message"].as_str()), (422, Some("Update is not a fast forward")));
    assert_eq!(set.head().await, head);
    assert_eq!(set.ask(Method::PATCH, "/git/refs/heads/main", update(&other, true)).await.0, 200);
    assert_eq!(set.head().await, other);
    assert_eq!(set.ask(Method::PATCH, "/git/refs/heads/none", update(&other, true)).await.0, 422);
    assert_eq!(set.ask(Method::GET, "/git/ref/heads/none", None).await.0, 404);
    assert_eq!(set.ask(Method::DELETE, "/git/refs/heads/none", None).await.0, 422);
    assert_eq!(set.ask(Method::DELETE, "/git/refs/heads/main", None).await.0, 204);
    assert_eq!(set.ask(Method::GET, "/git/ref/heads/main", None).await.0, 404);
}

#[tokio::test]
async fn prefixes_match_with_and_without_their_slash_however_it_is_written() {
    let set = set().await;
    let head = set.head().await;
    for name in ["refs/standin/a/1", "refs/standin/ab/1"] {
        set.post("/git/refs", json!({ "ref": name, "sha": head })).await;
    }
    for (prefix, count) in [("standin/a", 2), ("standin/a/", 1), ("standin%2Fa%2F", 1), ("standin/b", 0)] {
        let found = set.get(&format!("/git/matching-refs/{prefix}")).await;
        assert_eq!(found.as_array().unwrap().len(), count, "{prefix}");
    }
    assert_eq!(set.get("/git/ref/standin%2Fa%2F1").await["ref"], "refs/standin/a/1");
}

#[tokio::test]
async fn what_is_written_as_objects_is_read_back() {
    let set = set().await;
    let (_, blob) = set.post("/git/blobs", json!({ "content": "aGVsbG8K", "encoding": "base64" })).await;
    assert_eq!(blob["sha"], "ce013625030ba8dba906f756967f9e9ca394464a");
    let lines = json!([
        { "path": "a/b.txt", "mode": "100644", "type": "blob", "sha": blob["sha"] },
        { "path": "c", "mode": "100755", "type": "blob", "content": "run" },
    ]);
    let (status, tree) = set.post("/git/trees", json!({ "tree": lines })).await;
    assert_eq!(status, 201, "{tree}");
    let base = &tree["sha"];
    let line = json!([{ "path": "c", "mode": "100644", "type": "blob", "sha": null }]);
    let (_, less) = set.post("/git/trees", json!({ "base_tree": base, "tree": line })).await;
    let all = set.get(&format!("/git/trees/{}?recursive=1", less["sha"].as_str().unwrap())).await;
    let paths: Vec<&str> =
        all["tree"].as_array().unwrap().iter().filter_map(|line| line["path"].as_str()).collect();
    assert_eq!(paths, ["a", "a/b.txt"]);
    let read = set.get(&format!("/git/blobs/{}", blob["sha"].as_str().unwrap())).await;
    assert_eq!(read["content"], "aGVsbG8K\n");
    assert_eq!(
        set.post("/git/trees", json!({ "tree": [{ "path": "x", "mode": "1", "content": "" }] })).await.0,
        422
    );
    assert_eq!(set.post("/git/commits", json!({ "message": "m", "tree": blob["sha"] })).await.0, 422);
}
