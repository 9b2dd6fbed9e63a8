//! Does the same with many things, several at a time. The order and the results are those of one after the other.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::MAX_THREADS;

/// Fewer things than this are not worth a thread.
const LEAST_OF_A_THREAD: usize = 16;

/// What becomes of each thing, in their order. A thread that cannot be started leaves its part to the others.
pub(crate) fn map<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(MAX_THREADS).min(things.len() / LEAST_OF_A_THREAD);
    if threads <= 1 {
        return things.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let part = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(at) else { return done };
            done.push((at, work(thing)));
        }
    };
    let mut all = std::thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads).filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, part).ok()).collect();
        let mut all = part();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_order_is_kept() {
        for length in [0, 1, 15, 64, 1_000] {
            let things: Vec<usize> = (0..length).collect();
            let expected: Vec<usize> = things.iter().map(|thing| thing * 2).collect();
            assert_eq!(super::map(&things, |thing| thing * 2), expected);
        }
    }
}
