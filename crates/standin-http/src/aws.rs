//! The shared client below what Amazon wrote: it tries once, and whoever wants to hears the answers.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use reqwest::header::HeaderMap;
use reqwest::{Request, RequestBuilder};

use crate::{Fault, Http, MAX_BODY, Reply};

/// Told of each answer, with the headers of its request.
type Hear = dyn Fn(&HeaderMap, &Reply) + Send + Sync;

/// Our client as Amazon's libraries want one.
#[derive(Clone)]
pub struct AwsClient {
    http: Http,
    hear: Option<Arc<Hear>>,
}

impl std::fmt::Debug for AwsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AwsClient")
    }
}

impl AwsClient {
    /// On this client.
    pub const fn new(http: Http) -> Self {
        Self { http, hear: None }
    }

    /// Tells `hear` of each answer.
    #[must_use]
    pub fn hearing(self, hear: impl Fn(&HeaderMap, &Reply) + Send + Sync + 'static) -> Self {
        Self { hear: Some(Arc::new(hear)), ..self }
    }

    fn request(&self, request: HttpRequest) -> Result<(HeaderMap, RequestBuilder), ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        // What is sent is in memory as a whole.
        let request = request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default());
        let request = Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
        let headers = request.headers().clone();
        Ok((headers, RequestBuilder::from_parts(self.http.client().clone(), request)))
    }
}

impl HttpClient for AwsClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for AwsClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let own = self.clone();
        HttpConnectorFuture::new(async move {
            let (headers, request) = own.request(request)?;
            let reply = own.http.send(request, MAX_BODY).await.map_err(failed)?;
            if let Some(hear) = &own.hear {
                hear(&headers, &reply);
            }
            response(reply)
        })
    }
}

fn failed(fault: Fault) -> ConnectorError {
    match fault {
        Fault::Before(_) => ConnectorError::io(fault.into()).never_connected(),
        Fault::Lost(_) | Fault::TooLong(_) => ConnectorError::io(fault.into()),
    }
}

fn response(reply: Reply) -> Result<HttpResponse, ConnectorError> {
    let other = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(error, None);
    let status = reply.status.try_into().map_err(|error| other(Box::new(error)))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    for (name, value) in &reply.headers {
        if let Ok(value) = value.to_str() {
            let inserted = response.headers_mut().try_append(name.as_str().to_owned(), value.to_owned());
            inserted.map_err(|error| other(Box::new(error)))?;
        }
    }
    Ok(response)
}
