//! Whom to trust.

use std::path::Path;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::fault::HttpError;

/// The built-in roots, and those of a PEM file. The provider is named, so that none needs to be installed before.
pub(crate) fn config(roots: Option<&Path>) -> Result<ClientConfig, HttpError> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = roots {
        let unfit = |why: String| HttpError::Roots { path: path.to_owned(), why };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unfit(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unfit(error.to_string()))?;
            store.add(certificate).map_err(|error| unfit(error.to_string()))?;
        }
    }
    of(store)
}

/// No roots at all, for a client that asks nobody with TLS: it has to be given some all the same.
pub(crate) fn trusting_nobody() -> Result<ClientConfig, HttpError> {
    of(RootCertStore::empty())
}

fn of(store: RootCertStore) -> Result<ClientConfig, HttpError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth())
}
