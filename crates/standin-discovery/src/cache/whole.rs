//! The inventory of a whole repository, with every question that the scan asked the disk: as long as all the answers are
//! the same, so is the inventory.

use std::path::Path;
use std::time::Duration;

use standin_core::automation::Inventory;

use super::bytes::{Bytes, put_list, put_number, put_signed, put_text};
use super::codec::Kept;
use super::stamp::Stamp;
use crate::asked::{Answer, Question, There, still_hold};
use crate::{ScanOptions, side_by_side};

/// An inventory and what it rests on as bytes; `None` if something was written so lately that it may be written again
/// without a trace.
pub(super) fn put(
    root: &Path,
    options: &ScanOptions,
    asked: &[Question],
    inventory: &Inventory,
    now: Duration,
) -> Option<Vec<u8>> {
    let is_settled = |(_, answer): &Question| match answer {
        Answer::Stamp(Some(stamp)) => stamp.is_settled(now),
        Answer::Stamp(None) | Answer::Kind(_) | Answer::Link(..) => true,
    };
    if !asked.iter().all(is_settled) {
        return None;
    }
    let ScanOptions { skip_folders, evaluated: _ } = options;
    let Inventory { automations, findings } = inventory;
    let mut out = Vec::new();
    put_text(&mut out, root.to_str()?);
    skip_folders.put(&mut out);
    put_list(&mut out, asked, put_question);
    automations.put(&mut out);
    findings.put(&mut out);
    Some(out)
}

/// The inventory of this root, if it would come out the same, and how many questions were asked again.
pub(super) fn take(bytes: &[u8], root: &Path, options: &ScanOptions) -> Option<(Inventory, usize)> {
    let mut from = Bytes::new(bytes);
    let is_this = Path::new(from.text()?) == root && Vec::<String>::take(&mut from)? == options.skip_folders;
    let asked = is_this.then(|| from.list(take_question))??;
    // The disk is slow to answer: meanwhile the inventory is read.
    let (inventory, is_same) = side_by_side::both(
        || {
            let inventory =
                Inventory { automations: Kept::take(&mut from)?, findings: Kept::take(&mut from)? };
            from.is_empty().then_some(inventory)
        },
        || still_hold(root, &asked),
    );
    let files = asked.iter().filter(|(_, answer)| is_file(answer)).count();
    Some((inventory.filter(|_| is_same)?, files))
}

fn is_file(answer: &Answer) -> bool {
    matches!(answer, Answer::Stamp(Some(stamp)) if stamp.is_file())
}

#[allow(clippy::ptr_arg, reason = "it is an item of a list")]
fn put_question(out: &mut Vec<u8>, (path, answer): &Question) {
    put_text(out, path);
    match answer {
        Answer::Stamp(None) => out.push(0),
        Answer::Stamp(Some(stamp)) => {
            out.push(1);
            put_stamp(out, stamp);
        }
        Answer::Kind(kind) => {
            out.push(2);
            out.push(number_of(*kind));
        }
        Answer::Link(target, kind) => {
            out.push(3);
            target.put(out);
            out.push(number_of(*kind));
        }
    }
}

fn take_question(from: &mut Bytes<'_>) -> Option<Question> {
    let path = String::take(from)?;
    let answer = match from.byte()? {
        0 => Answer::Stamp(None),
        1 => Answer::Stamp(Some(take_stamp(from)?)),
        2 => Answer::Kind(take_kind(from)?),
        3 => Answer::Link(Kept::take(from)?, take_kind(from)?),
        _ => return None,
    };
    Some((path, answer))
}

pub(super) fn put_stamp(out: &mut Vec<u8>, stamp: &Stamp) {
    let Stamp { size, modified, changed, inode, device, mode } = stamp;
    put_number(out, *size);
    for part in [modified.0, modified.1, changed.0, changed.1] {
        put_signed(out, part);
    }
    put_number(out, *inode);
    put_number(out, *device);
    mode.put(out);
}

pub(super) fn take_stamp(from: &mut Bytes<'_>) -> Option<Stamp> {
    Some(Stamp {
        size: from.number()?,
        modified: (from.signed()?, from.signed()?),
        changed: (from.signed()?, from.signed()?),
        inode: from.number()?,
        device: from.number()?,
        mode: from.small()?,
    })
}

const fn number_of(kind: There) -> u8 {
    match kind {
        There::Nothing => 0,
        There::File => 1,
        There::Folder => 2,
        There::Other => 3,
    }
}

fn take_kind(from: &mut Bytes<'_>) -> Option<There> {
    match from.byte()? {
        0 => Some(There::Nothing),
        1 => Some(There::File),
        2 => Some(There::Folder),
        3 => Some(There::Other),
        _ => None,
    }
}
