//! RFC 8489 §6: a client that asks one server.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::Transmit;
use super::proof::Proof;
use super::request::{FailReason, Request, RequestError, RequestId, Response};
use super::timing::{Expired, RoundTrip, Timer};
use super::transaction::{Outcome, Transaction};
use crate::config::{ClientConfig, ClientStats, Transport};
use crate::message::{MessageRef, TransactionId};

/// Asks one server: sends requests again until they are answered, answers challenges, follows redirections.
///
/// At most [`ClientConfig::max_outstanding`] requests are open at a time, and each ends with one [`Event`].
///
/// ```
/// use std::time::Instant;
/// use stun::core::{Client, Event, FailReason, Request};
///
/// let mut now = Instant::now();
/// let mut client = Client::new(stun::ClientConfig::default(), "192.0.2.1:3478".parse()?, [7; 32]);
/// let id = client.request(now, Request::binding())?;
/// let mut out = Vec::new();
/// let transmit = client.poll_transmit(now, &mut out).unwrap();
/// // … send it; nothing comes back …
/// while let Some(deadline) = client.poll_timeout() {
///     now = deadline;
///     client.handle_timeout(now);
///     while client.poll_transmit(now, &mut out).is_some() {}
/// }
/// assert_eq!(out.len(), 7 * transmit.len);
/// assert_eq!(client.poll_event(), Some(Event::Failed { id, reason: FailReason::Timeout }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    server: SocketAddr,
    rng: ChaCha20Rng,
    transactions: Vec<Transaction>,
    events: VecDeque<Event>,
    next_id: u64,
    round_trip: RoundTrip,
    /// How the server wants to be asked.
    proof: Proof,
    stats: ClientStats,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server carried it out.
    Success {
        /// Which request.
        id: RequestId,
        /// What it said.
        response: Response,
    },
    /// It did not.
    Failed {
        /// Which request.
        id: RequestId,
        /// Why not.
        reason: FailReason,
    },
}

impl Client {
    /// A client of `server`. Transaction ids come from `seed`, which has to be secret and used once.
    pub fn new(config: ClientConfig, server: SocketAddr, seed: [u8; 32]) -> Self {
        let config = config.bounded();
        Self {
            proof: Proof::first(&config),
            config,
            server,
            rng: ChaCha20Rng::from_seed(seed),
            transactions: Vec::new(),
            events: VecDeque::new(),
            next_id: 0,
            round_trip: RoundTrip::default(),
            stats: ClientStats::default(),
        }
    }

    /// The server that is asked.
    pub const fn server(&self) -> SocketAddr {
        self.server
    }

    /// What has been counted.
    pub const fn stats(&self) -> ClientStats {
        self.stats
    }

    /// How many requests are open, or have an event that was not taken.
    pub fn outstanding(&self) -> usize {
        self.transactions.len() + self.events.len()
    }

    /// Starts a request.
    ///
    /// # Errors
    /// [`RequestError`] when there are too many, or it does not fit a message.
    pub fn request(&mut self, now: Instant, request: Request) -> Result<RequestId, RequestError> {
        if self.outstanding() >= self.config.max_outstanding {
            return Err(RequestError::TooMany);
        }
        if !request.is_complete() {
            return Err(RequestError::TooLong);
        }
        let id = RequestId(self.next_id);
        let timer = self.timer(now);
        let mut transaction = Transaction::new(id, request, self.server, self.proof.clone(), timer);
        if !transaction.encode(&self.config, TransactionId::random(&mut self.rng)) {
            return Err(RequestError::TooLong);
        }
        self.next_id += 1;
        self.stats.requests_sent += 1;
        self.transactions.push(transaction);
        Ok(id)
    }

    /// Forgets a request; it gives no event.
    pub fn cancel(&mut self, id: RequestId) {
        self.transactions.retain(|transaction| transaction.id != id);
    }

    /// The network reported that `destination` cannot be reached (a hard ICMP error, RFC 8489 §6.2.1).
    pub fn handle_unreachable(&mut self, destination: SocketAddr) {
        self.fail_all(|transaction| transaction.destination == destination);
    }

    /// The socket did not take the last datagram; it may take the next one.
    pub const fn handle_unsent(&mut self) {
        self.stats.unsent += 1;
    }

    /// The connection to the server ended (RFC 8489 §6.2.2).
    pub fn handle_disconnect(&mut self) {
        self.fail_all(|_| true);
    }

    fn fail_all(&mut self, concerned: impl Fn(&Transaction) -> bool) {
        for transaction in self
            .transactions
            .extract_if(.., |transaction| concerned(transaction))
        {
            self.events.push_back(Event::Failed {
                id: transaction.id,
                reason: FailReason::Unreachable,
            });
        }
    }

    fn timer(&mut self, now: Instant) -> Timer {
        Timer::start(
            &self.config,
            self.round_trip.rto(self.config.initial_rto, now),
            now,
        )
    }

    /// Takes what came from `source`; over a stream, one message from [`StreamDecoder`](crate::StreamDecoder).
    pub fn handle_input(&mut self, now: Instant, source: SocketAddr, datagram: &[u8]) {
        let Some(message) = MessageRef::decode(datagram).ok().filter(has_no_wrong_fingerprint) else {
            self.stats.malformed += 1;
            return;
        };
        let answered = |transaction: &Transaction| transaction.is_answered_by(source, &message);
        let Some(index) = self.transactions.iter().position(answered) else {
            self.stats.unexpected += 1;
            return;
        };
        let transaction = self.transactions.swap_remove(index);
        match transaction.judge(&self.config, &message) {
            Outcome::Ignore => {
                self.stats.unexpected += 1;
                self.transactions.push(transaction);
            }
            Outcome::Violation => self.violate(transaction),
            outcome @ (Outcome::Authenticate(_)
            | Outcome::Redirect(_)
            | Outcome::Success(_)
            | Outcome::Rejected
            | Outcome::Failed(_)) => {
                self.stats.responses_received += 1;
                self.conclude(now, transaction, outcome, &message);
            }
        }
    }

    /// RFC 8489 §9.1.4, §9.2.5: wait for a better response over UDP, give up over TCP.
    fn violate(&mut self, mut transaction: Transaction) {
        self.stats.integrity_failures += 1;
        match self.config.transport {
            Transport::Stream => self.fail(transaction.id, FailReason::IntegrityViolated),
            Transport::Datagram => {
                transaction.violated = true;
                self.transactions.push(transaction);
            }
        }
    }

    fn conclude(
        &mut self,
        now: Instant,
        mut transaction: Transaction,
        outcome: Outcome,
        message: &MessageRef<'_>,
    ) {
        let rtt = transaction.timer.rtt(now);
        let asked_first = transaction.destination == self.server;
        if let (Some(rtt), true) = (rtt, asked_first) {
            self.round_trip.measured(rtt);
        }
        let id = transaction.id;
        let response = || Response {
            message: message.to_message(),
            server: transaction.destination,
            rtt,
        };
        match outcome {
            Outcome::Ignore | Outcome::Violation => {}
            Outcome::Success(proof) => {
                if asked_first {
                    self.proof = proof;
                }
                self.events.push_back(Event::Success {
                    id,
                    response: response(),
                });
            }
            Outcome::Rejected => self.fail(id, FailReason::Rejected(Box::new(response()))),
            Outcome::Failed(reason) => self.fail(id, reason),
            Outcome::Redirect(server) => {
                let proof = Proof::first(&self.config);
                transaction.redirect(server, proof);
                self.repeat(now, transaction);
            }
            Outcome::Authenticate(challenge) => {
                if !transaction.authenticate(challenge) {
                    return self.fail(id, FailReason::Unauthenticated);
                }
                if asked_first {
                    self.proof = transaction.proof.clone();
                }
                self.repeat(now, transaction);
            }
        }
    }

    fn fail(&mut self, id: RequestId, reason: FailReason) {
        self.events.push_back(Event::Failed { id, reason });
    }

    /// Sends the request again in a transaction of its own.
    fn repeat(&mut self, now: Instant, mut transaction: Transaction) {
        transaction.timer = self.timer(now);
        transaction.violated = false;
        if transaction.encode(&self.config, TransactionId::random(&mut self.rng)) {
            self.stats.requests_sent += 1;
            self.transactions.push(transaction);
        } else {
            self.fail(transaction.id, FailReason::TooLong);
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        let (config, stats, events) = (&self.config, &mut self.stats, &mut self.events);
        self.transactions
            .retain_mut(|transaction| match transaction.timer.expire(config, now) {
                Expired::No => true,
                Expired::SendAgain => {
                    transaction.due = true;
                    stats.retransmissions += 1;
                    true
                }
                Expired::GiveUp => {
                    let reason = if transaction.violated {
                        FailReason::IntegrityViolated
                    } else {
                        FailReason::Timeout
                    };
                    events.push_back(Event::Failed {
                        id: transaction.id,
                        reason,
                    });
                    false
                }
            });
    }

    /// Appends the next datagram to send.
    pub fn poll_transmit(&mut self, _now: Instant, out: &mut Vec<u8>) -> Option<Transmit> {
        let transaction = self.transactions.iter_mut().find(|transaction| transaction.due)?;
        transaction.due = false;
        out.extend_from_slice(&transaction.datagram);
        Some(Transmit {
            destination: transaction.destination,
            len: transaction.datagram.len(),
        })
    }

    /// How a request ended.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout): the first deadline of at most 64.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.transactions
            .iter()
            .map(|transaction| transaction.timer.deadline())
            .min()
    }
}

fn has_no_wrong_fingerprint(message: &MessageRef<'_>) -> bool {
    !message.has_fingerprint() || message.check_fingerprint()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn is_send<T: Send>() {}

    #[test]
    fn moves_between_threads() {
        is_send::<Client>();
    }
}
