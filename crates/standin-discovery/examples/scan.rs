//! Prints the inventory of a folder: `cargo run -p standin-discovery --example scan -- FOLDER`.

use std::path::Path;
use std::process::ExitCode;

use standin_discovery::{ScanOptions, scan};

#[allow(
    clippy::disallowed_methods,
    reason = "a program for people: it takes its folder from the command line"
)]
fn main() -> ExitCode {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    match scan(Path::new(&folder), &ScanOptions::default()) {
        Ok(inventory) => {
            for found in &inventory.automations {
                println!(
                    "{} {} {:?} {:?} {}",
                    found.id, found.state, found.schedules, found.triggers, found.reason
                );
            }
            for found in &inventory.findings {
                println!("{}:{}: {} {}", found.path, found.line, found.rule, found.message);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
