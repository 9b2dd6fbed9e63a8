//! Giving back what only the start needed. Reading a repository goes through parsers of five languages, none of which
//! an agent that watches needs again, and most of its memory would be their code.

use std::fs;
use std::io;
use std::time::Duration;

/// When the start is over: the first looks and judgements are behind it.
pub(crate) const AFTER: Duration = Duration::from_secs(5);

/// Lets go of this program's code, once. What is needed again is mapped again by the kernel, from its own memory, when
/// it is run.
///
/// # Errors
/// When the system does not tell where the code lies, or refuses. Nothing changes then but the memory that is saved.
pub(crate) fn give_back_code() -> io::Result<()> {
    let here = give_back_code as *const () as usize;
    let maps = fs::read_to_string("/proc/self/maps")?;
    let code = maps.lines().filter_map(code_range).find(|range| range.contains(&here));
    let Some(code) = code else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no mapping holds this program's code"));
    };
    release(&code)
}

/// The addresses of a line of `/proc/self/maps` that may be read and run, and not written, out of a file.
fn code_range(line: &str) -> Option<std::ops::Range<usize>> {
    let mut fields = line.split_ascii_whitespace();
    let (from, to) = fields.next()?.split_once('-')?;
    let (rights, file) = (fields.next()?, fields.nth(3)?);
    let address = |text| usize::from_str_radix(text, 16).ok();
    (rights == "r-xp" && file.starts_with('/')).then_some(address(from)?..address(to)?)
}

#[allow(unsafe_code, reason = "there is no safe call for it")]
fn release(code: &std::ops::Range<usize>) -> io::Result<()> {
    use nix::sys::mman::{MmapAdvise, madvise};
    let Some(start) = std::ptr::NonNull::new(code.start as *mut std::ffi::c_void) else { return Ok(()) };
    // SAFETY: the range is one whole mapping of this program's file that nobody can write to, so that no page of it
    // differs from the file; `MADV_DONTNEED` takes such pages out of the page table, and the next use maps them again
    // with the same content. The file cannot be written to while it runs.
    unsafe { madvise(start, code.len(), MmapAdvise::MADV_DONTNEED) }.map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_code_out_of_a_file_is_taken() {
        let line = |rights, file| format!("7f00-7f10 {rights} 00001000 fe:00 123   {file}");
        assert_eq!(code_range(&line("r-xp", "/usr/bin/x")), Some(0x7f00..0x7f10));
        for (rights, file) in
            [("r--p", "/usr/bin/x"), ("rwxp", "/usr/bin/x"), ("r-xp", "[vdso]"), ("r-xp", "")]
        {
            assert_eq!(code_range(&line(rights, file)), None, "{rights} {file}");
        }
    }

    /// Resident kibibytes of this program's code.
    fn resident() -> u64 {
        let here = give_back_code as *const () as usize;
        let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
        let rest =
            smaps.lines().skip_while(|line| !code_range(line).is_some_and(|code| code.contains(&here)));
        let rss = rest.into_iter().find_map(|line| line.strip_prefix("Rss:")).unwrap();
        rss.trim().split(' ').next().unwrap().parse().unwrap()
    }

    #[test]
    fn the_code_is_given_back_and_goes_on() {
        let before = resident();
        give_back_code().unwrap();
        let after = resident();
        assert!(after < before, "{after} KiB of {before} are resident");
    }
}
