//! Unprotecting packets (RFC 3711 §3.3 receiver, §3.4): the tag is checked before anything is believed, and state is
//! made only behind a right tag.

use super::cryptex::{self, Shape};
use super::header_extension;
use super::key_ring::KeyRing;
use super::packet::{EXTENSION_HEAD, RtpHeader, rtcp_ssrc};
use super::streams::{Estimate, Stream, Streams};
use super::transform::{ENCRYPTED, PacketNumber};
use crate::profile::RTCP_WORD;
use crate::{Config, ConfigError, Cryptex, MasterKey, Rejected, Stats};

/// Checks and opens the packets that the peer sends, in place and without allocation.
///
/// A packet that is not accepted is counted in [`stats`](Self::stats) and changes nothing else.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use srtp::{Config, Inbound, MasterKey, Outbound, Rejected};
///
/// let (config, key) = (Config::default(), MasterKey::new(&[1; 16], &[2; 14]));
/// let (mut outbound, mut inbound) = (Outbound::new(&config, &key)?, Inbound::new(&config, &key)?);
///
/// let mut packet = vec![0x80, 96, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, b'h', b'i'];
/// outbound.protect_rtp(&mut packet, 0)?;
/// let copy = packet.clone();
/// assert_eq!(inbound.unprotect_rtp(&mut packet)?[12..], *b"hi");
///
/// // Its copy is refused, as is everything that was changed.
/// assert_eq!(inbound.unprotect_rtp(&mut copy.clone()), Err(Rejected::Replayed));
/// let mut forged = copy;
/// forged[3] = 8;
/// assert_eq!(inbound.unprotect_rtp(&mut forged), Err(Rejected::BadTag));
/// assert_eq!(inbound.stats().rejected.bad_tag, 1);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Inbound {
    keys: KeyRing,
    streams: Streams,
    cryptex: Cryptex,
    /// Whether numbers that are known are refused: those of RTP, those of RTCP.
    refuses_replayed: [bool; 2],
    stats: Stats,
}

impl Inbound {
    /// A context with this master key.
    ///
    /// # Errors
    /// [`ConfigError`] if key, salt or MKI have the wrong length, or the provider lacks the cipher.
    pub fn new(config: &Config, key: &MasterKey) -> Result<Self, ConfigError> {
        Ok(Self {
            keys: KeyRing::new(config, key)?,
            streams: Streams::new(config),
            cryptex: config.cryptex,
            refuses_replayed: [config.replay_protection, config.rtcp_replay_protection],
            stats: Stats::default(),
        })
    }

    /// Opens an SRTP packet in place and returns the RTP packet in it.
    ///
    /// # Errors
    /// Why it is not accepted. It is counted, too; what is in `datagram` then means nothing.
    pub fn unprotect_rtp<'d>(&mut self, datagram: &'d mut [u8]) -> Result<&'d mut [u8], Rejected> {
        let opened = self.open_rtp(datagram);
        match opened {
            Ok(_) => self.stats.rtp_packets += 1,
            Err(rejected) => self.stats.rejected.count(rejected),
        }
        opened
    }

    /// Opens an SRTCP packet in place and returns the RTCP packet (compound, or of reduced size) in it.
    ///
    /// # Errors
    /// Why it is not accepted. It is counted, too; what is in `datagram` then means nothing.
    pub fn unprotect_rtcp<'d>(&mut self, datagram: &'d mut [u8]) -> Result<&'d mut [u8], Rejected> {
        let opened = self.open_rtcp(datagram);
        match opened {
            Ok(_) => self.stats.rtcp_packets += 1,
            Err(rejected) => self.stats.rejected.count(rejected),
        }
        opened
    }

    fn open_rtp<'d>(&mut self, datagram: &'d mut [u8]) -> Result<&'d mut [u8], Rejected> {
        let (packet, tag, mki) = self.keys.split_rtp(datagram).ok_or(Rejected::Malformed)?;
        let header = RtpHeader::decode(packet).ok_or(Rejected::Malformed)?;
        let shape = cryptex::inbound(self.cryptex, &header)?;
        let keys = self.keys.find(mki).ok_or(Rejected::UnknownMki)?;
        let ssrc = header.ssrc;
        let index = self.rtp_index(&header)?;
        let number = PacketNumber { ssrc, index };
        keys.rtp
            .open_rtp(number, shape, packet, tag)
            .map_err(|_| Rejected::BadTag)?;
        let stream = self.streams.get_or_insert(ssrc);
        stream.ok_or(Rejected::TooManySsrcs)?.rtp.insert(index);
        match (shape, &keys.header, self.keys.encrypted_ids(), header.extension) {
            (Shape::Cryptex(_), ..) => cryptex::unmark(packet, &header),
            (Shape::ClearHeader(_), Some(key), Some(ids), Some(profile)) => {
                let elements = packet.get_mut(header.csrc_end() + EXTENSION_HEAD..header.len);
                let extension = (profile, elements.unwrap_or_default());
                header_extension::apply(key, number, ids, extension).map_err(|_| Rejected::Malformed)?;
            }
            (Shape::ClearHeader(_), ..) => {}
        }
        Ok(packet)
    }

    /// The index that a packet seems to have, if it is not known or may be.
    fn rtp_index(&self, header: &RtpHeader) -> Result<u64, Rejected> {
        let [refuses, _] = self.refuses_replayed;
        let index = self.streams.look(header.ssrc, |stream| {
            let index = match stream.estimate(header.sequence_number) {
                Estimate::Index(index) => index,
                // There is no counter below zero, so it can only be zero; the tag will tell.
                Estimate::BeforeFirst => header.sequence_number.into(),
                Estimate::Exhausted => return None,
            };
            (!refuses || stream.rtp.is_new(index)).then_some(index)
        });
        index.ok_or(Rejected::TooManySsrcs)?.ok_or(Rejected::Replayed)
    }

    fn open_rtcp<'d>(&mut self, datagram: &'d mut [u8]) -> Result<&'d mut [u8], Rejected> {
        let (packet, tag, mki) = self.keys.split_rtcp(datagram).ok_or(Rejected::Malformed)?;
        let (body, word) = packet
            .split_last_chunk::<RTCP_WORD>()
            .ok_or(Rejected::Malformed)?;
        let ssrc = rtcp_ssrc(body).ok_or(Rejected::Malformed)?;
        let index = u64::from(u32::from_be_bytes(*word) & !ENCRYPTED);
        let keys = self.keys.find(mki).ok_or(Rejected::UnknownMki)?;
        let [_, refuses] = self.refuses_replayed;
        let is_new = self
            .streams
            .look(ssrc, |stream| !refuses || stream.rtcp.is_new(index));
        if !is_new.ok_or(Rejected::TooManySsrcs)? {
            return Err(Rejected::Replayed);
        }
        let number = PacketNumber { ssrc, index };
        keys.rtcp
            .open_rtcp(number, packet, tag)
            .map_err(|_| Rejected::BadTag)?;
        let stream = self.streams.get_or_insert(ssrc);
        stream.ok_or(Rejected::TooManySsrcs)?.rtcp.insert(index);
        let (body, _) = packet
            .split_last_chunk_mut::<RTCP_WORD>()
            .ok_or(Rejected::Malformed)?;
        Ok(body)
    }

    /// The rollover counter of an SSRC that something was received from.
    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        self.streams.look_at_known(ssrc, Stream::roc)
    }

    /// Sets the rollover counter of an SSRC: needed to join a stream after its first wrap (RFC 3711 §3.3.1), where the
    /// sender's counter is told by signalling. A change forgets which packets were received.
    ///
    /// # Errors
    /// [`Rejected::TooManySsrcs`].
    pub fn set_roc(&mut self, ssrc: u32, roc: u32) -> Result<(), Rejected> {
        let stream = self.streams.get_or_insert(ssrc);
        stream.ok_or(Rejected::TooManySsrcs)?.set_roc(roc);
        Ok(())
    }

    /// Forgets an SSRC, to make room for another; `false` if it has no state. Copies of its packets would be accepted
    /// again, so do it only where packets of this SSRC are no longer wanted.
    pub fn forget(&mut self, ssrc: u32) -> bool {
        self.streams.remove(ssrc)
    }

    /// Which headers are accepted: what was negotiated may change.
    pub fn set_cryptex(&mut self, cryptex: Cryptex) {
        self.cryptex = cryptex;
    }

    /// Decrypts the header extension elements with these ids from here on, and no others (RFC 6904): what was negotiated may
    /// change. With none, none is.
    pub fn set_encrypted_extensions(&mut self, ids: &[u8]) {
        self.keys.encrypt_extensions(ids);
    }

    /// Adds a master key under another MKI (of the same length as the first).
    ///
    /// # Errors
    /// [`ConfigError`] if a length is wrong, the MKI is in use or there are [`MAX_KEYS`](crate::MAX_KEYS).
    pub fn add_key(&mut self, mki: &[u8], key: &MasterKey) -> Result<(), ConfigError> {
        self.keys.add(mki, key)
    }

    /// Removes a key that is not the only one; `false` if it is, or if no key has this MKI.
    pub fn remove_key(&mut self, mki: &[u8]) -> bool {
        self.keys.remove(mki)
    }

    /// What was accepted, and what was not.
    pub fn stats(&self) -> Stats {
        Stats {
            ssrcs: self.streams.len(),
            ..self.stats
        }
    }
}
