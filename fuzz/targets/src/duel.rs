//! Two cores, and an input that says what happens between them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Steps of a script that are run.
const MAX_STEPS: usize = 400;

/// Packets in flight to one side; the oldest make room.
const MAX_IN_FLIGHT: usize = 256;

/// Packets kept to be sent again.
const MAX_HISTORY: usize = 64;

/// No core has more to say at a time: a loop that goes on is endless.
const MAX_DRAIN: usize = 20_000;

/// One end of a duel.
pub(crate) trait Core {
    /// The most that [`footprint`](Self::footprint) may be.
    const FOOTPRINT: usize = usize::MAX;

    fn handle_input(&mut self, now: Instant, packet: &mut [u8]);
    fn handle_timeout(&mut self, now: Instant);
    fn poll_transmit(&mut self, now: Instant, out: &mut Vec<u8>) -> bool;
    fn poll_event(&mut self, now: Instant) -> bool;
    fn poll_timeout(&self) -> Option<Instant>;

    /// Does what an application would, as the script says.
    fn command(&mut self, now: Instant, script: &mut Script<'_>);

    /// Makes a changed packet look genuine to this side: checksums, integrity codes.
    fn seal(&self, packet: &mut Vec<u8>) {
        let _ = packet;
    }

    /// What peers have made this side hold.
    fn footprint(&self) -> usize {
        0
    }
}

/// The input, read from the front.
#[derive(Debug)]
pub(crate) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte, or zero at the end.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *byte
    }

    pub(crate) fn short(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 != 0
    }

    /// Up to `length` bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at_checked(length).unwrap_or((self.0, &[]));
        self.0 = rest;
        bytes
    }

    /// Text without regard to what is not UTF-8.
    pub(crate) fn text(&mut self, length: usize) -> String {
        String::from_utf8_lossy(self.bytes(length)).into_owned()
    }
}

struct Side<C> {
    core: C,
    /// On their way to this side.
    in_flight: VecDeque<Vec<u8>>,
    /// What has arrived here.
    history: VecDeque<Vec<u8>>,
}

struct Duel<C> {
    sides: [Side<C>; 2],
    now: Instant,
}

/// Runs a script, and gives back what has become of the two.
pub(crate) fn duel<C: Core>(cores: [C; 2], data: &[u8]) -> [C; 2] {
    let sides = cores.map(|core| Side {
        core,
        in_flight: VecDeque::new(),
        history: VecDeque::new(),
    });
    let mut duel = Duel {
        sides,
        now: Instant::now(),
    };
    let mut script = Script::new(data);
    for _ in 0..MAX_STEPS {
        if script.is_empty() {
            break;
        }
        duel.step(&mut script);
        duel.drain();
    }
    duel.sides.map(|side| side.core)
}

impl<C: Core> Duel<C> {
    fn step(&mut self, script: &mut Script<'_>) {
        let step = script.byte();
        let to = usize::from(step >> 7);
        match step & 0x0f {
            0 => self.deliver(to),
            1 => self.lose(to),
            2 => self.settle(),
            3 => self.next_deadline(to),
            4 => self.pass(Duration::from_millis(u64::from(script.byte()))),
            5 => self.pass(Duration::from_secs(u64::from(script.byte()))),
            6 => self.replay(to, script),
            7 => self.forge(to, script),
            8 | 9 => self.change(to, script, true),
            10 => self.change(to, script, false),
            11 => self.cut(to, script),
            12 => self.swap(to),
            _ => {
                let now = self.now;
                if let Some(side) = self.sides.get_mut(to) {
                    side.core.command(now, script);
                }
            }
        }
    }

    fn side(&mut self, index: usize) -> &mut Side<C> {
        let [a, b] = &mut self.sides;
        if index == 0 { a } else { b }
    }

    fn arrive(&mut self, to: usize, mut packet: Vec<u8>) {
        let now = self.now;
        let side = self.side(to);
        if side.history.len() == MAX_HISTORY {
            side.history.pop_front();
        }
        side.history.push_back(packet.clone());
        side.core.handle_input(now, &mut packet);
    }

    fn deliver(&mut self, to: usize) {
        if let Some(packet) = self.side(to).in_flight.pop_front() {
            self.arrive(to, packet);
        }
    }

    fn lose(&mut self, to: usize) {
        self.side(to).in_flight.pop_front();
    }

    /// Delivers in order until nothing is in flight.
    fn settle(&mut self) {
        for _ in 0..64 {
            self.drain();
            if self.sides.iter().all(|side| side.in_flight.is_empty()) {
                return;
            }
            for to in 0..2 {
                for packet in std::mem::take(&mut self.side(to).in_flight) {
                    self.arrive(to, packet);
                }
            }
        }
    }

    fn next_deadline(&mut self, of: usize) {
        if let Some(deadline) = self.side(of).core.poll_timeout() {
            self.now = self.now.max(deadline);
        }
        self.expire();
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.expire();
    }

    fn expire(&mut self) {
        let now = self.now;
        self.drain();
        for side in &mut self.sides {
            side.core.handle_timeout(now);
        }
        self.drain();
        for side in &self.sides {
            let next = side.core.poll_timeout();
            assert!(
                next.is_none_or(|next| next > now),
                "law L2: a deadline that has passed is still there"
            );
        }
    }

    fn replay(&mut self, to: usize, script: &mut Script<'_>) {
        let history = &self.side(to).history;
        let index = usize::from(script.byte()) % history.len().max(1);
        if let Some(packet) = history.get(index).cloned() {
            self.arrive(to, packet);
        }
    }

    /// A packet out of nothing.
    fn forge(&mut self, to: usize, script: &mut Script<'_>) {
        let length = usize::from(script.byte());
        let mut packet = script.bytes(length).to_vec();
        self.side(to).core.seal(&mut packet);
        self.arrive(to, packet);
    }

    /// The next packet with some bytes changed.
    fn change(&mut self, to: usize, script: &mut Script<'_>, seal: bool) {
        let Some(mut packet) = self.side(to).in_flight.pop_front() else {
            return;
        };
        for _ in 0..=script.byte() & 3 {
            let at = usize::from(script.short()) % packet.len().max(1);
            let with = script.byte();
            if let Some(byte) = packet.get_mut(at) {
                *byte ^= with.max(1);
            }
        }
        if seal {
            self.side(to).core.seal(&mut packet);
        }
        self.arrive(to, packet);
    }

    /// The next packet shortened, or with bytes put into it.
    fn cut(&mut self, to: usize, script: &mut Script<'_>) {
        let Some(mut packet) = self.side(to).in_flight.pop_front() else {
            return;
        };
        let at = usize::from(script.short()) % (packet.len() + 1);
        let length = usize::from(script.byte());
        if length < 128 {
            let put = script.bytes(length);
            packet.splice(at..at, put.iter().copied());
        } else {
            packet.truncate(at);
        }
        self.side(to).core.seal(&mut packet);
        self.arrive(to, packet);
    }

    fn swap(&mut self, to: usize) {
        let in_flight = &mut self.side(to).in_flight;
        if let Some(packet) = in_flight.pop_front() {
            in_flight.push_back(packet);
        }
    }

    /// Takes everything that the cores have to say.
    fn drain(&mut self) {
        let now = self.now;
        for from in 0..2 {
            let mut count = 0;
            while self.side(from).core.poll_event(now) {
                count += 1;
                assert!(count < MAX_DRAIN, "endless events");
            }
            let mut packet = Vec::new();
            while self.side(from).core.poll_transmit(now, &mut packet) {
                count += 1;
                assert!(count < MAX_DRAIN, "endless datagrams");
                let to = self.side(1 - from);
                if to.in_flight.len() == MAX_IN_FLIGHT {
                    to.in_flight.pop_front();
                }
                to.in_flight.push_back(std::mem::take(&mut packet));
            }
            let held = self.side(from).core.footprint();
            assert!(held <= C::FOOTPRINT, "law L4: {held} is held");
        }
    }
}
