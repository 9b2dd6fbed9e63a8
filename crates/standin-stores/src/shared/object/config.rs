//! Where a bucket is, and the keys to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use standin_http::Http;

use super::transport::Transport;
use super::{Dialect, Objects, name};
use crate::shared::StoreFault;
use crate::shared::dial::Dial;

/// The variables that keys to a bucket are taken from.
pub type Environment = BTreeMap<String, String>;

/// Why there is no such bucket to use. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// What is configured does not make an address or a key. The message names what.
    #[error("the bucket {bucket:?} cannot be used: {why}; docs/stores.md names its settings")]
    Settings {
        /// Its name.
        bucket: String,
        /// What is wrong.
        why: String,
    },
}

/// A bucket, or a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub bucket: String,
    /// What all keys begin with: two meshes in one bucket have two prefixes. Such as `standin/shop`.
    pub prefix: String,
    /// The region (S3); from `AWS_REGION` when empty.
    pub region: String,
    /// Another address than the vendor's, such as that of MinIO or of an emulator. Addresses of S3 that are given here
    /// have the bucket in their path, as all such servers understand.
    pub endpoint: Option<String>,
}

impl Objects {
    /// A bucket of S3, or of what speaks like it. Keys come from the variables that begin with `AWS_`, or from the
    /// role of the machine.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn s3(place: &Place, environment: &Environment, http: &Http) -> Result<Self, ObjectError> {
        let transport = transport(http);
        let mut builder = AmazonS3Builder::new();
        for (key, value) in known(environment, "aws_") {
            builder = builder.with_config(key, value);
        }
        builder = builder.with_bucket_name(&place.bucket).with_disable_bulk_delete(true);
        if !place.region.is_empty() {
            builder = builder.with_region(&place.region);
        }
        if let Some(endpoint) = &place.endpoint {
            builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
        }
        let store = builder
            .with_http_connector(transport.clone())
            .with_client_options(options())
            .with_retry(once())
            .build()
            .map_err(|error| unfit(place, &error))?;
        Ok(Self::new(Arc::new(store), Dialect::S3, place, transport))
    }

    /// A bucket of Google Cloud Storage. Keys come from the variables that begin with `GOOGLE_`, from the file of the
    /// application's default credentials, or from the role of the machine.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn gcs(place: &Place, environment: &Environment, http: &Http) -> Result<Self, ObjectError> {
        let transport = transport(http);
        let mut builder = GoogleCloudStorageBuilder::new();
        for (key, value) in known(environment, "google_") {
            builder = builder.with_config(key, value);
        }
        if let Some(endpoint) = &place.endpoint {
            builder = builder.with_base_url(endpoint);
        }
        let store = builder
            .with_bucket_name(&place.bucket)
            .with_http_connector(transport.clone())
            .with_client_options(options())
            .with_retry(once())
            .build()
            .map_err(|error| unfit(place, &error))?;
        Ok(Self::new(Arc::new(store), Dialect::Gcs, place, transport))
    }

    /// A container of Azure Blob Storage. The account and its keys come from the variables that begin with `AZURE_`, or
    /// from the identity of the machine.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn azure(place: &Place, environment: &Environment, http: &Http) -> Result<Self, ObjectError> {
        let transport = transport(http);
        let mut builder = MicrosoftAzureBuilder::new();
        for (key, value) in known(environment, "azure_") {
            builder = builder.with_config(key, value);
        }
        if let Some(endpoint) = &place.endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        let store = builder
            .with_container_name(&place.bucket)
            .with_http_connector(transport.clone())
            .with_client_options(options())
            .with_retry(once())
            .build()
            .map_err(|error| unfit(place, &error))?;
        let store = Arc::new(store);
        Ok(Self { signer: Some(store.clone()), ..Self::new(store, Dialect::Azure, place, transport) })
    }

    fn new(
        store: Arc<dyn object_store::ObjectStore>,
        dialect: Dialect,
        place: &Place,
        transport: Transport,
    ) -> Self {
        let (prefix, dial) = (place.prefix.as_str().into(), Arc::new(Dial::default()));
        let Transport { http, last } = transport;
        Self { store, signer: None, http, dialect, prefix, dial, last }
    }

    /// Why the last request did not do what it should; `None` when it did.
    pub fn last_fault(&self) -> Option<StoreFault> {
        self.last.get()
    }

    /// The cells of this bucket.
    ///
    /// # Errors
    /// [`ObjectError`] when the prefix makes no keys.
    pub fn cells(&self) -> Result<super::ObjectCells, ObjectError> {
        Ok(super::ObjectCells::new(self.clone(), self.folder("cells")?))
    }

    /// The shelf of this bucket.
    ///
    /// # Errors
    /// [`ObjectError`] when the prefix makes no keys.
    pub fn shelf(&self) -> Result<super::ObjectShelf, ObjectError> {
        Ok(super::ObjectShelf::new(self.clone(), self.folder("peers")?))
    }

    /// Records that nobody believes: for trying the bucket out.
    ///
    /// # Errors
    /// [`ObjectError`] when the prefix makes no keys.
    pub fn trial_shelf(&self) -> Result<super::ObjectShelf, ObjectError> {
        Ok(super::ObjectShelf::new(self.clone(), self.folder("trial")?))
    }

    fn folder(&self, kind: &str) -> Result<object_store::path::Path, ObjectError> {
        name::folder(&self.prefix, kind).map_err(|error| ObjectError::Settings {
            bucket: self.prefix.to_string(),
            why: format!("the prefix is not fit: {error}"),
        })
    }
}

/// The variables of one vendor that its builder knows, by its own names.
fn known<'a, K: std::str::FromStr>(
    environment: &'a Environment,
    prefix: &str,
) -> impl Iterator<Item = (K, &'a String)> {
    environment.iter().filter_map(move |(name, value)| {
        let name = name.to_ascii_lowercase();
        if name.starts_with(prefix) { Some((name.parse().ok()?, value)) } else { None }
    })
}

/// Whether plain HTTP is allowed is said by the address itself.
fn options() -> ClientOptions {
    ClientOptions::new().with_allow_http(true)
}

/// The engine tries again, not the adapter.
fn once() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        retry_timeout: std::time::Duration::ZERO,
        backoff: BackoffConfig::default(),
    }
}

fn unfit(place: &Place, error: &object_store::Error) -> ObjectError {
    ObjectError::Settings { bucket: place.bucket.clone(), why: error.to_string() }
}

/// What a store is asked through.
fn transport(http: &Http) -> Transport {
    Transport { http: http.clone(), last: Arc::default() }
}
