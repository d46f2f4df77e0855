//! Attributes that say what flows: direction (RFC 8866), `msid` (8830), `rid` (8851) and `simulcast` (8853).

use std::fmt;

use super::parse::{some, word};
use crate::text::{Source, Text};

/// `sendrecv`, `sendonly`, `recvonly`, `inactive`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Both ways; what holds when nothing is written.
    #[default]
    SendRecv,
    /// The sender of the description sends only.
    SendOnly,
    /// The sender of the description receives only.
    RecvOnly,
    /// Nothing flows.
    Inactive,
}

impl Direction {
    /// The word itself.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// From whether the sender of the description sends and receives.
    pub fn new(send: bool, receive: bool) -> Self {
        match (send, receive) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether the sender of the description sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the sender of the description receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same seen from the other end.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.sends() && other.sends(), self.receives() && other.receives())
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        let all = [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive];
        all.into_iter().find(|direction| direction.as_str() == word)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `msid:<stream> [<track>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Msid {
    /// The media stream; `-` for none.
    pub stream: Text,
    /// The track, which RFC 9429 §5.2.1 no longer wants.
    pub track: Option<Text>,
}

impl Msid {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (stream, track) = word(value);
        Some(Self {
            stream: some(source, stream)?,
            track: some(source, track),
        })
    }
}

impl fmt::Display for Msid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stream)?;
        self.track.iter().try_for_each(|track| write!(f, " {track}"))
    }
}

/// Which way a restricted or simulcast stream flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RidDirection {
    /// The sender of the description sends it.
    Send,
    /// The sender of the description receives it.
    Recv,
}

impl RidDirection {
    /// The word itself.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Recv => "recv",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        match word {
            "send" => Some(Self::Send),
            "recv" => Some(Self::Recv),
            _ => None,
        }
    }
}

/// `rid:<id> <direction> [<restrictions>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rid {
    /// Letters and digits.
    pub id: Text,
    /// Which way.
    pub direction: RidDirection,
    /// `pt=96,97;max-width=1280;…`
    pub restrictions: Option<Text>,
}

impl Rid {
    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (id, rest) = word(value);
        let (direction, restrictions) = word(rest);
        let direction = RidDirection::parse(direction)?;
        Some(Self {
            id: some(source, id)?,
            direction,
            restrictions: some(source, restrictions),
        })
    }
}

impl fmt::Display for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.direction.as_str())?;
        self.restrictions
            .iter()
            .try_for_each(|restrictions| write!(f, " {restrictions}"))
    }
}

/// `simulcast:<direction> <streams> [<direction> <streams>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulcast {
    /// One list, or one for each direction, in the order written.
    pub lists: Vec<SimulcastList>,
}

/// The streams of one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulcastList {
    /// Which way.
    pub direction: RidDirection,
    /// The streams, each as its alternatives (`1,2;3` is two streams, the first in two forms).
    pub streams: Vec<Vec<SimulcastId>>,
}

/// A rid in a simulcast list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulcastId {
    /// The id of an `a=rid`.
    pub rid: Text,
    /// Written with `~`: not sent for the time being.
    pub paused: bool,
}

impl Simulcast {
    /// The streams of one direction, if it has any.
    pub fn streams(&self, direction: RidDirection) -> &[Vec<SimulcastId>] {
        self.lists
            .iter()
            .find(|list| list.direction == direction)
            .map_or(&[], |list| &list.streams)
    }

    pub(super) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let mut lists = Vec::new();
        let mut words = value.split_ascii_whitespace();
        while let Some(direction) = words.next() {
            let direction = RidDirection::parse(direction)?;
            let streams: Option<Vec<_>> = words
                .next()?
                .split(';')
                .map(|stream| alternatives(source, stream))
                .collect();
            lists.push(SimulcastList {
                direction,
                streams: streams?,
            });
        }
        // RFC 8853 §5.1: each direction once at most.
        let twice = matches!(lists.as_slice(), [first, second] if first.direction == second.direction);
        (matches!(lists.len(), 1 | 2) && !twice).then_some(Self { lists })
    }
}

fn alternatives(source: Source<'_>, stream: &str) -> Option<Vec<SimulcastId>> {
    let one = |id: &str| {
        let rid = id.strip_prefix('~');
        Some(SimulcastId {
            rid: some(source, rid.unwrap_or(id))?,
            paused: rid.is_some(),
        })
    };
    stream.split(',').map(one).collect()
}

impl fmt::Display for Simulcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, list) in self.lists.iter().enumerate() {
            write!(
                f,
                "{}{} ",
                if index == 0 { "" } else { " " },
                list.direction.as_str()
            )?;
            for (index, stream) in list.streams.iter().enumerate() {
                write!(f, "{}", if index == 0 { "" } else { ";" })?;
                write_alternatives(f, stream)?;
            }
        }
        Ok(())
    }
}

fn write_alternatives(f: &mut fmt::Formatter<'_>, stream: &[SimulcastId]) -> fmt::Result {
    stream.iter().enumerate().try_for_each(|(index, id)| {
        let comma = if index == 0 { "" } else { "," };
        write!(f, "{comma}{}{}", if id.paused { "~" } else { "" }, id.rid)
    })
}
