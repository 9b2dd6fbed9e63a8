//! Does the same with many things, several at a time. The order and the results are those of one after the other.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::MAX_THREADS;

/// Fewer things than this are not worth a thread.
const LEAST_OF_A_THREAD: usize = 16;
/// Fewer looks at the disk than this are not either.
const LEAST_OF_A_LOOK: usize = 200;

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

/// Whether something is so for all things. `room` makes what each thread works with.
pub(crate) fn all<T: Sync, W>(
    things: &[T],
    room: impl Fn() -> W + Sync,
    is_so: impl Fn(&mut W, &T) -> bool + Sync,
) -> bool {
    let part = |things: &[T]| {
        let mut room = room();
        things.iter().all(|thing| is_so(&mut room, thing))
    };
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(MAX_THREADS).min(things.len() / LEAST_OF_A_LOOK);
    if threads <= 1 {
        return part(things);
    }
    std::thread::scope(|scope| {
        let mut parts = things.chunks(things.len().div_ceil(threads));
        let own = parts.next().unwrap_or_default();
        let others: Vec<_> = parts
            .map(|others| (others, std::thread::Builder::new().spawn_scoped(scope, move || part(others))))
            .collect();
        let own = part(own);
        others.into_iter().fold(own, |all, (others, thread)| {
            let other = match thread {
                Ok(thread) => thread.join().unwrap_or(false),
                Err(_) => part(others),
            };
            all && other
        })
    })
}

/// What becomes of two pieces of work.
pub(crate) fn both<A, B: Send>(one: impl FnOnce() -> A, other: impl Fn() -> B + Sync) -> (A, B) {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, &other);
        let one = one();
        let other = match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => other(),
        };
        (one, other)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_that_is_not_so_is_found_wherever_it_is() {
        let things: Vec<usize> = (0..3_000).collect();
        assert!(super::all(&things, || (), |(), thing| *thing < 3_000));
        for odd in [0, 1_499, 1_500, 2_999] {
            assert!(!super::all(&things, || (), |(), thing| *thing != odd));
        }
        assert!(super::all(&[] as &[u8], || (), |(), _| false));
    }

    #[test]
    fn the_order_is_kept() {
        for length in [0, 1, 15, 64, 1_000] {
            let things: Vec<usize> = (0..length).collect();
            let expected: Vec<usize> = things.iter().map(|thing| thing * 2).collect();
            assert_eq!(super::map(&things, |thing| thing * 2), expected);
        }
    }
}
