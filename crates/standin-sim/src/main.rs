//! The proof of Standin's protocol on the command line: model checks, and simulated hours with every fault.

mod commands;

use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let command = if arguments.is_empty() { "" } else { arguments.remove(0) };
    commands::run(command, &arguments)
}
