//! One cell at three stores: what a read comes to when they differ, are silent, or others are faster.

use std::sync::Arc;

use standin_core::mesh::brake::{Brake, BrakeState};
use standin_core::mesh::clock::StoreTime;
use standin_core::mesh::quorum::Ballot;
use standin_core::mesh::ruling::Ruling;

use crate::mesh::register::{Access, Asked, Reached, RegisterAccess};
use crate::mesh::setup::Decider;
use crate::ports::mesh::{Answer, Decision, Held, ReadError, Request, Stamped, SwapAnswer, Version};

const AT: StoreTime = StoreTime(1_000);

/// What a store holds that has accepted this epoch of a brake in this round.
fn accepted(epoch: u64) -> Answer {
    let ballot = Ballot { round: epoch, proposer: 7 };
    let brake = Brake { epoch, granted: AT, state: BrakeState::Off };
    let decision = Decision { promised: ballot, accepted: ballot, value: Some(Ruling::Brake(brake)) };
    let held = Held { version: Version("1".into()), decision: Arc::new(decision) };
    Answer::Decision(Ok(Stamped { at: AT, value: Some(held) }))
}

fn silent() -> Answer {
    Answer::Decision(Err(ReadError::Unreachable))
}

fn lost() -> Answer {
    Answer::Swapped(SwapAnswer::Lost)
}

fn won() -> Answer {
    Answer::Swapped(SwapAnswer::Won(Stamped { at: AT, value: Version("2".into()) }))
}

fn reader() -> (RegisterAccess, Asked) {
    let mesh = super::world::Mesh::new(Vec::new());
    let mut setup = mesh.setup;
    setup.platforms[0].brake = Decider::Quorum([0, 1, 2]);
    let mut register = RegisterAccess::of_brake(&setup, 0, 3).unwrap();
    let asked = register.begin(Access::Read);
    (register, asked)
}

/// Answers all that is asked, in order, and gives what is asked next.
fn give(register: &mut RegisterAccess, asked: &Asked, answers: &[Answer]) -> (Asked, Option<Reached>) {
    let mut last = (Vec::new(), None);
    for ((place, _), answer) in asked.iter().zip(answers) {
        last = register.answer(*place, answer.clone());
        if last.1.is_some() {
            break;
        }
    }
    last
}

#[test]
fn two_that_have_accepted_the_same_are_enough_for_a_read_whatever_the_third_does() {
    for order in [[0, 1, 2], [2, 0, 1], [0, 2, 1]] {
        let (mut register, asked) = reader();
        let answers = order.map(|seat| if seat == 2 { silent() } else { accepted(4) });
        let (next, reached) = give(&mut register, &asked, &answers);
        assert!(next.is_empty(), "nothing is written to read");
        assert!(matches!(reached, Some(Reached::Brake(Some(Brake { epoch: 4, .. })))), "{reached:?}");
    }
}

#[test]
fn what_one_alone_has_accepted_is_accepted_again_before_it_counts() {
    let (mut register, asked) = reader();
    let (prepare, reached) = give(&mut register, &asked, &[accepted(4), accepted(5), silent()]);
    assert!(reached.is_none() && prepare.len() == 2, "{prepare:?}");
    let (accept, reached) = give(&mut register, &prepare, &[won(), won()]);
    assert!(reached.is_none());
    let value = |(_, request): &(_, Request)| {
        let Request::SwapDecision { next, .. } = request else { panic!("{request:?}") };
        next.value.clone()
    };
    assert!(accept.iter().all(|one| matches!(value(one), Some(Ruling::Brake(Brake { epoch: 5, .. })))));
    let (_, reached) = give(&mut register, &accept, &[won(), won()]);
    assert!(matches!(reached, Some(Reached::Brake(Some(Brake { epoch: 5, .. })))), "{reached:?}");
}

#[test]
fn others_that_are_faster_are_tried_again_and_never_called_unreachable() {
    let (mut register, mut asked) = reader();
    for _ in 0..2 {
        let (prepare, _) = give(&mut register, &asked, &[accepted(4), accepted(5), silent()]);
        let (again, reached) = give(&mut register, &prepare, &[lost(), won()]);
        assert!(reached.is_none() && again.len() == 3, "it begins anew: {again:?} {reached:?}");
        asked = again;
    }
    let (prepare, _) = give(&mut register, &asked, &[accepted(4), accepted(5), silent()]);
    let (_, reached) = give(&mut register, &prepare, &[lost(), won()]);
    assert!(matches!(reached, Some(Reached::Contended)), "{reached:?}");
}

#[test]
fn too_few_that_answer_are_unreachable() {
    let (mut register, asked) = reader();
    let (_, reached) = give(&mut register, &asked, &[silent(), accepted(4), silent()]);
    assert!(matches!(reached, Some(Reached::Unreachable)), "{reached:?}");
    let (mut register, asked) = reader();
    let (prepare, _) = give(&mut register, &asked, &[accepted(4), accepted(5), silent()]);
    let unknown = Answer::Swapped(SwapAnswer::Unknown);
    let (_, reached) = give(&mut register, &prepare, &[unknown, lost()]);
    assert!(matches!(reached, Some(Reached::Unreachable)), "{reached:?}");
}
