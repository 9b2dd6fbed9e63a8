//! The bundled example has to work, as it is the first that a newcomer sees.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

#[test]
fn its_configuration_is_read_without_a_complaint() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = std::fs::read_to_string(root.join("examples/shop/standin.toml")).unwrap();
    let settings = standin_config::parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let ids: Vec<String> = settings.automations.iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(ids, ["command:tidy-carts", "heartbeat:offsite-backup", "pm2:shop-web", "pm2:shop-worker"]);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}
