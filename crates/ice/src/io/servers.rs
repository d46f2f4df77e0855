//! The addresses of STUN servers, looked up side by side: a resolver that is dead for one delays no other.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::event::GatheringError;

/// How long the look-up of a name may take: as long as a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The addresses of one server, the first of each family, or why there is none.
pub type LookUp = Result<Vec<SocketAddr>, GatheringError>;

/// Looks `stun:` URLs (RFC 7064) up, all at the same time, and tells each result as soon as it is known: for those who
/// drive a [`core::Agent`](crate::core::Agent), which takes addresses. [`Agent::gather`](crate::Agent::gather) does it
/// by itself.
///
/// `told` gets the URL and its [`LookUp`], at most 5 s later; when it returns false, nobody is interested any more, and
/// the rest is not told. Has to run in a tokio runtime with time.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let urls = vec!["stun:192.0.2.1".to_owned()];
/// ice::look_up_servers(urls, |url, found| {
///     assert_eq!(url, "stun:192.0.2.1");
///     assert_eq!(found.unwrap(), ["192.0.2.1:3478".parse().unwrap()]);
///     true
/// })
/// .await;
/// # }
/// ```
pub async fn look_up_servers(urls: Vec<String>, told: impl FnMut(&str, LookUp) -> bool) {
    look_up(urls, resolve, told).await;
}

/// Asks the system.
async fn resolve(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

async fn look_up<R, F>(urls: Vec<String>, resolve: R, mut told: impl FnMut(&str, LookUp) -> bool)
where
    R: Fn(String, u16) -> F + Clone + Send + 'static,
    F: Future<Output = io::Result<Vec<SocketAddr>>> + Send,
{
    let mut look_ups = JoinSet::new();
    for url in urls {
        let resolve = resolve.clone();
        look_ups.spawn(async move {
            let found = addresses(&url, resolve).await;
            (url, found)
        });
    }
    while let Some(done) = look_ups.join_next().await {
        // Nothing ends these tasks early but the end of the runtime.
        let Ok((url, found)) = done else { continue };
        if !told(&url, found) {
            return;
        }
    }
}

async fn addresses<R, F>(url: &str, resolve: R) -> LookUp
where
    R: Fn(String, u16) -> F,
    F: Future<Output = io::Result<Vec<SocketAddr>>>,
{
    let uri: stun::Uri = url
        .parse()
        .map_err(|_| GatheringError::Unsupported("not a stun URL".into()))?;
    if uri.scheme != stun::Scheme::Stun {
        let scheme = format!("scheme {}", uri.scheme.as_str());
        return Err(GatheringError::Unsupported(scheme));
    }
    if let Some(address) = uri.socket_addr() {
        return Ok(vec![address]);
    }
    match timeout(PATIENCE, resolve(uri.host.to_string(), uri.port_or_default())).await {
        Ok(Ok(addresses)) => chosen(&addresses),
        Ok(Err(error)) => Err(GatheringError::Unresolved(error.to_string())),
        Err(_) => Err(GatheringError::Unresolved(format!("no answer in {PATIENCE:?}"))),
    }
}

/// The first of each family: further ones are most likely the same server, and there is room for few.
fn chosen(addresses: &[SocketAddr]) -> LookUp {
    let first = |v4| addresses.iter().find(|address| address.is_ipv4() == v4).copied();
    let chosen: Vec<_> = [first(false), first(true)].into_iter().flatten().collect();
    if chosen.is_empty() {
        return Err(GatheringError::Unresolved("no address".into()));
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, sleep};

    fn urls(hosts: &[&str]) -> Vec<String> {
        hosts.iter().map(|host| format!("stun:{host}")).collect()
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Every name takes as many seconds to resolve as it says behind `s`; `dead` takes for ever.
    async fn slow(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
        let Some(seconds) = host.strip_prefix('s').and_then(|text| text.parse().ok()) else {
            return std::future::pending().await;
        };
        sleep(Duration::from_secs(seconds)).await;
        Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))])
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_resolver_delays_no_other_name() {
        let started = Instant::now();
        let mut found = Vec::new();
        look_up(urls(&["dead", "s2", "s1", "dead"]), slow, |url, result| {
            found.push((url.to_owned(), started.elapsed().as_secs(), result));
            true
        })
        .await;
        let server = Ok(vec![address("192.0.2.1:3478")]);
        assert_eq!(found[0], ("stun:s1".to_owned(), 1, server.clone()));
        assert_eq!(found[1], ("stun:s2".to_owned(), 2, server));
        for dead in &found[2..] {
            assert_eq!((dead.0.as_str(), dead.1), ("stun:dead", 5));
            assert_eq!(dead.2, Err(GatheringError::Unresolved("no answer in 5s".into())));
        }
        assert_eq!((found.len(), started.elapsed().as_secs()), (4, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_told_when_nobody_is_interested() {
        let mut told = 0;
        look_up(urls(&["s1", "s2", "dead"]), slow, |_, _| {
            told += 1;
            false
        })
        .await;
        assert_eq!(told, 1);
    }

    #[test]
    fn one_address_of_each_family_is_enough() {
        let [a, b, c] = ["192.0.2.1:1", "192.0.2.2:1", "[2001:db8::1]:1"].map(address);
        assert_eq!(chosen(&[a, b, c]), Ok(vec![c, a]));
        assert_eq!(chosen(&[b]), Ok(vec![b]));
        assert!(chosen(&[]).is_err());
    }
}
