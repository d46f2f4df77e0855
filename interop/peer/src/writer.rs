//! Lines to the matcher.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::Failure;

/// Standard output, a line at a time from any task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer(Arc<Mutex<()>>);

impl Writer {
    /// One line. A matcher that is gone has no use for it, so errors are nobody's.
    pub(crate) fn write(&self, object: &Value) {
        let _only = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = std::io::stdout().lock();
        if writeln!(out, "{object}").and_then(|()| out.flush()).is_err() {
            std::process::exit(0);
        }
    }

    /// The answer to a request.
    pub(crate) fn reply(&self, id: u64, outcome: Result<Value, Failure>) {
        let mut object = match outcome {
            Ok(Value::Object(fields)) => Value::Object(fields),
            Ok(_) => json!({}),
            Err(error) => json!({"error": error.to_string()}),
        };
        let ok = object.get("error").is_none();
        if let Some(fields) = object.as_object_mut() {
            fields.insert("id".into(), id.into());
            fields.insert("ok".into(), ok.into());
        }
        self.write(&object);
    }

    /// Something that happened to a connection.
    pub(crate) fn event(&self, pc: &str, event: &str, mut object: Value) {
        if let Some(fields) = object.as_object_mut() {
            fields.insert("ev".into(), event.into());
            fields.insert("pc".into(), pc.into());
        }
        self.write(&object);
    }
}
