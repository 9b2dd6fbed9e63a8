//! Failovers on purpose, through the ladder of the mesh: the backup works where it stands, and everybody can know it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use standin_stage::{Conclusion, Fault, FaultKind, Script};

use super::matrix::{NIGHTLY, files};
use super::shop::{REPO, Shop, TWO_WATCHERS};
use crate::stage::binary;

const BACKUP: &str = "workflow:nightly-backup.yml";

/// A function with an address, and a workflow on GitHub that runs its bundle.
const CHECKOUT: &str = "netlify:checkout";
const FUNCTION: &str = "export default async () => new Response('sold');\n";

/// A shop whose nightly workflow and function have backups that Standin wrote, in the checkout and on GitHub.
async fn shop() -> Shop {
    let shop = Shop::new(&files()).await;
    shop.write("netlify/functions/checkout.mjs", FUNCTION);
    shop.write(
        "standin.toml",
        &format!("{TWO_WATCHERS}[[automation]]\nid = \"{CHECKOUT}\"\nurl = \"http://127.0.0.1:9\"\n"),
    );
    let checkout = shop.folder().join("repo");
    let (code, _, errors) = standin(&shop, &checkout, &["backup", NIGHTLY, CHECKOUT]).await;
    assert_eq!(code, 0, "{errors}");
    for name in ["nightly-backup.yml", "netlify-checkout-backup.yml"] {
        let path = format!(".github/workflows/{name}");
        let text = std::fs::read_to_string(checkout.join(&path)).unwrap();
        shop.stage.github.commit(REPO, &path, Some(&text)).unwrap();
    }
    // The ladder of a function begins with Netlify's own remedies; here the workflow comes first.
    let settings = std::fs::read_to_string(checkout.join("standin.toml")).unwrap();
    shop.write("standin.toml", &format!("{settings}backup = [\"workflow:netlify-checkout-backup.yml\"]\n"));
    shop
}

/// The command line, in a checkout of the shop.
pub(super) async fn standin(shop: &Shop, checkout: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = tokio::process::Command::new(binary());
    command
        .args(args)
        .current_dir(checkout)
        .env_clear()
        .envs(shop.env())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("TZ", "UTC").env("HOME", shop.folder());
    let ended =
        tokio::time::timeout(Duration::from_secs(120), command.output()).await.expect("it ends").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (ended.status.code().unwrap_or(-1), text(ended.stdout), text(ended.stderr))
}

async fn drill(shop: &Shop, args: &[&str]) -> (i32, Value, String) {
    let args = [&["drill", "--format", "json"][..], args].concat();
    let (code, said, errors) = standin(shop, &shop.folder().join("repo"), &args).await;
    (code, serde_json::from_str(&said).unwrap_or_default(), errors)
}

/// The level of the function as another checkout sees it, in which nothing was drilled, and why no higher.
async fn elsewhere(shop: &Shop) -> (String, String) {
    let other = tempfile::tempdir_in(shop.folder()).unwrap();
    copy(&shop.folder().join("repo"), other.path());
    let (code, said, errors) = standin(shop, other.path(), &["coverage", "--format", "json"]).await;
    assert_eq!(code, 0, "{errors}");
    let coverage: Value = serde_json::from_str(&said).unwrap();
    let all = coverage["automations"].as_array().unwrap();
    let one = all.iter().find(|one| one["id"] == CHECKOUT).unwrap_or_else(|| panic!("{coverage}"));
    (one["level"].as_str().unwrap().to_owned(), one["because"].as_str().unwrap().to_owned())
}

/// Without Standin's own folder.
pub(super) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in
        std::fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != ".standin")
    {
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_starts_the_backup_on_github_and_everybody_can_know_it() {
    let shop = shop().await;
    assert_eq!(elsewhere(&shop).await, ("cross-domain".to_owned(), "its backup was never run".to_owned()));
    shop.begun();
    let (code, page, errors) = drill(&shop, &[CHECKOUT]).await;
    shop.took("failover on purpose, by the workflow that runs a function's bundle");
    assert_eq!(code, 0, "{page} {errors}");
    let one = &page["drills"][0];
    let backup = "workflow:netlify-checkout-backup.yml";
    assert_eq!((&one["backup"], &one["passed"], &one["dry"]), (&backup.into(), &true.into(), &false.into()));
    assert!(one["took_ms"].as_u64().unwrap() > 0);
    let worked = shop.worked();
    assert!(worked.len() == 1 && worked[0].workflow == "netlify-checkout-backup.yml", "{worked:?}");
    assert_eq!(shop.dispatches("netlify-checkout-backup.yml"), 1, "{errors}");
    assert_eq!(shop.runs("netlify-checkout-backup.yml")[0].conclusion, Some(Conclusion::Success));

    assert_eq!(elsewhere(&shop).await.0, "drilled");
    // As the Action sees it, in a checkout that has nothing but the files.
    let other = tempfile::tempdir_in(shop.folder()).unwrap();
    copy(&shop.folder().join("repo"), &other.path().join("repo"));
    let action = shop.watcher("second").set("STANDIN_CONFIG", &other.path().join("repo").to_string_lossy());
    let told = action.set("STANDIN_COMMAND", "coverage").run().await;
    assert!(told.summary.contains("was drilled on"), "{}\n{}", told.summary, told.said);
    // Without its store nothing is known of it, and nothing fails.
    let gone = Fault::always(&format!("/repos/{REPO}/git/*"), FaultKind::status(503));
    shop.stage.github.plane().inject(gone).unwrap();
    assert_eq!(elsewhere(&shop).await.0, "cross-domain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_of_another_machine_counts_and_helps_nobody_who_is_missed() {
    let shop = shop().await;
    let (code, page, errors) = drill(&shop, &["--through", "github", NIGHTLY]).await;
    assert_eq!((code, &page["drills"][0]["backup"]), (0, &BACKUP.into()), "{page} {errors}");
    assert_eq!((shop.dispatches("nightly-backup.yml"), shop.dispatches("nightly.yml")), (1, 0), "{errors}");
    // Another is not due; a machine that has no record of it knows that from the mesh.
    std::fs::remove_dir_all(shop.folder().join("repo/.standin")).unwrap();
    let (code, page, _) = drill(&shop, &["--every", "7d", NIGHTLY]).await;
    assert_eq!((code, page["left_out"][0]["id"].as_str()), (0, Some(NIGHTLY)), "{page}");
    // The slot that was missed is still missed, and the watchers bring it back.
    let told = shop.check("second").await;
    assert_eq!(told.alerts(NIGHTLY), ["recovered"], "{}", told.said);
    assert_eq!((shop.dispatches("nightly.yml"), shop.worked().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_drill_asks_everybody_and_nothing_works() {
    let shop = shop().await;
    let settings = std::fs::read_to_string(shop.folder().join("repo/standin.toml")).unwrap();
    shop.write("standin.toml", &format!("{settings}side_effects = \"external\"\n"));
    let (code, page, errors) = drill(&shop, &[CHECKOUT]).await;
    assert_eq!(code, 0, "{page} {errors}");
    assert_eq!((&page["drills"][0]["dry"], &page["drills"][0]["passed"]), (&true.into(), &true.into()));
    assert_eq!((shop.dispatches("netlify-checkout-backup.yml"), shop.worked().len()), (1, 0), "{errors}");
    let (level, because) = elsewhere(&shop).await;
    assert!(level == "cross-domain" && because.contains("dry"), "{level}: {because}");
    let (code, _, errors) = drill(&shop, &["--through", "netlify", CHECKOUT]).await;
    assert_eq!((code, shop.worked().len()), (2, 0), "{errors}");
    assert!(errors.contains("nothing on Netlify"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_is_a_failed_drill() {
    let shop = shop().await;
    let fails = Script::ends(Conclusion::Failure, Duration::ZERO);
    shop.stage.github.script(REPO, "netlify-checkout-backup.yml", Some(fails)).unwrap();
    let (code, page, errors) = drill(&shop, &[CHECKOUT]).await;
    assert_eq!(code, 1, "{page} {errors}");
    assert!(page["drills"][0]["why"].as_str().unwrap().contains("failed"), "{page}");
    let (level, because) = elsewhere(&shop).await;
    assert!(level == "cross-domain" && because.contains("failed"), "{level}: {because}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_works_on_is_cancelled_when_the_time_of_its_drill_is_over() {
    let shop = shop().await;
    let workflow = "netlify-checkout-backup.yml";
    shop.stage.github.script(REPO, workflow, Some(Script::hangs())).unwrap();
    let (code, page, errors) = drill(&shop, &[CHECKOUT, "--time-limit", "1s"]).await;
    let why = page["drills"][0]["why"].as_str().unwrap();
    assert!(code == 1 && why.ends_with("took longer than its limit and was cancelled"), "{page} {errors}");
    assert_eq!(shop.runs(workflow)[0].conclusion, Some(Conclusion::Cancelled));

    // Whoever cannot cancel says that it works on.
    let refused = Fault::always(&format!("/repos/{REPO}/actions/runs/*/cancel"), FaultKind::status(403));
    shop.stage.github.plane().inject(refused).unwrap();
    let (code, page, errors) = drill(&shop, &[CHECKOUT, "--time-limit", "1s"]).await;
    let why = page["drills"][0]["why"].as_str().unwrap();
    assert!(code == 1 && why.contains("took longer than its limit and works on: "), "{page} {errors}");
    assert_eq!(shop.runs(workflow).last().unwrap().conclusion, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_work_is_not_drilled_and_what_cannot_be_asked_neither() {
    let shop = shop().await;
    let by_github = ["--through", "github", NIGHTLY];
    shop.stage.github.script(REPO, "nightly.yml", Some(Script::hangs())).unwrap();
    shop.stage.github.fire_schedule(REPO, "nightly.yml", jiff::Timestamp::now()).unwrap();
    let (code, _, errors) = drill(&shop, &by_github).await;
    assert_eq!((code, shop.dispatches("nightly-backup.yml")), (4, 0), "{errors}");
    assert!(errors.contains("`workflow:nightly.yml` is at work"), "{errors}");
    let (code, page, errors) = drill(&shop, &["--through", "github", "--all"]).await;
    assert_eq!((code, page["drills"].as_array().map(Vec::len)), (0, Some(1)), "{page} {errors}");
    assert_eq!((&page["left_out"][0]["id"], shop.worked().len()), (&NIGHTLY.into(), 1), "{page}");

    let down = Fault::always(&format!("/repos/{REPO}/actions/*"), FaultKind::status(503));
    shop.stage.github.plane().inject(down).unwrap();
    let (code, _, errors) = drill(&shop, &by_github).await;
    assert_eq!((code, shop.dispatches("nightly-backup.yml")), (4, 0), "{errors}");
    assert!(errors.contains("cannot be told"), "{errors}");
}
