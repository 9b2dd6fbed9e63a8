//! Records of peers as items of one partition.

use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use standin_core::mesh::clock::StoreTime;
use standin_engine::ports::mesh::{ReadError, Stamped, WriteError};

use super::{Refusal, Table, refusal};
use crate::shared::{MAX_NAME_BYTES, Object, Shelf};

const KIND: &str = "peers";

/// The shelf of a table.
#[derive(Debug, Clone)]
pub struct DynamoShelf {
    table: Table,
}

impl DynamoShelf {
    pub(super) const fn new(table: Table) -> Self {
        Self { table }
    }
}

impl Shelf for DynamoShelf {
    async fn read_all(&self) -> Result<Stamped<Vec<(String, Object)>>, ReadError> {
        let value = self.table.query(KIND, "").await?;
        Ok(Stamped { at: self.table.at().ok_or(ReadError::Unreachable)?, value })
    }

    async fn write(&self, name: &str, bytes: Bytes) -> Result<StoreTime, WriteError> {
        let body = String::from_utf8(bytes.into()).map_err(|_| WriteError::Refused)?;
        if name.is_empty() || name.len() > MAX_NAME_BYTES {
            return Err(WriteError::Refused);
        }
        let put = self
            .table
            .client
            .put_item()
            .table_name(&self.table.place.table)
            .item("pk", self.table.partition(KIND))
            .item("sk", AttributeValue::S(name.to_owned()))
            .item("v", AttributeValue::S(uuid::Uuid::new_v4().simple().to_string()))
            .item("body", AttributeValue::S(body));
        match put.send().await {
            Ok(_) => self.table.at().ok_or(WriteError::Unknown),
            Err(error) => match refusal(&error) {
                Refusal::Definite => Err(WriteError::Refused),
                Refusal::Open => Err(WriteError::Unknown),
            },
        }
    }
}
