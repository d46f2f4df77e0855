//! Two partners and the signalling between them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::json::Members;
use super::partner::{Kind, Partner, Report, Side};

/// How long a reply may take that waits for nothing but the partner itself.
const REPLY: Duration = Duration::from_secs(20);
/// A browser takes seconds to start.
const START: Duration = Duration::from_secs(60);
/// So many of the last events go into the message of a wait that failed.
const CONTEXT: usize = 12;

/// Two running partners.
#[derive(Debug)]
pub(super) struct Match {
    us: Partner,
    them: Partner,
    reports: Receiver<Report>,
    next_id: u64,
    next_pc: u64,
    replies: HashMap<u64, Value>,
    events: VecDeque<(Side, Value)>,
    recent: VecDeque<String>,
    ended: HashSet<Side>,
    /// Connections whose remote description is set on that side: candidates may go there.
    ready: HashSet<(Side, String)>,
    held: HashMap<(Side, String), Vec<Value>>,
}

impl Match {
    /// Starts both and waits until they have said hello.
    pub(super) fn start(us: Kind, them: Kind, trace: bool) -> Result<Self, String> {
        let (sender, reports) = mpsc::channel();
        let mut matched = Self {
            us: Partner::start(us, Side::Us, sender.clone())?,
            them: Partner::start(them, Side::Them, sender)?,
            reports,
            next_id: 0,
            next_pc: 0,
            replies: HashMap::new(),
            events: VecDeque::new(),
            recent: VecDeque::new(),
            ended: HashSet::new(),
            ready: HashSet::new(),
            held: HashMap::new(),
        };
        for side in [Side::Us, Side::Them] {
            matched.partner(side).trace(trace);
            let id = matched.begin(side, json!({"op": "hello"}))?;
            matched.finish(side, id, START)?;
        }
        Ok(matched)
    }

    /// The implementation on a side.
    pub(super) const fn kind(&self, side: Side) -> Kind {
        match side {
            Side::Us => self.us.kind,
            Side::Them => self.them.kind,
        }
    }

    const fn partner(&mut self, side: Side) -> &mut Partner {
        match side {
            Side::Us => &mut self.us,
            Side::Them => &mut self.them,
        }
    }

    /// Whether both processes still run.
    pub(super) fn alive(&self) -> bool {
        self.ended.is_empty()
    }

    /// Ends both processes.
    pub(super) fn end(&mut self) {
        self.us.end();
        self.them.end();
    }

    /// A name for the next connection.
    pub(super) fn next_connection(&mut self) -> String {
        self.next_pc += 1;
        format!("c{}", self.next_pc)
    }

    /// What happens on the connections so far is of no interest any more.
    pub(super) fn forget(&mut self) {
        self.events.clear();
        self.recent.clear();
    }

    /// Writes a request; `finish` takes its reply.
    pub(super) fn begin(&mut self, side: Side, request: Value) -> Result<u64, String> {
        self.next_id += 1;
        let id = self.next_id;
        self.partner(side).write(&request.with("id", id))?;
        Ok(id)
    }

    /// Waits for a reply. A refused request is an error.
    pub(super) fn finish(&mut self, side: Side, id: u64, timeout: Duration) -> Result<Value, String> {
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(reply) = self.replies.remove(&id) {
                return match reply.at("ok").as_bool() {
                    Some(true) => Ok(reply),
                    _ => Err(format!("{} refused: {}", self.kind(side), reply.at("error"))),
                };
            }
            if self.ended.contains(&side) {
                return Err(format!("{} has ended", self.kind(side)));
            }
            if !self.pump(deadline)? {
                return Err(format!(
                    "{} gave no reply in {timeout:?}; {}",
                    self.kind(side),
                    self.context()
                ));
            }
        }
    }

    /// A request and its reply.
    pub(super) fn request(&mut self, side: Side, request: Value) -> Result<Value, String> {
        let id = self.begin(side, request)?;
        self.finish(side, id, REPLY)
    }

    /// Waits for an event of a connection that `wanted` accepts; events before it stay for later waits.
    pub(super) fn wait(
        &mut self,
        (side, pc): (Side, &str),
        what: &str,
        wanted: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> Result<Value, String> {
        let deadline = Instant::now() + timeout;
        loop {
            let mine = |(s, event): &(Side, Value)| *s == side && event.at("pc") == pc && wanted(event);
            if let Some((_, event)) = self
                .events
                .iter()
                .position(mine)
                .and_then(|i| self.events.remove(i))
            {
                return Ok(event);
            }
            if self.ended.contains(&side) {
                return Err(format!("{} has ended before {what}", self.kind(side)));
            }
            if !self.pump(deadline)? {
                return Err(format!(
                    "no {what} at {} in {timeout:?}; {}",
                    self.kind(side),
                    self.context()
                ));
            }
        }
    }

    /// Whether such an event is there already, without waiting.
    pub(super) fn seen(&self, side: Side, pc: &str, wanted: impl Fn(&Value) -> bool) -> bool {
        self.events
            .iter()
            .any(|(s, event)| *s == side && event.at("pc") == pc && wanted(event))
    }

    /// Lets signalling go on for a while.
    pub(super) fn idle(&mut self, time: Duration) -> Result<(), String> {
        let deadline = Instant::now() + time;
        while self.pump(deadline)? {}
        Ok(())
    }

    /// From here on candidates for this connection wait at that side for the next description.
    pub(super) fn hold(&mut self, side: Side, pc: &str) {
        self.ready.remove(&(side, pc.to_owned()));
    }

    /// A remote description is set: candidates that waited go there.
    pub(super) fn release(&mut self, side: Side, pc: &str) -> Result<(), String> {
        let key = (side, pc.to_owned());
        let held = self.held.remove(&key).unwrap_or_default();
        self.ready.insert(key);
        for candidate in held {
            self.begin(side, candidate)?;
        }
        Ok(())
    }

    /// Takes one line, whatever it is; false when the deadline passed without one.
    fn pump(&mut self, deadline: Instant) -> Result<bool, String> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.reports.recv_timeout(left) {
            Ok((side, Some(line))) => self.take(side, line).map(|()| true),
            Ok((side, None)) => {
                self.ended.insert(side);
                Ok(true)
            }
            Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => Err("both partners have ended".to_owned()),
        }
    }

    fn take(&mut self, side: Side, line: Value) -> Result<(), String> {
        self.partner(side).show(&line);
        if let Some(id) = line.at("id").as_u64() {
            self.replies.insert(id, line);
            return Ok(());
        }
        if line.at("ev") == "candidate" {
            return self.carry(side.other(), line);
        }
        if self.recent.len() == CONTEXT {
            self.recent.pop_front();
        }
        self.recent.push_back(format!("{}: {line}", self.kind(side)));
        self.events.push_back((side, line));
        Ok(())
    }

    /// Carries a candidate to a side, at once or when it is ready for it.
    fn carry(&mut self, to: Side, mut candidate: Value) -> Result<(), String> {
        let pc = candidate.at("pc").as_str().unwrap_or_default().to_owned();
        candidate = candidate.with("op", "candidate");
        if let Some(object) = candidate.as_object_mut() {
            object.remove("ev");
        }
        let key = (to, pc);
        if self.ready.contains(&key) {
            return if self.ended.contains(&to) {
                Ok(())
            } else {
                self.begin(to, candidate).map(drop)
            };
        }
        self.held.entry(key).or_default().push(candidate);
        Ok(())
    }

    fn context(&self) -> String {
        format!(
            "the last events: {}",
            self.recent
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" | ")
        )
    }
}
