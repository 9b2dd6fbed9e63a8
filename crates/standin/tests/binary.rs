//! The end-to-end tests in `tests/it` run the binary that lies beside them. Cargo builds it along with the tests of the
//! workspace only where a test of its own package asks for it: this one does.

#![allow(clippy::unwrap_used)]

#[test]
fn the_binary_says_its_version() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_standin")).arg("--version").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, format!("standin {}\n", env!("CARGO_PKG_VERSION")));
}
