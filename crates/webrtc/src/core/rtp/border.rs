//! Numbers that are missing where packets that are forwarded meet packets that are left out: what was lost there belongs to
//! the one side or to the other, and only what surely is of frames that are left out may be closed.

/// Packets that may be missing between two; more is a jump of numbers.
const MAX_MISSING: u64 = 512;

/// Where a packet lies in its stream, and what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Counts pictures, with a gap where some may lie between two.
    pub(super) picture: u64,
    /// The frame within the picture, without gap from 0 on.
    pub(super) frame: u8,
    /// The packet is the first one of its frame.
    pub(super) starts: bool,
    /// The packet is the last one of its frame.
    pub(super) ends: bool,
    /// No frame of the picture comes behind this one.
    pub(super) is_last: bool,
    /// The frame is forwarded.
    pub(super) is_kept: bool,
    /// Here a picture ends for who gets less than was sent.
    pub(super) ends_picture: bool,
}

/// Missing numbers that nothing will be sent under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// So many behind the packet before the gap.
    pub(super) head: u16,
    /// So many in front of the packet behind the gap.
    pub(super) tail: u16,
    /// How many numbers the gap has.
    pub(super) all: u16,
}

/// The newest packet of a stream.
#[derive(Debug, Default)]
pub(super) struct Border {
    last: Option<(u64, Place)>,
}

impl Border {
    /// A packet has come. Returns what was lost in front of it and is left out, as its frame is. Frames lie in a stream one
    /// behind the other; of frames of which nothing has come nothing is known, nor where within a gap one frame ends
    /// and the next one begins.
    pub(super) fn pass(&mut self, number: u64, place: Place) -> Missing {
        let Some((before, last)) = self.last else {
            self.last = Some((number, place));
            return Missing::default();
        };
        if number <= before {
            return Missing::default();
        }
        self.last = Some((number, place));
        let missing = number - before - 1;
        match u16::try_from(missing) {
            Ok(all @ 1..) if missing < MAX_MISSING => left_out(last, place, all),
            Ok(_) | Err(_) => Missing::default(),
        }
    }
}

/// Which of so many numbers between two packets are of frames that are left out.
fn left_out(last: Place, next: Place, all: u16) -> Missing {
    let is_same = (last.picture, last.frame) == (next.picture, next.frame);
    let is_next = last.picture == next.picture && last.frame.checked_add(1) == Some(next.frame)
        || last.is_last && last.picture.checked_add(1) == Some(next.picture) && next.frame == 0;
    if (is_same || is_next) && !last.is_kept && !next.is_kept {
        return Missing {
            head: all,
            tail: 0,
            all,
        };
    }
    // How many are at least of the frame before the gap, and how many of that behind it.
    let (head, tail) = match (is_same, last.ends, next.starts) {
        (true, ..) | (_, true, true) => (0, 0),
        (_, false, true) => (if is_next { all } else { 1 }, 0),
        (_, true, false) => (0, if is_next { all } else { 1 }),
        (_, false, false) if all > 1 => (1, 1),
        (_, false, false) => (0, 0),
    };
    let when = |is_kept: bool, count: u16| if is_kept { 0 } else { count };
    Missing {
        head: when(last.is_kept, head),
        tail: when(next.is_kept, tail),
        all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet of a frame: `[` is its first, `]` its last, `*` both, `.` neither; a capital says that the frame is kept.
    fn place(picture: u64, frame: u8, (kind, is_kept): (char, bool)) -> Place {
        Place {
            picture,
            frame,
            starts: matches!(kind, '[' | '*'),
            ends: matches!(kind, ']' | '*'),
            is_last: frame == 1,
            is_kept,
            ends_picture: false,
        }
    }

    /// What is closed of so many numbers: head and tail.
    fn closed(before: Place, behind: Place, missing: u64) -> (u16, u16) {
        let mut border = Border::default();
        assert_eq!(border.pass(100, before), Missing::default());
        let Missing { head, tail, .. } = border.pass(101 + missing, behind);
        (head, tail)
    }

    #[test]
    fn what_surely_is_of_a_frame_that_is_left_out_is_closed() {
        const KEPT: bool = true;
        const LEFT: bool = false;
        let cases = [
            // Within one frame.
            ((1, 0, ('[', KEPT)), (1, 0, (']', KEPT)), 3, (0, 0)),
            ((1, 1, ('[', LEFT)), (1, 1, (']', LEFT)), 3, (3, 0)),
            // A frame, and the next one.
            ((1, 0, (']', KEPT)), (1, 1, ('.', LEFT)), 3, (0, 3)),
            ((1, 0, ('.', KEPT)), (1, 1, ('[', LEFT)), 3, (0, 0)),
            ((1, 0, ('.', KEPT)), (1, 1, ('.', LEFT)), 3, (0, 1)),
            ((1, 0, ('.', KEPT)), (1, 1, ('.', LEFT)), 1, (0, 0)),
            ((1, 1, ('.', LEFT)), (2, 0, ('[', KEPT)), 3, (3, 0)),
            ((1, 1, (']', LEFT)), (2, 0, ('.', KEPT)), 3, (0, 0)),
            ((1, 1, ('.', LEFT)), (2, 0, ('.', KEPT)), 3, (1, 0)),
            ((1, 1, (']', LEFT)), (2, 0, ('[', LEFT)), 3, (3, 0)),
            // Nothing of a frame is missing: it was padding, or what nobody knows.
            ((1, 0, ('*', KEPT)), (1, 1, ('*', LEFT)), 3, (0, 0)),
            // A frame may lie between them.
            ((1, 0, (']', KEPT)), (2, 0, ('.', LEFT)), 3, (0, 1)),
            ((1, 0, ('.', LEFT)), (3, 0, ('[', KEPT)), 3, (1, 0)),
            ((1, 1, ('.', LEFT)), (3, 0, ('.', LEFT)), 3, (1, 1)),
            ((1, 1, (']', LEFT)), (3, 0, ('[', LEFT)), 3, (0, 0)),
            ((1, 1, ('.', LEFT)), (3, 0, ('.', LEFT)), 1, (0, 0)),
            // A jump.
            ((1, 1, ('[', LEFT)), (1, 1, (']', LEFT)), 512, (0, 0)),
            ((1, 1, ('[', LEFT)), (1, 1, (']', LEFT)), 1 << 40, (0, 0)),
        ];
        for (before, behind, missing, expected) in cases {
            let [before, behind] = [before, behind].map(|(picture, frame, kind)| place(picture, frame, kind));
            assert_eq!(
                closed(before, behind, missing),
                expected,
                "{before:?} {missing} {behind:?}"
            );
        }
    }

    #[test]
    fn what_comes_late_tells_nothing_of_gaps() {
        let mut border = Border::default();
        let frame = |kind| place(1, 1, (kind, false));
        border.pass(10, frame('['));
        assert_eq!(border.pass(14, frame('.')).head, 3);
        assert_eq!(border.pass(11, frame('.')), Missing::default());
        assert_eq!(border.pass(16, frame(']')).head, 1);
    }
}
