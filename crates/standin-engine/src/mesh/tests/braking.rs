//! Most of a platform is down at once.

use standin_core::health::Priority;
use standin_core::mesh::brake::Brake;
use standin_core::mesh::cell::Holder;
use standin_core::mesh::claim::End;
use standin_core::mesh::ruling::Ruling;

use super::ends;
use super::world::{AGENT, FUNCTION, Mesh, standing};
use crate::ports::mesh::{Decision, Notice};

/// So many targets, all of which the agent and the function can help; the last one comes first.
fn mesh(many: usize) -> Mesh {
    let target = |n: usize| standing(&format!("app{n}"), &[&[AGENT, FUNCTION]]);
    let mut mesh = Mesh::new((0..many).map(target).collect());
    mesh.setup.targets[many - 1].priority = Priority::Critical;
    mesh.tick(AGENT);
    mesh.tick(FUNCTION);
    mesh
}

fn all_down(many: usize) -> Mesh {
    let mut mesh = mesh(many);
    (0..many).for_each(|target| mesh.down(target));
    mesh
}

fn brake(mesh: &Mesh) -> Brake {
    let cell = mesh.setup.brake_cell(0);
    match mesh.cells[&cell].1.value.clone().unwrap() {
        Ruling::Brake(brake) => brake,
        Ruling::Claim(cell) => panic!("{cell:?}"),
    }
}

fn put(mesh: &mut Mesh, brake: Brake) {
    let decision = Decision { value: Some(Ruling::Brake(brake)), ..Decision::default() };
    mesh.cells.insert(mesh.setup.brake_cell(0), (1_000, decision.into()));
}

fn masses(mesh: &Mesh) -> Vec<Notice> {
    let is_it = |notice: &&Notice| matches!(notice, Notice::MassFailure { .. });
    mesh.notices.iter().map(|(_, notice)| notice).filter(is_it).cloned().collect()
}

/// Both watchers tick once a minute until the freeze is over.
fn thaw(mesh: &mut Mesh) {
    for _ in 0..3 {
        mesh.wait(60);
        mesh.tick(AGENT);
        mesh.tick(FUNCTION);
    }
}

#[test]
fn a_mass_failure_is_one_notice_with_its_members_and_at_first_nothing_is_done() {
    let mut mesh = all_down(8);
    thaw(&mut mesh);
    assert_eq!(mesh.sends(), [], "frozen");
    assert_eq!(masses(&mesh), [Notice::MassFailure { platform: 0, members: (0..8).collect() }]);
    assert!(brake(&mesh).is_on());
}

#[test]
fn the_most_important_goes_first_and_as_many_again_as_have_recovered() {
    let mut mesh = all_down(16);
    thaw(&mut mesh);
    mesh.setup.body.tick = 1_000_000;
    mesh.wait(60);
    mesh.tick(AGENT);
    let order: Vec<usize> = mesh.sends().iter().map(|(_, target, _)| *target).collect();
    assert_eq!(
        order[..4],
        [15, 0, 1, 2],
        "one, then two, then four, in one tick when each comes back at once"
    );
    assert!(mesh.cells.len() > 4 && masses(&mesh).len() == 1);
}

#[test]
fn one_that_does_not_recover_lets_no_second_one_through_beside_it() {
    let mut mesh = all_down(8);
    mesh.helps = false;
    thaw(&mut mesh);
    for _ in 0..12 {
        mesh.wait(20);
        let before = mesh.sent.len();
        mesh.tick(AGENT);
        mesh.tick(FUNCTION);
        assert!(brake(&mesh).busy(mesh.time()) <= 1, "{:?}", brake(&mesh));
        assert!(mesh.sent.len() <= before + 2, "one after the other");
    }
    assert!(mesh.sent.len() >= 3, "and still it goes on: {:?}", mesh.sends());
}

#[test]
fn a_place_that_another_has_taken_is_nobody_elses_until_its_time_is_over() {
    let mut mesh = all_down(8);
    thaw(&mut mesh);
    // The agent dies after it got the place and before it sends anything.
    let holder = Holder { peer: "agent".parse().unwrap(), run: 77 };
    let target = mesh.setup.targets[0].target.clone();
    let (taken, _) = brake(&mesh).admit(&[&target], &holder, 55_000, mesh.time().plus(60_000)).unwrap();
    put(&mut mesh, taken);
    mesh.wait(60);
    mesh.tick(FUNCTION);
    assert_eq!(mesh.sends(), [], "the only place is taken");
    mesh.wait(200);
    mesh.tick(FUNCTION);
    assert!(!mesh.sent.is_empty(), "and free again");
}

#[test]
fn the_brake_goes_off_once_enough_is_well_and_that_is_told() {
    let mut mesh = all_down(8);
    mesh.tick(AGENT);
    mesh.wait(60);
    mesh.tick(AGENT);
    for target in 0..5 {
        mesh.up(target);
    }
    mesh.wait(60);
    mesh.tick(AGENT);
    assert!(!brake(&mesh).is_on());
    assert!(mesh.notices.contains(&(AGENT, Notice::PlatformWell(0))));
    assert!(!mesh.sent.is_empty(), "and the others are helped at once");
}

#[test]
fn a_few_that_are_down_have_no_brake() {
    for (many, down) in [(8, 4), (3, 3)] {
        let mut mesh = mesh(many);
        (0..down).for_each(|target| mesh.down(target));
        mesh.setup.body.tick = 1_000_000;
        mesh.tick(AGENT);
        mesh.wait(60);
        mesh.tick(AGENT);
        assert_eq!((mesh.sent.len(), masses(&mesh).len()), (down, 0), "{down} of {many}");
    }
}

#[test]
fn a_brake_that_cannot_be_read_holds_everything_and_a_person_is_told_once() {
    let mut mesh = mesh(8);
    mesh.down(0);
    mesh.down(1);
    let claim = mesh.garbage();
    mesh.cells.insert(mesh.setup.brake_cell(0), (1, claim));
    mesh.tick(AGENT);
    mesh.notices.clear();
    mesh.wait(60);
    mesh.tick(AGENT);
    assert_eq!(mesh.sends(), []);
    assert_eq!(mesh.notices, [(AGENT, Notice::NoBrake(0))]);
    assert_eq!(mesh.cells.len(), 1, "it is not overwritten, and nothing is claimed");
}

#[test]
fn a_brake_that_goes_on_after_the_claim_is_seen_before_anything_is_sent() {
    let mut mesh = mesh(8);
    mesh.down(0);
    mesh.setup.targets[0].rungs[0].able = vec![AGENT];
    mesh.wait(60);
    mesh.after_swap = Some(Box::new(|mesh| {
        let on = standin_core::mesh::brake::put_on(None, mesh.time()).unwrap();
        put(mesh, on);
    }));
    let report = mesh.tick(AGENT);
    assert_eq!(ends(&report), [End::Braked]);
    assert_eq!((mesh.sends(), mesh.cell(0).attempt), (vec![], 0), "the attempt was given back");
}
