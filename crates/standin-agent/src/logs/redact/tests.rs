#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

#[test]
fn secrets_go_and_what_is_around_them_stays() {
    let token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    for (text, expected) in [
        (format!("with {token}, please"), "with ***, please".to_owned()),
        ("github_pat_11ABCDEFG0abcdefghijkl_xyz.".into(), "***.".into()),
        ("xoxb-1234-abcdef AKIAIOSFODNN7EXAMPLE".into(), "*** ***".into()),
        ("Authorization: Bearer abc.def-123".into(), "Authorization: Bearer ***".into()),
        ("authorization: basic dXNlcjpwYXNz".into(), "authorization: basic ***".into()),
        ("https://me:pa@ss@host/x?y".into(), "https://***@host/x?y".into()),
        ("password=hunter2&x=1 PGPASSWORD='a b' c".into(), "password=***&x=1 PGPASSWORD='***' c".into()),
        ("Token: Bearer xyz next".into(), "Token: *** next".into()),
        ("SECRET_KEY_BASE = abc".into(), "SECRET_KEY_BASE = ***".into()),
        ("GET /ping/2f1c8a9e-0000-4000-8000-000000000000/start".into(), "GET /ping/***/start".into()),
        ("GET /ping/AbCdEf_123/my-job/7".into(), "GET /ping/***/my-job/7".into()),
        ("GET /2f1c8a9e-0000-4000-8000-00000000abcd?rid=1".into(), "GET /***?rid=1".into()),
        ("/api/push/k3y?status=up".into(), "/api/push/***?status=up".into()),
        ("a -----BEGIN KEY-----\nMII\n-----END KEY----- b".into(), "a [PEM ***] b".into()),
        ("private_key=-----BEGIN KEY-----\nMII cut off".into(), "private_key=[PEM ***]".into()),
        ("jwt eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl!".into(), "jwt ***!".into()),
        (r#"{"password":"a \" b","n":1}"#.into(), r#"{"password":"***","n":1}"#.into()),
        (r#"{"token":4711,"secret":null}"#.into(), r#"{"token":"***","secret":"***"}"#.into()),
        (r#"{"m":"password=\"a b\" c"}"#.into(), r#"{"m":"password=\"***\" c"}"#.into()),
        (r#"{"m":"password=\"cut"}"#.into(), r#"{"m":"password=\"***"}"#.into()),
        (r#"{"m":"password=a\\b\nnext"}"#.into(), r#"{"m":"password=***\nnext"}"#.into()),
        ("DB_PASS=s3cret mysql --pass=x".into(), "DB_PASS=*** mysql --pass=***".into()),
        ("pwd: hunter2".into(), "pwd: ***".into()),
        (r#"{"auth": "dXNlcg==","pass":7}"#.into(), r#"{"auth": "***","pass":"***"}"#.into()),
        (r#"{"m":"{\"auth\": \"dXNlcg\"}"}"#.into(), r#"{"m":"{\"auth\": \"***\"}"}"#.into()),
        ("sk_live_".to_owned() + "4eC39HqLyjWDarjtT1zdp7dc", "***".into()),
        ("rk_live_".to_owned() + "4eC39HqLyjWDarjtT1zdp7dc.", "***.".into()),
        ("key sk-proj-".to_owned() + "abc_def-0123456789 ok", "key *** ok".into()),
        ("sk-ant-".to_owned() + "api03-abcdefghij0123", "***".into()),
        ("glpat-".to_owned() + "abcdefghij0123456789", "***".into()),
        ("hf_".to_owned() + &"aB3".repeat(12), "***".into()),
        ("SG.".to_owned() + "abcdefghijklmnopqrstuv.wxyz0123456789 x", "*** x".into()),
        ("xapp-".to_owned() + "1-A0123-456-abc", "***".into()),
        ("passwort=é password=ä€ b".into(), "passwort=é password=*** b".into()),
    ] {
        assert_eq!(redact(&text), expected, "{text}");
    }
}

#[test]
fn what_is_no_secret_is_not_touched() {
    for text in [
        "pm2:worker ended with code 1 at 2026-01-01T00:00:00Z",
        "run 2f1c8a9e-0000-4000-8000-000000000000 has ended",
        "http://127.0.0.1:4646/api/status",
        "npm_config_cache ghp_short AKIA",
        "a basic idea; the tokenizer; /pinging",
        "password= ",
        "author: Ada; author=Ada; authority=example.org",
        "pathway=north bypass=1 compass: 12 passenger=2",
        "auth: failed; pass_count=3; PWD=/srv/app OLDPWD=/srv",
        "sk_live_ mask-proj-abcdefghijklmnopqrst SG.short hf_hub_download",
    ] {
        assert!(matches!(redact(text), Cow::Borrowed(_)), "{text}: {}", redact(text));
    }
}

/// Pieces that secrets, and what is around them, are made of.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "password",
            "TOKEN",
            "secret_",
            "pass",
            "_PWD",
            "auth",
            "SG.abcdefghijklmnopqrst",
            "api_key",
            "=",
            ":",
            " ",
            "\"",
            "\\",
            "'",
            "://",
            "@",
            "/ping/",
            "/",
            "Bearer ",
            "basic ",
            "-----BEGIN ",
            "-----END ",
            "-----",
            "eyJhbGciOi",
            ".",
            "ghp_abcdefghijklmnopqrstuvwxyz",
            "AKIA",
            "IOSFODNN7EXAMPLE",
            "\n",
            "&",
            "***",
            "é",
            "2f1c8a9e-0000-4000-8000-000000000000",
            "abcdefghij",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn twice_is_the_same_as_once(text in pieces()) {
        let once = redact(&text).into_owned();
        prop_assert_eq!(redact(&once), once.as_str());
    }

    #[test]
    fn json_stays_json(text in pieces(), key in pieces()) {
        let mut object = serde_json::Map::new();
        object.insert(key, text.into());
        let line = serde_json::to_string(&object).unwrap();
        let redacted = redact(&line);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&redacted).is_ok(), "{} -> {}", line, redacted);
    }

    #[test]
    fn a_secret_never_survives(before in pieces(), after in "[ ,;&)]\\PC{0,8}") {
        let text = format!("{before} password=hunter2{after}");
        prop_assert!(!redact(&text).contains("hunter2"), "{}", redact(&text));
    }
}

thread_local! {
    /// Bytes looked at.
    static WORK: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

pub(super) fn work(bytes: usize) {
    WORK.set(WORK.get() + bytes);
}

/// The work is counted, not timed: a rule that looks far ahead without taking what it saw would make it square.
#[test]
fn the_work_grows_with_the_length_alone() {
    let pieces = [
        "password",
        "auth=",
        "-pwd",
        "SG.",
        "://",
        "://a",
        "-----BEGIN ",
        "token=\"",
        "eyJ",
        "-eyJ",
        "eyJa.",
        "/ping/",
        "ghp_",
        "a",
        "password='",
        "bearer ",
        "-bearer",
        "/abc",
        "token=bearer ",
        "\\",
    ];
    for piece in pieces {
        let times = 200_000 / piece.len();
        WORK.set(0);
        std::hint::black_box(redact(&piece.repeat(times)));
        let each = WORK.get() / (times * piece.len());
        assert!(each < 1_000, "{piece}: {each} looks for each byte");
    }
}
