//! Small endpoints for the tests of this crate.

use crate::endpoint::{Endpoint, Path, Transmit};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Answers every datagram that begins with `?`, and repeats its own questions until they are answered.
#[derive(Debug)]
pub(crate) struct Asker {
    pub(crate) local: SocketAddr,
    questions: VecDeque<Question>,
    outbound: VecDeque<(Path, Vec<u8>)>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Question {
    path: Path,
    text: Vec<u8>,
    again: Instant,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    Asked(SocketAddr, Vec<u8>),
    Answered(SocketAddr, Vec<u8>),
}

const RETRY: Duration = Duration::from_millis(500);

impl Asker {
    pub(crate) fn new(local: &str) -> Self {
        let local = local.parse().unwrap();
        Self {
            local,
            questions: VecDeque::new(),
            outbound: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    pub(crate) fn ask(&mut self, now: Instant, remote: SocketAddr, text: &str) {
        let path = Path::new(self.local, remote);
        let text = format!("?{text}").into_bytes();
        self.outbound.push_back((path, text.clone()));
        self.questions.push_back(Question {
            path,
            text,
            again: now + RETRY,
        });
    }

    pub(crate) fn send_raw(&mut self, path: Path, bytes: &[u8]) {
        self.outbound.push_back((path, bytes.to_vec()));
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.questions.len()
    }
}

impl Endpoint for Asker {
    type Event = Event;

    fn handle_input(&mut self, _now: Instant, path: Path, datagram: &mut [u8]) {
        match datagram.split_first() {
            Some((b'?', text)) => {
                self.events.push_back(Event::Asked(path.remote, text.to_vec()));
                self.outbound.push_back((path, [b"!", text].concat()));
            }
            Some((b'!', text)) => {
                let before = self.questions.len();
                self.questions.retain(|question| question.text[1..] != *text);
                if self.questions.len() < before {
                    self.events.push_back(Event::Answered(path.remote, text.to_vec()));
                }
            }
            _ => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        for question in &mut self.questions {
            if question.again <= now {
                question.again = now + RETRY;
                self.outbound.push_back((question.path, question.text.clone()));
            }
        }
    }

    fn poll_transmit(&mut self, _now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let (path, bytes) = self.outbound.pop_front()?;
        out.extend_from_slice(&bytes);
        Some(Transmit {
            path,
            segment_size: None,
        })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.questions.iter().map(|question| question.again).min()
    }
}
