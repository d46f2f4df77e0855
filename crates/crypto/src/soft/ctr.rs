//! Key streams: AES in counter mode (NIST SP 800-38A §6.5) and ChaCha20 blocks (RFC 8439 §2.3), with the key schedule
//! kept.

use std::fmt;

use aes::cipher::{
    BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, KeyIvInit, StreamCipher, StreamCipherCore,
    StreamCipherCoreWrapper, consts::U16,
};
use chacha20::{ChaChaCore, R20, variants::Ietf};
use ctr::CtrCore;
use ctr::flavors::{Ctr32BE, Ctr128BE};
use zeroize::Zeroizing;

use crate::{Ctr, CtrKey, KeyError};

/// Prepares a key.
pub(crate) fn ctr_key(algorithm: Ctr, key: &[u8]) -> Result<Box<dyn CtrKey>, KeyError> {
    let length = KeyError::Length {
        expected: algorithm.key_len(),
        actual: key.len(),
    };
    Ok(match algorithm {
        Ctr::Aes128 => Box::new(AesCtr(aes::Aes128Enc::new_from_slice(key).map_err(|_| length)?)),
        Ctr::Aes256 => Box::new(AesCtr(aes::Aes256Enc::new_from_slice(key).map_err(|_| length)?)),
        Ctr::ChaCha20 => Box::new(ChaChaCtr(Zeroizing::new(key.try_into().map_err(|_| length)?))),
    })
}

/// An AES key schedule; each use borrows it.
struct AesCtr<C>(C);

impl<C> CtrKey for AesCtr<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]) {
        // No error can come: the narrow counter is only taken where it suffices, and no slice is long enough to use
        // up the wide one.
        let _: Result<(), _> = if counts_in_32_bits(iv, data.len()) {
            let core = CtrCore::<&C, Ctr32BE>::inner_iv_init(&self.0, iv.into());
            StreamCipherCoreWrapper::from_core(core).try_apply_keystream(data)
        } else {
            let core = CtrCore::<&C, Ctr128BE>::inner_iv_init(&self.0, iv.into());
            StreamCipherCoreWrapper::from_core(core).try_apply_keystream(data)
        };
    }
}

/// Whether the last 32 bits of the block count through `len` bytes without a carry. SRTP's blocks end in 16 zero bits
/// (RFC 3711 §4.1.1), so there it is always so; such blocks are made in two thirds of the time.
fn counts_in_32_bits(iv: &[u8; 16], len: usize) -> bool {
    let [.., a, b, c, d] = *iv;
    let first = u32::from_be_bytes([a, b, c, d]);
    u32::try_from(len.div_ceil(16)).is_ok_and(|blocks| first.checked_add(blocks).is_some())
}

impl<C> fmt::Debug for AesCtr<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesCtr")
    }
}

/// A ChaCha20 key; it has no schedule.
struct ChaChaCtr(Zeroizing<[u8; 32]>);

impl CtrKey for ChaChaCtr {
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]) {
        let [c0, c1, c2, c3, nonce @ ..] = *iv;
        let mut core = ChaChaCore::<R20, Ietf>::new((&*self.0).into(), &nonce.into());
        core.set_block_pos(u32::from_le_bytes([c0, c1, c2, c3]));
        let mut block = Default::default();
        for chunk in data.chunks_mut(64) {
            core.write_keystream_block(&mut block);
            chunk.iter_mut().zip(&block).for_each(|(byte, key)| *byte ^= key);
        }
    }
}

impl fmt::Debug for ChaChaCtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChaChaCtr")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key stream block by block, each from its own initial block.
    fn by_blocks(key: &dyn CtrKey, iv: [u8; 16], len: usize) -> Vec<u8> {
        let mut stream = vec![0; len];
        let mut counter = u128::from_be_bytes(iv);
        for block in stream.chunks_mut(16) {
            key.apply(&counter.to_be_bytes(), block);
            counter = counter.wrapping_add(1);
        }
        stream
    }

    #[test]
    fn narrow_and_wide_counters_agree_around_every_carry() {
        let key = ctr_key(Ctr::Aes128, &[7; 16]).unwrap();
        for end in [
            u128::MAX,
            (1 << 64) - 1,
            (1 << 32) - 1,
            (0xabcd << 32) - 1,
            (1 << 96) - 1,
        ] {
            for before in 0..=76 {
                let iv = (end - before).to_be_bytes();
                let mut stream = vec![0; 1200];
                key.apply(&iv, &mut stream);
                assert_eq!(
                    stream,
                    by_blocks(key.as_ref(), iv, 1200),
                    "{before} before {end:x}"
                );
            }
        }
    }

    #[test]
    fn the_narrow_counter_is_not_taken_where_it_would_wrap() {
        let mut iv = [0xff; 16];
        assert!(!counts_in_32_bits(&iv, 1));
        assert!(counts_in_32_bits(&iv, 0));
        iv[15] = 0xfe;
        assert!(counts_in_32_bits(&iv, 16));
        assert!(!counts_in_32_bits(&iv, 17));
        assert!(counts_in_32_bits(&[0; 16], 16 * 0xffff_ffff));
        assert!(!counts_in_32_bits(&[0; 16], 16 * 0x1_0000_0000));
    }
}
