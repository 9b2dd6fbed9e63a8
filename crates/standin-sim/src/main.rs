//! `standin-sim model [NAME]`: runs the model checks and prints what they walked through.

use std::io::Write as _;
use std::process::ExitCode;

use standin_sim::model::{ALL, Check};

const USAGE: &str = "usage: standin-sim model [NAME]";

fn main() -> std::io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let chosen: Vec<&Check> = match arguments.as_slice() {
        ["model"] => ALL.iter().collect(),
        ["model", name] => ALL.iter().filter(|check| check.name == *name).collect(),
        _ => Vec::new(),
    };
    if chosen.is_empty() {
        let names: Vec<&str> = ALL.iter().map(|check| check.name).collect();
        writeln!(std::io::stderr(), "{USAGE}\nNAME is one of: {}", names.join(", "))?;
        return Ok(ExitCode::from(2));
    }
    let mut out = std::io::stdout();
    writeln!(out, "| model | expected | found | states | seconds |\n|---|---|---|---|---|")?;
    let mut code = ExitCode::SUCCESS;
    for check in chosen {
        let findings = check.run();
        writeln!(out, "{}", findings.row(check))?;
        if let Err(why) = findings.judge(check) {
            writeln!(std::io::stderr(), "{why}")?;
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
