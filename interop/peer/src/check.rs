//! Compares what arrives on a channel with the pattern that was announced.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::pattern::{Digest, Pattern};

/// How the check of one channel stands.
#[derive(Debug)]
pub(crate) struct Check {
    is_ordered: bool,
    is_lossy: bool,
    expected: Vec<Digest>,
    left: HashMap<Digest, u32>,
    position: usize,
    received: usize,
    bytes: usize,
    corrupt: usize,
    disorder: usize,
    first: String,
    reported: bool,
}

impl Check {
    pub(crate) fn new(pattern: Pattern, is_ordered: bool, is_lossy: bool) -> Self {
        let mut left = HashMap::new();
        let mut expected = Vec::new();
        for index in 0..pattern.count {
            let (data, is_text) = pattern.message(index);
            let digest = Digest::of(&data, is_text);
            expected.push(digest);
            *left.entry(digest).or_default() += 1;
        }
        Self {
            is_ordered,
            is_lossy,
            expected,
            left,
            position: 0,
            received: 0,
            bytes: 0,
            corrupt: 0,
            disorder: 0,
            first: String::new(),
            reported: false,
        }
    }

    /// Takes one message; true when it was the last that was missing.
    pub(crate) fn receive(&mut self, data: &[u8], is_text: bool) -> bool {
        let digest = Digest::of(data, is_text);
        self.received += 1;
        self.bytes += data.len();
        match self.left.get_mut(&digest) {
            Some(left) if *left > 0 => {
                *left -= 1;
                if self.is_ordered && !self.advance(digest) {
                    self.disorder += 1;
                    self.fault("out of order", digest);
                }
            }
            _ => {
                self.corrupt += 1;
                self.fault("not of the pattern, or came twice", digest);
            }
        }
        let is_complete = self.received >= self.expected.len();
        is_complete && !std::mem::replace(&mut self.reported, true)
    }

    /// Moves to the message after this one. Only where loss is allowed may it skip some.
    fn advance(&mut self, digest: Digest) -> bool {
        let rest = self.expected.get(self.position..).unwrap_or_default();
        let reach = if self.is_lossy { rest.len() } else { 1 };
        match rest.iter().take(reach).position(|expected| *expected == digest) {
            Some(skipped) => {
                self.position += skipped + 1;
                true
            }
            None => false,
        }
    }

    fn fault(&mut self, what: &str, digest: Digest) {
        if self.first.is_empty() {
            let kind = if digest.is_text { "text" } else { "binary" };
            self.first = format!("message {} is {what}: {kind}, {} bytes", self.received - 1, digest.len);
        }
    }

    pub(crate) fn verdict(&self) -> Value {
        json!({
            "received": self.received, "expected": self.expected.len(), "bytes": self.bytes,
            "corrupt": self.corrupt, "disorder": self.disorder, "first": self.first,
        })
    }
}
