//! Names to commands.
//!
//! A perfect hash: every name goes to a cell of its own, by a multiplication. Names are letters only, from 3 to 16 of them (the compiler
//! checks), and so case is folded by setting one bit of each byte: what differs from a letter in that bit only is the same letter. A name
//! is two words, which overlap where it is shorter than both, so that nothing is copied.

use super::Command;
use super::spec::Spec;
use super::table::TABLE;

/// For this factor no two names share a cell. Any other that does would do; a new name may need one, and a test below finds it.
const FACTOR: u64 = 0x4de0_c8ab_2aab_2c4d;
/// Log2 of the cells.
const BITS: u32 = 8;

/// A name without its case.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Folded {
    head: u64,
    tail: u64,
    length: usize,
}

/// In an empty cell, a name of no length.
static CELLS: [(Folded, Command); 1 << BITS] = {
    let empty = Folded { head: 0, tail: 0, length: 0 };
    let mut cells = [(empty, Command::Get); 1 << BITS];
    let mut place = 0;
    while place < TABLE.len() {
        if let Some(name) = own_name(place) {
            cells[cell_of(name, FACTOR)] = (name, TABLE[place].command);
        }
        place += 1;
    }
    cells
};

/// How many subcommands a command has: the rows behind its own.
static SUBCOMMANDS: [u8; Command::COUNT] = {
    let mut counts = [0; Command::COUNT];
    let (mut place, mut container) = (0, 0);
    while place < TABLE.len() {
        if own_name(place).is_some() {
            container = place;
        } else {
            counts[container] += 1;
        }
        place += 1;
    }
    counts
};

/// The name of a row; `None` if it is a subcommand's.
const fn own_name(place: usize) -> Option<Folded> {
    let name = TABLE[place].name.as_bytes();
    let mut at = 0;
    while at < name.len() {
        if name[at] == b'|' {
            return None;
        }
        assert!(name[at].is_ascii_lowercase(), "a name must be of letters only");
        at += 1;
    }
    let folded = fold(name);
    assert!(folded.is_some(), "a name must be of 3 to 16 letters");
    folded
}

#[inline]
const fn fold(name: &[u8]) -> Option<Folded> {
    const CASE: u64 = 0x2020_2020_2020_2020;
    let length = name.len();
    let (head, tail) = match length {
        3 => (u32::from_le_bytes([name[0], name[1], name[2], 0]) as u64, 0),
        4..8 => match (name.first_chunk(), name.last_chunk()) {
            (Some(head), Some(tail)) => {
                (u32::from_le_bytes(*head) as u64, u32::from_le_bytes(*tail) as u64)
            }
            _ => return None,
        },
        8..=16 => match (name.first_chunk(), name.last_chunk()) {
            (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
            _ => return None,
        },
        _ => return None,
    };
    Some(Folded { head: head | CASE, tail: tail | CASE, length })
}

#[inline]
const fn cell_of(name: Folded, factor: u64) -> usize {
    let word = name.head ^ name.tail.rotate_left(29) ^ name.length as u64;
    (word.wrapping_mul(factor) >> (u64::BITS - BITS)) as usize
}

/// The command of this name, in either case.
#[inline]
pub(super) fn by_name(name: &[u8]) -> Option<Command> {
    let folded = fold(name)?;
    let (known, command) = &CELLS[cell_of(folded, FACTOR)];
    (*known == folded).then_some(*command)
}

/// The rows of a command's subcommands.
#[inline]
pub(super) fn subcommands(command: Command) -> &'static [Spec] {
    let place = command as usize + 1;
    &TABLE[place..place + usize::from(SUBCOMMANDS[command as usize])]
}

/// The subcommand of this name, in either case.
pub(super) fn subcommand(container: Command, name: &[u8]) -> Option<Command> {
    let from = container.spec().name.len() + 1;
    let is_it = |spec: &&Spec| spec.name.as_bytes()[from..].eq_ignore_ascii_case(name);
    subcommands(container).iter().find(is_it).map(|spec| spec.command)
}

#[cfg(all(test, not(purekv_loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_either_case() {
        for command in Command::all() {
            let name = command.spec().name;
            let mixed: String = name
                .chars()
                .enumerate()
                .map(
                    |(place, letter)| {
                        if place % 2 == 0 { letter.to_ascii_uppercase() } else { letter }
                    },
                )
                .collect();
            for name in [name, &name.to_ascii_uppercase(), &mixed] {
                assert_eq!(Command::find_full_name(name.as_bytes()), Some(command), "{name}");
            }
        }
    }

    #[test]
    fn no_other_name_is_found() {
        for name in [
            "",
            "g",
            "ge",
            "gets",
            "gett",
            "g@t",
            "get\0",
            "foo",
            "incrbyfloatx",
            "abcdefghijklmnopq",
            "client|id|x",
            "|",
            "client|",
            "get|x",
        ] {
            assert_eq!(Command::find_full_name(name.as_bytes()), None, "{name}");
        }
        for command in Command::all() {
            let name = command.spec().name.as_bytes();
            for place in 0..name.len() {
                for bit in 0..8 {
                    let mut other = name.to_vec();
                    other[place] ^= 1 << bit;
                    let found = Command::find_full_name(&other);
                    let is_same = other.eq_ignore_ascii_case(name);
                    assert_eq!(found == Some(command), is_same, "{}", other.escape_ascii());
                }
            }
        }
    }

    fn is_perfect(factor: u64) -> bool {
        let mut taken = [false; 1 << BITS];
        let names = (0..TABLE.len()).filter_map(own_name);
        names
            .map(|name| cell_of(name, factor))
            .all(|cell| !std::mem::replace(&mut taken[cell], true))
    }

    #[test]
    fn no_two_names_share_a_cell() {
        if !is_perfect(FACTOR) {
            let odd = |step: u64| step.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            panic!("try {:#x?}", (1..).map(odd).find(|factor| is_perfect(*factor)));
        }
    }
}
