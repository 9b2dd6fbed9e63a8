//! GitHub is down as a whole: what does not need it goes on, decided in a table of DynamoDB.

use serde_json::json;
use standin_stage::{Fault, FaultKind, Serving};

use super::machine::Machine;
use super::matrix::missed;
use super::names::Names;
use super::shop::{SITE, Shop, WATCH, nightly};
use super::site::Site;
use crate::stores::make_table;
use crate::stores::ministack::MiniStack;

const KEYS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "a-secret-word"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// Three places for evidence, so that one may be gone; one of the others decides.
fn stores(aws: &MiniStack) -> String {
    format!(
        "[agent]\nlisten = \"127.0.0.1:0\"\n[pm2]\nwatch = false\n\
         [[store]]\nkind = \"github\"\n\
         [[store]]\nkind = \"dynamodb\"\ntable = \"standin\"\nregion = \"us-east-1\"\nendpoint = \"{}\"\ndecides = true\n\
         [[store]]\nkind = \"netlify-blobs\"\n",
        aws.url()
    )
}

fn github_is_down(shop: &Shop) {
    shop.stage.github.plane().inject(Fault::always("*", FaultKind::status(503))).unwrap();
}

fn machine(shop: &Shop) -> Machine {
    KEYS.iter().fold(Machine::of(shop), |machine, (name, value)| machine.set(name, value))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_github_a_failed_function_gets_its_last_good_deploy_back_once() {
    let names = Names::so_that(|n| n.is_first("netlify:checkout", &n.function, &[&n.agent, &n.function]));
    let aws = MiniStack::start();
    make_table(&aws).await;
    let shop = Shop::new(&[]).await;
    let url = format!("{}/_site/{SITE}/.netlify/functions/checkout", shop.stage.netlify_url);
    shop.write("netlify.toml", "[build]\npublish = \"public\"\n");
    shop.write("netlify/functions/checkout.mjs", "export default async () => new Response('sold');\n");
    let Names { agent, function } = &names;
    shop.settings(&format!(
        "{}[[peer]]\nkind = \"agent\"\nname = \"{agent}\"\nevery = \"1h\"\n\
         [[peer]]\nkind = \"netlify\"\nname = \"{function}\"\nevery = \"5m\"\n\
         [[automation]]\nid = \"netlify:checkout\"\nurl = \"{url}\"\nbackup = [\"restore\"]\n",
        stores(&aws)
    ));
    let site = Site::of(&shop, &KEYS).await;
    let mut machine = machine(&shop);
    machine.up();
    github_is_down(&shop);
    shop.stage.netlify.deploy(SITE, "bad", Serving::Crashes).unwrap();
    shop.begun();
    // Both look at the same time.
    let (_, check) =
        tokio::join!(site.tick_on(&shop, WATCH), async { tokio::task::block_in_place(|| machine.look()) });
    let told = |what: &str| shop.phone.told(what, "netlify:checkout");
    assert_eq!((shop.restores(), told("unconfirmed")), (1, 1), "{:?}\n{check:#}", shop.phone.alerts());
    let served = crate::http().build().unwrap().get(&url).send().await.unwrap();
    assert_eq!(served.text().await.unwrap(), "sold");
    site.tick_on(&shop, WATCH).await;
    shop.took("GitHub down and a served function answers 502: restored by the function, decided in DynamoDB");
    let check = machine.look();
    assert_eq!((shop.restores(), told("well_again")), (1, 1), "{:?}\n{check:#}", shop.phone.alerts());
    let requests = shop.stage.github.plane().requests();
    assert!(
        requests.iter().any(|request| request.status == Some(503)),
        "they have asked GitHub: {requests:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_github_heartbeats_say_which_workflow_needs_its_backup() {
    let aws = MiniStack::start();
    make_table(&aws).await;
    let shop = Shop::new(&[]).await;
    for name in ["nightly", "weekly"] {
        shop.write(&format!(".github/workflows/{name}.yml"), &nightly(missed()));
    }
    let automation = |name: &str| {
        format!(
            "[[automation]]\nid = \"workflow:{name}.yml\"\nheartbeats = true\ngrace = \"60s\"\nbackup = [\"command:{name}-here\"]\n\
             [[automation]]\nname = \"{name}-here\"\ncommand = \"echo ran >>{name}.ran\"\n"
        )
    };
    shop.settings(&format!(
        "{}[[peer]]\nkind = \"agent\"\nevery = \"1h\"\n{}{}",
        stores(&aws),
        automation("nightly"),
        automation("weekly")
    ));
    let mut machine = machine(&shop);
    // Both have run before GitHub was gone: one of them has said that it failed.
    machine.stage.run(&["beat", "workflow:nightly.yml", "fail"]).ended(0);
    machine.stage.run(&["beat", "workflow:weekly.yml"]).ended(0);
    github_is_down(&shop);
    shop.begun();
    machine.up();
    machine.stage.until_lines("nightly.ran", 1);
    shop.phone.rings("recovered_by_itself", "workflow:weekly.yml").await;
    shop.phone.rings("recovered", "workflow:nightly.yml").await;
    shop.took("GitHub down and a workflow's heartbeat says that it failed: its command run by the agent");
    let check = machine.look();
    assert_eq!(
        (machine.stage.lines("nightly.ran").len(), machine.stage.read("weekly.ran")),
        (1, String::new()),
        "{check:#}"
    );
    assert_eq!(shop.phone.told("recovered", "workflow:nightly.yml"), 1, "{:?}", shop.phone.alerts());
    assert_eq!(json!(0), json!(shop.runs("nightly.yml").len()));
}
