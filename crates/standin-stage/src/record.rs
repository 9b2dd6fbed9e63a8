//! The log of all requests, for tests to count and read.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::wire::Request;

/// The log keeps the newest of so many requests.
pub const MAX_RECORDS: usize = 100_000;
/// A body longer than this is kept up to here.
pub const MAX_RECORDED_BODY: usize = 16 * 1024;

/// One request as it came, without its headers: tokens are never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// Counts from 1.
    pub number: u64,
    /// The method, in capitals.
    pub method: String,
    /// The decoded path, without the query.
    pub path: String,
    /// The query as it came, without the question mark.
    pub query: String,
    /// The body as text, at most [`MAX_RECORDED_BODY`] bytes of it.
    pub body: String,
    /// The status that was answered; none while there is no answer, or where it was lost on purpose.
    pub status: Option<u16>,
    /// The fault that hit it, by its name.
    pub fault: Option<String>,
    /// The bytes of the body that was answered.
    pub answer_bytes: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Records {
    kept: VecDeque<RequestRecord>,
    count: u64,
}

impl Records {
    pub(crate) fn begin(&mut self, request: &Request, fault: Option<&str>) -> u64 {
        self.count += 1;
        if self.kept.len() >= MAX_RECORDS {
            self.kept.pop_front();
        }
        let body = request.body.get(..MAX_RECORDED_BODY).unwrap_or(&request.body);
        self.kept.push_back(RequestRecord {
            number: self.count,
            method: request.method.as_str().to_owned(),
            path: request.path(),
            query: request.raw_query.clone(),
            body: String::from_utf8_lossy(body).into_owned(),
            status: None,
            fault: fault.map(str::to_owned),
            answer_bytes: 0,
        });
        self.count
    }

    pub(crate) fn end(&mut self, number: u64, status: u16, bytes: usize) {
        // From the back: a request ends soon after it began.
        if let Some(record) = self.kept.iter_mut().rev().find(|record| record.number == number) {
            record.status = Some(status);
            record.answer_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        }
    }

    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.kept.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
    }
}
