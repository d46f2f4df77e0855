//! What protecting and unprotecting a packet of 1,200 bytes costs per profile, beside the bare cryptography under it:
//! `cargo bench -p srtp --all-features`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up has to stop"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crypto::{Aead, Ctr, Mac, Provider};
use srtp::{Config, Inbound, MasterKey, Outbound, Profile};

/// A full packet with its header.
const PACKET: usize = 1200;
const HEADER: usize = 12;
/// Packets that are protected beforehand, to be unprotected one after the other.
const BATCH: u16 = 512;

fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ]
}

fn packet(sequence_number: u16) -> Vec<u8> {
    let mut packet = vec![7; PACKET];
    packet[..HEADER].copy_from_slice(&[0x80, 96, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
    packet[2..4].copy_from_slice(&sequence_number.to_be_bytes());
    packet
}

fn contexts(profile: Profile, provider: &Provider) -> (Outbound, Inbound) {
    let config = Config::new(profile, provider.clone());
    let key = MasterKey::new(&vec![1; profile.key_len()], &vec![2; profile.salt_len()]);
    (
        Outbound::new(&config, &key).unwrap(),
        Inbound::new(&config, &key).unwrap(),
    )
}

/// The provider's work alone, with the same bytes encrypted and authenticated.
fn bare(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bare");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        for aead in [Aead::Aes128Gcm, Aead::Aes256Gcm] {
            let key = provider.aead(aead, &vec![1; aead.key_len()]).unwrap();
            let (mut data, mut tag, mut nonce) = (packet(0), [0; 16], [0_u8; 12]);
            group.bench_function(format!("seal/{aead:?}/{}", provider.name()), |bencher| {
                bencher.iter(|| {
                    nonce[11] = nonce[11].wrapping_add(1);
                    let (header, body) = data.split_at_mut(HEADER);
                    key.seal(black_box(&nonce), header, black_box(body), &mut tag);
                });
            });
        }
        let mac = provider.mac(Mac::HmacSha1, &[1; 20]);
        for ctr in [Ctr::Aes128, Ctr::Aes256] {
            let key = provider.ctr(ctr, &vec![1; ctr.key_len()]).unwrap();
            let mut data = packet(0);
            group.bench_function(format!("ctr and hmac/{ctr:?}/{}", provider.name()), |bencher| {
                bencher.iter(|| {
                    key.apply(black_box(&[9; 16]), black_box(&mut data[HEADER..]));
                    mac.tag(black_box(&[&data, &[0; 4]]))
                });
            });
        }
        let data = packet(0);
        group.bench_function(format!("hmac/{}", provider.name()), |bencher| {
            bencher.iter(|| mac.tag(black_box(&[&data, &[0; 4]])));
        });
    }
    group.finish();
}

fn protect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("protect");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        for profile in Profile::ALL {
            let (mut outbound, _) = contexts(profile, &provider);
            let (mut data, mut sequence_number) = (packet(0), 0_u16);
            group.bench_function(format!("in place/{profile:?}/{}", provider.name()), |bencher| {
                bencher.iter(|| {
                    data.truncate(PACKET);
                    data[2..4].copy_from_slice(&sequence_number.to_be_bytes());
                    sequence_number = sequence_number.wrapping_add(1);
                    outbound.protect_rtp(black_box(&mut data), 0).unwrap();
                });
            });
            let (mut outbound, _) = contexts(profile, &provider);
            let (source, mut out) = (packet(0), Vec::with_capacity(2 * PACKET));
            let (mut header, mut sequence_number) = ([0; HEADER], 0_u16);
            header.copy_from_slice(&source[..HEADER]);
            group.bench_function(
                format!("out of place/{profile:?}/{}", provider.name()),
                |bencher| {
                    bencher.iter(|| {
                        out.clear();
                        header[2..4].copy_from_slice(&sequence_number.to_be_bytes());
                        sequence_number = sequence_number.wrapping_add(1);
                        outbound
                            .protect_rtp_from(&header, black_box(&source[HEADER..]), &mut out)
                            .unwrap();
                    });
                },
            );
        }
    }
    group.finish();
}

/// Batches of packets, each with a context that has not seen them; what is measured is a batch of [`BATCH`].
fn unprotect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("unprotect");
    group.throughput(Throughput::Elements(BATCH.into()));
    for provider in providers() {
        for profile in Profile::ALL {
            let (mut outbound, _) = contexts(profile, &provider);
            let sealed: Vec<Vec<u8>> = (0..BATCH)
                .map(|sequence_number| {
                    let mut packet = packet(sequence_number);
                    outbound.protect_rtp(&mut packet, 0).unwrap();
                    packet
                })
                .collect();
            group.bench_function(format!("{profile:?}/{}", provider.name()), |bencher| {
                bencher.iter_batched_ref(
                    || (contexts(profile, &provider).1, sealed.clone()),
                    |(inbound, packets)| {
                        packets.iter_mut().for_each(|packet| {
                            black_box(inbound.unprotect_rtp(packet).unwrap());
                        });
                    },
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bare, protect, unprotect);
criterion_main!(benches);
