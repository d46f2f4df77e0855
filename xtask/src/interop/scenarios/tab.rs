//! A page of an example, open in the browser of the other side.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::json::Members;
use super::{SETUP, Scene, Side};

/// Sums up the statistics of a page's connection; the size is that of the last picture.
const COUNT: &str = "(async () => {
    const sum = {};
    for (const entry of (await window.pc?.getStats() ?? new Map()).values()) {
        if (!['inbound-rtp', 'outbound-rtp'].includes(entry.type)) continue;
        for (const key of ['framesEncoded', 'framesDecoded', 'packetsSent', 'packetsReceived', 'packetsLost']) {
            const name = `${entry.kind} ${key}`;
            sum[name] = (sum[name] ?? 0) + (entry[key] ?? 0);
        }
        if (entry.frameWidth && entry.type === 'inbound-rtp') {
            Object.assign(sum, { width: entry.frameWidth, height: entry.frameHeight });
        }
    }
    return sum;
})()";
/// A page that is open in the browser.
pub(super) struct Tab {
    label: &'static str,
}

impl Tab {
    /// Opens an address.
    pub(super) fn open(scene: &mut Scene<'_>, label: &'static str, url: &str) -> Result<Self, String> {
        scene.ask(Side::Them, "open", json!({"label": label, "url": url}))?;
        Ok(Self { label })
    }

    /// What a script in the page comes to.
    pub(super) fn evaluate(&self, scene: &mut Scene<'_>, script: &str) -> Result<Value, String> {
        let keys = json!({"label": self.label, "script": script});
        let reply = scene.ask(Side::Them, "evaluate", keys)?;
        Ok(reply.at("value").clone())
    }

    /// What the page's connection has counted so far.
    pub(super) fn sums(&self, scene: &mut Scene<'_>) -> Result<Value, String> {
        self.evaluate(scene, COUNT)
    }

    pub(super) fn click(&self, scene: &mut Scene<'_>, selector: &str) -> Result<(), String> {
        let script = format!("document.querySelector('{selector}').click()");
        self.evaluate(scene, &script).map(drop)
    }

    /// Waits until an element can be clicked.
    pub(super) fn pressable(&self, scene: &mut Scene<'_>, selector: &str) -> Result<(), String> {
        let script = format!("document.querySelector('{selector}').matches(':enabled')");
        let deadline = Instant::now() + SETUP;
        while self.evaluate(scene, &script)? != true {
            if Instant::now() > deadline {
                return Err(format!("{selector} cannot be clicked"));
            }
            scene.matched.idle(Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Clicks an element as soon as that is possible.
    pub(super) fn press(&self, scene: &mut Scene<'_>, selector: &str) -> Result<(), String> {
        self.pressable(scene, selector)?;
        self.click(scene, selector)
    }

    /// Waits until the sums are as `wanted` says.
    pub(super) fn until(
        &self,
        scene: &mut Scene<'_>,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, String> {
        let deadline = Instant::now() + SETUP;
        loop {
            let sums = self.sums(scene)?;
            if wanted(&sums) {
                return Ok(sums);
            }
            if Instant::now() > deadline {
                return Err(format!("{}: no {what}: {sums}", self.label));
            }
            scene.matched.idle(Duration::from_millis(100))?;
        }
    }

    /// Closes the page.
    pub(super) fn shut(&self, scene: &mut Scene<'_>) -> Result<(), String> {
        scene
            .ask(Side::Them, "shut", json!({"label": self.label}))
            .map(drop)
    }
}

/// Packets of both kinds that did not come.
pub(super) fn lost(sums: &Value) -> i64 {
    let of = |key: &str| sums.at(key).as_i64().unwrap_or_default();
    of("video packetsLost") + of("audio packetsLost")
}
