//! Least recently used: the yardstick for recency.

use super::Policy;

/// A ring through `links`, one link a key and a last one that is the ring's head: most recent next, least recent
/// before.
pub(crate) struct Lru {
    links: Vec<Link>,
    cached: Vec<bool>,
    room: usize,
}

#[derive(Clone, Copy)]
struct Link {
    next: u32,
    before: u32,
}

impl Lru {
    pub(crate) fn new(keys: usize, capacity: usize) -> Self {
        let head = keys as u32;
        let links = vec![Link { next: head, before: head }; keys + 1];
        Self { links, cached: vec![false; keys], room: capacity }
    }

    fn unlink(&mut self, id: u32) {
        let Link { next, before } = self.links[id as usize];
        self.links[before as usize].next = next;
        self.links[next as usize].before = before;
    }

    fn push(&mut self, id: u32) {
        let head = self.links.len() as u32 - 1;
        let next = self.links[head as usize].next;
        self.links[id as usize] = Link { next, before: head };
        self.links[next as usize].before = id;
        self.links[head as usize].next = id;
    }
}

impl Policy for Lru {
    fn request(&mut self, id: u32) -> bool {
        let hit = std::mem::replace(&mut self.cached[id as usize], true);
        if hit {
            self.unlink(id);
        } else if self.room > 0 {
            self.room -= 1;
        } else {
            let victim = self.links[self.links.len() - 1].before;
            self.unlink(victim);
            self.cached[victim as usize] = false;
        }
        self.push(id);
        hit
    }
}
