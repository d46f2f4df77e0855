//! `cargo xtask interop [PEER…]`: runs our peer against other implementations, each offering and answering, and prints
//! one line a scenario and the matrix at the end. `interop/README.md` describes the partners and what they speak.

mod install;
mod json;
mod matcher;
mod namespace;
mod page;
mod partner;
mod program;
mod scenarios;
mod summary;

use std::thread;
use std::time::Instant;

use clap::Args;

use matcher::Match;
use partner::{Kind, Side};
use scenarios::{PATIENTS, Patient, SCENARIOS, Scenario, Scene, play_patients};
use summary::{Entry, Pairing, Summary};

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
                install::examples(&peers)?;
            }
        }
        if let Some(passed) = namespace::enter()? {
            return Ok(passed);
        }
        let started = Instant::now();
        let summary = Summary::default();
        thread::scope(|scope| {
            let waiting = peers
                .iter()
                .map(|peer| scope.spawn(|| self.wait_for(*peer, &summary)));
            let mut beside: Vec<_> = waiting.collect();
            // Most of it beside Pion, which leaves a processor idle.
            beside.push(scope.spawn(|| peers.iter().try_for_each(|peer| self.open_pages(*peer, &summary))));
            for peer in &peers {
                self.run_peer(*peer, &summary)?;
            }
            for one in beside {
                one.join().map_err(|_| "a thread has panicked")??;
            }
            Ok::<_, String>(())
        })?;
        summary.print(started.elapsed());
        Ok(summary.passed())
    }

    fn run_peer(&self, peer: Kind, summary: &Summary) -> Result<(), String> {
        self.run_pair(self.us, peer, |scenario| !scenario.is_page, summary)?;
        if self.us == Kind::Ours {
            self.run_pair(Kind::RustCrypto, peer, |scenario| scenario.sealed, summary)?;
        }
        self.open_playground(peer, summary);
        Ok(())
    }

    /// Plays the scenarios that `chosen` accepts, with each side offering.
    fn run_pair(
        &self,
        us: Kind,
        peer: Kind,
        chosen: impl Fn(&Scenario) -> bool,
        summary: &Summary,
    ) -> Result<(), String> {
        let scenarios: Vec<_> = SCENARIOS
            .iter()
            .filter(|scenario| self.wants(scenario.name) && chosen(scenario) && scenario.is_for(us, peer))
            .collect();
        if scenarios.is_empty() {
            return Ok(());
        }
        let mut matched = Match::start(us, peer, self.trace)?;
        for offerer in [Side::Us, Side::Them] {
            let offered = scenarios
                .iter()
                .filter(|scenario| scenario.is_offered_by(offerer));
            for scenario in offered {
                if !matched.alive() {
                    matched = Match::start(us, peer, self.trace)?;
                }
                let mut entry = play((us, peer, offerer), scenario, &mut matched);
                while summary.grants_another_try(&entry) {
                    matched.end();
                    matched = Match::start(us, peer, self.trace)?;
                    entry = play((us, peer, offerer), scenario, &mut matched);
                }
                summary.add(entry);
            }
        }
        matched.end();
        Ok(())
    }

    /// Plays what waits for a partner to be given up.
    fn wait_for(&self, peer: Kind, summary: &Summary) -> Result<(), String> {
        let patients: Vec<&Patient> = PATIENTS
            .iter()
            .filter(|patient| self.wants(patient.name))
            .collect();
        if patients.is_empty() {
            return Ok(());
        }
        let mut matched = Match::start(self.us, peer, self.trace)?;
        let played = play_patients(&patients, &mut matched).into_iter();
        for (scenario, offerer, took, outcome) in played {
            summary.add(Entry {
                pairing: (self.us, peer, offerer),
                scenario,
                took,
                outcome,
            });
        }
        Ok(())
    }

    /// Pages have a browser on one end and us on the other.
    fn open_pages(&self, peer: Kind, summary: &Summary) -> Result<(), String> {
        self.run_pair(self.us, peer, |scenario| scenario.is_page, summary)
    }

    /// The playground's page, which measures as well, after all else with this browser.
    fn open_playground(&self, peer: Kind, summary: &Summary) {
        let browser = matches!(peer, Kind::Chromium | Kind::Firefox);
        if browser && self.us == Kind::Ours && self.wants(PLAYGROUND) {
            let started = Instant::now();
            let outcome = page::play(peer);
            summary.add(Entry {
                pairing: (self.us, peer, Side::Them),
                scenario: PLAYGROUND,
                took: started.elapsed(),
                outcome,
            });
        }
    }

    fn wants(&self, scenario: &str) -> bool {
        self.only.as_ref().is_none_or(|word| scenario.contains(word))
    }
}

/// Plays one scenario between two partners that run.
fn play(pairing: Pairing, scenario: &Scenario, matched: &mut Match) -> Entry {
    matched.forget();
    let started = Instant::now();
    let outcome = Scene::new(matched, pairing.2).play(scenario);
    Entry {
        pairing,
        scenario: scenario.name,
        took: started.elapsed(),
        outcome,
    }
}
