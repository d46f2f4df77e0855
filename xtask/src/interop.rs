//! `cargo xtask interop [PEER…]`: runs our peer against other implementations, each offering and answering, and prints
//! one line a scenario and the matrix at the end. `interop/README.md` describes the partners and what they speak.

mod install;
mod json;
mod matcher;
mod namespace;
mod page;
mod partner;
mod scenarios;
mod summary;

use std::time::Instant;

use clap::Args;

use matcher::Match;
use partner::{Kind, Side};
use scenarios::{SCENARIOS, Scene};
use summary::Summary;

pub(crate) use install::{build_bench, build_pion, our_bench, pion};
pub(crate) use namespace::{enter, inside};

/// The row of the playground in the matrix.
const PLAYGROUND: &str = "playground";

/// Runs our peer against other implementations.
#[derive(Args, Debug)]
pub(crate) struct Interop {
    /// Partners to run against; all where none is named.
    #[arg(value_enum)]
    peers: Vec<Kind>,
    /// Who stands on our side: another partner here checks the harness itself.
    #[arg(long, value_enum, default_value = "ours")]
    us: Kind,
    /// Only scenarios whose name contains this word.
    #[arg(long)]
    only: Option<String>,
    /// Also print every line that the partners read and write, to standard error.
    #[arg(long)]
    trace: bool,
    /// Install and build nothing: use what is there.
    #[arg(long)]
    no_install: bool,
    /// The crypto provider of our peer: aws-lc-rs or rust-crypto.
    #[arg(long, default_value = "aws-lc-rs")]
    provider: String,
}

impl Interop {
    /// Installs, runs everything that was asked for, and says whether all of it passed.
    pub(crate) fn run(&self) -> Result<bool, String> {
        let peers = if self.peers.is_empty() {
            vec![Kind::Pion, Kind::Chromium, Kind::Firefox]
        } else {
            self.peers.clone()
        };
        if !self.no_install && !namespace::inside() {
            install::everything(peers.iter().chain([&self.us]))?;
            if self.us == Kind::Ours {
                install::build_playground()?;
            }
        }
        if let Some(passed) = namespace::enter()? {
            return Ok(passed);
        }
        let started = Instant::now();
        let mut summary = Summary::default();
        for peer in peers {
            self.run_peer(peer, &mut summary)?;
        }
        summary.print(started.elapsed());
        Ok(summary.passed())
    }

    fn run_peer(&self, peer: Kind, summary: &mut Summary) -> Result<(), String> {
        let mut matched = self.start(peer)?;
        for offerer in [Side::Us, Side::Them] {
            for scenario in SCENARIOS.iter().filter(|scenario| self.wants(scenario.name)) {
                if scenario.last && offerer == Side::Us {
                    continue;
                }
                if !matched.alive() {
                    matched = self.start(peer)?;
                }
                let started = Instant::now();
                let outcome = Scene::new(&mut matched, offerer).play(scenario);
                summary.add(
                    (self.us, peer, offerer),
                    scenario.name,
                    started.elapsed(),
                    outcome,
                );
            }
        }
        matched.end();
        self.open_page(peer, summary);
        Ok(())
    }

    /// The playground's page has a browser on one end and us on the other.
    fn open_page(&self, peer: Kind, summary: &mut Summary) {
        let browser = matches!(peer, Kind::Chromium | Kind::Firefox);
        if browser && self.us == Kind::Ours && self.wants(PLAYGROUND) {
            let started = Instant::now();
            let outcome = page::play(peer);
            summary.add(
                (self.us, peer, Side::Them),
                PLAYGROUND,
                started.elapsed(),
                outcome,
            );
        }
    }

    fn start(&self, peer: Kind) -> Result<Match, String> {
        Match::start(self.us, peer, &self.provider, self.trace)
    }

    fn wants(&self, scenario: &str) -> bool {
        self.only.as_ref().is_none_or(|word| scenario.contains(word))
    }
}
