//! One hash for keys, ranks and the order of equal records. Stable across versions and machines: stored keys depend
//! on it.

/// FNV-1a of 128 bits over fields, each preceded by its length so that no two lists of fields run together.
///
/// It spreads names; it keeps no secret and withstands no attacker, who could not gain more than a skipped slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digest(u128);

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

impl Digest {
    pub(super) const fn new() -> Self {
        Self(OFFSET)
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
        self
    }

    pub(super) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.number(u64::try_from(text.len()).unwrap_or(u64::MAX)).bytes(text.as_bytes())
    }

    /// All 128 bits.
    pub(super) const fn whole(self) -> u128 {
        self.0
    }

    /// 32 lower-case hexadecimal digits: fit for a ref, a file name and a URL.
    pub(super) fn hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// 64 bits in which the last bytes count as much as the first.
    #[allow(clippy::cast_possible_truncation, reason = "folding both halves into one is the point")]
    pub(super) const fn spread(self) -> u64 {
        let mut h = (self.0 >> 64) as u64 ^ self.0 as u64;
        h ^= h >> 33;
        h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
        h ^= h >> 33;
        h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        h ^ (h >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_published_function() {
        assert_eq!(Digest::new().bytes(b"a").hex(), "d228cb696f1a8caf78912b704e4a8964");
    }

    #[test]
    fn fields_do_not_run_together() {
        let of = |a: &str, b: &str| Digest::new().text(a).text(b).hex();
        assert_ne!(of("ab", "c"), of("a", "bc"));
    }
}
