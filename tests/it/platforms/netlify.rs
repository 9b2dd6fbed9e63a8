//! Netlify.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use standin_core::effect::EffectKey;
use standin_core::mesh::claim::Sent;
use standin_platforms::netlify::{
    DeployState, Invocation, Mode, Netlify, NetlifyError, NetlifyOptions, Rebuild,
};
use standin_stage::{Fault, FunctionReply, Functions, Options, Serving, SiteOptions, Stage};

use super::{TIMEOUT, faults, http};

fn key() -> EffectKey {
    EffectKey("0123456789abcdef".to_owned())
}

/// A stage with one site, whose function counts its calls.
async fn set() -> (Stage, Netlify, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let mut site =
        SiteOptions::new("shop").with_function("hello", None).with_function("nightly", Some("@daily"));
    site.served = Functions::Handler(Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { FunctionReply { status: 200, headers: vec![], body: "done".into() } })
    }));
    let mut options = Options::default();
    options.netlify.sites = vec![site];
    let stage = Stage::start(options).await.unwrap();
    let options = NetlifyOptions {
        api_url: format!("{}/api/v1", stage.netlify_url),
        site: "shop".to_owned(),
        token: "token".into(),
        timeout: TIMEOUT,
        send_within: Duration::from_secs(5),
    };
    let netlify = Netlify::new(&http(), options).unwrap();
    (stage, netlify, calls)
}

fn hook(stage: &Stage) -> Rebuild {
    Rebuild::Hook(stage.netlify.build_hook("shop").unwrap().into())
}

fn invocation(function: &str) -> Invocation {
    Invocation {
        function: function.to_owned(),
        mode: Mode::Synchronous,
        bearer: None,
        key: key(),
        attempt: 1,
        slot: None,
        timeout: TIMEOUT,
    }
}

#[tokio::test]
async fn a_build_is_asked_for_once_and_goes_live_under_its_key() {
    for api in [false, true] {
        let (stage, netlify, _) = set().await;
        let how = if api { Rebuild::Api } else { hook(&stage) };
        let done = netlify.rebuild(&how, &key(), 1).await;
        assert_eq!((done.sent, done.error), (Sent::Accepted, None));
        let again = netlify.rebuild(&how, &key(), 2).await;
        assert_eq!(again.sent, Sent::Accepted);
        let built = stage.netlify.built("shop", "standin 0123456789abcdef, attempt 1").await.unwrap();
        assert!(built.live);
        assert_eq!(again.deploy.as_deref(), Some(built.id.as_str()));
        assert_eq!(stage.netlify.deploys("shop").unwrap().len(), 2);
        let seen = netlify.survey().await.unwrap();
        assert_eq!(seen.under(&key()).map(|deploy| deploy.state), Some(DeployState::Ready));
        assert_eq!(seen.site.schedules[0].function, "nightly");
        assert_eq!(seen.functions, ["hello", "nightly"]);
    }
}

#[tokio::test]
async fn whatever_goes_wrong_a_build_is_begun_once_at_most_and_that_is_said_honestly() {
    for fault in faults() {
        let (stage, netlify, _) = set().await;
        stage.netlify.plane().inject(Fault::once("/build_hooks/*", fault.clone())).unwrap();
        let done = netlify.rebuild(&hook(&stage), &key(), 1).await;
        let built = stage.netlify.deploys("shop").unwrap().len() - 1;
        match done.sent {
            // A hook answers nothing, so that half of its answer is the whole of it.
            Sent::Accepted => {
                assert!(built == 1 && ["truncated", "cut_reply"].contains(&fault.name()), "{fault:?}");
            }
            Sent::Refused => assert_eq!(built, 0, "{fault:?}"),
            Sent::Unknown => assert!(built <= 1, "{fault:?}"),
        }
    }
}

#[tokio::test]
async fn a_bad_deploy_is_put_back_to_the_last_good_one_while_it_is_live() {
    let (stage, netlify, _) = set().await;
    stage.netlify.deploy("shop", "bad", Serving::Missing).unwrap();
    let seen = netlify.survey().await.unwrap();
    let (bad, good) = (seen.published().unwrap().clone(), seen.last_good().unwrap().clone());
    assert_eq!(bad.title, "bad");
    assert_eq!(netlify.invoke(&invocation("hello")).await.sent, Sent::Refused);
    assert_eq!(netlify.restore(&good.id, &bad.id).await.sent, Sent::Accepted);
    assert_eq!(netlify.restore(&good.id, &bad.id).await.error, Some(NetlifyError::Moved));
    assert_eq!(netlify.site().await.unwrap().published, Some(good.id.clone()));
    assert_eq!(netlify.invoke(&invocation("hello")).await.sent, Sent::Accepted);
    let newer = stage.netlify.deploy("shop", "worse", Serving::Missing).unwrap();
    assert_eq!(netlify.rollback(&newer).await.sent, Sent::Accepted);
    assert_ne!(netlify.site().await.unwrap().published, Some(newer));
}

#[tokio::test]
async fn whatever_goes_wrong_a_function_is_called_once_at_most_and_that_is_said_honestly() {
    for fault in faults() {
        let (stage, netlify, calls) = set().await;
        stage.netlify.plane().inject(Fault::once("*/hello", fault.clone())).unwrap();
        let done = netlify.invoke(&invocation("hello")).await;
        let calls = calls.load(Ordering::SeqCst);
        match done.sent {
            // What a function answers is its own, so half of it is an answer as well.
            Sent::Accepted => assert_eq!((calls, fault.name()), (1, "truncated")),
            Sent::Refused => assert_eq!(calls, 0, "{fault:?}"),
            Sent::Unknown => assert!(calls <= 1, "{fault:?}"),
        }
    }
}

#[tokio::test]
async fn a_scheduled_function_cannot_be_called_and_a_site_that_is_gone_is_said() {
    let (stage, netlify, calls) = set().await;
    let done = netlify.invoke(&invocation("nightly")).await;
    assert_eq!((done.sent, calls.load(Ordering::SeqCst)), (Sent::Refused, 0));
    assert!(done.error.unwrap().to_string().contains("has a schedule"));
    stage.netlify.remove_site("shop");
    let error = netlify.survey().await.unwrap_err();
    assert_eq!(error, NetlifyError::NoSite("shop".to_owned()));
}
