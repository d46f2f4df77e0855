//! Test vectors of the RFCs: RFC 3711 App. B.2, RFC 6188 §7.1, RFC 6904 App. A.2, RFC 7714 §16 and §17, RFC 9335 App. A.
//! Those of key derivation are beside it.

use crypto::{Aead, Ctr, Provider};
use zeroize::Zeroizing;

use super::cryptex::Shape;
use super::header_extension::{self, Ids};
use super::transform::{Gcm, PacketNumber, Place, StreamKey, Transform};
use crate::{Config, Cryptex, Inbound, MasterKey, Outbound, Profile};

/// Bytes from hexadecimal digits, spaces between them allowed.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap())
        .collect();
    assert_eq!(digits.len() % 2, 0);
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn stream_key(algorithm: Ctr, key: &str, salt: u128) -> StreamKey {
    let key = Provider::default().ctr(algorithm, &bytes(key)).unwrap();
    StreamKey::new(key, Zeroizing::new(salt))
}

/// 65282 blocks of key stream for packet 0 of SSRC 0, of which the RFCs print the first and last three.
fn check_key_stream(key: &StreamKey, first: &str, last: &str) {
    let mut stream = vec![0; 1_044_512 + 16];
    key.apply(PacketNumber { ssrc: 0, index: 0 }, 0, &mut stream);
    assert_eq!(stream[..48], bytes(first));
    assert_eq!(stream[0xfeff * 16..][..48], bytes(last));
    // The same from a block in the middle, as header extensions need it.
    let mut end = [0; 48];
    key.apply(PacketNumber { ssrc: 0, index: 0 }, 0xfeff, &mut end);
    assert_eq!(end[..], bytes(last));
}

#[test]
fn key_stream_of_rfc_3711_appendix_b_2() {
    let key = stream_key(
        Ctr::Aes128,
        "2B7E151628AED2A6ABF7158809CF4F3C",
        0xF0F1_F2F3_F4F5_F6F7_F8F9_FAFB_FCFD,
    );
    check_key_stream(
        &key,
        "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0",
        "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44",
    );
}

#[test]
fn key_stream_of_rfc_6188_section_7_1() {
    let key = stream_key(
        Ctr::Aes256,
        "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
        0xf0f1_f2f3_f4f5_f6f7_f8f9_fafb_fcfd,
    );
    check_key_stream(
        &key,
        "92bdd28a93c3f52511c677d08b5515a4 9da71b2378a854f67050756ded165bac 63c4868b7096d88421b563b8c94c9a31",
        "cea518c90fd91ced9cbb18c078a54711 3dbc4814f4da5f00a08772b63c6a046d 6eb246913062a16891433e97dd01a57f",
    );
}

#[test]
fn header_extension_of_rfc_6904_appendix_a_2() {
    let key = stream_key(
        Ctr::Aes128,
        "549752054D6FB708622C4A2E596A1B93",
        0xAB01_8181_74C4_0D39_A378_1F7C_2D27,
    );
    let number = PacketNumber {
        ssrc: 0xcafe_babe,
        index: 0x1234,
    };
    let plain = bytes("17 414273A475262748 22 0000C8 30 8E 46 55996386B395FB 00");
    let mut elements = plain.clone();
    let ids = Ids::new(&[1, 3, 4]);
    header_extension::apply(&key, number, &ids, (0xbede, &mut elements)).unwrap();
    assert_eq!(
        elements,
        bytes("17588A9270F4E15E1C220000C8309546A994F0BC54789700")
    );
    header_extension::apply(&key, number, &ids, (0xbede, &mut elements)).unwrap();
    assert_eq!(elements, plain);
}

/// The keys and salt of RFC 7714's vectors.
fn gcm(aead: Aead) -> Transform {
    let key: Vec<u8> = (0..32).take(aead.key_len()).collect();
    Transform::Gcm(Gcm {
        key: Provider::default().aead(aead, &key).unwrap(),
        salt: Zeroizing::new(0x5175_6964_2070_726f_2071_756f),
    })
}

#[test]
fn rtp_of_rfc_7714_section_16() {
    const PLAIN: &str = "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 \
                         61727465 73207472 6573";
    let number = PacketNumber {
        ssrc: 0x5501_a0b2,
        index: 0xf17b,
    };
    let whole = bytes(PLAIN).len();
    // Encrypted behind the header (§16.1.1, §16.2.1); only tagged, the whole packet being header (§16.1.3, §16.2.3).
    let rows = [
        (
            Aead::Aes128Gcm,
            12,
            "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a \
             51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
        ),
        (
            Aead::Aes128Gcm,
            whole,
            "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 \
             61727465 73207472 65732249 3f82d2bc e397e9d7 9e3b19aa 4216",
        ),
        (
            Aead::Aes256Gcm,
            12,
            "8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 \
             76ffae0f 1ba63799 b87b7aa3 db36dfff d6b0f9bb 7878d7a7 6c13",
        ),
        (
            Aead::Aes256Gcm,
            whole,
            "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070 \
             61727465 73207472 6573a866 d5910f88 7463067c eefec452 15d4",
        ),
    ];
    for (aead, clear, sealed) in rows {
        let shape = Shape::ClearHeader(clear);
        let (mut out, start, mki) = (bytes(PLAIN), 0, &[][..]);
        let place = Place {
            out: &mut out,
            start,
            mki,
        };
        gcm(aead).seal_rtp(number, shape, place);
        assert_eq!(out, bytes(sealed), "{aead:?} {clear}");
        let (packet, tag) = out.split_at_mut(whole);
        gcm(aead).open_rtp(number, shape, packet, tag).unwrap();
        assert_eq!(packet, bytes(PLAIN));
        tag[15] ^= 1;
        assert!(gcm(aead).open_rtp(number, shape, packet, tag).is_err());
    }
}

#[test]
fn rtcp_of_rfc_7714_section_17() {
    const PLAIN: &str = "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef \
                         deadbeef deadbeef deadbeef";
    let number = PacketNumber {
        ssrc: 0x4d61_7273,
        index: 0x5d4,
    };
    let rows = [
        (
            Aead::Aes128Gcm,
            true,
            "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda \
             4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
        ),
        (
            Aead::Aes256Gcm,
            true,
            "81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50 a2eaa5c1 110555be \
             8415f658 c61de047 6f1b6fad 1d1eb30c 4446839f 57ff6f6c b26ac3be 800005d4",
        ),
        (
            Aead::Aes128Gcm,
            false,
            "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef \
             deadbeef deadbeef deadbeef 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4",
        ),
        (
            Aead::Aes256Gcm,
            false,
            "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef \
             deadbeef deadbeef deadbeef 91db4afb feee5a97 8fab4393 ed2615fe 000005d4",
        ),
    ];
    for (aead, encrypt, sealed) in rows {
        let (mut out, start, mki) = (bytes(PLAIN), 0, &[][..]);
        let place = Place {
            out: &mut out,
            start,
            mki,
        };
        gcm(aead).seal_rtcp(number, encrypt, place);
        assert_eq!(out, bytes(sealed), "{aead:?} {encrypt}");
        // As the key ring hands it over: the word right behind the packet.
        let len = out.len();
        let tag = out[len - 20..len - 4].to_vec();
        out.copy_within(len - 4.., len - 20);
        out.truncate(len - 16);
        gcm(aead).open_rtcp(number, &mut out, &tag).unwrap();
        assert_eq!(out[..len - 20], bytes(PLAIN));
    }
}

/// A packet in the clear and protected.
type Row = [&'static str; 2];

fn check_cryptex(profile: Profile, key: &str, salt: &str, rows: &[Row]) {
    let master = MasterKey::new(&bytes(key), &bytes(salt));
    let config = Config {
        profile,
        cryptex: Cryptex::Require,
        ..Config::default()
    };
    let mut outbound = Outbound::new(&config, &master).unwrap();
    let mut inbound = Inbound::new(&config, &master).unwrap();
    for [plain, protected] in rows {
        let plain = bytes(plain);
        let mut out = b"before".to_vec();
        out.extend_from_slice(&plain);
        outbound.protect_rtp(&mut out, 6).unwrap();
        assert_eq!(out[6..], bytes(protected));
        assert_eq!(inbound.unprotect_rtp(&mut out[6..]).unwrap(), plain);
    }
}

#[test]
fn cryptex_of_rfc_9335_appendix_a() {
    check_cryptex(
        Profile::Aes128CmSha1_80,
        "e1f97a0d3e018be0d64fa32c06de4139",
        "0ec675ad498afeebb6960b3aabe6",
        &CRYPTEX_CTR,
    );
    check_cryptex(
        Profile::AeadAes128Gcm,
        "000102030405060708090a0b0c0d0e0f",
        "a0a1a2a3a4a5a6a7a8a9aaab",
        &CRYPTEX_GCM,
    );
}

/// RFC 9335 App. A.1.
const CRYPTEX_CTR: [Row; 6] = [
    [
        "900f1235decafbadcafebabebede000151000200abababababababababababababababab",
        "900f1235decafbadcafebabec0de0001eb92365251c3e036f8de27e9c27ee3e0b4651d9fbc4218a70244522f34a5",
    ],
    [
        "900f1236decafbadcafebabe1000000105020002abababababababababababababababab",
        "900f1236decafbadcafebabec2de00014ed9cc4e6a712b3096c5ca77339d4204ce0d77396cab69585fbce38194a5",
    ],
    [
        "920f1238decafbadcafebabe0001e2400000b26ebede000151000200abababababababababababababababab",
        "920f1238decafbadcafebabe8bb6e12b5cff16ddc0de000192838c8c09e58393e1de3a9a74734d6745671338c3acf11da2df8423bee0",
    ],
    [
        "920f1239decafbadcafebabe0001e2400000b26e1000000105020002abababababababababababababababab",
        "920f1239decafbadcafebabef70e513eb90b9b25c2de0001bbed4848faa644665f3d7f34125914e9f4d0ae923c6f479b95a0f7b53133",
    ],
    [
        "920f123adecafbadcafebabe0001e2400000b26ebede0000abababababababababababababababab",
        "920f123adecafbadcafebabe7130b6abfe2ab0e3c0de0000e3d9f64b25c9e74cb4cf8e43fb92e3781c2c0ceab6b3a499a14c",
    ],
    [
        "920f123bdecafbadcafebabe0001e2400000b26e10000000abababababababababababababababab",
        "920f123bdecafbadcafebabecbf24c124330e1c8c2de0000599dd45bc9d687b603e8b59d771fd38e88b170e0cd31e125eabe",
    ],
];

/// RFC 9335 App. A.2.
const CRYPTEX_GCM: [Row; 6] = [
    [
        "900f1235decafbadcafebabebede000151000200abababababababababababababababab",
        "900f1235decafbadcafebabec0de000139972dc9572c4d99e8fc355de743fb2e94f9d8ff54e72f4193bbc5c74ffab0fa9fa0fbeb",
    ],
    [
        "900f1236decafbadcafebabe1000000105020002abababababababababababababababab",
        "900f1236decafbadcafebabec2de0001bb75a4c545cd1f413bdb7daa2b1e3263de313667c963249081b35a65f5cb6c88b394235f",
    ],
    [
        "920f1238decafbadcafebabe0001e2400000b26ebede000151000200abababababababababababababababab",
        "920f1238decafbadcafebabe63bbccc4a7f695c4c0de00018ad7c71fac70a80c92866b4c6ba98546ef913586e95ffaaffe956885bb0647a8bc094ac8",
    ],
    [
        "920f1239decafbadcafebabe0001e2400000b26e1000000105020002abababababababababababababababab",
        "920f1239decafbadcafebabe3680524f8d312b00c2de0001c78d120038422bc111a7187a18246f980c059cc6bc9df8b626394eca344e4b05d80fea83",
    ],
    [
        "920f123adecafbadcafebabe0001e2400000b26ebede0000abababababababababababababababab",
        "920f123adecafbadcafebabe15b6bb4337906fffc0de0000b7b964537a2b03ab7ba5389ce93317126b5d974df30c6884dcb651c5e120c1da",
    ],
    [
        "920f123bdecafbadcafebabe0001e2400000b26e10000000abababababababababababababababab",
        "920f123bdecafbadcafebabedcb38c9e48bf95f4c2de000061ee432cf920317076613258d3ce4236c06ac429681ad08413512dc98b5207d8",
    ],
];
