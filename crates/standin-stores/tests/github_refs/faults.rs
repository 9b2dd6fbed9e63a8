//! What goes wrong is told for what it is, to the mesh and to a person.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use standin_engine::ports::mesh::{ReadError, SwapAnswer, WriteError};
use standin_http::Http;
use standin_stage::{Access, Fault, FaultKind, Grant, Options, RepositoryOptions, Right, Stage};
use standin_stores::shared::github_refs::{GithubFault, GithubRefs, Repository, RepositoryError};
use standin_stores::shared::{Cells, Shelf};

use super::scripted::Scripted;
use super::{REPOSITORY, TOKEN, asked, http, refs, repository, stage, stage_with};

fn body() -> Bytes {
    Bytes::from_static(b"{\"a\":1}")
}

#[tokio::test]
async fn each_refusal_is_definite_and_names_the_fix() {
    for (status, words) in [
        (401, "make a new one"),
        (403, "contents: write"),
        (404, "check its name"),
        (409, "refuses it (409"),
        (422, "refuses it (422"),
        (429, "check less often"),
    ] {
        let stage = stage().await;
        let refs = refs(&stage);
        let (cells, shelf) = (refs.cells(), refs.shelf());
        let plane = stage.github.plane();
        plane.inject(Fault::always("/repos/*", FaultKind::status(status))).unwrap();
        assert_eq!(cells.swap("cell", None, body()).await, SwapAnswer::Lost, "{status}");
        let fault = refs.last_fault().unwrap().to_string();
        assert!(fault.contains(words), "{status}: {fault}");
        assert_eq!(shelf.write("agent", body()).await, Err(WriteError::Refused), "{status}");
        assert_eq!(shelf.read_all().await, Err(ReadError::Unreachable), "{status}");
        assert_eq!(cells.read("cell").await, Err(ReadError::Unreachable), "{status}");
        assert_eq!(cells.list("").await, Err(ReadError::Unreachable), "{status}");
        plane.clear_faults();
        if status != 429 {
            assert!(cells.read("cell").await.unwrap().value.is_none(), "{status}: nothing was written");
            assert_eq!(refs.last_fault(), None, "{status}: it goes well again");
        }
    }
}

#[tokio::test]
async fn what_breaks_where_a_ref_moves_is_unknown_and_before_it_is_not() {
    for fault in
        [FaultKind::status(500), FaultKind::LostReply, FaultKind::Truncated, FaultKind::Huge, FaultKind::Hang]
    {
        let stage = stage().await;
        let http = Http::new(Duration::from_millis(500), None).unwrap();
        let refs = GithubRefs::new(http, &repository(&stage.github_url)).unwrap();
        let (cells, shelf) = (refs.cells(), refs.shelf());
        shelf.write("agent", body()).await.unwrap();
        let plane = stage.github.plane();
        plane.inject(Fault::always("/repos/*/git/commits", fault.clone())).unwrap();
        assert_eq!(cells.swap("cell", None, body()).await, SwapAnswer::Lost, "{fault:?}");
        assert_eq!(shelf.write("agent", body()).await, Err(WriteError::Refused), "{fault:?}");
        plane.clear_faults();
        plane.inject(Fault::always("/repos/*/git/refs*", fault.clone())).unwrap();
        assert_eq!(cells.swap("cell", None, body()).await, SwapAnswer::Unknown, "{fault:?}");
        assert_eq!(shelf.write("agent", body()).await, Err(WriteError::Unknown), "{fault:?}");
        plane.clear_faults();
        plane.inject(Fault::always("/repos/*/git/*", fault.clone()).on("GET")).unwrap();
        assert_eq!(cells.read("cell").await, Err(ReadError::Unreachable), "{fault:?}");
        assert_eq!(shelf.read_all().await, Err(ReadError::Unreachable), "{fault:?}");
    }
}

#[tokio::test]
async fn a_record_that_does_not_come_makes_nobody_silent() {
    let stage = stage().await;
    let (ours, theirs) = (refs(&stage).shelf(), refs(&stage).shelf());
    theirs.write("action", body()).await.unwrap();
    theirs.write("function", body()).await.unwrap();
    stage
        .github
        .plane()
        .inject(Fault::once("/repos/*/git/commits/*", FaultKind::status(502)).after(1))
        .unwrap();
    assert_eq!(ours.read_all().await, Err(ReadError::Unreachable));
    asked(&stage);
    assert_eq!(ours.read_all().await.unwrap().value.len(), 2);
    // The one that came is remembered, although the look as a whole had failed.
    assert_eq!(asked(&stage), ["GET matching-refs/standin/peer/", "GET commits/*"]);
}

#[tokio::test]
async fn while_it_is_limited_nothing_is_asked() {
    for fault in [
        FaultKind::SecondaryLimit { retry_after_s: 60 },
        FaultKind::PrimaryLimit,
        FaultKind::Status { code: 429, moment: standin_stage::Moment::Before, retry_after_s: Some(9) },
    ] {
        let stage = stage().await;
        let refs = refs(&stage);
        let (cells, shelf) = (refs.cells(), refs.shelf());
        stage.github.plane().inject(Fault::once("/repos/*", fault.clone())).unwrap();
        assert_eq!(shelf.read_all().await, Err(ReadError::Unreachable), "{fault:?}");
        assert_eq!(asked(&stage).len(), 1);
        assert_eq!(cells.swap("cell", None, body()).await, SwapAnswer::Lost);
        assert_eq!(cells.read("cell").await, Err(ReadError::Unreachable));
        assert_eq!(shelf.write("agent", body()).await, Err(WriteError::Refused));
        assert!(
            matches!(refs.last_fault(), Some(GithubFault::Limited(_))),
            "{fault:?}: {:?}",
            refs.last_fault()
        );
        assert_eq!(asked(&stage).len(), 0, "{fault:?}");
    }
}

#[tokio::test]
async fn the_last_request_that_is_allowed_is_not_overrun() {
    let stage = stage_with(5).await;
    let refs = refs(&stage);
    refs.shelf().write("agent", body()).await.unwrap();
    assert_eq!(asked(&stage).len(), 5, "the first write of all");
    assert_eq!(refs.shelf().read_all().await, Err(ReadError::Unreachable));
    assert_eq!(asked(&stage).len(), 0);
    assert!(
        matches!(refs.last_fault(), Some(GithubFault::Limited(wait)) if wait > Duration::from_secs(3_500))
    );
}

#[tokio::test]
async fn a_token_without_the_right_to_write_still_reads() {
    let mut options = Options::default();
    let weak = Grant { token: TOKEN.to_owned(), rights: [Right::ReadContents].into() };
    options.github.access = Access::Tokens(vec![weak, Grant::full("strong")]);
    options.github.repositories = vec![RepositoryOptions::new(REPOSITORY)];
    let stage = Stage::start(options).await.unwrap();
    let weak = refs(&stage);
    let settings = Repository { token: "strong".to_owned().into(), ..repository(&stage.github_url) };
    let strong = GithubRefs::new(http(), &settings).unwrap();
    strong.shelf().write("agent", body()).await.unwrap();
    assert_eq!(weak.shelf().read_all().await.unwrap().value.len(), 1);
    assert_eq!(weak.cells().swap("cell", None, body()).await, SwapAnswer::Lost);
    assert!(matches!(weak.last_fault(), Some(GithubFault::Forbidden(_))), "{:?}", weak.last_fault());
    let settings = Repository { token: "wrong".to_owned().into(), ..settings };
    let wrong = GithubRefs::new(http(), &settings).unwrap();
    assert_eq!(wrong.cells().read("cell").await, Err(ReadError::Unreachable));
    assert!(matches!(wrong.last_fault(), Some(GithubFault::Token(_))));
}

#[tokio::test]
async fn a_repository_that_is_gone_is_no_empty_store() {
    let stage = stage().await;
    let settings = Repository { name: "gone".to_owned(), ..repository(&stage.github_url) };
    let refs = GithubRefs::new(http(), &settings).unwrap();
    assert_eq!(refs.cells().read("cell").await, Err(ReadError::Unreachable));
    assert_eq!(refs.shelf().read_all().await, Err(ReadError::Unreachable));
    assert_eq!(refs.cells().swap("cell", None, body()).await, SwapAnswer::Lost);
    assert_eq!(refs.last_fault(), Some(GithubFault::Missing));
}

#[tokio::test]
async fn an_old_answer_is_not_believed_until_another_call_says_the_same() {
    let sha = |digit: &str| digit.repeat(40);
    let step = Arc::new(AtomicUsize::new(0));
    let at = step.clone();
    let server = Scripted::start(move |line| {
        let point =
            |digit: &str| json!({ "ref": "refs/standin/cell/c", "object": { "sha": digit.repeat(40) } });
        let commit = |digit: &str, link: u32| {
            let message = format!("standin 1 text {link} 2 word\n\n{{}}");
            json!({ "sha": digit.repeat(40), "message": message })
        };
        // First the new state; then an old one by one call only; then by both.
        let step = at.load(Ordering::SeqCst);
        let answer = if line.contains("/commits/a") {
            commit("a", 1)
        } else if line.contains("/commits/b") {
            commit("b", 2)
        } else if line.contains("/matching-refs/") {
            json!([point(if step == 2 { "a" } else { "b" })])
        } else {
            point(if step == 0 { "b" } else { "a" })
        };
        (200, String::new(), answer.to_string())
    })
    .await;
    let cells = GithubRefs::new(http(), &repository(&server.url)).unwrap().cells();
    assert_eq!(*cells.read("c").await.unwrap().value.unwrap().version.0, sha("b"));
    step.store(1, Ordering::SeqCst);
    assert_eq!(cells.read("c").await, Err(ReadError::Unreachable));
    assert_eq!(cells.last_fault(), Some(GithubFault::Stale));
    step.store(2, Ordering::SeqCst);
    assert_eq!(*cells.read("c").await.unwrap().value.unwrap().version.0, sha("a"));
}

#[tokio::test]
async fn a_refusal_of_what_was_done_already_is_a_win() {
    // Something on the way has sent the request twice, and passes on what the second one was told.
    let server = Scripted::start_with_bodies(|line, body| {
        let sha = "c".repeat(40);
        if line.starts_with("POST") && line.ends_with("/commits") {
            let message = serde_json::from_str::<serde_json::Value>(body).unwrap()["message"].clone();
            return (201, String::new(), json!({ "sha": sha, "message": message }).to_string());
        }
        if line.starts_with("GET") {
            let head = json!({ "ref": "refs/standin/cell/c", "object": { "sha": sha } });
            return (200, String::new(), head.to_string());
        }
        let words = if line.starts_with("POST") {
            "Reference already exists"
        } else {
            "Update is not a fast forward"
        };
        (422, String::new(), json!({ "message": words }).to_string())
    })
    .await;
    let cells = GithubRefs::new(http(), &repository(&server.url)).unwrap().cells();
    let SwapAnswer::Won(created) = cells.swap("c", None, body()).await else {
        panic!("{:?}", cells.last_fault())
    };
    let moved = cells.swap("c", Some(&created.value), body()).await;
    assert!(matches!(moved, SwapAnswer::Won(_)), "{moved:?}");
}

#[tokio::test]
async fn the_token_follows_no_redirect_to_elsewhere_and_a_strange_answer_is_no_win() {
    let other = Scripted::start(|_| (200, String::new(), "{}".to_owned())).await;
    let to = other.url.clone();
    let server = Scripted::start(move |line| {
        let moved = format!("location: {to}/elsewhere\r\n");
        (if line.starts_with("POST") { 302 } else { 307 }, moved, String::new())
    })
    .await;
    let refs = GithubRefs::new(http(), &repository(&server.url)).unwrap();
    assert_eq!(refs.cells().swap("c", None, body()).await, SwapAnswer::Lost, "the commit was not made");
    assert_eq!(refs.cells().read("c").await, Err(ReadError::Unreachable));
    assert!(server.came().iter().all(|came| came.head.contains(&TOKEN.to_lowercase())));
    assert_eq!(other.came().len(), 2, "{:?}", other.came());
    assert!(other.came().iter().all(|came| !came.head.contains(&TOKEN.to_lowercase())), "{:?}", other.came());
}

#[tokio::test]
async fn the_token_is_shown_nowhere() {
    let stage = stage().await;
    let refs = refs(&stage);
    let (cells, shelf) = (refs.cells(), refs.shelf());
    let shown = format!("{refs:?} {cells:?} {shelf:?} {:?}", repository(&stage.github_url));
    assert!(!shown.contains(TOKEN), "{shown}");
    for fault in [FaultKind::status(401), FaultKind::status(403), FaultKind::LostReply, FaultKind::Huge] {
        stage.github.plane().inject(Fault::once("/repos/*", fault)).unwrap();
        cells.read("c").await.unwrap_err();
        let fault = refs.last_fault().unwrap();
        assert!(!format!("{fault} {fault:?}").contains(TOKEN), "{fault:?}");
    }
    // A token that no header can hold is never sent, nor shown.
    let settings = Repository { token: format!("{TOKEN}\n{TOKEN}").into(), ..repository(&stage.github_url) };
    let broken = GithubRefs::new(http(), &settings).unwrap();
    broken.cells().read("c").await.unwrap_err();
    let fault = broken.last_fault().unwrap();
    assert!(fault.is_definite() && !format!("{fault} {fault:?}").contains(TOKEN), "{fault:?}");
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let good = repository("https://api.github.com");
    let made = |repository: &Repository| GithubRefs::new(http(), repository).map(|_| ());
    assert_eq!(made(&good), Ok(()));
    assert_eq!(made(&repository("https://git.example/api/v3/")), Ok(()));
    for api in [
        "",
        "api.github.com",
        "http://api.github.com",
        "https://user:secret@host",
        "https://host/?token=secret",
    ] {
        assert_eq!(made(&repository(api)), Err(RepositoryError::Api), "{api}");
        assert!(!RepositoryError::Api.to_string().contains("secret"));
    }
    for name in ["", "a/b", "..", "a b", "a?b"] {
        let error = made(&Repository { name: name.to_owned(), ..good.clone() });
        assert!(matches!(error, Err(RepositoryError::Name(_))), "{name}");
    }
    assert_eq!(made(&Repository { token: " ".to_owned().into(), ..good }), Err(RepositoryError::NoToken));
}
