//! How many requests things cost. GitHub counts them.

use bytes::Bytes;
use standin_engine::ports::mesh::SwapAnswer;
use standin_stores::shared::github_refs::{Remembers, budget};
use standin_stores::shared::{Cells, Shelf};

use super::{asked, refs, stage};

#[tokio::test]
async fn a_quiet_check_costs_what_the_budget_says() {
    let stage = stage().await;
    let peers: Vec<_> =
        ["action", "function", "agent"].into_iter().map(|name| (name, refs(&stage).shelf())).collect();
    // The first writes also make the tree and the refs.
    for (name, shelf) in &peers {
        shelf.write(name, Bytes::from_static(b"{\"beat\":0}")).await.unwrap();
    }
    assert_eq!(
        asked(&stage)[..5],
        ["POST commits", "POST trees", "POST commits", "PATCH refs/standin/peer/action", "POST refs"]
    );
    let (name, own) = &peers[2];
    own.read_all().await.unwrap();
    asked(&stage);

    for (name, shelf) in &peers[..2] {
        shelf.write(name, Bytes::from_static(b"{\"beat\":1}")).await.unwrap();
    }
    asked(&stage);
    assert_eq!(own.read_all().await.unwrap().value.len(), 3);
    own.write(name, Bytes::from_static(b"{\"beat\":1}")).await.unwrap();
    let check = asked(&stage);
    let list = "GET matching-refs/standin/peer/";
    let expected = [list, "GET commits/*", "GET commits/*", "POST commits", "PATCH refs/standin/peer/agent"];
    assert_eq!(check, expected);
    assert_eq!(check.len() as u32, budget(500, 2, Remembers::Always).quiet);

    // A body that starts anew fetches its own record too.
    let anew = refs(&stage).shelf();
    anew.read_all().await.unwrap();
    anew.write("action", Bytes::from_static(b"{\"beat\":2}")).await.unwrap();
    assert_eq!(asked(&stage).len() as u32, budget(500, 2, Remembers::Nothing).quiet);
}

#[tokio::test]
async fn what_has_not_changed_is_not_counted() {
    let stage = stage().await;
    let refs = refs(&stage);
    refs.shelf().write("agent", Bytes::from_static(b"{}")).await.unwrap();
    let shelf = refs.shelf();
    let first = shelf.read_all().await.unwrap();
    asked(&stage);
    let second = shelf.read_all().await.unwrap();
    assert_eq!(second.value, first.value);
    let requests = stage.github.plane().requests();
    assert_eq!(requests.iter().map(|request| request.status).collect::<Vec<_>>(), [Some(304)]);
}

#[tokio::test]
async fn a_recovery_costs_what_the_budget_says_at_most() {
    let stage = stage().await;
    let (ours, theirs) = (refs(&stage).cells(), refs(&stage).cells());
    let SwapAnswer::Won(held) = theirs.swap("target", None, Bytes::from_static(b"{\"epoch\":1}")).await
    else {
        panic!()
    };
    asked(&stage);
    assert_eq!(ours.read("target").await.unwrap().value.unwrap().version, held.value);
    assert_eq!(asked(&stage), ["GET ref/standin/cell/target", "GET commits/*"]);
    let SwapAnswer::Won(won) =
        ours.swap("target", Some(&held.value), Bytes::from_static(b"{\"epoch\":2}")).await
    else {
        panic!()
    };
    assert_eq!(asked(&stage), ["POST commits", "PATCH refs/standin/cell/target"]);
    // What one has written oneself is known.
    assert_eq!(ours.read("target").await.unwrap().value.unwrap().version, won.value);
    assert_eq!(asked(&stage), ["GET ref/standin/cell/target"]);
    assert_eq!(2 + 2 + 2, budget(1, 0, Remembers::Nothing).recovery);
    // One that was never decided has no commit, and a second opinion instead.
    assert!(ours.read("other").await.unwrap().value.is_none());
    assert_eq!(asked(&stage), ["GET ref/standin/cell/other", "GET matching-refs/standin/cell/other"]);
}
