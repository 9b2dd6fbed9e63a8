//! What is to happen, in order of time. The heap holds numbers alone: events are large, and a heap moves what it holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::run::Event;

/// Events by time; those of one moment in the order in which they were put in.
#[derive(Debug, Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<(u64, u64, usize)>>,
    events: Vec<Option<Event>>,
    free: Vec<usize>,
    sequence: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: u64, event: Event) {
        let place = self.free.pop().unwrap_or(self.events.len());
        match self.events.get_mut(place) {
            Some(free) => *free = Some(event),
            None => self.events.push(Some(event)),
        }
        self.sequence += 1;
        self.heap.push(Reverse((at, self.sequence, place)));
    }

    pub(super) fn pop(&mut self) -> Option<(u64, Event)> {
        let Reverse((at, _, place)) = self.heap.pop()?;
        let event = self.events.get_mut(place)?.take()?;
        self.free.push(place);
        Some((at, event))
    }
}
