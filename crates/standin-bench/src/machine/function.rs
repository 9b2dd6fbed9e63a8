//! The function under a runtime of Lambda's shape: from the start of its process to its first answer, and its memory,
//! beside a function that does nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};

use super::report::{Goal, Part, Quantity, Row, Unit, times};

/// Starts of each.
const STARTS: usize = 30;
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first answer may take so many times as long as that of the empty function.
const GOAL_RATIO: f64 = 1.5;
/// The most memory, in mebibytes.
const GOAL_MIB: f64 = 30.0;
/// The largest file, in mebibytes.
const GOAL_FILE_MIB: f64 = 8.0;
/// The longest head or body that is read.
const MAX_MESSAGE: u64 = 1024 * 1024;

/// A request for a sign of life, as a function's address hands it over: answered without the network.
const EVENT: &str = r#"{"version":"2.0","rawPath":"/health","requestContext":{"http":{"method":"GET"}}}"#;

/// The smallest mesh that there is.
const MESH: &str = r#"{"version":1,"quorum":null,
"github":{"repository":null,"api_url":null,"token_env":null,"git_ref":null},
"netlify":{"site":null,"url":null,"api_url":null,"token_env":null,"build_hook_env":null},
"aws":{"region":null,"endpoint":null},"alerts":{"webhook_env":null},"stores":[],"targets":[],
"peers":[{"name":"function","kind":{"kind":"lambda","function":"standin"},"every":{"secs":300,"nanos":0},
"silent_after":{"secs":300,"nanos":0},"backup":[]}]}"#;

#[derive(Default)]
struct Measured {
    /// Milliseconds from the start of the process to its answer.
    answers: Vec<f64>,
    /// The most memory of any of them, in bytes.
    peak: u64,
}

/// Without both binaries nothing is measured, and that is said.
pub(super) fn measure(function: Option<&Path>, empty: Option<&Path>) -> anyhow::Result<Part> {
    let (Some(function), Some(empty)) = (function, empty) else {
        let notes = vec!["function: STANDIN_FUNCTION and STANDIN_EMPTY_FUNCTION name no binaries".to_owned()];
        return Ok(Part { notes, ..Part::default() });
    };
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("mesh.json"), MESH)?;
    let (mut ours, mut theirs) = (Measured::default(), Measured::default());
    for _ in 0..STARTS {
        // In turns, so that both meet the same noise.
        start(function, folder.path(), &mut ours)?;
        start(empty, folder.path(), &mut theirs)?;
    }
    let [our_peak, their_peak] = [&ours, &theirs].map(|of| mebibytes(of.peak));
    let size = |path: &Path| Ok::<_, std::io::Error>(mebibytes(std::fs::metadata(path)?.len()));
    let rows = vec![
        Row {
            what: "function: process start to first answer (p50)".to_owned(),
            standin: times(ours.answers, 50),
            peer_name: "an empty function",
            peer: Some(times(theirs.answers, 50)),
            goal: Goal::RatioAtMost(GOAL_RATIO),
        },
        row("function: peak resident memory", our_peak, Some(their_peak), GOAL_MIB),
        row("function: size of the binary", size(function)?, Some(size(empty)?), GOAL_FILE_MIB),
    ];
    Ok(Part { rows, ..Part::default() })
}

fn row(what: &str, standin: Quantity, peer: Option<Quantity>, most: f64) -> Row {
    Row {
        what: what.to_owned(),
        standin,
        peer_name: "an empty function",
        peer,
        goal: Goal::AtMostMebibytes(most),
    }
}

fn mebibytes(bytes: u64) -> Quantity {
    Quantity::new(bytes as f64 / 1024.0 / 1024.0, Unit::Mebibytes)
}

/// One life of a function: one event, one answer.
fn start(binary: &Path, folder: &Path, measured: &mut Measured) -> anyhow::Result<()> {
    let runtime = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = runtime.local_addr()?.to_string();
    let begun = Instant::now();
    let mut child = Command::new(binary)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "standin"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "g"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "s"),
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} does not start", binary.display()))?;
    let answered = serve(&runtime, &child, begun);
    // It would wait for its next event for ever.
    let _ = child.kill();
    let _ = child.wait();
    let (answer, peak) = answered?;
    measured.answers.push(answer.as_secs_f64() * 1e3);
    measured.peak = measured.peak.max(peak);
    Ok(())
}

/// Hands out one event, and waits for its answer.
fn serve(runtime: &TcpListener, child: &Child, begun: Instant) -> anyhow::Result<(Duration, u64)> {
    runtime.set_nonblocking(true)?;
    loop {
        ensure!(begun.elapsed() < PATIENCE, "the function did not answer");
        match runtime.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                if let Some(answer) = talk(stream, begun)? {
                    return Ok((answer, super::proc::peak_bytes(child.id())));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_micros(100));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// One connection; the time of the answer, if it came on it.
fn talk(stream: TcpStream, begun: Instant) -> anyhow::Result<Option<Duration>> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.by_ref().take(MAX_MESSAGE).read_line(&mut head)? == 0 {
                return Ok(None);
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<u64>().ok() } else { None }
        });
        let mut body = Vec::new();
        reader.by_ref().take(length.unwrap_or(0).min(MAX_MESSAGE)).read_to_end(&mut body)?;
        if head.starts_with("POST") {
            ensure!(head.contains("/response"), "the function failed: {}", String::from_utf8_lossy(&body));
            return Ok(Some(begun.elapsed()));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let reply = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nlambda-runtime-aws-request-id: 1\r\n\
             lambda-runtime-deadline-ms: {}\r\nlambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:1:function:f\r\n\r\n{EVENT}",
            EVENT.len(),
            now + 60_000,
        );
        reader.get_mut().write_all(reply.as_bytes())?;
    }
}
