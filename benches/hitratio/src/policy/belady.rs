//! Belady's MIN: evicts what will not be asked for longest. It knows the future, and every miss is inserted.

use std::collections::BinaryHeap;

use crate::trace::Trace;

/// Not in the cache.
const ABSENT: u32 = u32::MAX;

/// How many requests of `trace` miss in an optimal cache.
pub(crate) fn misses(trace: &Trace, capacity: usize) -> u64 {
    let next = next_uses(trace);
    // Of what is cached, when it is asked for next. The heap holds a stale pair for every past hit, too; these name an
    // instant that is over, so they come last and never to the top.
    let mut due = vec![ABSENT; trace.unique];
    let mut latest = BinaryHeap::new();
    let (mut cached, mut misses) = (0, 0);
    for (&id, &next) in trace.ids.iter().zip(&next) {
        if due[id as usize] == ABSENT {
            misses += 1;
            if cached == capacity {
                let (_, victim): (u32, u32) = latest.pop().expect("a full cache has a victim");
                due[victim as usize] = ABSENT;
            } else {
                cached += 1;
            }
        }
        due[id as usize] = next;
        latest.push((next, id));
    }
    misses
}

/// For each request, the index of the next for the same key; past the end, and different, where there is none.
fn next_uses(trace: &Trace) -> Vec<u32> {
    let requests = trace.ids.len() as u32;
    let mut seen = vec![requests; trace.unique];
    let mut next = vec![0; trace.ids.len()];
    for (index, &id) in trace.ids.iter().enumerate().rev() {
        next[index] = seen[id as usize];
        seen[id as usize] = index as u32;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fewest misses by trying every victim.
    fn exhaustive(ids: &[u32], cached: &mut Vec<u32>, capacity: usize) -> u64 {
        let Some((&id, rest)) = ids.split_first() else { return 0 };
        if cached.contains(&id) {
            return exhaustive(rest, cached, capacity);
        }
        if cached.len() < capacity {
            cached.push(id);
            let misses = exhaustive(rest, cached, capacity);
            cached.pop();
            return 1 + misses;
        }
        let mut best = u64::MAX;
        for slot in 0..capacity {
            let mut cached = cached.clone();
            cached[slot] = id;
            best = best.min(exhaustive(rest, &mut cached, capacity));
        }
        1 + best
    }

    #[test]
    fn nothing_misses_less() {
        let mut state = 1_u64;
        for round in 0..300 {
            let keys = (0..12).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) % 6
            });
            let trace = Trace::new(keys);
            let capacity = 1 + round % 4;
            let best = exhaustive(&trace.ids, &mut Vec::new(), capacity);
            assert_eq!(misses(&trace, capacity), best, "{:?} {capacity}", trace.ids);
        }
    }
}
