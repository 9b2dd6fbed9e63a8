//! Tables and buckets: stores that fail together with neither GitHub nor Netlify. Each is there where the body was built
//! with it.

use standin_config::mesh::{Mesh, StoreSettings};
use standin_http::Http;

use crate::env::Env;
use crate::store::Store;

#[cfg(feature = "dynamodb")]
pub(super) async fn dynamodb(
    store: &StoreSettings,
    mesh: &Mesh,
    env: &Env,
    http: &Http,
) -> Result<Box<dyn Store>, String> {
    use secrecy::ExposeSecret;
    use standin_stores::shared::dynamodb::{Table, TableKeys, TablePlace};

    let region = region(store, mesh, env);
    if region.is_empty() {
        let fix = "write region = \"…\" under its [[store]], or set AWS_REGION";
        return Err(format!("its region is not known; {fix}"));
    }
    let place = TablePlace {
        table: store.place.clone(),
        mesh: store.prefix.clone(),
        region,
        endpoint: endpoint(store, mesh)
            .or_else(|| env.first(&["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])),
    };
    let secret = |name: &str| env.secret(name).map(|secret| secret.expose_secret().to_owned());
    let keys = match (secret("AWS_ACCESS_KEY_ID"), secret("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret_key)) => {
            TableKeys::Given { id, secret: secret_key, session: secret("AWS_SESSION_TOKEN") }
        }
        (None, _) | (_, None) => TableKeys::Found,
    };
    let table = Table::new(place, keys, http).await;
    let whole = crate::store::Whole::new(table.cells(), table.shelf(), crate::store::Slots::Among);
    Ok(Box::new(whole.with_fault(Box::new(move || table.last_fault().map(|fault| fault.to_string())))))
}

#[cfg(not(feature = "dynamodb"))]
#[allow(clippy::unused_async)] // it is as long as the other one
pub(super) async fn dynamodb(
    _: &StoreSettings,
    _: &Mesh,
    _: &Env,
    _: &Http,
) -> Result<Box<dyn Store>, String> {
    Err("this body was built without it".to_owned())
}

#[cfg(feature = "object")]
pub(super) fn bucket(
    store: &StoreSettings,
    mesh: &Mesh,
    env: &Env,
    http: &Http,
) -> Result<Box<dyn Store>, String> {
    use standin_core::mesh::arbiter::StoreKind;
    use standin_stores::shared::object::{Objects, Place};

    let is_s3 = store.kind == StoreKind::S3;
    let place = Place {
        bucket: store.place.clone(),
        prefix: store.prefix.clone(),
        region: if is_s3 { region(store, mesh, env) } else { String::new() },
        endpoint: if is_s3 { endpoint(store, mesh) } else { store.endpoint.clone() },
    };
    let environment = env.beginning_with(&["AWS_", "GOOGLE_", "AZURE_"]);
    let objects = match store.kind {
        StoreKind::S3 => Objects::s3(&place, &environment, http),
        StoreKind::Gcs => Objects::gcs(&place, &environment, http),
        StoreKind::Azure => Objects::azure(&place, &environment, http),
        StoreKind::Sqlite | StoreKind::GithubRefs | StoreKind::DynamoDb | StoreKind::NetlifyBlobs => {
            return Err("it is no bucket".to_owned());
        }
    };
    let words = |error: standin_stores::shared::object::ObjectError| error.to_string();
    let objects = objects.map_err(words)?;
    let (cells, shelf) = (objects.cells().map_err(words)?, objects.shelf().map_err(words)?);
    let whole = crate::store::Whole::new(cells, shelf, crate::store::Slots::Among);
    Ok(Box::new(whole.with_fault(Box::new(move || objects.last_fault().map(|fault| fault.to_string())))))
}

#[cfg(not(feature = "object"))]
pub(super) fn bucket(_: &StoreSettings, _: &Mesh, _: &Env, _: &Http) -> Result<Box<dyn Store>, String> {
    Err("this body was built without it".to_owned())
}

/// The region of a store on Amazon's side: its own, the account's, else what the environment says.
#[cfg(any(feature = "dynamodb", feature = "object"))]
fn region(store: &StoreSettings, mesh: &Mesh, env: &Env) -> String {
    let said = store.region.clone().or_else(|| mesh.aws.region.clone());
    said.or_else(|| env.first(&["AWS_REGION", "AWS_DEFAULT_REGION"])).unwrap_or_default()
}

#[cfg(any(feature = "dynamodb", feature = "object"))]
fn endpoint(store: &StoreSettings, mesh: &Mesh) -> Option<String> {
    store.endpoint.clone().or_else(|| mesh.aws.endpoint.clone())
}
