//! Protecting packets (RFC 3711 §3.3 sender, §3.4).

use super::cryptex::{Mark, Shape};
use super::header_extension;
use super::key_ring::KeyRing;
use super::packet::{EXTENSION_HEAD, RtpHeader, rtcp_ssrc};
use super::repeats::Repeats;
use super::streams::{Estimate, Streams};
use super::transform::{PacketNumber, Place, Seal};
use crate::{Config, ConfigError, Cryptex, MasterKey, ProtectError, Stats};

/// Protects the packets that one side sends.
///
/// Each packet's nonce is its SSRC and index, and none is used twice, but for the very same packet where that was asked for
/// (see [`allow_same`](Self::allow_same) and [`Config::allow_repeats`]). Nothing is allocated per packet while the buffer has
/// room for it.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use srtp::{Config, MasterKey, Outbound, ProtectError};
///
/// let mut outbound = Outbound::new(&Config::default(), &MasterKey::new(&[1; 16], &[2; 14]))?;
/// let header = [0x80, 96, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1];
///
/// // Several packets may stand in one buffer, for one send.
/// let mut burst = Vec::with_capacity(3000);
/// outbound.protect_rtp_from(&header, b"payload", &mut burst)?;
/// assert_eq!(burst.len(), 12 + 7 + 10);
///
/// // The same sequence number again would show both payloads to whoever listens.
/// let again = outbound.protect_rtp_from(&header, b"another", &mut burst);
/// assert_eq!(again, Err(ProtectError::Repeated));
/// assert_eq!(burst.len(), 12 + 7 + 10);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Outbound {
    keys: KeyRing,
    streams: Streams,
    cryptex: Cryptex,
    encrypt_rtcp: bool,
    allow_repeats: bool,
    repeats: Repeats,
    max_windows: usize,
    stats: Stats,
}

/// A packet that may be protected: its nonce is taken.
struct Admitted {
    number: PacketNumber,
    mark: Mark,
    /// With this seal and no other.
    expected: Option<Seal>,
}

impl Outbound {
    /// A context with this master key.
    ///
    /// # Errors
    /// [`ConfigError`] if key, salt or MKI have the wrong length, or the provider lacks the cipher.
    pub fn new(config: &Config, key: &MasterKey) -> Result<Self, ConfigError> {
        Ok(Self {
            keys: KeyRing::new(config, key)?,
            streams: Streams::new(config),
            cryptex: config.cryptex,
            encrypt_rtcp: config.encrypt_rtcp,
            allow_repeats: config.allow_repeats,
            repeats: Repeats::default(),
            max_windows: config.max_windows,
            stats: Stats::default(),
        })
    }

    /// Bytes that protection adds to a packet at most, MKI and Cryptex included.
    pub fn max_overhead(&self) -> usize {
        self.keys.overhead()
    }

    /// Protects the RTP packet at `out[start..]` in place and appends its tag.
    ///
    /// # Errors
    /// [`ProtectError`]; `out` is then as it was.
    pub fn protect_rtp(&mut self, out: &mut Vec<u8>, start: usize) -> Result<(), ProtectError> {
        let packet = out.get(start..).ok_or(ProtectError::Malformed)?;
        let header = RtpHeader::decode(packet).ok_or(ProtectError::Malformed)?;
        let admitted = self.admit(&header, packet)?;
        if admitted.expected.is_none() {
            out.reserve(self.keys.overhead());
            let shape = admitted.mark.write(&header, out, start);
            return self.seal(&header, &admitted, shape, (out, start));
        }
        // Only a copy: what is refused has to stay as it was.
        let end = out.len();
        out.extend_from_within(start..);
        let shape = admitted.mark.write(&header, out, end);
        let sealed = self.seal(&header, &admitted, shape, (out, end));
        if sealed.is_ok() {
            out.drain(start..end);
        } else {
            out.truncate(end);
        }
        sealed
    }

    /// Protects an RTP packet out of place: appends `header`, `payload` (with its padding) and the tag to `out`. The payload is
    /// copied once, so this is the way to send one packet to many.
    ///
    /// # Errors
    /// [`ProtectError`]; nothing is then appended. [`ProtectError::Malformed`] also if `header` is not exactly an RTP
    /// header with its CSRCs and header extension.
    pub fn protect_rtp_from(
        &mut self,
        header: &[u8],
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ProtectError> {
        let decoded = RtpHeader::decode(header).filter(|decoded| decoded.len == header.len());
        let decoded = decoded.ok_or(ProtectError::Malformed)?;
        let admitted = self.admit(&decoded, header)?;
        let start = out.len();
        out.reserve(header.len() + payload.len() + self.keys.overhead());
        out.extend_from_slice(header);
        let shape = admitted.mark.write(&decoded, out, start);
        out.extend_from_slice(payload);
        let sealed = self.seal(&decoded, &admitted, shape, (out, start));
        if sealed.is_err() {
            out.truncate(start);
        }
        sealed
    }

    /// Protects the RTCP packet (a compound, or a reduced-size one) at `out[start..]` in place and appends index and tag. The
    /// SSRC is the first packet's.
    ///
    /// # Errors
    /// [`ProtectError`]; `out` is then as it was.
    pub fn protect_rtcp(&mut self, out: &mut Vec<u8>, start: usize) -> Result<(), ProtectError> {
        let ssrc = out.get(start..).and_then(rtcp_ssrc);
        let ssrc = ssrc.ok_or(ProtectError::Malformed)?;
        let stream = self.streams.get_or_insert(ssrc);
        let stream = stream.ok_or(ProtectError::TooManySsrcs)?;
        let index = stream.next_rtcp().ok_or(ProtectError::KeyExhausted)?;
        stream.rtcp.insert(index);
        out.reserve(self.keys.overhead());
        let keys = self.keys.first();
        let (number, mki) = (PacketNumber { ssrc, index }, &keys.mki);
        keys.rtcp
            .seal_rtcp(number, self.encrypt_rtcp, Place { out, start, mki });
        self.stats.rtcp_packets += 1;
        Ok(())
    }

    /// Checks everything that can be wrong with a packet, and takes its number.
    fn admit(&mut self, header: &RtpHeader, packet: &[u8]) -> Result<Admitted, ProtectError> {
        let mark = Mark::outbound(self.cryptex, header, self.keys.encrypts())?;
        if let (Mark::None, Some(profile), Some(_)) = (mark, header.extension, self.keys.encrypted_ids()) {
            let elements = packet.get(header.csrc_end() + EXTENSION_HEAD..header.len);
            header_extension::check(profile, elements.unwrap_or_default())
                .map_err(|_| ProtectError::Malformed)?;
        }
        let stream = self.streams.get_or_insert(header.ssrc);
        let stream = stream.ok_or(ProtectError::TooManySsrcs)?;
        let index = match stream.estimate(header.sequence_number) {
            Estimate::Index(index) => index,
            Estimate::BeforeFirst => return Err(ProtectError::Repeated),
            Estimate::Exhausted => return Err(ProtectError::KeyExhausted),
        };
        let ssrc = header.ssrc;
        let number = PacketNumber { ssrc, index };
        let mut expected = None;
        if self.allow_repeats || stream.rtp.is_new(index) {
            stream.rtp.insert(index);
        } else {
            let seal = self.repeats.seal(number).ok_or(ProtectError::Repeated)?;
            expected = Some(*seal);
        }
        Ok(Admitted {
            number,
            mark,
            expected,
        })
    }

    fn seal(
        &mut self,
        header: &RtpHeader,
        admitted: &Admitted,
        shape: Shape,
        (out, start): (&mut Vec<u8>, usize),
    ) -> Result<(), ProtectError> {
        let number = admitted.number;
        let keys = self.keys.first();
        let clear = matches!(shape, Shape::ClearHeader(_));
        if let (true, Some(profile), Some(key), Some(ids)) =
            (clear, header.extension, &keys.header, self.keys.encrypted_ids())
        {
            let elements = out.get_mut(start + header.csrc_end() + EXTENSION_HEAD..start + header.len);
            let extension = (profile, elements.unwrap_or_default());
            // An overrun was looked for before.
            let _: Result<(), _> = header_extension::apply(key, number, ids, extension);
        }
        let mki = &keys.mki;
        let seal = keys.rtp.seal_rtp(number, shape, Place { out, start, mki });
        match admitted.expected {
            Some(expected) if expected != seal => return Err(ProtectError::Repeated),
            Some(_) => {}
            None => self.repeats.note(number, seal),
        }
        self.stats.rtp_packets += 1;
        Ok(())
    }

    /// From here on, a packet of this SSRC may be protected again if it is the same as before, byte for byte: then nothing is
    /// sent that was not sent before (RFC 3711 §9.1), and a receiver that has lost it takes it. For retransmissions without
    /// RTX. Tags of the latest 1,024 packets are kept for it, 24 KB; other packets with their numbers are refused as ever.
    ///
    /// # Errors
    /// [`ProtectError::TooManySsrcs`] where there are [`Config::max_windows`] such SSRCs.
    pub fn allow_same(&mut self, ssrc: u32) -> Result<(), ProtectError> {
        if self.repeats.len() >= self.max_windows && !self.repeats.contains(ssrc) {
            return Err(ProtectError::TooManySsrcs);
        }
        self.repeats.allow(ssrc);
        Ok(())
    }

    /// No packet of this SSRC is protected again from here on.
    pub fn forbid_same(&mut self, ssrc: u32) {
        self.repeats.forbid(ssrc);
    }

    /// The rollover counter of an SSRC that has sent, which late joiners must be told (RFC 3711 §3.3.1).
    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        self.streams.look_at_known(ssrc, super::streams::Stream::roc)
    }

    /// Sets the rollover counter of an SSRC, to go on with a stream that another context began. **Never back**: numbers would be
    /// used twice.
    ///
    /// # Errors
    /// [`ProtectError::TooManySsrcs`].
    pub fn set_roc(&mut self, ssrc: u32, roc: u32) -> Result<(), ProtectError> {
        let stream = self.streams.get_or_insert(ssrc);
        stream.ok_or(ProtectError::TooManySsrcs)?.set_roc(roc);
        Ok(())
    }

    /// The index of the next RTCP packet of an SSRC; `None` after the last (2^31 - 1).
    pub fn rtcp_index(&self, ssrc: u32) -> Option<u32> {
        let next = self.streams.look_at_known(ssrc, |stream| stream.next_rtcp());
        u32::try_from(next.unwrap_or(Some(0))?).ok()
    }

    /// Sets the index of the next RTCP packet of an SSRC, to go on with a stream that another context began. **Never back.**
    ///
    /// # Errors
    /// [`ProtectError::TooManySsrcs`]; [`ProtectError::KeyExhausted`] for an index of 2^31 and more.
    pub fn set_rtcp_index(&mut self, ssrc: u32, index: u32) -> Result<(), ProtectError> {
        if index >= super::transform::ENCRYPTED {
            return Err(ProtectError::KeyExhausted);
        }
        let stream = self.streams.get_or_insert(ssrc);
        let stream = stream.ok_or(ProtectError::TooManySsrcs)?;
        stream.rtcp.restart(index.into());
        Ok(())
    }

    /// Whether and when whole headers are encrypted: what the peer's description says may change.
    pub fn set_cryptex(&mut self, cryptex: Cryptex) {
        self.cryptex = cryptex;
    }

    /// Encrypts the header extension elements with these ids from here on, and no others (RFC 6904): what was negotiated may
    /// change. With none, none is. A packet that [`allow_same`](Self::allow_same) lets through again has to have the ids that it
    /// was protected with.
    pub fn set_encrypted_extensions(&mut self, ids: &[u8]) {
        self.keys.encrypt_extensions(ids);
    }

    /// Adds a master key under another MKI (of the same length as the first), for [`select_key`](Self::select_key).
    ///
    /// # Errors
    /// [`ConfigError`] if a length is wrong, the MKI is in use or there are [`MAX_KEYS`](crate::MAX_KEYS).
    pub fn add_key(&mut self, mki: &[u8], key: &MasterKey) -> Result<(), ConfigError> {
        self.keys.add(mki, key)
    }

    /// Protects with another key from here on; numbers go on (RFC 3711 §3.3.1). `false` if no key has this MKI.
    pub fn select_key(&mut self, mki: &[u8]) -> bool {
        self.keys.select(mki)
    }

    /// Removes a key that is not the only one; `false` if it is, or if no key has this MKI.
    pub fn remove_key(&mut self, mki: &[u8]) -> bool {
        self.keys.remove(mki)
    }

    /// What was protected.
    pub fn stats(&self) -> Stats {
        Stats {
            ssrcs: self.streams.len(),
            ..self.stats
        }
    }
}
