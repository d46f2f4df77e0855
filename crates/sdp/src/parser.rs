//! From text to model: RFC 8866 §5 and §9, read with tolerance.
//!
//! Accepted beyond the grammar: LF or CR alone as line end, empty lines, spaces ahead of a line and between
//! words, session and media lines in any order, missing `s=`, `t=` and `c=` lines, unknown line types.

use std::str::FromStr;
use std::sync::Arc;

use crate::attribute::{self, Attribute};
use crate::error::{Limits, ParseError};
use crate::media::{MediaDescription, MediaKind};
use crate::session::{Bandwidth, Connection, Line, Origin, SessionDescription};
use crate::text::{Source, Text};

pub(crate) fn parse(text: &str, limits: &Limits) -> Result<SessionDescription, ParseError> {
    if text.len() > limits.size.min(u32::MAX as usize) {
        return Err(ParseError {
            line: 1,
            reason: "description exceeds the size limit",
        });
    }
    let whole = with_line_feeds(text);
    let mut parser = Parser {
        source: Source(&whole),
        has_origin: false,
        session: SessionDescription::default(),
    };
    parser.session.attributes.reserve(16);
    let mut number = 0;
    let mut version = false;
    for (index, line) in whole.split('\n').enumerate() {
        number = index + 1;
        if number > limits.lines {
            return Err(ParseError {
                line: number,
                reason: "description exceeds the line limit",
            });
        }
        let line = line.strip_suffix('\r').unwrap_or(line).trim_ascii_start();
        if line.is_empty() {
            continue;
        }
        let result = if version {
            parser.line(line, limits)
        } else {
            check_version(line)
        };
        version = true;
        result.map_err(|reason| ParseError { line: number, reason })?;
    }
    match (version, parser.has_origin) {
        (true, true) => Ok(parser.session),
        (false, _) => Err(ParseError {
            line: number.max(1),
            reason: "description is empty",
        }),
        (true, false) => Err(ParseError {
            line: number,
            reason: "o= line is missing",
        }),
    }
}

/// The text for all strings of the model. A text of CR alone becomes one of LF; everywhere else CR is taken
/// off the end of a line.
fn with_line_feeds(text: &str) -> Arc<str> {
    if text.contains('\n') {
        text.into()
    } else {
        text.replace('\r', "\n").into()
    }
}

fn check_version(line: &str) -> Result<(), &'static str> {
    if line.trim_end() == "v=0" {
        Ok(())
    } else {
        Err("first line is not v=0")
    }
}

struct Parser<'a> {
    source: Source<'a>,
    has_origin: bool,
    session: SessionDescription,
}

impl Parser<'_> {
    fn line(&mut self, line: &str, limits: &Limits) -> Result<(), &'static str> {
        let (letter, value) = split(line).ok_or("line is not a letter, an equals sign and a value")?;
        if letter == 'a' {
            return self.attribute(value);
        }
        if letter == 'm' {
            return self.media(value, limits);
        }
        if self.session.media.is_empty() {
            self.session_line(letter, value)
        } else {
            self.media_line(letter, value)
        }
    }

    fn attribute(&mut self, value: &str) -> Result<(), &'static str> {
        let attribute = attribute::parse(self.source, value)?;
        self.attributes().push(attribute);
        Ok(())
    }

    /// Those of the last media description, or of the session ahead of the first.
    fn attributes(&mut self) -> &mut Vec<Attribute> {
        match self.session.media.last_mut() {
            Some(media) => &mut media.attributes,
            None => &mut self.session.attributes,
        }
    }

    fn media(&mut self, value: &str, limits: &Limits) -> Result<(), &'static str> {
        if self.session.media.len() >= limits.media {
            return Err("description exceeds the limit of media descriptions");
        }
        let mut media = MediaDescription::parse(self.source, value).ok_or("m= line is malformed")?;
        media.attributes.reserve(32);
        self.session.media.push(media);
        Ok(())
    }

    fn session_line(&mut self, letter: char, value: &str) -> Result<(), &'static str> {
        let source = self.source;
        match letter {
            'o' => {
                self.session.origin = Origin::parse(source, value).ok_or("o= line is malformed")?;
                self.has_origin = true;
            }
            's' => self.session.name = source.text(value),
            'c' => self.session.connection = Some(connection(source, value)?),
            'b' => match Bandwidth::parse(source, value) {
                Some(bandwidth) => self.session.bandwidths.push(bandwidth),
                None => self.keep(letter, value),
            },
            't' | 'r' | 'z' | 'k' => self.session.timing.push(Line {
                letter,
                value: source.text(value),
            }),
            'v' => return Err("v= line stands twice"),
            _ => self.keep(letter, value),
        }
        Ok(())
    }

    fn media_line(&mut self, letter: char, value: &str) -> Result<(), &'static str> {
        let source = self.source;
        let Some(media) = self.session.media.last_mut() else {
            return Ok(());
        };
        match letter {
            'c' => media.connections.push(connection(source, value)?),
            'b' => match Bandwidth::parse(source, value) {
                Some(bandwidth) => media.bandwidths.push(bandwidth),
                None => self.keep(letter, value),
            },
            'v' | 'o' => return Err("session line stands behind an m= line"),
            _ => self.keep(letter, value),
        }
        Ok(())
    }

    /// Keeps a line that has no field of its own: ahead of the attributes, or among them.
    fn keep(&mut self, letter: char, value: &str) {
        let line = Line {
            letter,
            value: self.source.text(value),
        };
        let (information, attributes) = match self.session.media.last_mut() {
            Some(media) => (&mut media.information, &mut media.attributes),
            None => (&mut self.session.information, &mut self.session.attributes),
        };
        if attributes.is_empty() {
            information.push(line)
        } else {
            attributes.push(Attribute::Line(line))
        }
    }
}

/// A line's letter and value.
fn split(line: &str) -> Option<(char, &str)> {
    let mut characters = line.chars();
    let letter = characters.next()?;
    characters.as_str().strip_prefix('=').map(|value| (letter, value))
}

fn connection(source: Source<'_>, value: &str) -> Result<Connection, &'static str> {
    Connection::parse(source, value).ok_or("c= line is malformed")
}

impl Connection {
    pub(crate) fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let mut words = words(source, value);
        let connection = Self {
            network: words.next()?,
            family: words.next()?,
            address: words.next()?,
        };
        words.next().is_none().then_some(connection)
    }
}

impl Origin {
    fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (username, rest) = value.trim().split_once(' ')?;
        let (session_id, rest) = rest.trim_start().split_once(' ')?;
        let (session_version, address) = rest.trim_start().split_once(' ')?;
        Some(Self {
            username: source.text(username),
            session_id: session_id.parse().ok()?,
            session_version: session_version.parse().ok()?,
            address: Connection::parse(source, address)?,
        })
    }
}

impl Bandwidth {
    fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let (kind, value) = value.trim().split_once(':')?;
        Some(Self {
            kind: source.text(kind),
            value: value.parse().ok()?,
        })
    }
}

impl MediaDescription {
    fn parse(source: Source<'_>, value: &str) -> Option<Self> {
        let mut parts = value.split_ascii_whitespace();
        let kind = match parts.next()? {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            "application" => MediaKind::Application,
            other => MediaKind::Other(source.text(other)),
        };
        let ports = parts.next()?;
        let (port, port_count) = match ports.split_once('/') {
            Some((port, count)) => (port, Some(number(count)?)),
            None => (ports, None),
        };
        let protocol = source.text(parts.next()?);
        let mut formats = Vec::with_capacity(parts.clone().count());
        formats.extend(parts.map(|format| source.text(format)));
        Some(Self {
            kind,
            port: number(port)?,
            port_count,
            protocol,
            formats,
            information: Vec::new(),
            connections: Vec::new(),
            bandwidths: Vec::new(),
            attributes: Vec::new().into(),
        })
    }
}

/// Digits alone; `parse` would take a plus sign as well.
fn number<T: FromStr>(word: &str) -> Option<T> {
    if word.starts_with('+') {
        None
    } else {
        word.parse().ok()
    }
}

fn words<'a>(source: Source<'a>, value: &'a str) -> impl Iterator<Item = Text> + 'a {
    value.split_ascii_whitespace().map(move |word| source.text(word))
}

#[cfg(test)]
mod tests;
