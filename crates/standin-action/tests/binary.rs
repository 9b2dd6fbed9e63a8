//! The end-to-end tests in `tests/it` run the binary that lies beside them. Cargo builds it along with the tests of the
//! workspace only where a test of its own package asks for it: this one does.

#![allow(clippy::unwrap_used)]

#[test]
fn a_command_that_is_none_is_refused() {
    let mut action = std::process::Command::new(env!("CARGO_BIN_EXE_standin-action"));
    let output = action.env_clear().env("STANDIN_COMMAND", "dance").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("`dance` is no command of this action: write one of check, beat"), "{said}");
}
