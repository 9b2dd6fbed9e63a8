//! What our own clients send, through prism: it keeps what prism complains of, and which calls there were.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::prism::is_complaint;
use crate::stores::proxy::{head, message};

/// Headers of an answer that speak of the connection, or of bytes that are read here.
const OWN: [&str; 4] = ["connection", "content-length", "transfer-encoding", "keep-alive"];

/// What passed.
#[derive(Debug, Default)]
struct Book {
    /// Method and path without the query, with what differs from call to call left out.
    calls: BTreeSet<String>,
    complaints: Vec<String>,
}

/// In front of prism.
pub(super) struct Through {
    pub(super) url: String,
    book: Arc<Mutex<Book>>,
}

impl Through {
    /// Passes everything on to prism.
    pub(super) async fn to(prism: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let book = Arc::<Mutex<Book>>::default();
        let http = crate::http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let (prism, keep) = (prism.to_owned(), Arc::clone(&book));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (prism, keep, http) = (prism.clone(), Arc::clone(&keep), http.clone());
                tokio::spawn(async move {
                    let _ends = serve(client, &prism, &http, &keep).await;
                });
            }
        });
        Self { url, book }
    }

    /// The calls that were made, and no complaint of any of them.
    #[track_caller]
    pub(super) fn calls(&self) -> Vec<String> {
        let book = self.book.lock().unwrap();
        assert!(book.complaints.is_empty(), "{:#?}", book.complaints);
        book.calls.iter().cloned().collect()
    }
}

/// A reference within a path is one parameter, so its slashes are escaped before prism sees them.
fn escaped(target: &str) -> String {
    for kind in ["/git/ref/", "/git/refs/", "/git/matching-refs/"] {
        if let Some((before, name)) = target.split_once(kind) {
            return format!("{before}{kind}{}", name.replace('/', "%2F"));
        }
    }
    target.to_owned()
}

/// A call by its kind.
fn kind(method: &str, target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').collect();
    for at in 1..parts.len() {
        let before = parts[at - 1];
        let is_name = matches!(before, "ref" | "refs" | "matching-refs" | "workflows" | "sites" | "deploys")
            || (matches!(before, "commits" | "runs") && parts[at].len() > 3);
        if is_name && !parts[at].is_empty() {
            parts[at] = "*";
        }
    }
    format!("{method} {}", parts.join("/"))
}

async fn serve(
    mut client: TcpStream,
    prism: &str,
    http: &reqwest::Client,
    book: &Mutex<Book>,
) -> std::io::Result<()> {
    loop {
        let request = message(&mut client).await?;
        let (top, body) = request.split_at(head(&request).unwrap_or(0));
        let top = String::from_utf8_lossy(top).into_owned();
        let mut lines = top.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut asked = http.request(method.parse().unwrap(), format!("{prism}{}", escaped(target)));
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if !name.eq_ignore_ascii_case("host") && !OWN.contains(&name.to_ascii_lowercase().as_str()) {
                asked = asked.header(name, value);
            }
        }
        let answer = asked.body(body.to_vec()).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap();
        {
            let mut book = book.lock().unwrap();
            book.calls.insert(kind(method, target));
            let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            if is_complaint(&said) {
                let body = String::from_utf8_lossy(body);
                book.complaints.push(format!("{method} {target} {body}: {status} {said}"));
            }
        }
        let mut text = format!("HTTP/1.1 {} Passed\r\n", status.as_u16());
        for (name, value) in &headers {
            if !OWN.contains(&name.as_str()) {
                text += &format!("{name}: {}\r\n", value.to_str().unwrap_or_default());
            }
        }
        // A 304 has no body, and says nothing of one.
        if status.as_u16() != 304 && status.as_u16() != 204 {
            text += &format!("content-length: {}\r\n", bytes.len());
        }
        client.write_all(format!("{text}\r\n").as_bytes()).await?;
        client.write_all(&bytes).await?;
    }
}
