//! Looking into and adding to the JSON objects of the protocol without a panic.

use serde_json::Value;

static NULL: Value = Value::Null;

/// Members of an object.
pub(crate) trait Members {
    /// The member, or null where there is none.
    fn at(&self, key: &str) -> &Value;
    /// The object with one member more; anything else is returned as it is.
    fn with(self, key: &str, value: impl Into<Value>) -> Self;
}

impl Members for Value {
    fn at(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&NULL)
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        if let Some(object) = self.as_object_mut() {
            object.insert(key.to_owned(), value.into());
        }
        self
    }
}
