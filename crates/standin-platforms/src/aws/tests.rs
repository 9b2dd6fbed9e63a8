#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::SystemTime;

use aws_credential_types::Credentials;
use standin_core::mesh::claim::Sent;
use standin_http::reqwest::header::HeaderMap;

use super::*;

fn http() -> Http {
    Http::new(Duration::from_secs(5), None).unwrap()
}

fn options() -> AwsOptions {
    AwsOptions {
        region: "eu-central-1".to_owned(),
        endpoint: None,
        keys: AwsKeys::Given { id: "AKIDEXAMPLE".into(), secret: "s3cret".into(), session: None },
        timeout: Duration::from_secs(5),
        send_within: Duration::from_secs(5),
    }
}

#[test]
fn a_function_is_named_with_or_without_its_alias() {
    let named = |text: &str| text.parse::<FunctionRef>().map(|f| (f.name.clone(), f.query()));
    assert_eq!(named("standin"), Ok(("standin".to_owned(), String::new())));
    assert_eq!(named("standin:live"), Ok(("standin".to_owned(), "?Qualifier=live".to_owned())));
    for wrong in
        ["", ":", "a:", ":b", "a:7", "a/b", "a b", "arn:aws:lambda:eu:1:function:a", "a:$LATEST", "a?b"]
    {
        assert!(named(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn settings_are_refused_with_what_they_have_to_be() {
    assert!(Aws::new(&http(), options()).is_ok());
    for region in ["", "EU", "eu.evil.example/", "eu-central-1/.."] {
        assert!(
            Aws::new(&http(), AwsOptions { region: region.to_owned(), ..options() }).is_err(),
            "{region}"
        );
    }
    for endpoint in ["", "127.0.0.1", "ftp://x", "http://u:p@x", "http://x/path", "http://x/?a"] {
        let options = AwsOptions { endpoint: Some(endpoint.to_owned()), ..options() };
        assert!(Aws::new(&http(), options).is_err(), "{endpoint}");
    }
}

#[test]
fn the_address_follows_the_region() {
    let address = |region: &str| {
        let aws = Aws::new(&http(), AwsOptions { region: region.to_owned(), ..options() }).unwrap();
        aws.url(&Ask::get(Service::Lambda, "/x".to_owned(), "", ""))
    };
    assert_eq!(address("eu-central-1"), "https://lambda.eu-central-1.amazonaws.com/x");
    assert_eq!(address("cn-north-1"), "https://lambda.cn-north-1.amazonaws.com.cn/x");
}

#[test]
fn keys_are_never_shown() {
    let aws = Aws::new(&http(), options()).unwrap();
    let shown = format!("{aws:?} {:?}", options());
    assert!(shown.contains("eu-central-1") && !shown.contains("s3cret"), "{shown}");
}

/// What botocore 1.43 signs for the same request, keys and second: see `tests/it/platforms/aws.rs`.
#[test]
fn the_same_request_has_the_same_signature() {
    let signer = Signer::new(http(), "eu-central-1".to_owned(), AwsKeys::Found);
    let wanted = Wanted {
        service: "lambda",
        method: "GET",
        url: "https://lambda.eu-central-1.amazonaws.com/x",
        headers: &[],
        body: b"",
    };
    let keys = || Credentials::new("AKIDEXAMPLE", "s3cret", Some("session".to_owned()), None, "test");
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let signed = signer.sign_at(&wanted, keys(), at).unwrap();
    let names: Vec<_> = signed.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    assert_eq!(names, ["x-amz-date", "authorization", "x-amz-security-token"]);
    assert_eq!(signer.sign_at(&wanted, keys(), at).unwrap(), signed);
    let other = Wanted { body: b"{}", ..wanted };
    assert_ne!(signer.sign_at(&other, keys(), at).unwrap(), signed);
}

fn reply(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Reply {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().unwrap());
    }
    Reply { status, headers: map, body: body.as_bytes().into() }
}

#[test]
fn each_refusal_names_what_to_change() {
    let ask = Ask::get(Service::Lambda, String::new(), "lambda:GetFunction", "standin");
    let old =
        [("x-amzn-errortype", "InvalidSignatureException:x"), ("date", "Sun, 22 Nov 2020 08:00:00 GMT")];
    let kind = |kind: &'static str| [("x-amzn-errortype", kind)];
    for (reply, words, sent) in [
        (reply(403, &old, "{}"), "clock", Sent::Refused),
        (reply(403, &kind("ExpiredTokenException"), "{}"), "expired", Sent::Refused),
        (reply(403, &[], r#"{"Message":"User x is not authorized"}"#), "lambda:GetFunction", Sent::Refused),
        (reply(400, &[], r#"{"__type":"com.amazon#AccessDeniedException"}"#), "policy", Sent::Refused),
        (reply(404, &[], "{}"), "no `standin` in eu-central-1", Sent::Refused),
        (reply(400, &[], r#"{"__type":"ResourceNotFoundException"}"#), "no `standin`", Sent::Refused),
        (reply(412, &[], "{}"), "changed since", Sent::Refused),
        (reply(400, &kind("ThrottlingException"), "{}"), "limit", Sent::Refused),
        (reply(400, &[], r#"{"message":"odd"}"#), "odd", Sent::Refused),
        (reply(500, &kind("ServiceException"), "{}"), "trouble of its own", Sent::Unknown),
        (reply(302, &[], ""), "endpoint", Sent::Unknown),
    ] {
        let error = error::refusal(&reply, &ask, "eu-central-1");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.sent(), sent, "{error}");
    }
}

#[test]
fn only_what_is_active_and_up_to_date_is_well() {
    let seen = |state: &str, update: &str| {
        let text = format!(
            r#"{{"Configuration":{{"FunctionArn":"a","Version":"1","State":"{state}","LastUpdateStatus":"{update}",
            "Environment":{{"Variables":{{"TOKEN":"s3cret"}}}}}},"Code":{{"Location":"https://s3cret"}}}}"#
        );
        let function = serde_json::from_str::<FunctionJson>(&text).unwrap().read();
        assert!(!format!("{function:?}").contains("s3cret"));
        function.probed()
    };
    assert_eq!(seen("Active", "Successful"), Probed::Well);
    assert_eq!(seen("Active", "InProgress"), Probed::Unknown);
    assert_eq!(seen("Active", "Failed"), Probed::Down);
    assert_eq!(seen("Pending", "Successful"), Probed::Unknown);
    assert_eq!(seen("Inactive", "Successful"), Probed::Down);
    assert_eq!(seen("Failed", "Successful"), Probed::Down);
    assert_eq!(seen("Deleting", "Successful"), Probed::Unknown);
}
