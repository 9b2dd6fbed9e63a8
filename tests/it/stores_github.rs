//! GitHub refs and Netlify Blobs against servers of others that speak the vendors' protocols.

mod server;

use std::time::Duration;

use bytes::Bytes;
use server::Server;
use standin_engine::ports::mesh::{ReadError, WriteError};
use standin_http::Http;
use standin_stores::shared::Shelf;
use standin_stores::shared::conformance::{self, Conformance, Extent};
use standin_stores::shared::github_refs::{GithubRefs, Repository};
use standin_stores::shared::netlify_blobs::{BlobsFault, BlobsSite, Door, NetlifyBlobs};

const TOKEN: &str = "a_token";

fn http() -> Http {
    Http::new(Duration::from_secs(20), None).unwrap()
}

/// On a machine that does other things as well.
fn extent() -> Extent {
    Extent { request: Duration::from_secs(20), ..Extent::full() }
}

fn assert_passed(found: &Conformance) {
    println!("{found}");
    assert!(found.is_passed(), "{found}");
}

#[tokio::test]
async fn github_refs_pass_at_a_second_server() {
    let server = Server::emulate();
    let repository = Repository {
        api: server.url.clone(),
        owner: "octo".to_owned(),
        name: "shop".to_owned(),
        token: TOKEN.to_owned().into(),
    };
    let http = http();
    let refs = || GithubRefs::new(http.clone(), &repository).unwrap();
    // It counts requests as GitHub does, 5,000 an hour.
    let extent = Extent { rounds: 20, listed: 30, ..extent() };
    assert_passed(&conformance::cells(&[refs().cells(), refs().cells()], &extent).await);
    assert_passed(&conformance::shelf(&[refs().trial_shelf(), refs().trial_shelf()], &extent).await);
    println!("{} requests", http.meter().requests());
}

fn blobs(door: Door, token: &str) -> NetlifyBlobs {
    let site = BlobsSite {
        door,
        site: "site-1".to_owned(),
        store: "standin-trial".to_owned(),
        token: token.to_owned().into(),
    };
    NetlifyBlobs::new(http(), &site).unwrap()
}

#[tokio::test]
async fn blobs_keep_records_by_both_doors() {
    let server = Server::blobs();
    let doors = [Door::Edge(server.url.clone()), Door::Api(server.url.clone())];
    let [edge, api] = doors.clone().map(|door| blobs(door, TOKEN));
    assert!(edge.read_all().await.unwrap().value.is_empty(), "a store that is not there yet");
    assert_passed(&conformance::shelf(&[edge, api], &extent()).await);

    for door in doors {
        let refused = blobs(door, "wrong");
        assert_eq!(refused.read_all().await, Err(ReadError::Unreachable));
        assert_eq!(refused.last_fault(), Some(BlobsFault::Token));
        assert_eq!(refused.write("agent", Bytes::from_static(b"{}")).await, Err(WriteError::Refused));
        assert!(!format!("{refused:?}").contains("wrong"));
    }
}
