//! The scheduled function on Netlify's own command line.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;

use serde_json::Value;

use super::blocks::{block, filled, root};
use super::shell::{Shell, lines, programs};
use crate::function::shop::Shop;
use crate::stage::binary;

const PEERS: &str = "[[store]]\nkind = \"github\"\n[[peer]]\nkind = \"netlify\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_site_is_made_served_and_called_as_the_page_says() {
    let shop = Shop::new(PEERS).await;
    let site = shop.folder("site");
    let function = shop.folder("release").join("standin-function");
    shop.place(&function);
    let ours = || root().join(".tools/netlify/node_modules/.bin/netlify");
    let netlify = std::env::var_os("STANDIN_NETLIFY").map_or_else(ours, PathBuf::from);
    let path = programs(&shop.folder("path"), &[("netlify", netlify), ("standin", binary())]);
    let mut env = BTreeMap::from([
        ("PATH", path),
        ("HOME", shop.folder("home").display().to_string()),
        ("CI", "1".to_owned()),
        ("NO_UPDATE_NOTIFIER", "1".to_owned()),
    ]);
    env.extend(Shop::secrets().into_iter().map(|(name, value)| (name, value.to_owned())));
    // Free now; whoever takes it in between makes the test fail, and not pass.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let text = filled(
        &block("README.md", "On Netlify", 0),
        &[
            ("PATH/TO/standin-function", function.to_str().unwrap()),
            ("PATH/TO/standin/", &format!("{}/", root().display())),
            ("PATH/TO/REPOSITORY", shop.folder("repo").to_str().unwrap()),
            ("9999", &port.to_string()),
        ],
    );
    let mut shell = Shell::new(&site, &env);
    for line in lines(&text) {
        let said = shell.must(&line);
        if line.starts_with("netlify build") {
            let manifest = fs::read_to_string(site.join(".netlify/functions/manifest.json")).unwrap();
            let manifest: Value = serde_json::from_str(&manifest).unwrap();
            let functions = manifest["functions"].as_array().unwrap();
            let standin = functions.iter().find(|function| function["name"] == "standin").unwrap();
            assert_eq!(standin["schedule"], "*/5 * * * *");
        } else if line.starts_with("curl") {
            assert!(
                said.contains("\"peer\":\"function\"") || said.contains("\"peer\": \"function\""),
                "{said}"
            );
        } else if line.starts_with("netlify functions:invoke") {
            assert_eq!(shop.runs().len(), 1, "the slot that was missed has its run: {said}");
        }
    }
}
