//! Cells as items, swapped by puts on condition.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use bytes::Bytes;
use jiff::Timestamp;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, SwapAnswer, Version, WriteError};

use super::{Refusal, Table, expiry, object, refusal, text};
use crate::shared::{Cells, Listed, MAX_NAME_BYTES, Object};

const KIND: &str = "cells";

/// The cells of a table.
#[derive(Debug, Clone)]
pub struct DynamoCells {
    table: Table,
}

impl DynamoCells {
    pub(super) const fn new(table: Table) -> Self {
        Self { table }
    }

    fn put(&self, name: &str, expect: Option<&Version>, body: String, version: &str) -> PutItemFluentBuilder {
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.place.table)
            .item("pk", self.table.partition(KIND))
            .item("sk", AttributeValue::S(name.to_owned()))
            .item("v", AttributeValue::S(version.to_owned()))
            .item("body", AttributeValue::S(body))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match expect {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(Version(expect)) => put
                .condition_expression("v = :v")
                .expression_attribute_values(":v", AttributeValue::S(expect.to_string())),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Object>, ReadError> {
        let get = self
            .table
            .client
            .get_item()
            .table_name(&self.table.place.table)
            .key("pk", self.table.partition(KIND))
            .key("sk", AttributeValue::S(name.to_owned()))
            .consistent_read(true);
        match get.send().await.map_err(|error| self.table.unread(&error))?.item {
            None => Ok(None),
            Some(item) => object(&item).map(Some).ok_or(ReadError::Garbage),
        }
    }

    fn won(&self, version: &str) -> SwapAnswer {
        match self.table.at() {
            Some(at) => SwapAnswer::Won(Stamped { at, value: Version(version.into()) }),
            None => SwapAnswer::Unknown,
        }
    }

    /// The condition was not met. If what is there is our own write, somebody between us and the table asked twice.
    async fn settle(&self, name: &str, version: &str, there: Option<String>) -> SwapAnswer {
        let there = match there {
            Some(there) => Ok(Some(there)),
            None => self.get(name).await.map(|there| there.map(|there| there.version.0.to_string())),
        };
        match there {
            Ok(Some(there)) if there == version => self.won(version),
            Ok(_) | Err(ReadError::Garbage) => SwapAnswer::Lost,
            Err(ReadError::Unreachable) => SwapAnswer::Unknown,
        }
    }
}

impl Cells for DynamoCells {
    async fn read(&self, name: &str) -> Result<Stamped<Option<Object>>, ReadError> {
        let value = self.get(name).await?;
        Ok(Stamped { at: self.table.at().ok_or(ReadError::Unreachable)?, value })
    }

    async fn swap(&self, name: &str, expect: Option<&Version>, bytes: Bytes) -> SwapAnswer {
        let Ok(body) = String::from_utf8(bytes.into()) else { return SwapAnswer::Lost };
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return SwapAnswer::Lost;
        }
        let version = uuid::Uuid::new_v4().simple().to_string();
        let mut put = self.put(name, expect, body, &version);
        // Before the first answer this machine's clock must do: it is about days.
        let now = self.table.at().unwrap_or_else(|| StoreTime::from(Timestamp::now()));
        if let Some(at) = expiry(name, now) {
            put = put.item("ttl", at);
        }
        match put.send().await {
            Ok(_) => self.won(&version),
            Err(SdkError::ServiceError(answer)) if answer.err().is_conditional_check_failed_exception() => {
                let mut there = None;
                if let PutItemError::ConditionalCheckFailedException(failed) = answer.err() {
                    there = failed.item().and_then(|item| text(item, "v")).map(str::to_owned);
                }
                self.settle(name, &version, there).await
            }
            Err(error) => match refusal(&error) {
                Refusal::Definite => SwapAnswer::Lost,
                Refusal::Open => SwapAnswer::Unknown,
            },
        }
    }

    async fn list(&self, prefix: &str) -> Result<Stamped<Vec<Listed>>, ReadError> {
        let found = self.table.query(KIND, prefix).await?;
        let at = self.table.at().ok_or(ReadError::Unreachable)?;
        let listed = |(name, object): (String, Object)| Listed { name, version: object.version };
        Ok(Stamped { at, value: found.into_iter().map(listed).collect() })
    }

    async fn remove(&self, name: &str, expect: &Version) -> Result<StoreTime, WriteError> {
        let delete = self
            .table
            .client
            .delete_item()
            .table_name(&self.table.place.table)
            .key("pk", self.table.partition(KIND))
            .key("sk", AttributeValue::S(name.to_owned()))
            .condition_expression("v = :v")
            .expression_attribute_values(":v", AttributeValue::S(expect.0.to_string()));
        match delete.send().await {
            Ok(_) => self.table.at().ok_or(WriteError::Unknown),
            Err(SdkError::ServiceError(answer))
                if matches!(answer.err(), DeleteItemError::ConditionalCheckFailedException(_)) =>
            {
                Err(WriteError::Refused)
            }
            Err(error) => match refusal(&error) {
                Refusal::Definite => Err(WriteError::Refused),
                Refusal::Open => Err(WriteError::Unknown),
            },
        }
    }
}
