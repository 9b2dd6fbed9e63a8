//! What a failed request may have done, told from how it failed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::time::Duration;

use standin_http::{Fault, Http, MAX_BODY};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn http() -> Http {
    Http::new(Duration::from_millis(500), None).unwrap()
}

/// Answers one connection with these bytes, then closes it; with `None` it reads and never answers.
async fn server(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1024];
        assert!(stream.read(&mut buffer).await.unwrap() > 0);
        match answer {
            Some(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            None => std::future::pending().await,
        }
    });
    url
}

#[tokio::test]
async fn a_refused_connection_had_no_effect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let http = http();
    let fault =
        http.send(http.client().post(format!("http://{address}/secret-path")), MAX_BODY).await.unwrap_err();
    assert!(matches!(fault, Fault::Before(_)), "{fault}");
    assert!(!fault.to_string().contains("secret-path"), "{fault}");
}

#[tokio::test]
async fn an_answer_that_never_comes_or_breaks_off_may_have_had_an_effect() {
    for answer in [None, Some(""), Some("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")] {
        let url = server(answer).await;
        let http = http();
        let fault = http.send(http.client().post(url), MAX_BODY).await.unwrap_err();
        assert!(matches!(fault, Fault::Lost(_)), "{fault}");
        assert!(!fault.to_string().contains("secret-path"), "{fault}");
    }
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read() {
    let known = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123456789";
    let unknown = "HTTP/1.1 200 OK\r\n\r\n123456789";
    for answer in [known, unknown] {
        let url = server(Some(answer)).await;
        let http = http();
        let fault = http.send(http.client().get(url), 8).await.unwrap_err();
        assert_eq!(fault, Fault::TooLong(8));
    }
}

#[tokio::test]
async fn an_answer_tells_the_time_and_what_is_left() {
    let url = server(Some(
        "HTTP/1.1 429 Too Many Requests\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\n\
         X-RateLimit-Limit: 1000\r\nX-RateLimit-Remaining: 12\r\nX-RateLimit-Reset: 1900000000\r\n\
         content-length: 2\r\n\r\nno",
    ))
    .await;
    let http = http();
    let reply = http.send(http.client().post(url).body("abc"), MAX_BODY).await.unwrap();
    assert_eq!((reply.status, &reply.body[..], reply.retry_after()), (429, &b"no"[..], Some(7)));
    assert_eq!(reply.date().unwrap().to_string(), "1994-11-06T08:49:37Z");
    let count = http.meter().counts()["127.0.0.1"];
    assert_eq!((count.requests, count.sent, count.received), (1, 3, 2));
    assert_eq!(count.allowance.unwrap().remaining, 12);
}

#[test]
fn a_file_that_holds_no_roots_is_named() {
    let error = Http::new(Duration::from_secs(1), Some("/nonexistent/roots.pem".as_ref())).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/roots.pem"), "{error}");
}
