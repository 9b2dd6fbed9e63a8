//! The shared HTTP client below the AWS SDK, and the table's clock.

use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use standin_core::mesh::clock::StoreTime;
use standin_http::reqwest::{Request, RequestBuilder};
use standin_http::{Fault, Http, MAX_BODY, Reply};

use crate::shared::dial::Dial;

/// What only requests to a table have, and none for keys to it.
const TARGET: &str = "x-amz-target";

/// Our HTTP client as the SDK wants it: it tries once, and reads the table's clock off the answers.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) http: Http,
    pub(super) dial: Arc<Dial>,
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move {
            let is_tables = request.headers().contains_key(TARGET);
            let request = wire.request(request)?;
            let reply = wire.http.send(request, MAX_BODY).await.map_err(failed)?;
            // What a gateway says on the way has another clock.
            if is_tables && reply.status < 500 {
                wire.dial.stamp(reply.date().map(StoreTime::from));
            }
            response(reply)
        })
    }
}

impl Wire {
    fn request(&self, request: HttpRequest) -> Result<RequestBuilder, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        // What is sent to a table is in memory as a whole.
        let request = request.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default());
        let request = Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
        Ok(RequestBuilder::from_parts(self.http.client().clone(), request))
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
