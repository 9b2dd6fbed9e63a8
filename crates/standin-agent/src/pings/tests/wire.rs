//! Every request of the wire, and what comes back.

use standin_core::beat::Signal;

use super::{Stage, id};

const RID: &str = "0189dd4f-7a52-7c4b-a3c0-5f6d1f3b9a10";

/// Asks once and compares status and body; the headers are the same for all.
async fn expect(stage: &Stage, method: &str, path: &str, expected: (u16, &str)) {
    let reply = stage.send(method, path, b"").await;
    let body = if method == "HEAD" { "" } else { expected.1 };
    assert_eq!((reply.status, reply.body.as_str()), (expected.0, body), "{method} {path}");
    let headers = ["Ping-Body-Limit", "Access-Control-Allow-Origin", "Cache-Control"];
    assert_eq!(
        headers.map(|name| reply.header(name)),
        [Some("100000"), Some("*"), Some("no-store")],
        "{path}"
    );
}

#[tokio::test]
async fn each_address_is_answered_as_the_wire_says() {
    let stage = Stage::open(&["pm2:web", "npm:a#twin", "npm:b.a#twin", "pm2:a-twin"]).await;
    let (uuid, key) = (stage.uuid("pm2:web"), stage.key.clone());
    let none = "00000000-0000-4000-8000-000000000000";
    let table = [
        (format!("/{uuid}"), (200, "OK")),
        (format!("/{uuid}/"), (200, "OK")),
        (format!("/{}", uuid.to_uppercase()), (200, "OK")),
        (format!("/{uuid}/start"), (200, "OK")),
        (format!("/{uuid}/fail/"), (200, "OK")),
        (format!("/{uuid}/log"), (200, "OK")),
        (format!("/{uuid}/0"), (200, "OK")),
        (format!("/{uuid}/255"), (200, "OK")),
        (format!("/{uuid}/0255"), (200, "OK")),
        (format!("/{uuid}/256"), (400, "invalid url format")),
        (format!("/{uuid}/99999999999999999999"), (400, "invalid url format")),
        (format!("/{uuid}/-1"), (404, "not found")),
        (format!("/{uuid}/bogus"), (404, "not found")),
        (format!("/{uuid}/START"), (404, "not found")),
        (format!("/{uuid}/1/2"), (404, "not found")),
        (format!("/{none}"), (404, "not found")),
        (format!("/{none}/start"), (404, "not found")),
        (format!("/{uuid}?rid={RID}"), (200, "OK")),
        (format!("/{uuid}?rid=nonsense"), (400, "invalid uuid format")),
        (format!("/{uuid}?rid="), (400, "invalid uuid format")),
        (format!("/{none}?rid=nonsense"), (404, "not found")),
        (format!("/{uuid}?create=1"), (200, "OK")),
        (format!("/{none}?create=1"), (404, "not found")),
        (format!("/{key}/web"), (200, "OK")),
        (format!("/{key}/web/"), (200, "OK")),
        (format!("/{key}/web/start"), (200, "OK")),
        (format!("/{key}/web/fail"), (200, "OK")),
        (format!("/{key}/web/log"), (200, "OK")),
        (format!("/{key}/web/7?rid={RID}&create=0"), (200, "OK")),
        (format!("/{key}/web/256"), (400, "invalid url format")),
        (format!("/{key}/web/-1"), (404, "not found")),
        (format!("/{key}/web/bogus"), (404, "not found")),
        (format!("/{key}/Web"), (400, "invalid url format")),
        (format!("/{key}/Web?create=1"), (400, "invalid url format")),
        (format!("/{key}/w%65b"), (404, "not found")),
        (format!("/{key}/other"), (404, "not found")),
        (format!("/{key}/other?create=0"), (404, "not found")),
        (format!("/{key}/other?create=1&rid=x"), (400, "invalid uuid format")),
        (format!("/{key}/a-twin"), (409, "ambiguous slug")),
        (format!("/{key}/a-twin?create=1"), (409, "ambiguous slug")),
        ("/wrong-key/web".to_owned(), (404, "not found")),
        ("/wrong-key/other?create=1".to_owned(), (404, "not found")),
        ("/bogus".to_owned(), (404, "not found")),
        ("/-1".to_owned(), (404, "not found")),
    ];
    for (path, expected) in &table {
        for method in ["GET", "HEAD", "POST", "PUT"] {
            expect(&stage, method, path, *expected).await;
            expect(&stage, method, &format!("/ping{path}"), *expected).await;
        }
    }
    assert_eq!(stage.store.checks().await.unwrap().len(), 4, "none of these made a check");
    assert_eq!(stage.send("DELETE", &format!("/ping/{uuid}"), b"").await.status, 405);
    expect(&stage, "GET", "/ping", (404, "not found")).await;
}

#[tokio::test]
async fn what_was_said_is_kept_before_it_is_answered() {
    let stage = Stage::open(&["pm2:web"]).await;
    let uuid = stage.uuid("pm2:web");
    let said = [
        ("GET", "", Signal::Success, None),
        ("POST", "/start", Signal::Start, None),
        ("PUT", "/log", Signal::Log, None),
        ("HEAD", "/fail", Signal::Fail, None),
        ("POST", "/0", Signal::Success, Some(0)),
        ("POST", "/17", Signal::Fail, Some(17)),
    ];
    for (method, action, signal, exit) in said {
        let body = if method == "POST" { "what it printed" } else { "" };
        let path = format!("/ping/{uuid}{action}?rid={}", RID.to_uppercase());
        assert_eq!(stage.send(method, &path, body.as_bytes()).await.status, 200);
        // A second connection reads what is on the disk, not what the listener remembers.
        let kept =
            standin_stores::Sqlite::read(&stage.file).unwrap().beats_of(&id("pm2:web"), 1).unwrap().remove(0);
        assert_eq!((kept.beat.signal, kept.beat.exit, kept.beat.rid.as_str()), (signal, exit, RID));
        assert_eq!(
            (kept.via.as_str(), kept.agent.as_str(), kept.body.as_slice()),
            (method, "me", body.as_bytes())
        );
    }
    let sum = stage.board.snapshot().remove(&id("pm2:web")).unwrap();
    assert_eq!((sum.count, sum.exit, sum.started), (5, Some(17), None));
    stage.board.changed().await;
}

#[tokio::test]
async fn a_slug_is_made_by_any_signal_and_only_once() {
    let stage = Stage::open(&[]).await;
    for (slug, action) in [("a", ""), ("b", "/start"), ("c", "/fail"), ("d", "/log"), ("e", "/3")] {
        let path = format!("/{}/{slug}{action}?create=1", stage.key);
        expect(&stage, "GET", &path, (201, "Created")).await;
        expect(&stage, "GET", &path, (200, "OK")).await;
        let made = id(&format!("heartbeat:{slug}"));
        assert_eq!(stage.store.beats_of(made, 9).await.unwrap().len(), 2, "{path}");
    }
    let made = stage.store.checks().await.unwrap().remove(0);
    expect(&stage, "GET", &format!("/ping/{}", made.uuid), (200, "OK")).await;
}

#[tokio::test]
async fn a_check_of_yesterday_is_not_listened_to_and_makes_no_slug_ambiguous() {
    let stage = Stage::open(&["pm2:web"]).await;
    let gone = stage.store.ensure_checks(vec![id("npm:.#web")]).await.unwrap().remove(0);
    let watched = [id("pm2:web")];
    let state =
        super::PingState::open(stage.store.clone().into(), stage.board.clone(), &watched).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(super::listen(listener, super::router(state), std::future::pending()));
    let stage = Stage { address, ..stage };
    expect(&stage, "GET", &format!("/{}/web", stage.key), (200, "OK")).await;
    expect(&stage, "GET", &format!("/{}", gone.uuid), (404, "not found")).await;
}
