//! The site's functions on Netlify's own command line, behind the stage's control plane: its scheduler calls them there,
//! its build hook really starts them anew, and a kill of the command line is their death.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use standin_stage::{Build, Functions, Serving as Deployed};

use super::function::mesh_json;
use super::shop::{SITE, Shop, WATCH};
use crate::function::netlify::{Serving, template};

/// What a request to a function may take, a cold start on a busy machine included.
const LIMIT: Duration = Duration::from_secs(60);

/// The site.
pub(crate) struct Site {
    folder: PathBuf,
    env: BTreeMap<String, String>,
    http: Client,
    serving: Mutex<Option<Serving>>,
    pub(crate) starts: Mutex<usize>,
}

impl Site {
    /// The template with the mesh of this checkout, served, and known to the stage.
    pub(crate) async fn of(shop: &Shop, secrets: &[(&str, &str)]) -> Arc<Self> {
        let folder = shop.folder().join("site");
        std::fs::create_dir_all(&folder).unwrap();
        template(&folder);
        std::fs::write(folder.join("mesh.json"), mesh_json(shop).await).unwrap();
        // The site's own functions, beside those of the template.
        for function in std::fs::read_dir(shop.folder().join("repo/netlify/functions")).into_iter().flatten()
        {
            let function = function.unwrap();
            std::fs::copy(function.path(), folder.join("netlify/functions").join(function.file_name()))
                .unwrap();
        }
        // What Netlify's command line itself would look at, a function gets from its mesh.
        let mut env: BTreeMap<_, _> =
            shop.env().into_iter().filter(|(name, _)| !name.starts_with("NETLIFY_")).collect();
        env.extend(secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let http = crate::http().timeout(LIMIT).build().unwrap();
        let site = Arc::new(Self { folder, env, http, serving: Mutex::default(), starts: Mutex::new(0) });
        site.serve(&shop.stage).await;
        let (rebuilt, stage) = (Arc::downgrade(&site), Arc::downgrade(&shop.stage));
        let build = Build::Handler(Arc::new(move |_| {
            let (site, stage) = (rebuilt.upgrade(), stage.upgrade());
            Box::pin(async move {
                let (Some(site), Some(stage)) = (site, stage) else { return Err("it is over".to_owned()) };
                site.serve(&stage).await;
                Ok(Deployed::Works)
            })
        }));
        shop.stage.netlify.build_with(SITE, build).unwrap();
        site
    }

    async fn serve(&self, stage: &standin_stage::Stage) {
        let serving = Serving::of(&self.folder, &self.env, &self.http).await;
        let address = format!("127.0.0.1:{}", serving.port);
        *self.serving.lock().unwrap() = Some(serving);
        *self.starts.lock().unwrap() += 1;
        for site in [SITE, WATCH] {
            stage.netlify.serve(site, Functions::Proxy(address.clone())).unwrap();
        }
    }

    /// The functions are gone.
    pub(crate) fn kill(&self) {
        drop(self.serving.lock().unwrap().take().expect("it was served"));
    }

    /// A tick by the vendor's scheduler, to its end.
    pub(crate) async fn tick(&self, shop: &Shop) {
        self.tick_on(shop, SITE).await;
    }

    /// The same where the function stands on another site than what it watches.
    pub(crate) async fn tick_on(&self, shop: &Shop, site: &str) {
        let reply = shop.stage.netlify.fire_schedule(site, "standin").await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    }

    /// What the function sees, without a tick.
    pub(crate) async fn look(&self) -> Value {
        let url = self.serving.lock().unwrap().as_ref().expect("it is served").url("/standin/status");
        let asked = self.http.get(url).bearer_auth(&self.env["STANDIN_TOKEN"]).send().await.unwrap();
        asked.json().await.unwrap()
    }
}
