//! A runner in memory: it never starts the same run twice, as its port demands.

use std::collections::BTreeMap;
use std::sync::Mutex;

use standin_core::effect::EffectKey;
use standin_core::ident::AutomationId;
use standin_core::run::RunEnd;
use standin_engine::ports::Runner;

#[derive(Debug)]
pub(crate) struct Ends {
    end: RunEnd,
    started: Mutex<BTreeMap<(EffectKey, u8), u32>>,
}

impl Ends {
    pub(crate) fn with(end: RunEnd) -> Self {
        Self { end, started: Mutex::default() }
    }

    /// How many runs were started.
    pub(crate) fn started(&self) -> usize {
        self.started.lock().unwrap().len()
    }
}

impl Runner for Ends {
    async fn run(&self, _automation: &AutomationId, key: &EffectKey, attempt: u8) -> RunEnd {
        *self.started.lock().unwrap().entry((key.clone(), attempt)).or_default() += 1;
        self.end.clone()
    }
}
