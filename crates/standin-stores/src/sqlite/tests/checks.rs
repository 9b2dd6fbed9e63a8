use super::{open, place};
use crate::checks::{CheckError, MAX_CREATED, Made};
use crate::conformance::id;
use crate::sqlite::Sqlite;

#[tokio::test]
async fn a_check_is_made_once_and_stays() {
    let (_dir, path) = place();
    let store = open(&path);
    let made = store.ensure_checks(vec![id("web"), id("Job #1")]).await.unwrap();
    assert_eq!(made[1].slug, "job-1");
    assert_ne!(made[0].uuid, made[1].uuid);
    let key = store.ping_key().await.unwrap();
    store.close().await;

    let store = open(&path);
    let again = store.ensure_checks(vec![id("Job #1"), id("web"), id("new")]).await.unwrap();
    assert_eq!([&again[0], &again[1]], [&made[1], &made[0]]);
    assert_eq!(store.ping_key().await.unwrap(), key);
    let all = store.checks().await.unwrap();
    assert_eq!(all.iter().map(|c| c.id.clone()).collect::<Vec<_>>(), [id("Job #1"), id("new"), id("web")]);
    store.close().await;
    let reader = Sqlite::read(&path).unwrap();
    assert_eq!((reader.checks().unwrap(), reader.ping_key().unwrap()), (all, Some(key)));
}

#[tokio::test]
async fn a_sender_gets_the_check_that_is_there() {
    let (_dir, path) = place();
    let store = open(&path);
    let web = store.ensure_checks(vec![id("web")]).await.unwrap().remove(0);
    assert_eq!(store.create_check("web".into()).await.unwrap(), Made::Existing(web));
    let Made::Created(new) = store.create_check("new".into()).await.unwrap() else { panic!("new is new") };
    assert_eq!(new.id.as_str(), "heartbeat:new");
    assert_eq!(store.create_check("new".into()).await.unwrap(), Made::Existing(new));
    store.ensure_checks(vec!["npm:.#web".parse().unwrap()]).await.unwrap();
    assert!(matches!(store.create_check("web".into()).await, Err(CheckError::Ambiguous(_))));
    assert!(matches!(store.create_check("No".into()).await, Err(CheckError::Slug(_))));
}

#[tokio::test]
async fn senders_make_a_bounded_number() {
    let (_dir, path) = place();
    let store = open(&path);
    for n in 0..MAX_CREATED {
        let made = store.create_check(format!("c{n}")).await.unwrap();
        assert!(matches!(made, Made::Created(_)));
    }
    assert!(matches!(store.create_check("more".into()).await, Err(CheckError::TooMany)));
    assert!(matches!(store.create_check("c0".into()).await, Ok(Made::Existing(_))));
    store.ensure_checks(vec![id("more")]).await.expect("the settings' own checks are not bounded by senders");
}
