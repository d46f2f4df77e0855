//! Key streams: AES in counter mode (NIST SP 800-38A §6.5) and ChaCha20 blocks (RFC 8439 §2.3), with the key schedule
//! kept.

use std::fmt;

use aes::cipher::{
    BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, KeyIvInit, StreamCipher, StreamCipherCore,
    StreamCipherCoreWrapper, consts::U16,
};
use chacha20::{ChaChaCore, R20, variants::Ietf};
use ctr::{CtrCore, flavors::Ctr128BE};
use zeroize::Zeroizing;

use crate::{Ctr, CtrKey, KeyError};

/// Prepares a key.
pub(crate) fn ctr_key(algorithm: Ctr, key: &[u8]) -> Result<Box<dyn CtrKey>, KeyError> {
    let length = KeyError::Length {
        expected: algorithm.key_len(),
        actual: key.len(),
    };
    Ok(match algorithm {
        Ctr::Aes128 => Box::new(AesCtr(aes::Aes128::new_from_slice(key).map_err(|_| length)?)),
        Ctr::Aes256 => Box::new(AesCtr(aes::Aes256::new_from_slice(key).map_err(|_| length)?)),
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
        let core = CtrCore::<&C, Ctr128BE>::inner_iv_init(&self.0, iv.into());
        // The counter has 128 bits: no slice is long enough to use it up.
        let _: Result<(), _> = StreamCipherCoreWrapper::from_core(core).try_apply_keystream(data);
    }
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
