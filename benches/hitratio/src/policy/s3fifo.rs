//! S3-FIFO as its authors' simulator has it (Yang, Zhang, Qiu, Yue, Rashmi: *FIFO queues are all you need for cache
//! eviction*, SOSP 2023): what this project's policy has to beat.
//!
//! As there, what is inserted while the cache still fills goes to main once small is full. Where 10 % of the capacity
//! round to one entry, the simulator refuses to insert; this does not.

use std::collections::VecDeque;

use super::Policy;

/// Hits in small that promote.
const PROMOTES: u8 = 2;
const LARGEST_COUNT: u8 = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Small,
    Main,
    /// With the number of its record: a key may have an older one in the ghost queue.
    Ghost(u32),
}

pub(crate) struct S3Fifo {
    place: Vec<Place>,
    count: Vec<u8>,
    small: VecDeque<u32>,
    main: VecDeque<u32>,
    ghost: VecDeque<(u32, u32)>,
    ghosts: usize,
    records: u32,
    capacity: usize,
    small_size: usize,
    ghost_size: usize,
    evicted: bool,
}

impl S3Fifo {
    pub(crate) fn new(keys: usize, capacity: usize) -> Self {
        Self {
            place: vec![Place::Nowhere; keys],
            count: vec![0; keys],
            small: VecDeque::new(),
            main: VecDeque::new(),
            ghost: VecDeque::new(),
            ghosts: 0,
            records: 0,
            capacity,
            small_size: (capacity / 10).max(1),
            ghost_size: capacity * 9 / 10,
            evicted: false,
        }
    }

    fn evict(&mut self) {
        self.evicted = true;
        if self.main.len() > self.capacity - self.small_size || self.small.is_empty() {
            self.evict_main();
        } else {
            self.evict_small();
        }
    }

    fn evict_small(&mut self) {
        while let Some(id) = self.small.pop_front() {
            if self.count[id as usize] < PROMOTES {
                return self.remember(id);
            }
            self.put_main(id, 0);
        }
    }

    fn evict_main(&mut self) {
        while let Some(id) = self.main.pop_front() {
            let count = self.count[id as usize];
            if count == 0 {
                self.place[id as usize] = Place::Nowhere;
                return;
            }
            self.put_main(id, count.min(LARGEST_COUNT) - 1);
        }
    }

    fn put_main(&mut self, id: u32, count: u8) {
        self.place[id as usize] = Place::Main;
        self.count[id as usize] = count;
        self.main.push_back(id);
    }

    fn remember(&mut self, id: u32) {
        while self.ghosts == self.ghost_size
            && let Some((id, record)) = self.ghost.pop_front()
        {
            if self.place[id as usize] == Place::Ghost(record) {
                self.place[id as usize] = Place::Nowhere;
                self.ghosts -= 1;
            }
        }
        self.place[id as usize] = Place::Ghost(self.records);
        self.ghost.push_back((id, self.records));
        self.ghosts += 1;
        self.records += 1;
    }
}

impl Policy for S3Fifo {
    fn request(&mut self, id: u32) -> bool {
        let place = self.place[id as usize];
        if matches!(place, Place::Small | Place::Main) {
            self.count[id as usize] = self.count[id as usize].saturating_add(1);
            return true;
        }
        let known = matches!(place, Place::Ghost(_));
        if known {
            // Before the eviction below, which might otherwise drop this very record.
            self.ghosts -= 1;
            self.place[id as usize] = Place::Nowhere;
        }
        while self.small.len() + self.main.len() >= self.capacity {
            self.evict();
        }
        if known || (!self.evicted && self.small.len() >= self.small_size) {
            self.put_main(id, 0);
        } else {
            self.place[id as usize] = Place::Small;
            self.count[id as usize] = 0;
            self.small.push_back(id);
        }
        false
    }
}
