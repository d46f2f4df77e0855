//! Vectors for MACs and hashes, in hexadecimal, each with its source.

use crate::{Hash, Mac};

/// A message with its MAC.
pub(super) struct Authenticated {
    pub(super) source: &'static str,
    pub(super) algorithm: Mac,
    pub(super) key: &'static str,
    pub(super) message: &'static str,
    pub(super) tag: &'static str,
}

/// A message with its digest.
pub(super) struct Hashed {
    pub(super) source: &'static str,
    pub(super) algorithm: Hash,
    pub(super) message: &'static str,
    pub(super) digest: &'static str,
}

pub(super) const AUTHENTICATED: &[Authenticated] = &[
    Authenticated {
        source: "RFC 2202 §3, test 1",
        algorithm: Mac::HmacSha1,
        key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
        message: "4869205468657265",
        tag: "b617318655057264e28bc0b6fb378c8ef146be00",
    },
    Authenticated {
        source: "RFC 2202 §3, test 2",
        algorithm: Mac::HmacSha1,
        key: "4a656665",
        message: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
        tag: "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    },
    Authenticated {
        source: "RFC 2202 §3, test 3",
        algorithm: Mac::HmacSha1,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\
         dddd",
        tag: "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
    },
    Authenticated {
        source: "RFC 2202 §3, test 4",
        algorithm: Mac::HmacSha1,
        key: "0102030405060708090a0b0c0d0e0f10111213141516171819",
        message: "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\
         cdcd",
        tag: "4c9007f4026250c6bc8414f9bf50c86c2d7235da",
    },
    Authenticated {
        source: "RFC 2202 §3, test 6",
        algorithm: Mac::HmacSha1,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579\
         204669727374",
        tag: "aa4ae5e15272d00e95705637ce8a3b55ed402112",
    },
    Authenticated {
        source: "RFC 2202 §3, test 7",
        algorithm: Mac::HmacSha1,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b657920616e64204c6172676572\
         205468616e204f6e6520426c6f636b2d53697a652044617461",
        tag: "e8e99d0f45237d786d6bbaa7965c7808bbff1a91",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 1",
        algorithm: Mac::HmacSha256,
        key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
        message: "4869205468657265",
        tag: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 1",
        algorithm: Mac::HmacSha384,
        key: "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
        message: "4869205468657265",
        tag: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 2",
        algorithm: Mac::HmacSha256,
        key: "4a656665",
        message: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
        tag: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 2",
        algorithm: Mac::HmacSha384,
        key: "4a656665",
        message: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
        tag: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 3",
        algorithm: Mac::HmacSha256,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\
         dddd",
        tag: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 3",
        algorithm: Mac::HmacSha384,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd\
         dddd",
        tag: "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 4",
        algorithm: Mac::HmacSha256,
        key: "0102030405060708090a0b0c0d0e0f10111213141516171819",
        message: "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\
         cdcd",
        tag: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 4",
        algorithm: Mac::HmacSha384,
        key: "0102030405060708090a0b0c0d0e0f10111213141516171819",
        message: "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\
         cdcd",
        tag: "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 6",
        algorithm: Mac::HmacSha256,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579\
         204669727374",
        tag: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 6",
        algorithm: Mac::HmacSha384,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579\
         204669727374",
        tag: "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 7",
        algorithm: Mac::HmacSha256,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b65\
         7920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565\
         647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c\
         676f726974686d2e",
        tag: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    },
    Authenticated {
        source: "RFC 4231 §4, test case 7",
        algorithm: Mac::HmacSha384,
        key: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        message: "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65206b65\
         7920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565\
         647320746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c\
         676f726974686d2e",
        tag: "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
    },
];

pub(super) const HASHED: &[Hashed] = &[
    Hashed {
        source: "RFC 1321 App. A.5",
        algorithm: Hash::Md5,
        message: "",
        digest: "d41d8cd98f00b204e9800998ecf8427e",
    },
    Hashed {
        source: "RFC 1321 App. A.5",
        algorithm: Hash::Md5,
        message: "61",
        digest: "0cc175b9c0f1b6a831c399e269772661",
    },
    Hashed {
        source: "RFC 1321 App. A.5",
        algorithm: Hash::Md5,
        message: "616263",
        digest: "900150983cd24fb0d6963f7d28e17f72",
    },
    Hashed {
        source: "RFC 1321 App. A.5",
        algorithm: Hash::Md5,
        message: "6d65737361676520646967657374",
        digest: "f96b697d7cb7938d525a2f31aaf161d0",
    },
    Hashed {
        source: "RFC 1321 App. A.5",
        algorithm: Hash::Md5,
        message: "313233343536373839303132333435363738393031323334353637383930313233343536373839303132333435363738\
         3930313233343536373839303132333435363738393031323334353637383930",
        digest: "57edf4a22be3c955ac49da2e2107b67a",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 1",
        algorithm: Hash::Sha1,
        message: "616263",
        digest: "a9993e364706816aba3e25717850c26c9cd0d89d",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 2",
        algorithm: Hash::Sha1,
        message: "6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f\
         6d6e6f706e6f7071",
        digest: "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 1",
        algorithm: Hash::Sha256,
        message: "616263",
        digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 2",
        algorithm: Hash::Sha256,
        message: "6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f\
         6d6e6f706e6f7071",
        digest: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 1",
        algorithm: Hash::Sha384,
        message: "616263",
        digest: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 2",
        algorithm: Hash::Sha384,
        message: "61626364656667686263646566676869636465666768696a6465666768696a6b65666768696a6b6c666768696a6b6c6d\
         6768696a6b6c6d6e68696a6b6c6d6e6f696a6b6c6d6e6f706a6b6c6d6e6f70716b6c6d6e6f7071726c6d6e6f70717273\
         6d6e6f70717273746e6f707172737475",
        digest: "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 1",
        algorithm: Hash::Sha512,
        message: "616263",
        digest: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
         454d4423643ce80e2a9ac94fa54ca49f",
    },
    Hashed {
        source: "RFC 6234 §8.5, test 2",
        algorithm: Hash::Sha512,
        message: "61626364656667686263646566676869636465666768696a6465666768696a6b65666768696a6b6c666768696a6b6c6d\
         6768696a6b6c6d6e68696a6b6c6d6e6f696a6b6c6d6e6f706a6b6c6d6e6f70716b6c6d6e6f7071726c6d6e6f70717273\
         6d6e6f70717273746e6f707172737475",
        digest: "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433a\
         c7d329eeb6dd26545e96e55b874be909",
    },
];
