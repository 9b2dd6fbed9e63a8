//! What a conditional write answers.

/// The answer of a store to "write this, if that is still there". Adapters try once and say which of the three it
/// was; whoever is not sure says [`Swapped::Unknown`], never one of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Swapped {
    /// Definite: it is written, and it was there as expected.
    Won,
    /// Definite: nothing was written, because something else was there.
    Lost,
    /// The answer was lost, or was an error after which both is possible. It may even be written later.
    Unknown,
}
