//! From SCTP messages to messages of a channel, RFC 8831 §6.6, with the deprecated fragmentation by PPID, which some
//! old peers still use.

use bytes::Bytes;

use super::channel::ppid;
use crate::event::{Kind, Message};

/// The pieces so far of a message that was fragmented with the PPIDs 52 or 54.
#[derive(Debug)]
pub(super) struct Partial {
    kind: Kind,
    data: Vec<u8>,
}

impl Partial {
    pub(super) fn bytes(&self) -> usize {
        self.data.len()
    }
}

/// What an SCTP message is to a channel.
#[derive(Debug)]
pub(super) enum Content {
    Message(Message),
    /// A piece; more will come.
    Piece,
    /// To be read as DCEP.
    Dcep(Bytes),
    /// The channel has to be closed.
    Violation(&'static str),
}

/// Reads one SCTP message; `partial` carries the pieces from one to the next, at most `limit` bytes.
pub(super) fn read(message: sctp::Message, partial: &mut Option<Partial>, limit: usize) -> Content {
    let (kind, last) = match message.ppid {
        ppid::DCEP => return Content::Dcep(message.data),
        ppid::STRING => (Kind::Text, true),
        ppid::BINARY => (Kind::Binary, true),
        ppid::STRING_PARTIAL => (Kind::Text, false),
        ppid::BINARY_PARTIAL => (Kind::Binary, false),
        // The byte that stands for nothing is not looked at.
        ppid::STRING_EMPTY => return whole(Kind::Text, Bytes::new(), partial),
        ppid::BINARY_EMPTY => return whole(Kind::Binary, Bytes::new(), partial),
        _ => return Content::Violation("payload protocol identifier is unknown"),
    };
    if last && partial.is_none() {
        return whole(kind, message.data, partial);
    }
    let collected = partial.get_or_insert_with(|| Partial {
        kind,
        data: Vec::new(),
    });
    if collected.kind != kind {
        return Content::Violation("pieces of different messages are mixed");
    }
    if collected.data.len().saturating_add(message.data.len()) > limit {
        return Content::Violation("message in pieces is too large");
    }
    collected.data.extend_from_slice(&message.data);
    if !last {
        return Content::Piece;
    }
    let data = partial.take().map(|collected| collected.data).unwrap_or_default();
    whole(kind, data.into(), partial)
}

fn whole(kind: Kind, data: Bytes, partial: &Option<Partial>) -> Content {
    if partial.is_some() {
        return Content::Violation("pieces of different messages are mixed");
    }
    if kind == Kind::Text && std::str::from_utf8(&data).is_err() {
        return Content::Violation("text is not UTF-8");
    }
    Content::Message(Message { kind, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(ppid: u32, data: &'static [u8]) -> sctp::Message {
        sctp::Message {
            stream_id: 0,
            ppid,
            unordered: false,
            data: Bytes::from_static(data),
        }
    }

    fn read_all(messages: &[(u32, &'static [u8])]) -> Vec<Content> {
        let mut partial = None;
        messages
            .iter()
            .map(|(ppid, data)| read(message(*ppid, data), &mut partial, 8))
            .collect()
    }

    #[test]
    fn each_identifier_has_its_meaning() {
        let table: [(u32, &[u8], Kind, &[u8]); 5] = [
            (51, "hä".as_bytes(), Kind::Text, "hä".as_bytes()),
            (53, b"\xff\x00", Kind::Binary, b"\xff\x00"),
            (56, b"\0", Kind::Text, b""),
            (57, b"\0", Kind::Binary, b""),
            (57, b"ignored", Kind::Binary, b""),
        ];
        for (ppid, data, kind, expected) in table {
            let content = read(message(ppid, data), &mut None, 8);
            assert!(
                matches!(&content, Content::Message(m) if m.kind == kind && m.data == expected),
                "{ppid}"
            );
        }
        assert!(matches!(read(message(50, b"\x02"), &mut None, 8), Content::Dcep(data) if data[..] == [2]));
        for ppid in [0, 49, 55, 58, u32::MAX] {
            let content = read(message(ppid, b"x"), &mut None, 8);
            assert!(matches!(
                content,
                Content::Violation("payload protocol identifier is unknown")
            ));
        }
    }

    #[test]
    fn pieces_are_joined() {
        let contents = read_all(&[(54, b"ab\xc3"), (54, b"\xa4c"), (51, b"d"), (51, b"e")]);
        assert!(matches!(&contents[..2], [Content::Piece, Content::Piece]));
        assert!(matches!(&contents[2], Content::Message(m) if m.text() == Some("abäcd")));
        assert!(matches!(&contents[3], Content::Message(m) if m.text() == Some("e")));
    }

    #[test]
    fn pieces_are_bounded_and_not_mixed() {
        let mixed = "pieces of different messages are mixed";
        for second in [(51, b"x"), (54, b"x"), (56, b"x"), (57, b"x")] {
            let contents = read_all(&[(52, b"a"), (second.0, second.1)]);
            assert!(
                matches!(contents[1], Content::Violation(reason) if reason == mixed),
                "{second:?}"
            );
        }
        let contents = read_all(&[(52, b"12345"), (53, b"678")]);
        assert!(matches!(&contents[1], Content::Message(m) if m.data.len() == 8));
        let contents = read_all(&[(52, b"12345"), (53, b"6789")]);
        assert!(matches!(
            contents[1],
            Content::Violation("message in pieces is too large")
        ));
    }

    #[test]
    fn text_has_to_be_utf8() {
        let contents = read_all(&[(51, b"\xff")]);
        assert!(matches!(contents[0], Content::Violation("text is not UTF-8")));
    }
}
