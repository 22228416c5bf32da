//! What a policy says of itself and of an entry as plain numbers, so that a dump can keep it and another process go on from there.
//!
//! ```text
//!    3       2      1     0                        0               4                            16
//! ┌───────┬──────┬───────────┐                   ┌───────────────┬────────────────────────────┐
//! │ known │ main │ count: 2  │  of an entry      │ share: 32     │ 0                          │  of the policy
//! └───────┴──────┴───────────┘                   └───────────────┴────────────────────────────┘
//!   0: nothing is said of it                       small's share of the capacity, in parts of 2^32
//! ```
//!
//! Both are hints: what was written by nobody who follows this is as if it were not there. Ghosts are not among them: they know their keys by a hash
//! that is keyed for each cache, so to another cache they are noise. Nor is the order of the queues: an entry does not know its place in
//! one, and a map that did would take as much memory as the queues.

use super::mark::{LARGEST_COUNT, Marked, Place, Serial};

const COUNT: u8 = LARGEST_COUNT;
const MAIN: u8 = COUNT + 1;
const KNOWN: u8 = 2 * MAIN;

const _: () = assert!(COUNT == 0b11 && KNOWN == 0b1000);

/// Bytes of a [`Learnt`].
const LEARNT_LEN: usize = 16;

/// Where an entry stands with the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) place: Place,
    pub(crate) count: u8,
}

impl Standing {
    /// Four bits; 0: nothing is known.
    pub(crate) fn encode(standing: Option<Self>) -> u8 {
        let Some(Self { place, count }) = standing else { return 0 };
        let main = if place == Place::Main { MAIN } else { 0 };
        KNOWN | main | count.min(COUNT)
    }

    /// None: nothing is known, or no [`encode`](Self::encode) says so.
    pub(crate) fn decode(bits: u8) -> Option<Self> {
        (bits & !(MAIN | COUNT) == KNOWN).then_some(Self {
            place: if bits & MAIN == 0 { Place::Small } else { Place::Main },
            count: bits & COUNT,
        })
    }

    /// The mark of a new entry that goes on from here.
    pub(crate) fn mark(self, serial: Serial) -> Marked {
        Marked { place: self.place, serial, count: self.count }
    }
}

impl From<Marked> for Standing {
    fn from(Marked { place, count, .. }: Marked) -> Self {
        Self { place, count }
    }
}

/// What a policy has found out about what it is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Learnt {
    /// Small's share of the capacity, in parts of 2^32.
    pub(crate) share: u32,
}

impl Learnt {
    pub(crate) fn encode(self) -> [u8; LEARNT_LEN] {
        let mut bytes = [0; LEARNT_LEN];
        bytes[..4].copy_from_slice(&self.share.to_le_bytes());
        bytes
    }

    /// None: there is too little of it. What follows is a later version's.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let share = u32::from_le_bytes(*bytes.first_chunk()?);
        Some(Self { share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_what_it_was() {
        let mut all = std::collections::HashSet::from([0]);
        for place in [Place::Small, Place::Main] {
            for count in 0..=LARGEST_COUNT {
                let standing = Standing { place, count };
                let bits = Standing::encode(Some(standing));
                assert!(bits < 16 && all.insert(bits));
                assert_eq!(Standing::decode(bits), Some(standing));
                assert_eq!(Standing::from(standing.mark(Serial::new(7))), standing);
            }
        }
        for bits in 0..=u8::MAX {
            assert_eq!(Standing::decode(bits).is_some(), bits != 0 && all.contains(&bits));
        }
        assert_eq!(Standing::encode(None), 0);
    }

    #[test]
    fn what_was_learnt_is_what_it_was() {
        for share in [0, 1, 7 << 24, u32::MAX] {
            let bytes = Learnt { share }.encode();
            assert_eq!(Learnt::decode(&bytes), Some(Learnt { share }));
            assert_eq!(Learnt::decode(&[&bytes[..], b"more"].concat()), Some(Learnt { share }));
            assert_eq!(Learnt::decode(&bytes[..3]), None);
        }
    }
}
