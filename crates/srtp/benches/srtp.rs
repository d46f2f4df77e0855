//! What protecting and unprotecting a packet of 1,200 bytes costs per profile, beside the bare cryptography under it:
//! `cargo bench -p srtp --all-features`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up has to stop"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use crypto::{Aead, AeadKey, Ctr, Mac, Provider};
use srtp::{Config, Inbound, MasterKey, Outbound, Profile};

/// A full packet with its header.
const PACKET: usize = 1200;
const HEADER: usize = 12;

fn providers() -> Vec<Provider> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Provider::aws_lc_rs(),
        #[cfg(feature = "rust-crypto")]
        Provider::rust_crypto(),
    ]
}

fn packet() -> Vec<u8> {
    let mut packet = vec![7; PACKET];
    packet[..HEADER].copy_from_slice(&[0x80, 96, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
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

/// CPU time of this thread, which other load does not blur; wall time where the system does not tell.
fn cpu_time(work: impl FnOnce()) -> Duration {
    let on_cpu = || -> Option<u64> {
        // The figure is brought up to date by the scheduler's tick, or by a thread that gives way.
        std::thread::yield_now();
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        stat.split_whitespace().next()?.parse().ok()
    };
    let (start, before) = (Instant::now(), on_cpu());
    work();
    match before.zip(on_cpu()) {
        Some((before, after)) => Duration::from_nanos(after - before),
        None => start.elapsed(),
    }
}

fn measure(bencher: &mut Bencher<'_>, mut work: impl FnMut()) {
    bencher.iter_custom(|rounds| cpu_time(|| (0..rounds).for_each(|_| work())));
}

/// The provider's work alone, on the same bytes.
fn bare(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bare");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        let name = provider.name();
        for aead in [Aead::Aes128Gcm, Aead::Aes256Gcm] {
            let key = provider.aead(aead, &vec![1; aead.key_len()]).unwrap();
            let (mut data, mut tag, mut nonce) = (packet(), [0; 16], [0_u8; 12]);
            group.bench_function(format!("{aead:?}/seal/{name}"), |bencher| {
                measure(bencher, || {
                    nonce[11] = nonce[11].wrapping_add(1);
                    let (header, body) = data.split_at_mut(HEADER);
                    key.seal(black_box(&nonce), header, black_box(body), &mut tag);
                });
            });
        }
        let mac = provider.mac(Mac::HmacSha1, &[1; 20]);
        let mut data = packet();
        for ctr in [Ctr::Aes128, Ctr::Aes256] {
            let key = provider.ctr(ctr, &vec![1; ctr.key_len()]).unwrap();
            group.bench_function(format!("{ctr:?} and HMAC/{name}"), |bencher| {
                measure(bencher, || {
                    key.apply(black_box(&[0; 16]), black_box(&mut data[HEADER..]));
                    black_box(mac.tag(black_box(&[&data, &[0; 4]])));
                });
            });
        }
        group.bench_function(format!("HMAC/{name}"), |bencher| {
            measure(bencher, || {
                black_box(mac.tag(black_box(&[&data, &[0; 4]])));
            });
        });
    }
    group.finish();
}

fn protect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("protect");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        let name = provider.name();
        for profile in Profile::ALL {
            let (mut outbound, _) = contexts(profile, &provider);
            let (mut data, mut sequence_number) = (packet(), 0_u16);
            group.bench_function(format!("{profile:?}/in place/{name}"), |bencher| {
                measure(bencher, || {
                    data.truncate(PACKET);
                    data[0] = 0x80;
                    data[2..4].copy_from_slice(&sequence_number.to_be_bytes());
                    sequence_number = sequence_number.wrapping_add(1);
                    outbound.protect_rtp(black_box(&mut data), 0).unwrap();
                });
            });
            let (mut source, mut out) = (packet(), Vec::with_capacity(2 * PACKET));
            group.bench_function(format!("{profile:?}/out of place/{name}"), |bencher| {
                measure(bencher, || {
                    out.clear();
                    source[2..4].copy_from_slice(&sequence_number.to_be_bytes());
                    sequence_number = sequence_number.wrapping_add(1);
                    let (header, payload) = source.split_at(HEADER);
                    outbound
                        .protect_rtp_from(header, black_box(payload), &mut out)
                        .unwrap();
                });
            });
        }
    }
    group.finish();
}

/// Packets that are opened in a row; making them anew is not measured.
const BATCH: u16 = 256;

/// Opens `rounds` packets, each but once; `fresh` makes what opens a batch.
fn open_batches<F: FnMut(&mut [u8])>(rounds: u64, sealed: &[Vec<u8>], fresh: impl Fn() -> F) -> Duration {
    let mut total = Duration::ZERO;
    let mut left = usize::try_from(rounds).unwrap();
    let mut copies = sealed.to_vec();
    while left > 0 {
        let count = left.min(sealed.len());
        left -= count;
        copies.clone_from_slice(sealed);
        let mut open = fresh();
        total += cpu_time(|| {
            copies[..count]
                .iter_mut()
                .for_each(|packet| open(black_box(packet)))
        });
    }
    total
}

fn sealed(profile: Profile, provider: &Provider) -> Vec<Vec<u8>> {
    let (mut outbound, _) = contexts(profile, provider);
    let seal = |number: u16| {
        let mut packet = packet();
        packet[2..4].copy_from_slice(&number.to_be_bytes());
        outbound.protect_rtp(&mut packet, 0).unwrap();
        packet
    };
    (0..BATCH).map(seal).collect()
}

/// Packets with the tag of an AEAD.
fn tagged(key: &dyn AeadKey) -> Vec<Vec<u8>> {
    let seal = |_| {
        let mut packet = packet();
        packet.resize(PACKET + 16, 0);
        let (packet_part, tag) = packet.split_last_chunk_mut().unwrap();
        let (header, body) = packet_part.split_at_mut(HEADER);
        key.seal(&[0; 12], header, body, tag);
        packet
    };
    (0..BATCH).map(seal).collect()
}

/// The provider's work alone when packets are opened.
fn bare_open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bare open");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        let name = provider.name();
        for aead in [Aead::Aes128Gcm, Aead::Aes256Gcm] {
            let key = provider.aead(aead, &vec![1; aead.key_len()]).unwrap();
            let sealed = tagged(&*key);
            let open = || {
                |packet: &mut [u8]| {
                    let (packet, tag) = packet.split_last_chunk_mut().unwrap();
                    let (header, body) = packet.split_at_mut(HEADER);
                    key.open(&[0; 12], header, body, tag).unwrap();
                }
            };
            group.bench_function(format!("{aead:?}/{name}"), |bencher| {
                bencher.iter_custom(|rounds| open_batches(rounds, &sealed, open));
            });
        }
        let mac = provider.mac(Mac::HmacSha1, &[1; 20]);
        let packets: Vec<_> = (0..BATCH).map(|_| packet()).collect();
        for ctr in [Ctr::Aes128, Ctr::Aes256] {
            let key = provider.ctr(ctr, &vec![1; ctr.key_len()]).unwrap();
            let open = || {
                |packet: &mut [u8]| {
                    black_box(mac.tag(&[packet, &[0; 4]]));
                    key.apply(&[0; 16], &mut packet[HEADER..]);
                }
            };
            group.bench_function(format!("{ctr:?} and HMAC/{name}"), |bencher| {
                bencher.iter_custom(|rounds| open_batches(rounds, &packets, open));
            });
        }
        let open = || {
            |packet: &mut [u8]| {
                black_box(mac.tag(&[packet, &[0; 4]]));
            }
        };
        group.bench_function(format!("HMAC/{name}"), |bencher| {
            bencher.iter_custom(|rounds| open_batches(rounds, &packets, open));
        });
    }
    group.finish();
}

fn unprotect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("unprotect");
    group.throughput(Throughput::Bytes(PACKET as u64));
    for provider in providers() {
        for profile in Profile::ALL {
            let sealed = sealed(profile, &provider);
            let open = || {
                let (_, mut inbound) = contexts(profile, &provider);
                move |packet: &mut [u8]| {
                    black_box(inbound.unprotect_rtp(packet).unwrap());
                }
            };
            group.bench_function(format!("{profile:?}/{}", provider.name()), |bencher| {
                bencher.iter_custom(|rounds| open_batches(rounds, &sealed, open));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, bare, protect, bare_open, unprotect);
criterion_main!(benches);
