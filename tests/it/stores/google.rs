//! As much of Google Cloud Storage as the adapter uses, as its documentation describes it: objects with generations.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::proxy::{head, message};

/// Keys on a page: few, so that listings have several.
const PAGE: usize = 50;

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, (u64, Vec<u8>)>,
    writes: u64,
}

/// Listens on a port of its own.
pub(crate) async fn google() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let bucket = Arc::new(Mutex::new(Bucket::default()));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let bucket = Arc::clone(&bucket);
            tokio::spawn(async move {
                let _ = serve(client, &bucket).await;
            });
        }
    });
    port
}

async fn serve(mut client: TcpStream, bucket: &Mutex<Bucket>) -> io::Result<()> {
    loop {
        let request = message(&mut client).await?;
        let (head, body) = request.split_at(head(&request).unwrap());
        let answer = bucket.lock().unwrap().answer(&String::from_utf8_lossy(head), body);
        client.write_all(&answer).await?;
    }
}

impl Bucket {
    fn answer(&mut self, head: &str, body: &[u8]) -> Vec<u8> {
        let mut words = head.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let url = reqwest::Url::parse(&format!("http://localhost{target}")).unwrap();
        let key = decoded(url.path().strip_prefix("/standin").unwrap().trim_start_matches('/'));
        let there = self.objects.get(&key).map(|(generation, bytes)| (*generation, bytes.clone()));
        let expected = header(head, "x-goog-if-generation-match").map(|text| text.parse::<u64>().unwrap());
        if expected
            .is_some_and(|expected| expected != there.as_ref().map_or(0, |(generation, _)| *generation))
        {
            return reply(412, None, b"<Error><Code>PreconditionFailed</Code></Error>");
        }
        match (method, there) {
            ("GET", _) if key.is_empty() => reply(200, None, self.list(&url).as_bytes()),
            ("PUT", _) => {
                self.writes += 1;
                self.objects.insert(key, (self.writes, body.to_vec()));
                reply(200, Some(self.writes), b"")
            }
            ("DELETE", Some(_)) => {
                self.objects.remove(&key);
                reply(204, None, b"")
            }
            ("GET", Some((generation, bytes))) => reply(200, Some(generation), &bytes),
            ("HEAD", Some((generation, _))) => reply(200, Some(generation), b""),
            (_, _) => reply(404, None, b"<Error><Code>NoSuchKey</Code></Error>"),
        }
    }

    fn list(&self, url: &reqwest::Url) -> String {
        let asked = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
                .unwrap_or_default()
        };
        let (prefix, from) = (asked("prefix"), asked("continuation-token"));
        let mut found = self.objects.range(from..).filter(|(key, _)| key.starts_with(&prefix));
        let mut xml = "<?xml version=\"1.0\"?><ListBucketResult>".to_owned();
        for (key, (generation, bytes)) in found.by_ref().take(PAGE) {
            let key = key.replace('&', "&amp;").replace('<', "&lt;");
            let size = bytes.len();
            write!(
                xml,
                "<Contents><Key>{key}</Key><Generation>{generation}</Generation><Size>{size}</Size>\
                 <LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"e{generation}\"</ETag></Contents>"
            )
            .unwrap();
        }
        if let Some((next, _)) = found.next() {
            write!(xml, "<NextContinuationToken>{next}</NextContinuationToken>").unwrap();
        }
        xml + "</ListBucketResult>"
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// `%XX` as what it stands for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(&more[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &more[2..];
        } else {
            bytes.push(*first);
            rest = more;
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn reply(status: u16, generation: Option<u64>, body: &[u8]) -> Vec<u8> {
    let now = httpdate();
    let mut head = format!(
        "HTTP/1.1 {status} Said\r\ndate: {now}\r\nlast-modified: {now}\r\ncontent-length: {}\r\n",
        body.len()
    );
    if let Some(generation) = generation {
        write!(head, "x-goog-generation: {generation}\r\netag: \"e{generation}\"\r\n").unwrap();
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

fn httpdate() -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
