//! First in, first out: no policy at all.

use std::collections::VecDeque;

use super::Policy;

pub(crate) struct Fifo {
    queue: VecDeque<u32>,
    cached: Vec<bool>,
    capacity: usize,
}

impl Fifo {
    pub(crate) fn new(keys: usize, capacity: usize) -> Self {
        Self { queue: VecDeque::with_capacity(capacity), cached: vec![false; keys], capacity }
    }
}

impl Policy for Fifo {
    fn request(&mut self, id: u32) -> bool {
        let hit = std::mem::replace(&mut self.cached[id as usize], true);
        if !hit {
            if self.queue.len() == self.capacity
                && let Some(victim) = self.queue.pop_front()
            {
                self.cached[victim as usize] = false;
            }
            self.queue.push_back(id);
        }
        hit
    }
}
