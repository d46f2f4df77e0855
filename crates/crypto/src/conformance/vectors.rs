//! Vectors for AEADs and key streams, in hexadecimal, each with its source.

use crate::{Aead, Ctr};

/// A sealed message.
pub(super) struct Sealed {
    pub(super) source: &'static str,
    pub(super) algorithm: Aead,
    pub(super) key: &'static str,
    pub(super) nonce: &'static str,
    pub(super) aad: &'static str,
    pub(super) plaintext: &'static str,
    pub(super) ciphertext: &'static str,
    pub(super) tag: &'static str,
}

/// A message under a key stream.
pub(super) struct Streamed {
    pub(super) source: &'static str,
    pub(super) algorithm: Ctr,
    pub(super) key: &'static str,
    pub(super) iv: &'static str,
    pub(super) plaintext: &'static str,
    pub(super) ciphertext: &'static str,
}

pub(super) const SEALED: &[Sealed] = &[
    Sealed {
        source: "RFC 8439 §2.8.2",
        algorithm: Aead::ChaCha20Poly1305,
        key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
        nonce: "070000004041424344454647",
        aad: "50515253c0c1c2c3c4c5c6c7",
        plaintext: "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620492063\
         6f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73\
         637265656e20776f756c642062652069742e",
        ciphertext: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b\
         1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc\
         3ff4def08e4b7a9de576d26586cec64b6116",
        tag: "1ae10b594f09e26a7e902ecbd0600691",
    },
    Sealed {
        source: "RFC 8439 App. A.5",
        algorithm: Aead::ChaCha20Poly1305,
        key: "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0",
        nonce: "000000000102030405060708",
        aad: "f33388860000000000004e91",
        plaintext: "496e7465726e65742d4472616674732061726520647261667420646f63756d656e74732076616c696420666f72206120\
         6d6178696d756d206f6620736978206d6f6e74687320616e64206d617920626520757064617465642c207265706c6163\
         65642c206f72206f62736f6c65746564206279206f7468657220646f63756d656e747320617420616e792074696d652e\
         20497420697320696e617070726f70726961746520746f2075736520496e7465726e65742d4472616674732061732072\
         65666572656e6365206d6174657269616c206f7220746f2063697465207468656d206f74686572207468616e20617320\
         2fe2809c776f726b20696e2070726f67726573732e2fe2809d",
        ciphertext: "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0\
         bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855\
         9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9\
         9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a\
         0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130\
         305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709b",
        tag: "eead9d67890cbb22392336fea1851f38",
    },
    Sealed {
        source: "GCM as submitted to NIST, App. B, test case 1",
        algorithm: Aead::Aes128Gcm,
        key: "00000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "",
        ciphertext: "",
        tag: "58e2fccefa7e3061367f1d57a4e7455a",
    },
    Sealed {
        source: "GCM as submitted to NIST, App. B, test case 2",
        algorithm: Aead::Aes128Gcm,
        key: "00000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "00000000000000000000000000000000",
        ciphertext: "0388dace60b6a392f328c2b971b2fe78",
        tag: "ab6e47d42cec13bdf53a67b21257bddf",
    },
    Sealed {
        source: "GCM as submitted to NIST, App. B, test case 4",
        algorithm: Aead::Aes128Gcm,
        key: "feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525\
         b16aedf5aa0de657ba637b39",
        ciphertext: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05\
         1ba30b396a0aac973d58e091",
        tag: "5bc94fbc3221a5db94fae95ae7121a47",
    },
    Sealed {
        source: "GCM as submitted to NIST, App. B, test case 13",
        algorithm: Aead::Aes256Gcm,
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "",
        ciphertext: "",
        tag: "530f8afbc74536b9a963b4f1c4cb738b",
    },
    Sealed {
        source: "GCM as submitted to NIST, App. B, test case 14",
        algorithm: Aead::Aes256Gcm,
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "00000000000000000000000000000000",
        ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
        tag: "d0d1c8a799996bf0265b98b5d48ab919",
    },
    Sealed {
        source: "GCM as submitted to NIST, App. B, test case 16",
        algorithm: Aead::Aes256Gcm,
        key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525\
         b16aedf5aa0de657ba637b39",
        ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838\
         c5f61e6393ba7a0abcc9f662",
        tag: "76fc6ece0f4e1768cddf8853bb2d551b",
    },
    Sealed {
        source: "RFC 7714 §16.1.1",
        algorithm: Aead::Aes128Gcm,
        key: "000102030405060708090a0b0c0d0e0f",
        nonce: "51753c6580c2726f20718414",
        aad: "8040f17b8041f8d35501a0b2",
        plaintext: "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
        ciphertext: "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833",
        tag: "899d7f27beb16a9152cf765ee4390cce",
    },
    Sealed {
        source: "RFC 7714 §16.2.1",
        algorithm: Aead::Aes256Gcm,
        key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        nonce: "51753c6580c2726f20718414",
        aad: "8040f17b8041f8d35501a0b2",
        plaintext: "47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573",
        ciphertext: "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b",
        tag: "7aa3db36dfffd6b0f9bb7878d7a76c13",
    },
];

pub(super) const STREAMED: &[Streamed] = &[
    Streamed {
        source: "NIST SP 800-38A F.5.1",
        algorithm: Ctr::Aes128,
        key: "2b7e151628aed2a6abf7158809cf4f3c",
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        plaintext: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef\
         f69f2445df4f9b17ad2b417be66c3710",
        ciphertext: "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab\
         1e031dda2fbe03d1792170a0f3009cee",
    },
    Streamed {
        source: "NIST SP 800-38A F.5.5",
        algorithm: Ctr::Aes256,
        key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        plaintext: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef\
         f69f2445df4f9b17ad2b417be66c3710",
        ciphertext: "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988d\
         dfc9c58db67aada613c2dd08457941a6",
    },
    Streamed {
        source: "RFC 3711 App. B.2, first blocks",
        algorithm: Ctr::Aes128,
        key: "2b7e151628aed2a6abf7158809cf4f3c",
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfd0000",
        plaintext: "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ciphertext: "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0",
    },
    Streamed {
        source: "RFC 3711 App. B.2, last blocks",
        algorithm: Ctr::Aes128,
        key: "2b7e151628aed2a6abf7158809cf4f3c",
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        plaintext: "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ciphertext: "ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae6a2cc3787889374fbeb4c81b17ba6c44",
    },
    Streamed {
        source: "RFC 6188 §7.1",
        algorithm: Ctr::Aes256,
        key: "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
        iv: "f0f1f2f3f4f5f6f7f8f9fafbfcfd0000",
        plaintext: "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ciphertext: "92bdd28a93c3f52511c677d08b5515a49da71b2378a854f67050756ded165bac63c4868b7096d88421b563b8c94c9a31",
    },
    Streamed {
        source: "RFC 8439 §2.4.2",
        algorithm: Ctr::ChaCha20,
        key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        iv: "01000000000000000000004a00000000",
        plaintext: "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620492063\
         6f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73\
         637265656e20776f756c642062652069742e",
        ciphertext: "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b357\
         1639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736\
         5af90bbf74a35be6b40b8eedf2785e42874d",
    },
    Streamed {
        source: "RFC 9001 App. A.5, header protection",
        algorithm: Ctr::ChaCha20,
        key: "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4",
        iv: "5e5cd55c41f69080575d7999c25a5bfb",
        plaintext: "0000000000",
        ciphertext: "aefefe7d03",
    },
    Streamed {
        source: "RFC 9001 App. A.2, header protection",
        algorithm: Ctr::Aes128,
        key: "9f50449e04a0e810283a1e9933adedd2",
        iv: "d1b1c98dd7689fb8ec11d242b123dc9b",
        plaintext: "0000000000",
        ciphertext: "437b9aec36",
    },
    Streamed {
        source: "counter that wraps at 128 bits",
        algorithm: Ctr::Aes128,
        key: "00000000000000000000000000000000",
        iv: "ffffffffffffffffffffffffffffffff",
        plaintext: "0000000000000000000000000000000000000000000000000000000000000000",
        ciphertext: "3f5b8cc9ea855a0afa7347d23e8d664e66e94bd4ef8a2c3b884cfa59ca342b2e",
    },
];
