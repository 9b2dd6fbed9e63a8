//! The detectors, one a line.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::asked::Root;
use crate::findings::Gathered;
use crate::scripts::started::Programs;
use crate::walk::Entry;
use crate::{Cache, Evaluated, Progress};
use crate::{contents, github_actions, netlify, npm_scripts, pm2, scripts, terraform};

/// What a detector looks at.
pub(crate) struct Repository<'a> {
    /// Absolute, without links.
    pub(crate) root: &'a Root,
    /// Ordered by path.
    pub(crate) entries: &'a [Entry],
    /// What configurations gave when they were run, by path.
    pub(crate) evaluated: &'a BTreeMap<String, Evaluated>,
    /// What earlier scans found.
    pub(crate) cache: RefCell<Cache>,
    /// What is kept running; known once somebody has asked.
    pub(crate) programs: OnceCell<Programs>,
    /// The last parts of the names by which modules load others; known once somebody has asked.
    pub(crate) imported: OnceCell<BTreeSet<String>>,
    /// Is told how far the scan is.
    pub(crate) note: &'a dyn Fn(Progress),
}

impl Repository<'_> {
    /// What is kept running, as far as the apps are gathered that other detectors find.
    pub(crate) fn programs(&self, gathered: &Gathered) -> &Programs {
        self.programs.get_or_init(|| Programs::new(self, gathered))
    }

    /// The absolute path of one relative to the root; of the empty path the root itself.
    pub(crate) fn absolute(&self, relative: &str) -> PathBuf {
        if relative.is_empty() { self.root.to_path_buf() } else { self.root.join(relative) }
    }
}

/// Finds one kind of automation.
pub(crate) struct Detector {
    /// Reads the files that it knows and adds what it finds. It holds one parsed file at a time.
    pub(crate) detect: fn(&Repository<'_>, &mut Gathered),
}

/// Every detector.
pub(crate) const DETECTORS: [Detector; 7] = [
    Detector { detect: github_actions::detect },
    Detector { detect: pm2::detect },
    Detector { detect: netlify::detect },
    Detector { detect: npm_scripts::detect },
    Detector { detect: terraform::detect },
    Detector { detect: scripts::jvm::detect },
    // Last: a program's schedule counts when an app that was found before runs it.
    Detector { detect: contents::detect },
];
