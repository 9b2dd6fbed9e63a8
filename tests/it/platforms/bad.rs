//! A server that is not as it should be, in each way that the table of faults has.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::stores::proxy::{head, message};

/// Ten megabytes of JSON.
const HUGE: usize = 10 * 1024 * 1024;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bad {
    /// This status, with the vendor's words in `message`.
    Status(u16),
    /// JSON that ends in the middle.
    Truncated,
    /// JSON of another shape.
    Shape,
    /// A page of something in between.
    Page,
    /// Ten megabytes.
    Huge,
    /// No answer ever comes.
    Hangs,
    /// The connection ends in place of an answer.
    Ends,
    /// Nobody listens.
    Gone,
    /// A name that does not resolve.
    Name,
    /// A server that does not speak TLS.
    NoTls,
    /// A certificate that nobody has signed.
    Untrusted,
    /// A refused signature, and a clock that is an hour ahead of ours.
    Ahead,
    /// The same an hour behind.
    Behind,
}

/// Everything that goes wrong with an answer to a request that arrives.
pub(super) const ALL: [Bad; 22] = [
    Bad::Status(400),
    Bad::Status(401),
    Bad::Status(403),
    Bad::Status(404),
    Bad::Status(409),
    Bad::Status(422),
    Bad::Status(429),
    Bad::Status(500),
    Bad::Status(502),
    Bad::Status(503),
    Bad::Status(504),
    Bad::Truncated,
    Bad::Shape,
    Bad::Page,
    Bad::Huge,
    Bad::Hangs,
    Bad::Ends,
    Bad::Gone,
    Bad::Name,
    Bad::NoTls,
    Bad::Untrusted,
    Bad::Ahead,
];

/// The first lines of the requests that arrived.
type Heard = Arc<Mutex<Vec<String>>>;

/// A running server; its parts end with the test.
pub(super) struct Server {
    pub(super) url: String,
    heard: Heard,
    _tls: Option<Child>,
    _folder: Option<tempfile::TempDir>,
}

impl Server {
    /// Answers these requests well, each by a part of its first line, and is as bad as it is said to be to all others.
    pub(super) async fn start(bad: Bad, well: &[(&'static str, String)]) -> Self {
        let heard = Heard::default();
        let server =
            |url: &str| Self { url: url.to_owned(), heard: Arc::clone(&heard), _tls: None, _folder: None };
        if bad == Bad::Name {
            return server("http://no-such-host.invalid");
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        if bad == Bad::Gone {
            return server(&format!("http://{address}"));
        }
        if bad == Bad::Untrusted {
            drop(listener);
            return untrusted(address.port(), heard).await;
        }
        let (well, keep) = (Arc::new(well.to_vec()), Arc::clone(&heard));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (well, keep) = (Arc::clone(&well), Arc::clone(&keep));
                tokio::spawn(async move {
                    let _ends = if bad == Bad::NoTls {
                        speaks_plainly(client).await
                    } else {
                        serve(client, bad, &well, &keep).await
                    };
                });
            }
        });
        let scheme = if bad == Bad::NoTls { "https" } else { "http" };
        server(&format!("{scheme}://{address}"))
    }

    /// The first lines of what arrived.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Whatever comes, it is no request.
async fn speaks_plainly(mut client: TcpStream) -> std::io::Result<()> {
    client.read_exact(&mut [0]).await?;
    client.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await
}

/// OpenSSL's own server with a certificate of its own making.
async fn untrusted(port: u16, heard: Heard) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(file("key"))
        .arg("-out")
        .arg(file("cert"))
        .output()
        .await
        .expect("openssl is there: it comes with ca-certificates");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let server = Command::new("openssl")
        .args(["s_server", "-quiet", "-www", "-accept", &format!("127.0.0.1:{port}"), "-key"])
        .arg(file("key"))
        .arg("-cert")
        .arg(file("cert"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let url = format!("https://127.0.0.1:{port}");
    Server { url, heard, _tls: Some(server), _folder: Some(folder) }
}

async fn serve(
    mut client: TcpStream,
    bad: Bad,
    well: &[(&'static str, String)],
    heard: &Heard,
) -> std::io::Result<()> {
    loop {
        let request = message(&mut client).await?;
        let text = String::from_utf8_lossy(&request[..head(&request).unwrap_or(0)]).into_owned();
        let line = text.lines().next().unwrap_or_default().to_owned();
        // AWS names what is asked in a header.
        let target = text.lines().find(|line| line.to_ascii_lowercase().starts_with("x-amz-target:"));
        let line = format!("{line} {}", target.unwrap_or_default());
        heard.lock().unwrap().push(line.clone());
        if let Some((_, body)) = well.iter().find(|(part, _)| line.contains(part)) {
            client.write_all(&answer(200, body, Timestamp::now())).await?;
            continue;
        }
        let now = Timestamp::now();
        let hour = SignedDuration::from_hours(1);
        let skewed = r#"{"message":"Signature expired"}"#;
        let bytes = match bad {
            Bad::Status(code) => answer(code, r#"{"message":"words of the vendor"}"#, now),
            Bad::Truncated => answer(200, r#"{"full_name": "oc"#, now),
            Bad::Shape => answer(200, r#"{"another": [1, 2]}"#, now),
            Bad::Page => answer(200, "<html><body>Please log in</body></html>", now),
            Bad::Huge => answer(200, &format!("[\"{}\"]", "x".repeat(HUGE)), now),
            Bad::Ahead => answer(403, skewed, now + hour),
            Bad::Behind => answer(403, skewed, now - hour),
            Bad::Hangs => std::future::pending().await,
            // No request of the others ever arrives whole.
            Bad::Ends | Bad::Gone | Bad::Name | Bad::NoTls | Bad::Untrusted => return Ok(()),
        };
        client.write_all(&bytes).await?;
    }
}

fn answer(status: u16, body: &str, now: Timestamp) -> Vec<u8> {
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let kind =
        if body.contains("Signature") { "x-amzn-errortype: InvalidSignatureException\r\n" } else { "" };
    let length = body.len();
    format!("HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ndate: {date}\r\n{kind}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}
